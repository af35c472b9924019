"""Outcomes over the day: small strips on one time axis, completeness beneath."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from textwrap import wrap
from typing import Any, Final

import altair as alt
from markupsafe import Markup

from tallystick.report.bins import (
    Bin,
    Held,
    bin_completeness,
    bin_hours,
    bin_width_ms,
    merge,
)
from tallystick.report.drawing import (
    AGAINST,
    ARRIVALS,
    DEPARTURES,
    INK,
    LINE,
    MUTED,
    PAIRED,
    UNKNOWN,
    WIDTH,
    draw,
    labels,
    layered,
    marks,
    placed,
    words,
)
from tallystick.report.formats import HOUR_MS
from tallystick.report.kinds import in_order, title_of
from tallystick.report.result import SIDES, UNPROVEN, Gap, Summary, instant_ms
from tallystick.report.texts import Texts

LEFT: Final = 178  # room for the strips' names
RIGHT: Final = 58  # room for the ends of their scales
PLOT: Final = WIDTH - LEFT - RIGHT
STRIP: Final = 28  # height of a kind
SHARES: Final = 40  # height of a completeness
VOLUME: Final = 84
NAME_LETTERS: Final = 28
TICKS_MOST: Final = 13
TICK_HOURS: Final = (1, 2, 3, 6, 12, 24, 48, 96, 168, 336)
# Below this a completeness is worth a label of its own.
WORTH_NAMING: Final = 0.97
HALF: Final = 0.5
COLOURS: Final = {"departures": DEPARTURES, "arrivals": ARRIVALS}
DASHES: Final = {"departures": [1, 0], "arrivals": [4, 2]}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Time:
    """The time axis that every strip shares."""

    ends: tuple[int, int]
    scale: alt.Scale
    bare: alt.Axis
    named: alt.Axis

    def x(self, name: str, *, last: bool = False) -> alt.X:
        axis = self.named if last else self.bare
        return alt.X(name, type="quantitative", scale=self.scale, axis=axis)


def draw_hours(summary: Summary, texts: Texts) -> Markup | None:
    """Return the strips of the day, or None where no hour was counted."""
    width_ms = bin_width_ms(summary)
    bins = bin_hours(summary.hours, width_ms)
    if not bins:
        return None
    time = _time(bins, texts)
    strips = [_volume(bins, time, texts)]
    found = {kind for one in bins for kind, count in one.kinds.items() if count}
    strips += [_kind(kind, bins, time, texts) for kind in in_order(found)]
    for side in SIDES:
        held = bin_completeness(summary.completeness[side], width_ms)
        gaps = [gap for gap in summary.gaps if gap.side == side and not gap.trunk]
        strips.append(_completeness(side, held, gaps, time, texts))
    chart = alt.vconcat(*strips, bounds="flush", spacing=12)
    return draw(chart, texts.formats, label=texts.say("day.picture"))


def _time(bins: Sequence[Bin], texts: Texts) -> _Time:
    start, end = bins[0].start_ms, bins[-1].end_ms
    step = next(
        (h for h in TICK_HOURS if (end - start) / (h * HOUR_MS) <= TICKS_MOST),
        TICK_HOURS[-1],
    )
    first = -(-start // (step * HOUR_MS)) * step * HOUR_MS
    ticks = list(range(first, end + 1, step * HOUR_MS))
    names = labels({tick: _tick(tick, texts) for tick in ticks})
    look: dict[str, Any] = {"values": ticks, "title": None, "grid": True}
    return _Time(
        ends=(start, end),
        scale=alt.Scale(domain=[start, end], nice=False, zero=False),
        bare=alt.Axis(labels=False, ticks=False, **look),
        named=alt.Axis(labelExpr=names, labelFlush=False, **look),
    )


def _tick(milliseconds: int, texts: Texts) -> list[str]:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    midnight = moment.hour == 0
    day = [texts.formats.day_and_month(moment)] if midnight else []
    return [texts.formats.clock(moment), *day]


def _name(text: str, height: int) -> alt.Chart:
    lines = wrap(text, NAME_LETTERS)
    dy = -(len(lines) - 1) * LINE / 2
    look = {"align": "right", "baseline": "middle", "dx": -8, "dy": dy}
    return words(lines, x=0, y=height / 2, look=look)


def _scale_end(top: float, form: str) -> alt.Axis:
    """Return an axis that names only the highest value; the baseline is nought."""
    return alt.Axis(
        orient="right",
        values=[top],
        format=form,
        title=None,
        grid=False,
        domain=False,
        ticks=False,
        labelPadding=6,
    )


def _layered(layers: Sequence[alt.Chart], height: int) -> alt.LayerChart:
    return layered(layers, width=PLOT, height=height)


def _volume(bins: Sequence[Bin], time: _Time, texts: Texts) -> alt.LayerChart:
    top = max(1, *(max(one.departures, one.arrivals) for one in bins))
    scale = alt.Scale(domain=[0, top], nice=False)
    axis = _scale_end(top, ",d")
    paired = [
        {"start": one.start_ms, "end": one.end_ms, "n": one.paired} for one in bins
    ]
    bars = (
        marks(paired)
        .mark_rect(fill=PAIRED)
        .encode(
            x=time.x("start"),
            x2="end",
            y=alt.Y("n", type="quantitative", scale=scale, axis=axis),
            y2=alt.Y2Datum(0),
        )
    )
    lines = [_steps(side, bins, time, scale, axis) for side in SIDES]
    name = _name(texts.say("day.volume"), VOLUME)
    return _layered([bars, *lines, name], VOLUME)


def _steps(
    side: str, bins: Sequence[Bin], time: _Time, scale: alt.Scale, axis: alt.Axis
) -> alt.Chart:
    counts = [(one.start_ms, getattr(one, side)) for one in bins]
    counts.append((bins[-1].end_ms, counts[-1][1]))
    values = [{"at": at, "n": count} for at, count in counts]
    line = marks(values).mark_line(
        interpolate="step-after",
        stroke=COLOURS[side],
        strokeDash=DASHES[side],
        strokeWidth=1.4,
    )
    y = alt.Y("n", type="quantitative", scale=scale, axis=axis)
    return placed(line, {"x": time.x("at"), "y": y})


def _kind(kind: str, bins: Sequence[Bin], time: _Time, texts: Texts) -> alt.LayerChart:
    counts = [one.kinds.get(kind, 0) for one in bins]
    top, unproven = max(1, *counts), kind == UNPROVEN
    values = [
        {"start": one.start_ms, "end": one.end_ms, "n": count}
        for one, count in zip(bins, counts, strict=True)
        if count
    ]
    bars = (
        marks(values)
        .mark_rect(
            fill=UNKNOWN if unproven else AGAINST,
            stroke=MUTED if unproven else None,
            strokeWidth=0.7,
        )
        .encode(
            x=time.x("start"),
            x2="end",
            y=alt.Y(
                "n",
                type="quantitative",
                scale=alt.Scale(domain=[0, top], nice=False),
                axis=_scale_end(top, ",d"),
            ),
            y2=alt.Y2Datum(0),
        )
    )
    total = texts.formats.integer(sum(counts))
    return _layered([bars, _name(f"{title_of(kind, texts)}: {total}", STRIP)], STRIP)


def _completeness(
    side: str, held: Sequence[Held], gaps: Sequence[Gap], time: _Time, texts: Texts
) -> alt.LayerChart:
    last = side == SIDES[-1]
    values = [
        {
            "start": h.start_ms,
            "end": h.end_ms,
            "s": h.share,
            "low": h.low,
            "high": h.high,
        }
        for h in held
    ]
    base = marks(values)
    band = base.mark_rect(fill=COLOURS[side], opacity=0.3).encode(
        x=time.x("start", last=last), x2="end", y=_y_share("low"), y2="high"
    )
    line = base.mark_rule(stroke=COLOURS[side], strokeWidth=1.8).encode(
        x=time.x("start", last=last), x2="end", y=_y_share("s")
    )
    layers = [
        _gaps(gaps, time, last=last),
        band,
        line,
        *_lowest(held, time, texts, last=last),
    ]
    name = _name(texts.say(f"day.completeness.{side}"), SHARES)
    return _layered([*layers, name], SHARES)


def _y_share(name: str) -> alt.Y:
    scale = alt.Scale(domain=[0, 1], nice=False)
    return alt.Y(name, type="quantitative", scale=scale, axis=_scale_end(1, ".0%"))


def _gaps(gaps: Sequence[Gap], time: _Time, *, last: bool) -> alt.Chart:
    low, high = time.ends
    spans = [
        (min(max(instant_ms(gap.start), low), high), min(instant_ms(gap.end), high))
        for gap in gaps
    ]
    values = [{"start": start, "end": end} for start, end in merge(spans)]
    bars = marks(values).mark_rect(
        y=0, y2=SHARES, fill=UNKNOWN, stroke=MUTED, strokeWidth=0.5
    )
    return placed(bars, {"x": time.x("start", last=last), "x2": "end"})


def _lowest(
    held: Sequence[Held], time: _Time, texts: Texts, *, last: bool
) -> list[alt.Chart]:
    lowest = min(held, key=lambda one: one.share, default=None)
    if lowest is None or lowest.share >= WORTH_NAMING:
        return []
    # The label stands clear of the line, where the strip has room for it.
    below = lowest.share > HALF
    label = marks([{"at": lowest.end_ms, "s": lowest.share}]).mark_text(
        text=texts.formats.share(lowest.share),
        align="left",
        baseline="top" if below else "bottom",
        dx=4,
        dy=3 if below else -3,
        fill=INK,
    )
    return [placed(label, {"x": time.x("at", last=last), "y": _y_share("s")})]
