"""The clock of each trunk: its offset as a dot, its spread as a whisker."""

from dataclasses import dataclass
from typing import Any, Final

import altair as alt
from markupsafe import Markup

from tallystick.report.drawing import (
    DEPARTURES,
    RULE,
    WIDTH,
    clipped,
    draw,
    labels,
    layered,
    marks,
    placed,
)
from tallystick.report.formats import HOUR_MS, MINUTE_MS
from tallystick.report.result import Clock, Summary
from tallystick.report.texts import Texts

CLOCKS_MOST: Final = 24
# Offsets this close to whole hours are a wrong time zone plus an ordinary offset.
ZONE_MS: Final = 10 * MINUTE_MS
LEFT: Final = 150
RIGHT: Final = 150
PLOT: Final = WIDTH - LEFT - RIGHT
ROW: Final = 17


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRow:
    """One clock with the whole hours taken off its offset."""

    clock: Clock
    hours: int
    rest_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """The clocks worth a row, and what the others lie between."""

    rows: list[ClockRow]
    folded: int
    low_ms: float
    high_ms: float


def rank_clocks(summary: Summary) -> Clocks:
    """Return the clocks that are furthest off, and the range of the rest."""
    rows = [_split(clock) for clock in summary.clocks]
    rows.sort(key=lambda row: (-abs(row.hours), -abs(row.rest_ms), row.clock.trunk))
    cut = CLOCKS_MOST if len(rows) > CLOCKS_MOST + 1 else len(rows)
    rest = [row.rest_ms for row in rows[cut:]]
    return Clocks(
        rows=rows[:cut],
        folded=len(rest),
        low_ms=min(rest, default=0.0),
        high_ms=max(rest, default=0.0),
    )


def draw_clocks(clocks: Clocks, texts: Texts) -> Markup | None:
    """Return the picture of the clocks, or None where none was estimated."""
    if not clocks.rows:
        return None
    height = ROW * len(clocks.rows)
    chart = layered(_marks(clocks, texts), width=PLOT, height=height)
    return draw(chart, texts.formats, label=texts.say("clocks.picture"))


def _split(clock: Clock) -> ClockRow:
    hours = round(clock.offset_ms / HOUR_MS)
    rest_ms = clock.offset_ms - hours * HOUR_MS
    if not hours or abs(rest_ms) > ZONE_MS:
        return ClockRow(clock=clock, hours=0, rest_ms=clock.offset_ms)
    return ClockRow(clock=clock, hours=hours, rest_ms=rest_ms)


def _marks(clocks: Clocks, texts: Texts) -> list[alt.Chart]:
    values = [_value(index, row, texts) for index, row in enumerate(clocks.rows)]
    reach = max(1.0, *(max(abs(v["low"]), abs(v["high"])) for v in values))
    x: dict[str, Any] = {
        "type": "quantitative",
        "scale": alt.Scale(domain=[-reach, reach], nice=False),
        "axis": _axis(reach, texts),
    }
    axis = alt.Axis(
        labels=False, ticks=False, domain=False, title=None, grid=True, gridDash=[1, 3]
    )
    y = alt.Y("row", type="ordinal", sort=None, axis=axis)
    base = marks(values)
    left = base.mark_text(x=0, align="right", baseline="middle", dx=-10)
    right = base.mark_text(x=PLOT, align="left", baseline="middle", dx=10)
    whisker = base.mark_rule(stroke=DEPARTURES, strokeWidth=1.4).encode(
        x=alt.X("low", **x), x2="high", y=y
    )
    dot = base.mark_point(
        filled=True, fill=DEPARTURES, stroke=DEPARTURES, size=34, opacity=1
    ).encode(x=alt.X("at", **x), y=y)
    name, says = (alt.Text(field, type="nominal") for field in ("name", "says"))
    return [
        whisker,
        dot,
        placed(left, {"y": y, "text": name}),
        placed(right, {"y": y, "text": says}),
    ]


def _value(index: int, row: ClockRow, texts: Texts) -> dict[str, Any]:
    says = texts.formats.offset(row.clock.offset_ms)
    if row.hours:
        hours = texts.formats.unit(row.hours, "h")
        sign = "+" if row.hours > 0 else ""
        says = f"{sign}{hours}, {texts.formats.offset(row.rest_ms)}"
    return {
        "row": index,
        "name": clipped(row.clock.trunk or texts.say("carriers.unnamed"), 22),
        "says": f"{says} ± {texts.formats.span(row.clock.spread_ms)}",
        "at": row.rest_ms,
        "low": row.rest_ms - row.clock.spread_ms,
        "high": row.rest_ms + row.clock.spread_ms,
    }


def _axis(reach: float, texts: Texts) -> alt.Axis:
    ticks = [-reach, 0, reach]
    return alt.Axis(
        values=ticks,
        labelExpr=labels({tick: texts.formats.offset(tick) for tick in ticks}),
        title=None,
        grid=True,
        domainColor=RULE,
    )
