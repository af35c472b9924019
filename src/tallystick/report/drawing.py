"""The look that all pictures share, and how they become inline SVG.

Colours are the page's CSS variables, so that a picture follows light, dark and
print; what matters is told by position, label and pattern as well.
"""

import json
import re
from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any, Final

import altair as alt
import vl_convert
from markupsafe import Markup, escape

from tallystick.report.formats import Formats

WIDTH: Final = 760  # of a picture with its labels, in CSS pixels
FONT_SIZE: Final = 11
LINE: Final = 13  # from one line of text to the next
LETTER: Final = 6.2  # mean width of a bold letter of that size
TAIL: Final = 6  # letters kept of the end of a name that is cut
FONTS: Final = "Arial, 'Liberation Sans', Helvetica, 'DejaVu Sans', sans-serif"

INK: Final = "var(--ink)"
MUTED: Final = "var(--muted)"
RULE: Final = "var(--rule)"
PAIRED: Final = "var(--paired)"
DEPARTURES: Final = "var(--departures)"
ARRIVALS: Final = "var(--arrivals)"
AGAINST: Final = "var(--accused)"
UNKNOWN: Final = "url(#hatch-unknown)"

_NUMBERS: Final = re.compile(r'\b(transform|d|[xy][12]?|width|height)="([^"]*)"')
_LONG: Final = re.compile(r"(\d+\.\d)\d+")
_NOISE: Final = re.compile(
    r'<rect width="\d+" height="\d+" fill="(?:white|transparent)"/>'
    r'|<path class="(?:background|foreground)"[^>]*/>'
    r'| (?:aria-[a-z]+|role|class|pointer-events|font-family)="[^"]*"'
    r'| (?:opacity="1"|xmlns:xlink="[^"]*"|version="1.1")'
)


_CONFIG: Final = {
    "background": "transparent",
    "font": FONTS,
    "aria": False,
    "padding": 2,
    "view": {"stroke": None},
    "axis": {
        "labelColor": MUTED,
        "labelFontSize": FONT_SIZE,
        "titleColor": MUTED,
        "titleFontSize": FONT_SIZE,
        "titleFontWeight": "normal",
        "domainColor": RULE,
        "tickColor": RULE,
        "gridColor": RULE,
        "gridWidth": 0.5,
        "tickSize": 4,
    },
    "text": {"fill": INK, "fontSize": FONT_SIZE},
}


def draw(chart: alt.TopLevelMixin, formats: Formats, *, label: str) -> Markup:
    """Render `chart` to an inline SVG that a screen reader announces as `label`.

    Bounds: no network is used; about 30 ms a picture after the first.
    """
    text: str = vl_convert.vegalite_to_svg(
        chart.to_dict(validate=False) | {"config": _CONFIG},
        format_locale=formats.d3(),
        allowed_base_urls=[],
    )
    slim = _NUMBERS.sub(_rounded, _NOISE.sub("", text))
    opening = f'<svg role="img" aria-label="{escape(label)}" '
    # Vega escapes the texts it is given; the test with HTML in names holds it to it.
    return Markup(slim.replace("<svg ", opening, 1))  # ruff: ignore[unsafe-markup-use]


def marks(values: Sequence[Mapping[str, object]]) -> alt.Chart:
    """Return a picture of `values` that has no marks yet."""
    # As one text: Altair copies what it is given many times over, value by value.
    text = json.dumps([dict(value) for value in values])
    return alt.Chart(alt.InlineData(values=text, format={"type": "json"}))


def placed(chart: alt.Chart, channels: Mapping[str, Any]) -> alt.Chart:
    """Give the marks of `chart` their places; Altair leaves the type open."""
    encoded: alt.Chart = chart.encode(**channels)
    return encoded


def layered(
    parts: Sequence[alt.Chart], *, width: float, height: float
) -> alt.LayerChart:
    """Lay pictures over one another."""
    return alt.LayerChart(layer=list(parts), width=width, height=height)


def words(
    lines: Sequence[str], *, x: float, y: float, look: Mapping[str, Any]
) -> alt.Chart:
    """Write `lines` at a place of the picture; `look` is that of a text mark."""
    text: alt.Chart = marks([{}]).mark_text(
        text=list(lines), x=x, y=y, lineHeight=LINE, **look
    )
    return text


def heading(title: str, width: float) -> alt.Chart:
    """Write a title above a picture, in as many lines as it needs."""
    lines = wrap(title, max(8, int(width / LETTER))) or [""]
    look = {
        "align": "left",
        "baseline": "bottom",
        "dy": -7 - (len(lines) - 1) * LINE,
        "fontWeight": "bold",
    }
    return words(lines, x=0, y=0, look=look)


def labels(names: Mapping[float, str | list[str]]) -> str:
    """Return the Vega expression that names the ticks of an axis."""
    spelt = {
        str(int(tick)) if float(tick).is_integer() else repr(tick): name
        for tick, name in names.items()
    }
    return f"({json.dumps(spelt)})['' + datum.value]"


def _rounded(match: re.Match[str]) -> str:
    values = _LONG.sub(r"\1", match[2])
    return f'{match[1]}="{values}"'


def clipped(text: str, letters: int) -> str:
    """Return `text` cut to `letters`; its end, which often tells, is kept."""
    whole = " ".join(text.split())
    if len(whole) <= letters:
        return whole
    return f"{whole[: letters - TAIL - 1].rstrip()}…{whole[-TAIL:]}"
