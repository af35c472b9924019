"""What the live matcher is given and what it answers.

Named tuples, not dataclasses: some ten thousand are made each second, and a frozen
dataclass takes three times as long to make.
"""

from collections.abc import Callable
from typing import Final, Literal, NamedTuple, TypeAlias

Ident: TypeAlias = int | bytes
"""The keeper's handle of a half: a sequence number, or a call's id."""

Token: TypeAlias = bytes | int
"""A token of spec/tokens.md: 16 bytes, or the same as a big-endian integer.

All halves of one matcher use the same of the two. What a peer sends should stay bytes:
Python salts their hashes, while a peer could choose integers that all collide.
"""

MakeToken: TypeAlias = Callable[[], Token]
"""Makes a token when it is wanted: most arrivals are known by their pair token."""

Outcome: TypeAlias = Literal[
    "paired", "altered", "no_departure", "repeated", "unproven"
]

# States of a number, as in the batch engine.
ABSENT: Final = 0
PRESENT: Final = 1
UNREADABLE: Final = 2

# Flags of a departure.
RESTRICTED: Final = 1  # the caller asked that the number not be shown
DIVERTED: Final = 2  # the call was diverted before it left

# Why an outcome was reached; spec/verdict.md lists them.
Why: TypeAlias = Literal[
    "key",  # calling and called number are those of a departure
    "other_number",  # so are the redirecting, or second reading, and called number
    "withheld",  # the number was withheld where the call left
    "unreadable",  # one side's number could not be read
    "used_up",  # the departure was taken by another arrival
    "called_known",  # a departure to this number, from another one
    "calling_known",  # a departure from this number, to another one
    "nothing_known",  # nothing fits, and the record is complete
    "outside_window",  # the departure is there, at another time
    "number_busy",  # several departures could be meant
    "number_absent",  # the arrival claims no number
    "diverted",  # the call was diverted where it left
    "stream_behind",  # the peer's promise does not reach so far yet
    "stream_gap",  # the stream has a gap there
    "no_promise",  # the peer has promised nothing
    "clock_off",  # the two clocks disagree
    "clock_unknown",  # too few pairs yet to know the clocks
    "forgotten",  # too long ago
    "silent",  # the peer is silent; nobody waited for it
]


class LiveHalf(NamedTuple):
    """One half as the live matcher sees it.

    Attributes:
        id: The keeper's handle: a sequence number, or a call's id.
        at_ms: When it began, UTC milliseconds by the keeper's clock.
        pair: Token of calling and called number.
        called: Token of the called number. Of an arrival it may still be to be made.
        calling: Token of the calling number; the same.
        calling_state: ABSENT, PRESENT or UNREADABLE.
        called_state: The same.
        flags: RESTRICTED, DIVERTED; of departures.
        alias: Second pair token of an arrival: with its redirecting number, or the
            second reading of its calling number, in the calling number's place.
        others: The same arrival under the keys of other epochs, where its departure
            may be of one of those.
    """

    id: Ident
    at_ms: int
    pair: Token
    called: Token | MakeToken
    calling: Token | MakeToken
    calling_state: int = PRESENT
    called_state: int = PRESENT
    flags: int = 0
    alias: Token | None = None
    others: tuple["LiveHalf", ...] = ()

    def made(self) -> "LiveHalf":
        """Return the half with all its tokens made."""
        return self._replace(called=made(self.called), calling=made(self.calling))


def made(token: Token | MakeToken) -> Token:
    """Return a token, made now if it was not yet."""
    return token() if callable(token) else token


class Match(NamedTuple):
    """What is known of an arrival.

    Attributes:
        outcome: One of the words of spec/verdict.md.
        partner: Handle of the departure; None where there is none.
        differs: What differs between the two: `calling`, `called`.
        at_offset_ms: Arrival minus departure; None without partner.
        covered: Whether the peer's record is complete around the arrival.
        why: Code of the reason.
    """

    outcome: Outcome
    partner: Ident | None = None
    differs: tuple[str, ...] = ()
    at_offset_ms: int | None = None
    covered: bool = False
    why: Why = "stream_behind"


class Settled(NamedTuple):
    """A later word on an arrival that was answered already.

    Attributes:
        arrival: Its handle.
        match: What is known now.
        before: What was answered.
    """

    arrival: Ident
    match: Match
    before: Match
