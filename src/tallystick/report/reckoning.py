"""What counted for and against a finding: a waterfall in bits, in sentences.

Ten bits multiply the odds by about a thousand; three bits by eight.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from tallystick.report.findings import Finding
from tallystick.report.formats import Formats
from tallystick.report.texts import Texts

BAR_WIDTH: Final = 132
BAR_HEIGHT: Final = 15
# Above this confidence the figure says nothing more; see findings.CLASSES_MOST.
CERTAIN: Final = 0.999999

# How a particular is written, by the end of its name.
_WRITE: Final[dict[str, Callable[[Formats, Any], str]]] = {
    "offset_ms": Formats.offset,
    "difference_ms": Formats.offset,
    "_ms": Formats.span,
    "_s": Formats.seconds,
    "share": Formats.share,
    "rate": Formats.share,
    "level": Formats.share,
    "chance": Formats.share,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the waterfall.

    Attributes:
        before: The sum before this step, in bits.
        after: The sum after it.
    """

    sentence: str
    particulars: str
    bits: float
    before: float
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoning:
    """The whole waterfall of one finding."""

    steps: list[Step]
    bits: float

    @property
    def low(self) -> float:
        """The lowest sum on the way."""
        return min(0.0, *(step.after for step in self.steps)) if self.steps else 0.0

    @property
    def high(self) -> float:
        """The highest sum on the way."""
        return max(0.0, *(step.after for step in self.steps)) if self.steps else 0.0


def reckon(finding: Finding, texts: Texts) -> Reckoning:
    """Return the waterfall of `finding` in the language of `texts`."""
    steps, total = [], 0.0
    for evidence in finding.evidence:
        steps.append(
            Step(
                sentence=texts.named("evidence", evidence.code),
                particulars=particulars(evidence.detail, texts),
                bits=evidence.bits,
                before=total,
                after=total + evidence.bits,
            )
        )
        total += evidence.bits
    return Reckoning(steps=steps, bits=total)


def confidence(value: float, formats: Formats) -> str:
    """Return a confidence; the nines end where they stop meaning anything."""
    if value > CERTAIN:
        return f"> {formats.number(CERTAIN * 100, digits=4)}{formats.percent_sign}"
    return formats.share(value)


def wrong(value: float, texts: Texts) -> str:
    """Return how many such findings there are for each one that is wrong."""
    if value > CERTAIN:
        return texts.say("finding.wrong.rare")
    if value < 0.5:
        return ""
    # Two digits: nobody knows such a figure better.
    exact = 1 / (1 - value)
    among = round(exact, 1 - math.floor(math.log10(exact)))
    return texts.count("finding.wrong", round(among))


def particulars(detail: dict[str, Any], texts: Texts) -> str:
    """Return the particulars of a step; a name without a message stays as it is."""
    parts = []
    for name, value in detail.items():
        label = texts.named("detail", name)
        parts.append(f"{label} {write(name, value, texts)}")
    return "; ".join(parts)


def write(name: str, value: object, texts: Texts) -> str:
    """Return one particular in the unit that its name ends in."""
    if isinstance(value, bool):
        return texts.say("value.yes" if value else "value.no")
    if not isinstance(value, int | float):
        return texts.named("gap", str(value)) if name == "why" else str(value)
    for ending, writer in _WRITE.items():
        if name.endswith(ending):
            return writer(texts.formats, value)
    if isinstance(value, int):
        return texts.formats.integer(value)
    return texts.formats.about(value)


def draw_step(step: Step, whole: Reckoning) -> Markup:
    """Return the bar of one step, on the scale of the whole waterfall."""
    return _bar(step.before, step.after, whole, "for" if step.bits >= 0 else "against")


def draw_sum(whole: Reckoning) -> Markup:
    """Return the bar of the sum."""
    return _bar(0.0, whole.bits, whole, "sum")


def _bar(start: float, end: float, whole: Reckoning, look: str) -> Markup:
    low, high = whole.low, whole.high
    scale = (BAR_WIDTH - 4) / (high - low or 1.0)
    x0, x1, zero = (2 + (value - low) * scale for value in (start, end, 0.0))
    return Markup(
        '<svg class="bar" width="{w}" height="{h}" viewBox="0 0 {w} {h}" '
        'aria-hidden="true"><path class="zero" d="M{zero:.1f} 0V{h}"/>'
        '<rect class="{look}" x="{x:.1f}" y="3" width="{width:.1f}" height="9"/></svg>'
    ).format(
        w=BAR_WIDTH,
        h=BAR_HEIGHT,
        zero=zero,
        look=look,
        x=min(x0, x1),
        width=max(abs(x1 - x0), 0.8),
    )
