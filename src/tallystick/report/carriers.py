"""Carriers as dots with whiskers: the share of each finding, worst carrier first."""

import math
from collections.abc import Sequence
from typing import Any, Final

import altair as alt
from markupsafe import Markup

from tallystick.report.drawing import (
    AGAINST,
    MUTED,
    RULE,
    WIDTH,
    clipped,
    draw,
    heading,
    labels,
    layered,
    marks,
    placed,
)
from tallystick.report.kinds import title_of
from tallystick.report.ranking import Ranking, interval
from tallystick.report.result import UNPROVEN, Carrier
from tallystick.report.texts import Texts

COLUMNS_MOST: Final = 5  # kinds side by side; more go into a second picture
LEFT: Final = 176
GAP: Final = 18
ROW: Final = 19
NAME_LETTERS: Final = 25
PHANTOM: Final = "\N{BLACK DIAMOND}"


def draw_carriers(ranking: Ranking, texts: Texts) -> list[Markup]:
    """Return the pictures of one side: up to five kinds of finding in each."""
    rows = [*ranking.rows, *([ranking.others] if ranking.others else [])]
    if not rows:
        return []
    names = [name_of(row, texts) for row in ranking.rows]
    if ranking.others:
        names.append(texts.count("carriers.others", ranking.folded))
    starts = range(0, len(ranking.kinds), COLUMNS_MOST)
    blocks = [ranking.kinds[start : start + COLUMNS_MOST] for start in starts]
    label = texts.say("carriers.picture")
    return [
        draw(_block(block, rows, names, texts), texts.formats, label=label)
        for block in blocks
    ]


def name_of(row: Carrier, texts: Texts) -> str:
    """Return a carrier's name (and trunk), marked where it is a phantom route."""
    name = row.carrier or texts.say("carriers.unnamed")
    whole = f"{row.trunk} · {name}" if row.trunk else name
    return f"{PHANTOM} {whole}" if row.phantom else whole


def _block(
    kinds: Sequence[str], rows: Sequence[Carrier], names: Sequence[str], texts: Texts
) -> alt.HConcatChart:
    width = (WIDTH - LEFT) / COLUMNS_MOST - GAP
    columns: list[alt.LayerChart] = []
    for kind in kinds:
        # The names stand before the first column only.
        before = [] if columns else [_names(names)]
        parts = [*before, *_column(kind, rows, width, texts)]
        columns.append(layered(parts, width=width, height=ROW * len(rows)))
    return alt.hconcat(*columns, bounds="flush", spacing=GAP)


def _y() -> alt.Y:
    axis = alt.Axis(
        labels=False, ticks=False, domain=False, title=None, grid=True, gridDash=[1, 3]
    )
    return alt.Y("row", type="ordinal", sort=None, axis=axis)


def _names(names: Sequence[str]) -> alt.Chart:
    values = [
        {"row": index, "name": clipped(name, NAME_LETTERS)}
        for index, name in enumerate(names)
    ]
    text = marks(values).mark_text(x=0, align="right", baseline="middle", dx=-10)
    name = alt.Text("name", type="nominal")
    return placed(text, {"y": _y(), "text": name})


def _column(
    kind: str, rows: Sequence[Carrier], width: float, texts: Texts
) -> list[alt.Chart]:
    near = [row.findings.get(kind) or interval(0, row.calls) for row in rows]
    highest = max(one.high for one in near)
    share = max(one.share for one in near)
    # A carrier with three calls has a whisker up to 1 and would flatten the others.
    top = min(highest, 2 * share) or 1.0
    values = [
        {"row": index, "s": one.share, "low": one.low, "high": min(one.high, top)}
        for index, one in enumerate(near)
    ]
    scale = alt.Scale(domain=[0, top], nice=False)
    x: dict[str, Any] = {"type": "quantitative", "scale": scale}
    x["axis"] = _axis(top, texts)
    colour = MUTED if kind == UNPROVEN else AGAINST
    base = marks(values)
    whisker = base.mark_rule(stroke=colour, strokeWidth=1.4)
    dot = base.mark_point(
        filled=kind != UNPROVEN, fill=colour, stroke=colour, size=34, opacity=1
    )
    return [
        placed(whisker, {"x": alt.X("low", **x), "x2": "high", "y": _y()}),
        placed(dot, {"x": alt.X("s", **x), "y": _y()}),
        heading(title_of(kind, texts), width),
    ]


def _axis(top: float, texts: Texts) -> alt.Axis:
    tick = _round_below(top)
    return alt.Axis(
        values=[0, tick],
        labelExpr=labels({0: "0", tick: texts.formats.tick(tick)}),
        title=None,
        grid=True,
        domainColor=RULE,
    )


def _round_below(value: float) -> float:
    """Return the largest 1, 2 or 5 times a power of ten that is not above `value`."""
    power: float = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (5, 2, 1) if step * power <= value * 1.000001)
