"""The window: what each width pairs, how much of it by chance, and where pairs lie."""


from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import altair as alt
import polars as pl
from markupsafe import Markup

from tallystick.report.drawing import AGAINST, DEPARTURES, INK, PAIRED, draw, labels
from tallystick.report.result import Window, WindowPoint
from tallystick.report.texts import Texts

CURVE: Final = 330
SPREAD: Final = 230
HEIGHT: Final = 84
BARS: Final = 61
# A wide range of windows is read on a scale of ratios.
RATIO_SCALE: Final = 30


def draw_window(window: Window, offsets: pl.DataFrame, texts: Texts) -> Markup | None:
    """Return the curve and the pairs' offsets, or None where there is neither."""
    parts: list[alt.TopLevelMixin] = []
    if len(window.curve) > 1:
        parts.append(_curve(window, texts))
    if offsets.height:
        parts.append(_offsets(window, offsets, texts))
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
        pl
        .scan_parquet(pairs)
        .select(place=place.clip(-BARS // 2, BARS // 2))
        .drop_nulls()
        .group_by("place")
        .agg(pairs=pl.len())
        .select(at_ms=pl.col("place") * width, pairs="pairs")
        .sort("at_ms")
        .collect(engine="streaming")
    )


def _scale(curve: Sequence[WindowPoint]) -> alt.Scale:
    low, high = curve[0].ms, curve[-1].ms
    ratio = low > 0 and high / low > RATIO_SCALE
    return alt.Scale(domain=[low, high], nice=False, type="log" if ratio else "linear")


def _curve(window: Window, texts: Texts) -> alt.VConcatChart:
    scale, shown = _scale(window.curve), _ticks(window)
    pairs = _line("pairs", window, scale, shown, texts, colour=DEPARTURES)
    false = _line("false", window, scale, shown, texts, colour=AGAINST)
    return alt.vconcat(pairs, false, bounds="flush", spacing=34)


def _ticks(window: Window) -> list[float]:
    """Name the ends of the scale and the window that was chosen, nothing else."""
    low, high = window.curve[0].ms, window.curve[-1].ms
    return sorted({low, high} | ({window.ms} if low < window.ms < high else set()))


def _line(
    name: str,
    window: Window,
    scale: alt.Scale,
    ticks: Sequence[float],
    texts: Texts,
    *,
    colour: str,
) -> alt.LayerChart:
    values = [{"ms": p.ms, "pairs": p.pairs, "false": p.false} for p in window.curve]
    last = name == "false"
    axis = alt.Axis(
        values=list(ticks),
        labelExpr=labels({tick: texts.formats.span(tick) for tick in ticks}),
        labels=last,
        ticks=last,
        title=texts.say("window.axis") if last else None,
        grid=False,
    )
    top = max(1e-9, *(value[name] for value in values))
    y_axis = alt.Axis(
        values=[0, top],
        labelExpr=labels({0: "0", top: texts.formats.about(top)}),
        title=None,
        grid=False,
        domain=False,
    )
    base = alt.Chart(alt.Data(values=values))
    x = alt.X("ms", type="quantitative", scale=scale, axis=axis)
    y = alt.Y(
        name,
        type="quantitative",
        scale=alt.Scale(domain=[0, top], nice=False),
        axis=y_axis,
    )
    line = base.mark_line(stroke=colour, strokeWidth=1.6).encode(x=x, y=y)
    dots = base.mark_point(
        filled=True, fill=colour, stroke=colour, size=14, opacity=1
    ).encode(x=x, y=y)
    chosen = (
        alt
        .Chart(alt.Data(values=[{"ms": window.ms}]))
        .mark_rule(stroke=INK, strokeDash=[2, 2])
        .encode(x=x)
    )
    return alt.layer(line, dots, chosen, _title(f"window.{name}", texts)).properties(
        width=CURVE, height=HEIGHT
    )


def _title(key: str, texts: Texts) -> alt.Chart:
    return (
        alt
        .Chart(alt.Data(values=[{}]))
        .mark_text(
            text=texts.say(key),
            align="left",
            baseline="bottom",
            dy=-7,
            fontWeight="bold",
            fill=INK,
        )
        .encode(x=alt.value(0), y=alt.value(0))
    )


def _offsets(window: Window, offsets: pl.DataFrame, texts: Texts) -> alt.LayerChart:
    width = 3 * window.ms / BARS
    values = [
        {"start": at - width / 2, "end": at + width / 2, "n": pairs}
        for at, pairs in offsets.iter_rows()
    ]
    reach = max(window.ms * 1.5, max(abs(v["end"]) for v in values))
    top = max(value["n"] for value in values)
    ticks = [-window.ms, 0, window.ms]
    axis = alt.Axis(
        values=ticks,
        labelExpr=labels({tick: texts.formats.offset(tick) for tick in ticks}),
        title=texts.say("window.offset"),
        grid=False,
    )
    x: dict[str, Any] = {
        "type": "quantitative",
        "scale": alt.Scale(domain=[-reach, reach], nice=False),
        "axis": axis,
    }
    y_axis = alt.Axis(values=[0, top], format=",d", title=None, grid=False, domain=False)
    y = alt.Y("n", type="quantitative", scale=alt.Scale(domain=[0, top]), axis=y_axis)
    bars = (
        alt
        .Chart(alt.Data(values=values))
        .mark_rect(fill=PAIRED)
        .encode(x=alt.X("start", **x), x2="end", y=y, y2=alt.Y2Datum(0))
    )
    edges = (
        alt
        .Chart(alt.Data(values=[{"at": -window.ms}, {"at": window.ms}]))
        .mark_rule(stroke=INK, strokeDash=[2, 2])
        .encode(x=alt.X("at", **x))
    )
    height = 2 * HEIGHT + 34
    return alt.layer(bars, edges, _title("window.spread", texts)).properties(
        width=SPREAD, height=height
    )
