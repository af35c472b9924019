"""Calls between the two sides, some a second, so that there is something to watch."""

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
_SPOOFED: Final = 0.06
_CALLING: Final = ("+37529", "+37544", "+37533")
_CALLED: Final = ("+7495", "+7812", "+7916")


async def call(way: ByHttp, *, seed: int) -> None:
    """Place calls until cancelled; numbers are nobody's in particular.

    Args:
        way: To the nodes of both sides.
        seed: Of which calls.
    """
    for kind in calls(seed):
        await asyncio.gather(way.place(kind), asyncio.sleep(EVERY_S))


def calls(seed: int) -> Iterator[Kind]:
    """Make up some calls after the others, genuine or with an invented number.

    Args:
        seed: Of which calls.

    Yields:
        Calls that are placed at once.
    """
    drawn = random.Random(seed)  # ruff: ignore[suspicious-non-cryptographic-random-usage] (nothing is secret)

    def number(prefixes: tuple[str, ...]) -> str:
        prefix = drawn.choice(prefixes)
        return f"{prefix}{drawn.randrange(10**6, 10**7)}"

    for count in itertools.count():
        honest = drawn.random() > _SPOOFED
        many = drawn.randint(1, _MOST) if honest else 1
        yield Kind(
            round=f"demo-{seed}-{count}",
            title="genuine" if honest else "calling number invented",
            honest=honest,
            enters="home" if honest else "abroad",
            calls=tuple((number(_CALLING), number(_CALLED)) for _ in range(many)),
        )
