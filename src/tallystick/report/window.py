"""The window: what each width pairs, how much of it by chance, and where pairs lie."""

import math
from pathlib import Path
from typing import Any, Final

import altair as alt
import polars as pl
from markupsafe import Markup

from tallystick.report.drawing import (
    AGAINST,
    DEPARTURES,
    INK,
    PAIRED,
    draw,
    heading,
    labels,
    layered,
    marks,
)
from tallystick.report.result import Window
from tallystick.report.texts import Texts

CURVE: Final = 330
SPREAD: Final = 230
HEIGHT: Final = 84
PARTED: Final = 34  # between the two curves
BARS: Final = 61
DOTS_MOST: Final = 20  # more of them would hide the line they lie on
# A wide range of windows is read on a scale of ratios.
RATIO_SCALE: Final = 30
# Two names on an axis nearer than this part of it would run into one another.
APART: Final = 0.2
COLOURS: Final = {"pairs": DEPARTURES, "false": AGAINST}


def draw_window(window: Window, offsets: pl.DataFrame, texts: Texts) -> Markup | None:
    """Return the curve and the pairs' offsets, or None where there is neither."""
    curve = _curve(window, texts) if len(window.curve) > 1 else None
    spread = _offsets(window, offsets, texts) if offsets.height else None
    parts = [part for part in (curve, spread) if part is not None]
    if not parts:
        return None
    chart = alt.hconcat(*parts, spacing=46)
    return draw(chart, texts.formats, label=texts.say("window.picture"))


def count_offsets(pairs: Path, window: Window) -> pl.DataFrame:
    """Count the pairs by how far apart their halves start.

    Returns:
        `at_ms` (middle of the bar) and `pairs`; empty where nothing paired.

    Bounds: streams the file; memory for `BARS` rows.
    """
    empty = pl.DataFrame(schema={"at_ms": pl.Float64, "pairs": pl.UInt32})
    if not pairs.is_file() or window.ms <= 0:
        return empty
    width = 3 * window.ms / BARS
    place = (pl.col("offset_ms") / width).round()
    return (
        pl.scan_parquet(pairs)
        .select(place=place.clip(-BARS // 2, BARS // 2))
        .drop_nulls()
        .group_by("place")
        .agg(pairs=pl.len())
        .select(at_ms=pl.col("place") * width, pairs="pairs")
        .sort("at_ms")
        .collect(engine="streaming")
    )


def _curve(window: Window, texts: Texts) -> alt.VConcatChart:
    strips = [_strip(name, window, texts) for name in COLOURS]
    return alt.vconcat(*strips, bounds="flush", spacing=PARTED)


def _is_wide(window: Window) -> bool:
    low, high = window.curve[0].ms, window.curve[-1].ms
    return low > 0 and high / low > RATIO_SCALE


def _ticks(window: Window) -> list[float]:
    """Name the window that was chosen, and the ends of the scale if there is room."""
    low, high = window.curve[0].ms, window.curve[-1].ms
    if not low < window.ms < high:
        return [low, high]
    place = (window.ms - low) / (high - low)
    if _is_wide(window):
        place = math.log(window.ms / low) / math.log(high / low)
    ends = [low] * (place > APART) + [high] * (place < 1 - APART)
    return sorted([window.ms, *ends])


def _strip(name: str, window: Window, texts: Texts) -> alt.LayerChart:
    values: list[dict[str, float]] = [
        {"ms": p.ms, "pairs": p.pairs, "false": p.false} for p in window.curve
    ]
    top = max(1e-9, *(value[name] for value in values))
    x, y = _x(window, texts, last=name == "false"), _y(name, top, texts)
    base, colour = marks(values), COLOURS[name]
    line = base.mark_line(stroke=colour, strokeWidth=1.6).encode(x=x, y=y)
    dots = base.mark_point(
        filled=True, fill=colour, stroke=colour, size=14, opacity=1
    ).encode(x=x, y=y)
    chosen = marks([{"ms": window.ms}]).mark_rule(stroke=INK, strokeDash=[2, 2])
    title = heading(texts.say(f"window.{name}"), CURVE)
    points = [dots] if len(values) <= DOTS_MOST else []
    parts = [line, *points, chosen.encode(x=x), title]
    return layered(parts, width=CURVE, height=HEIGHT)


def _x(window: Window, texts: Texts, *, last: bool) -> alt.X:
    ticks, ends = _ticks(window), [window.curve[0].ms, window.curve[-1].ms]
    axis = alt.Axis(
        values=ticks,
        labelExpr=labels({tick: texts.formats.span(tick) for tick in ticks}),
        labelOverlap=False,
        labels=last,
        ticks=last,
        title=texts.say("window.axis") if last else None,
        grid=False,
    )
    scale = alt.Scale(domain=ends, nice=False, zero=False)
    if _is_wide(window):
        scale = alt.Scale(domain=ends, nice=False, type="log")
    return alt.X("ms", type="quantitative", scale=scale, axis=axis)


def _y(name: str, top: float, texts: Texts) -> alt.Y:
    axis = alt.Axis(
        values=[0, top],
        labelExpr=labels({0: "0", top: texts.formats.about(top)}),
        title=None,
        grid=False,
        domain=False,
    )
    scale = alt.Scale(domain=[0, top], nice=False)
    return alt.Y(name, type="quantitative", scale=scale, axis=axis)


def _offsets(window: Window, offsets: pl.DataFrame, texts: Texts) -> alt.LayerChart:
    width = 3 * window.ms / BARS
    values: list[dict[str, float]] = [
        {"start": at - width / 2, "end": at + width / 2, "n": pairs}
        for at, pairs in offsets.iter_rows()
    ]
    ends = [abs(value["end"]) for value in values]
    ticks = [-window.ms, 0, window.ms]
    axis = alt.Axis(
        values=ticks,
        labelExpr=labels({tick: texts.formats.offset(tick) for tick in ticks}),
        title=texts.say("window.offset"),
        grid=False,
    )
    reach = max(window.ms * 1.5, *ends)
    scale = alt.Scale(domain=[-reach, reach], nice=False)
    x: dict[str, Any] = {"type": "quantitative", "scale": scale, "axis": axis}
    y = _y("n", max(value["n"] for value in values), texts)
    bars = marks(values).mark_rect(fill=PAIRED)
    edges = marks([{"at": -window.ms}, {"at": window.ms}]).mark_rule(
        stroke=INK, strokeDash=[2, 2]
    )
    parts = [
        bars.encode(x=alt.X("start", **x), x2="end", y=y, y2=alt.Y2Datum(0)),
        edges.encode(x=alt.X("at", **x)),
        heading(texts.say("window.spread"), SPREAD),
    ]
    return layered(parts, width=SPREAD, height=2 * HEIGHT + PARTED)
