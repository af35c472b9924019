"""The look that all pictures share, and how they become inline SVG.

Colours are the page's CSS variables, so that a picture follows light, dark and
print; what matters is told by position, label and pattern as well.
"""

import json
import re
from collections.abc import Mapping
from typing import Final

import altair as alt
import vl_convert
from markupsafe import Markup, escape

from tallystick.report.formats import Formats

WIDTH: Final = 760  # of a picture with its labels, in CSS pixels
FONT_SIZE: Final = 11
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
        chart.to_dict() | {"config": _CONFIG},
        format_locale=formats.d3(),
        allowed_base_urls=[],
    )
    slim = _NUMBERS.sub(_rounded, _NOISE.sub("", text))
    opening = f'<svg role="img" aria-label="{escape(label)}" '
    # Vega escapes the texts it is given; the test with HTML in names holds it to it.
    return Markup(slim.replace("<svg ", opening, 1))  # noqa: S704


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
    """Return `text` cut to `letters`, the cut marked."""
    whole = " ".join(text.split())
    return whole if len(whole) <= letters else whole[: letters - 1].rstrip() + "…"
