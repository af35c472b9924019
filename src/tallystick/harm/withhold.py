"""Small counts are held back, others rounded down, so that nobody is identified.

Each number is published by itself: as 0, as "held", or as a multiple of `least`.
Whatever is a sum is the sum of what is published of its parts, and never of the parts
themselves. So a part that is held back cannot be recomputed from any total, and of two
numbers whose difference is a third, the difference shows nothing below `least`.

Source: spec/harm.md, "What is held back".
"""

from collections.abc import Iterable, Mapping
from typing import Final, Literal

HELD: Final = "held"
Count = int | Literal["held"] | None
"""A published number; "held": there is one that is not shown; None: not counted."""


def published(count: int | None, least: int) -> Count:
    """Return what is published of a number.

    Args:
        count: The number; None: not counted.
        least: Numbers from 1 to below this are held back, others rounded down to a
            multiple of it: so each published number may stand for just as many.
    """
    if count is None:
        return None
    return HELD if 0 < count < least else count // least * least


def published_cells(cells: Mapping[str, int], least: int) -> dict[str, Count]:
    """Return what is published of each of several numbers."""
    return {name: published(count, least) for name, count in cells.items()}


def total_of(parts: Iterable[Count]) -> Count:
    """Return the sum of what is published; "held" where nothing else is there."""
    known = list(parts)
    total = sum(part for part in known if isinstance(part, int))
    return HELD if not total and HELD in known else total


def least_of(count: Count) -> int:
    """Return how small the number behind a published one may be."""
    if not isinstance(count, int):
        return 1 if count == HELD else 0
    return count


def most_of(count: Count, least: int) -> int:
    """Return how large the number behind a published one may be; 0 if not counted."""
    if not isinstance(count, int):
        return least - 1 if count == HELD else 0
    return count + least - 1 if count else 0
