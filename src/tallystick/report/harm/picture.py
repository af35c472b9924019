"""How calls ended, as one bar a direction. The table beside it says the same."""

from collections.abc import Sequence
from typing import Final

import altair as alt
from markupsafe import Markup

from tallystick.harm.shape import Outcomes
from tallystick.report.drawing import (
    AGAINST,
    ARRIVALS,
    INK,
    MUTED,
    PAIRED,
    UNKNOWN,
    WIDTH,
    draw,
    layered,
    marks,
    placed,
)
from tallystick.report.texts import Texts

LEFT: Final = 150
ROW: Final = 26
LEAST_SHARE: Final = 0.01
"""What is rarer is drawn as wide as this, so that it can be seen at all."""

COLOURS: Final = {
    "no_departure": AGAINST,
    "altered": ARRIVALS,
    "repeated": MUTED,
    "unproven": UNKNOWN,
    "paired": PAIRED,
}


def draw_outcomes(bars: Sequence[tuple[str, Outcomes]], texts: Texts) -> Markup | None:
    """Draw how calls ended; None where no number may be shown."""
    values = []
    for row, (name, outcomes) in enumerate(bars):
        counts = {one: getattr(outcomes, one) for one in COLOURS}
        known = {one: n for one, n in counts.items() if isinstance(n, int) and n}
        total = sum(known.values())
        if not total:
            continue
        wide = {one: max(LEAST_SHARE, n / total) for one, n in known.items()}
        at = 0.0
        for one, share in wide.items():
            end = at + share / sum(wide.values())
            values.append(
                {"row": row, "name": name, "from": at, "to": end, "fill": COLOURS[one]}
            )
            at = end
    if not values:
        return None
    x = alt.X("from", type="quantitative", axis=None, scale=alt.Scale(domain=[0, 1]))
    y = alt.Y("row", type="ordinal", sort=None, axis=None)
    fill = alt.Fill("fill", type="nominal", scale=None)
    bar = placed(
        marks(values).mark_bar(stroke=INK, strokeWidth=0.4),
        {"x": x, "x2": "to", "y": y, "fill": fill},
    )
    text = placed(
        marks(values).mark_text(x=0, align="right", baseline="middle", dx=-10),
        {"y": y, "text": alt.Text("name", type="nominal")},
    )
    chart = layered([bar, text], width=WIDTH - LEFT, height=ROW * len(bars))
    return draw(chart, texts.formats, label=texts.say("harm.section.verified"))
