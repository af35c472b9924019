"""Hours joined into as many bars as can be told apart."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from tallystick.report.formats import HOUR_MS
from tallystick.report.result import Completeness, Hour, Summary, instant_ms

# More bars than this cannot be told apart on paper; hours are then joined.
BINS_MOST: Final = 96
BIN_HOURS: Final = (1, 2, 3, 6, 12, 24, 48, 168)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Some hours taken together."""

    start_ms: int
    end_ms: int
    departures: int
    arrivals: int
    paired: int
    kinds: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A side's completeness over some hours, weighted by what was expected."""

    start_ms: int
    end_ms: int
    share: float
    low: float
    high: float


def bin_width_ms(summary: Summary) -> int:
    """Return the width of a bar: an hour, or more where the hours are many."""
    starts = [instant_ms(hour.hour) for hour in summary.hours]
    spread_ms = max(starts) - min(starts) if starts else 0
    widths = (hours * HOUR_MS for hours in BIN_HOURS)
    fitting = (width for width in widths if spread_ms < BINS_MOST * width)
    return next(fitting, BIN_HOURS[-1] * HOUR_MS)


def bin_hours(hours: Sequence[Hour], width_ms: int) -> list[Bin]:
    """Join `hours` into bins of `width_ms`."""
    grouped: dict[int, list[Hour]] = {}
    for hour in hours:
        grouped.setdefault(_floor(hour.hour, width_ms), []).append(hour)
    return [
        _bin(start, width_ms, members) for start, members in sorted(grouped.items())
    ]


def bin_completeness(hours: Sequence[Completeness], width_ms: int) -> list[Held]:
    """Join a side's completeness into bins of `width_ms`."""
    grouped: dict[int, list[Completeness]] = {}
    for hour in hours:
        grouped.setdefault(_floor(hour.hour, width_ms), []).append(hour)
    return [
        _held(start, width_ms, members) for start, members in sorted(grouped.items())
    ]


def merge(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join stretches of time that overlap or touch."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif end > start:
            merged.append((start, end))
    return merged


def _floor(iso: str, width_ms: int) -> int:
    return instant_ms(iso) // width_ms * width_ms


def _bin(start_ms: int, width_ms: int, hours: Sequence[Hour]) -> Bin:
    kinds: Counter[str] = Counter()
    for hour in hours:
        kinds.update(hour.kinds)
    return Bin(
        start_ms=start_ms,
        end_ms=start_ms + width_ms,
        departures=sum(hour.departures for hour in hours),
        arrivals=sum(hour.arrivals for hour in hours),
        paired=sum(hour.paired for hour in hours),
        kinds=dict(kinds),
    )


def _held(start_ms: int, width_ms: int, hours: Sequence[Completeness]) -> Held:
    # An hour in which nothing was expected says nothing, but must not divide by zero.
    weights = [max(hour.expected, 1e-9) for hour in hours]
    whole = sum(weights)
    pairs = list(zip(weights, hours, strict=True))
    return Held(
        start_ms=start_ms,
        end_ms=start_ms + width_ms,
        share=min(1.0, sum(w * hour.share for w, hour in pairs) / whole),
        low=max(0.0, sum(w * hour.low for w, hour in pairs) / whole),
        high=min(1.0, sum(w * hour.high for w, hour in pairs) / whole),
    )
