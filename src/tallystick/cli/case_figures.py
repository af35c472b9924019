"""What a result counted by day, as a store keeps it."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tallystick.report.result import Summary
    from tallystick.store.findings import ResultFigures

_SIDES = ("departure", "arrival")
_EPOCH = date(1970, 1, 1).toordinal()


def figures_of(summary: Summary, *, name: str) -> ResultFigures | None:
    """Return the figures of a result; None where nothing crossed.

    Args:
        summary: Its.
        name: What its id is made of, besides its time: the direction.
    """
    import hashlib

    from tallystick.report.result import instant_ms
    from tallystick.store.findings import ResultFigures, RouteDay

    inputs = [summary.inputs[f"{side}s"] for side in _SIDES]
    times = [instant_ms(at) for one in inputs for at in (one.start, one.end) if at]
    if not times:
        return None
    span = min(times), max(times)
    late = {
        (one.side.removesuffix("s"), one.trunk): round(one.offset_ms)
        for one in summary.clocks
    }
    paired: Counter[tuple[int, str, str, str]] = Counter()
    for one in summary.days:
        for side in _SIDES:
            names = (getattr(one, f"{side}_{what}") for what in ("carrier", "trunk"))
            carrier, point = (name or "" for name in names)
            paired[day_of(one.day), side, carrier, point] += one.paired
    return ResultFigures(
        id=hashlib.sha256(f"{name} {span}".encode()).hexdigest()[:16],
        from_ms=span[0],
        until_ms=span[1] + 1,
        routes=[
            RouteDay(
                day=day,
                side=side,
                carrier=carrier,
                point=point,
                paired=n,
                late_ms=late.get((side, point)),
            )
            for (day, side, carrier, point), n in paired.items()
        ],
        complete=_complete(summary),
    )


def day_of(text: str) -> int:
    """Return the day that ISO 8601 begins with, counted from 1970."""
    return date.fromisoformat(text[:10]).toordinal() - _EPOCH


def _complete(summary: Summary) -> Mapping[tuple[int, str], tuple[int, int]]:
    held: Counter[tuple[int, str]] = Counter()
    expected: Counter[tuple[int, str]] = Counter()
    for side in _SIDES:
        for one in summary.completeness[f"{side}s"]:
            place = day_of(one.hour), side
            held[place] += one.held
            expected[place] += one.expected
    return {place: (n, held[place]) for place, n in expected.items()}
