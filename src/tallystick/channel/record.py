"""What is told of one call: its departure, and its end.

Named tuples, not dataclasses: some ten thousand are made each second, and a frozen
dataclass takes three times as long to make.

Source: spec/channel.md, "Data".
"""

from typing import Final, NamedTuple

ABSENT: Final = 0
PRESENT: Final = 1
UNREADABLE: Final = 2

RESTRICTED: Final = 1  # the caller asked that the number not be shown
DIVERTED: Final = 2  # the call was diverted before it left

TOKEN_BYTES: Final = 16
NO_TOKEN: Final = bytes(TOKEN_BYTES)
"""Stands for a token that the publisher does not tell."""

_CALLED_SHIFT: Final = 4
_STATE: Final = 15


STATES: Final = tuple(
    (states & _STATE, states >> _CALLED_SHIFT) for states in range(256)
)
"""The state of the calling and of the called number, by the byte that tells both."""


def states_of(*, calling: int, called: int) -> int:
    """Return the states of both numbers in one byte."""
    return called << _CALLED_SHIFT | calling


class Departure(NamedTuple):
    """A departure before it has a number.

    Attributes:
        at_ms: When the call left, by the publisher's clock.
        epoch: Index of the epoch whose keys made the tokens.
        pair: Token of calling and called number.
        called: Token of the called number, or `NO_TOKEN`.
        calling: Token of the calling number, or `NO_TOKEN`.
        states: As `states_of` makes it.
        flags: RESTRICTED and DIVERTED.
    """

    at_ms: int
    epoch: int
    pair: bytes
    called: bytes
    calling: bytes
    states: int
    flags: int = 0


class DepartureRecord(NamedTuple):
    """A departure as the subscriber gets it.

    Attributes:
        sequence: 1 for the first departure of the stream, and so on without a gap.
        at_ms: When the call left, by the publisher's clock.
        pair: Token of calling and called number.
        called: Token of the called number, or `NO_TOKEN`.
        calling: Token of the calling number, or `NO_TOKEN`.
        states: As `states_of` makes it.
        flags: RESTRICTED and DIVERTED.
    """

    sequence: int
    at_ms: int
    pair: bytes
    called: bytes
    calling: bytes
    states: int
    flags: int

    @property
    def calling_state(self) -> int:
        """ABSENT, PRESENT or UNREADABLE."""
        return STATES[self.states][0]

    @property
    def called_state(self) -> int:
        """ABSENT, PRESENT or UNREADABLE."""
        return STATES[self.states][1]


class ClosingRecord(NamedTuple):
    """How a call ended, told after its release.

    Attributes:
        sequence_of: Sequence number of its departure, in the same stream.
        answered: Whether it was answered.
        answer_ms: How long after its departure; 0 if it was not.
        duration_ms: From answer to release; 0 if it was not answered.
        cause: Q.850 cause of the release, 1 to 127; 0 when not known.
    """

    sequence_of: int
    answered: bool
    answer_ms: int
    duration_ms: int
    cause: int
