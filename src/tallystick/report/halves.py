"""Both halves of one finding, side by side: as rows to read and as bars to see."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from tallystick.report.findings import Finding, Half
from tallystick.report.texts import Texts

WIDTH: Final = 330
LEFT: Final = 16
LANE: Final = 17
NONE: Final = "\N{EM DASH}"
DIFFERS: Final = "≠"
SAME: Final = "="


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One attribute of both halves, and how the two compare."""

    name: str
    departure: str
    compared: str
    arrival: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One half on the time axis, in milliseconds since the first half began."""

    name: str
    start_ms: float
    answer_ms: float | None
    end_ms: float


def compare_halves(finding: Finding, texts: Texts) -> list[Line]:
    """Return the attributes of both halves, row by row."""
    return [
        Line(
            name=texts.say(f"half.{name}"),
            departure=_shown(finding.departure, write, texts),
            compared=compare(finding, texts) if _both(finding) else "",
            arrival=_shown(finding.arrival, write, texts),
        )
        for name, (write, compare) in _ROWS.items()
    ]


def _both(finding: Finding) -> bool:
    return finding.departure.exists and finding.arrival.exists


def _shown(half: Half, write: Callable[[Half, Texts], str], texts: Texts) -> str:
    return write(half, texts) if half.exists else NONE


def _time(half: Half, texts: Texts) -> str:
    return texts.formats.precise(half.at) if half.at else NONE


def _answer(half: Half, texts: Texts) -> str:
    if half.answered is False:
        return texts.say("half.unanswered")
    if half.answer_ms is None:
        return texts.say("half.answered") if half.answered else NONE
    return texts.formats.span(half.answer_ms)


def _duration(half: Half, texts: Texts) -> str:
    return NONE if half.duration_s is None else texts.formats.seconds(half.duration_s)


def _number(value: str | None, texts: Texts) -> str:
    if value is None:
        return texts.say("half.hidden")
    return value or texts.say("half.withheld")


def _calling(half: Half, texts: Texts) -> str:
    return _number(half.calling, texts)


def _called(half: Half, texts: Texts) -> str:
    return _number(half.called, texts)


def _trunk(half: Half, _texts: Texts) -> str:
    return half.trunk or NONE


def _carrier(half: Half, _texts: Texts) -> str:
    return half.carrier or NONE


def _record(half: Half, _texts: Texts) -> str:
    return half.record_id or NONE


def _no_comparison(_finding: Finding, _texts: Texts) -> str:
    return ""


def _offset(finding: Finding, texts: Texts) -> str:
    return "" if finding.offset_ms is None else texts.formats.offset(finding.offset_ms)


def _answers(finding: Finding, texts: Texts) -> str:
    departure, arrival = finding.departure, finding.arrival
    if departure.answer_ms is not None and arrival.answer_ms is not None:
        return texts.formats.offset(arrival.answer_ms - departure.answer_ms)
    known = departure.answered is not None and arrival.answered is not None
    return DIFFERS if known and departure.answered != arrival.answered else ""


def _durations(finding: Finding, texts: Texts) -> str:
    departure, arrival = finding.departure.duration_s, finding.arrival.duration_s
    if departure is None or arrival is None:
        return ""
    difference = arrival - departure
    sign = "+" if difference > 0 else ""
    return f"{sign}{texts.formats.seconds(round(difference, 1))}"


def _callings(finding: Finding, _texts: Texts) -> str:
    return _numbers(finding.departure.calling, finding.arrival.calling)


def _calleds(finding: Finding, _texts: Texts) -> str:
    return _numbers(finding.departure.called, finding.arrival.called)


def _numbers(departure: str | None, arrival: str | None) -> str:
    if departure is None or arrival is None:
        return ""
    if departure != arrival:
        return DIFFERS
    # Two masked numbers that look alike need not be alike.
    return "" if "*" in departure else SAME


_ROWS: Final = {
    "time": (_time, _offset),
    "answer": (_answer, _answers),
    "duration": (_duration, _durations),
    "calling": (_calling, _callings),
    "called": (_called, _calleds),
    "trunk": (_trunk, _no_comparison),
    "carrier": (_carrier, _no_comparison),
    "record": (_record, _no_comparison),
}


def draw_halves(finding: Finding, texts: Texts) -> Markup:
    """Return both halves as bars on one time axis; nothing where no time is known."""
    lanes = [lane for lane in _lanes(finding, texts) if lane]
    if not lanes:
        return Markup()
    end_ms = max(1000.0, *(lane.end_ms for lane in lanes))
    scale = (WIDTH - LEFT - 2) / end_ms
    parts = [_lane(lane, place * LANE, scale) for place, lane in enumerate(lanes)]
    height = LANE * len(lanes) + 16
    foot = Markup(
        '<path class="axis" d="M{x0} {y}H{x1}"/>'
        '<text class="count" x="{x0}" y="{t}">0</text>'
        '<text class="count" x="{x1}" y="{t}" text-anchor="end">{end}</text>'
    ).format(
        x0=LEFT,
        x1=WIDTH - 2,
        y=LANE * len(lanes) + 1,
        t=height - 2,
        end=texts.formats.span(end_ms),
    )
    opening = Markup(
        '<svg role="img" class="halves" aria-label="{}" width="{}" height="{}" '
        'viewBox="0 0 {} {}">'
    ).format(texts.say("half.picture"), WIDTH, height, WIDTH, height)
    return opening + Markup().join(parts) + foot + Markup("</svg>")


def _lanes(finding: Finding, texts: Texts) -> list[Lane | None]:
    halves = {"departure": finding.departure, "arrival": finding.arrival}
    starts = [half.at for half in halves.values() if half.at]
    first = min(starts).timestamp() * 1000 if starts else 0.0
    return [_lane_of(half, name, first, texts) for name, half in halves.items()]


def _lane_of(half: Half, name: str, first_ms: float, texts: Texts) -> Lane | None:
    if half.at is None:
        return None
    start_ms = half.at.timestamp() * 1000 - first_ms
    ringing_ms = half.answer_ms or 0
    talking_ms = (half.duration_s or 0.0) * 1000
    answered = half.answered is not False and talking_ms > 0
    return Lane(
        name=texts.say(f"half.{name}.letter"),
        start_ms=start_ms,
        answer_ms=start_ms + ringing_ms if answered else None,
        end_ms=start_ms + ringing_ms + talking_ms,
    )


def _lane(lane: Lane, top: float, scale: float) -> Markup:
    x0, x1 = LEFT + lane.start_ms * scale, LEFT + lane.end_ms * scale
    answer = x1 if lane.answer_ms is None else LEFT + lane.answer_ms * scale
    return Markup(
        '<text x="0" y="{text}">{name}</text>'
        '<path class="mark" d="M{x0:.1f} {top}v12"/>'
        '<rect class="ringing" x="{x0:.1f}" y="{thin}" width="{ring:.1f}" height="4"/>'
        '<rect class="talking" x="{answer:.1f}" y="{bar}" width="{talk:.1f}" '
        'height="9"/>'
    ).format(
        text=top + 11,
        name=lane.name,
        top=top + 1,
        thin=top + 5,
        bar=top + 2.5,
        x0=x0,
        ring=max(0.0, answer - x0),
        answer=answer,
        talk=max(0.0, x1 - answer),
    )
