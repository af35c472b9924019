"""Calls from one side to the other, some a second: there is something to watch."""

import asyncio
import itertools
import random
from collections.abc import Iterator
from typing import Final

from tallystick.node.rehearsal.ways import ByHttp
from tallystick.testing.live_calls import Kind

EVERY_S: Final = 1.0
_MOST: Final = 4
"""So many calls at once, at most."""
_SPOOFED_EVERY: Final = 12
"""Of so many times, once a call whose number somebody invented."""
_NUMBERS: Final = {
    "BY": ("+37529", "+37544", "+37533"),
    "RU": ("+7495", "+7812", "+7916"),
}


async def call(way: ByHttp, *, seed: int) -> None:
    """Place calls until cancelled; numbers are nobody's in particular.

    Args:
        way: From the node of one side to that of the other.
        seed: Of which calls.
    """
    for kind in calls(way.left, way.came, seed=seed):
        await asyncio.gather(way.place(kind), asyncio.sleep(EVERY_S))


def calls(left: str, came: str, *, seed: int) -> Iterator[Kind]:
    """Make up some calls after the others, genuine or with an invented number.

    Args:
        left: The side whose numbers call.
        came: The side whose numbers are called.
        seed: Of which calls.

    Yields:
        Calls that are placed at once.
    """
    drawn = random.Random(f"{left} {seed}")  # ruff: ignore[suspicious-non-cryptographic-random-usage] (nothing is secret)

    def number(party: str) -> str:
        return f"{drawn.choice(_NUMBERS[party])}{drawn.randrange(10**6, 10**7)}"

    # The first ones come before anything can rest on an absence.
    for count in itertools.count(1):
        honest = count % _SPOOFED_EVERY != 0
        many = drawn.randint(1, _MOST) if honest else 1
        yield Kind(
            round=f"demo-{left}-{seed}-{count}".lower(),
            title="genuine" if honest else "calling number invented",
            honest=honest,
            enters="home" if honest else "abroad",
            calls=tuple((number(left), number(came)) for _ in range(many)),
        )
