"""Small counts are held back, so that they cannot be recomputed from what is shown.

Cells are shown if they are 0 or at least `least`. Where one is held back, others of
its table are held back with it until those together say nothing of a single one.

Source: spec/harm.md, "What is held back".
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

HELD: Final = "held"
Count = int | Literal["held"] | None
"""A number to be published; "held": there is one that is not; None: not counted."""


def publish_tables(
    total: int, tables: Sequence[Mapping[str, int]], *, least: int, base: int
) -> tuple[Count, list[dict[str, Count]]]:
    """Return what may be published of a total and of tables that each add up to it.

    Args:
        total: The sum of each table.
        tables: Cells by name.
        least: No number from 1 to below this one is published.
        base: Numbers are rounded to multiples of it; divides `least`.

    Returns:
        The total, and the tables, each with all its cells.
    """
    held = [_hold(cells, least) for cells in tables]
    hides = 0 < total < least or not all(
        _is_safe([cells[name] for name in names], least)
        for cells, names in zip(tables, held, strict=True)
    )
    if hides:
        # A table that shows all its cells would show the total, too.
        held = [
            names or frozenset(_by_size(cells, 1)[:1])
            for cells, names in zip(tables, held, strict=True)
        ]
    shown: list[dict[str, Count]] = [
        {n: HELD if n in names else rounded(v, base) for n, v in cells.items()}
        for cells, names in zip(tables, held, strict=True)
    ]
    return HELD if hides else rounded(total, base), shown


def publish_count(count: int | None, *, least: int, base: int) -> Count:
    """Return what may be published of a number that is no part of a table."""
    if count is None:
        return None
    return HELD if 0 < count < least else rounded(count, base)


def rounded(count: int, base: int) -> int:
    """Return the nearest multiple of a base; halves go up."""
    return (2 * count + base) // (2 * base) * base


def least_of(count: Count, base: int) -> int:
    """Return how small the number behind a published one may be."""
    if count is None:
        return 0
    return 1 if count == HELD else max(0, count - base // 2)


def most_of(count: Count, base: int, otherwise: int) -> int:
    """Return how large the number behind a published one may be.

    Args:
        count: As published.
        base: What it was rounded to.
        otherwise: The bound where it is held back, or was not counted.
    """
    if count is None or count == HELD:
        return otherwise
    return count + (base - 1) // 2 if count else 0


def _hold(cells: Mapping[str, int], least: int) -> frozenset[str]:
    held = [name for name, count in cells.items() if 0 < count < least]
    for name in _by_size(cells, least):
        if _is_safe([cells[one] for one in held], least):
            break
        held.append(name)
    return frozenset(held)


def _is_safe(counts: Sequence[int], least: int) -> bool:
    """Tell whether cells held back may be known by their sum.

    Two or more, of which one at least is not 1, so that their sum can be made up in
    another way; and together as many as a cell must be to be shown.
    """
    if not counts:
        return True
    return len(counts) > 1 and sum(counts) >= max(least, len(counts) + 1)


def _by_size(cells: Mapping[str, int], least: int) -> list[str]:
    """Return the cells of at least some size, smallest first, by name among equals."""
    return sorted(
        (name for name, count in cells.items() if count >= least),
        key=lambda name: (cells[name], name),
    )
