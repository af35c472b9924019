"""Kinds of calls between two countries, genuine and not, as a rehearsal places them.

BY is where calls leave, RU where they arrive. The numbers are nobody's in particular.
"""

from dataclasses import dataclass
from typing import Final, Literal

from tallystick.testing.switches import ALTERED, SHOWN

Numbers = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Calls of one kind.

    Attributes:
        round: A word for the ids of its calls, unique in a rehearsal.
        title: What it is called in a table.
        honest: Whether the calls are what they say they are.
        enters: `home`: at BY's gateway, as any call from there. `abroad`: at the
            carrier between the two countries, without ever having been in BY.
        calls: Calling and called number of each.
    """

    round: str
    title: str
    honest: bool
    enters: Literal["home", "abroad"]
    calls: tuple[Numbers, ...]


def as_it_arrives(numbers: Numbers) -> Numbers:
    """Return the numbers that arrive, once the carrier between had the call."""
    called = numbers[1]
    return (SHOWN, called) if called.startswith(ALTERED) else numbers


def _genuine(round_: str, count: int, first: int) -> Kind:
    return Kind(
        round=round_,
        title="genuine",
        honest=True,
        enters="home",
        calls=_calls("+37529", "+7495", count, first),
    )


def _invented(round_: str, count: int, first: int) -> Kind:
    return Kind(
        round=round_,
        title="calling number invented",
        honest=False,
        enters="abroad",
        calls=_calls("+37544", "+7495", count, first),
    )


def _calls(calling: str, called: str, count: int, first: int) -> tuple[Numbers, ...]:
    """Return calls among numbers that no other kind has."""
    return tuple(
        (f"{calling}{first + 37 * n:07}", f"{called}{first + 91 * n:07}")
        for n in range(count)
    )


WITH_BOTH: Final = (
    _genuine("genuine", 24, 2_100_000),
    Kind(
        round="again",
        title="genuine, and twice again",
        honest=True,
        enters="home",
        calls=_calls("+37529", "+7495", 1, 2_200_000) * 3,
    ),
    Kind(
        round="roaming",
        title="Russian subscriber in Belarus",
        honest=True,
        enters="home",
        calls=_calls("+7916", "+7495", 4, 2_300_000),
    ),
    Kind(
        round="emergency",
        title="emergency call, caller unknown",
        honest=True,
        enters="abroad",
        calls=(("+375447654321", "112"), ("+375447654322", "112")),
    ),
    _invented("invented", 12, 2_400_000),
    Kind(
        round="own",
        title="Russian number that nobody sent",
        honest=False,
        enters="abroad",
        calls=_calls("+7916", "+7495", 6, 2_500_000),
    ),
    Kind(
        round="altered",
        title="calling number altered by a carrier",
        honest=False,
        enters="home",
        calls=tuple((f"+37529222000{n}", f"{ALTERED}{1_000 + n}") for n in range(6)),
    ),
)
"""Placed while both nodes are there."""

WITHOUT_PEER: Final = (
    _genuine("genuine-alone", 6, 3_100_000),
    _invented("invented-alone", 4, 3_200_000),
)
"""Placed after BY's node was killed."""

PEER_BACK: Final = (
    _genuine("genuine-after", 6, 4_100_000),
    _invented("invented-after", 4, 4_200_000),
)
"""Placed after it was started again."""
