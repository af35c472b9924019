"""A finding told: both halves, what counted, what is missing."""

import re
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from tallystick.report.findings import Finding
from tallystick.report.halves import Line, compare_halves, draw_halves
from tallystick.report.kinds import Explanation, explain_kind, title_of
from tallystick.report.reckoning import Reckoning, confidence, reckon, wrong
from tallystick.report.result import UNPROVEN
from tallystick.report.texts import Texts

_ABSENT: Final = {
    "no_departure": "half.no_departure",
    "no_arrival": "half.no_arrival",
    UNPROVEN: "half.unproven",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One finding in one language.

    Attributes:
        anchor: The id in a form that can be linked to.
        arrival: What the second column is: arrivals, or domestic records.
        missing: Why a column is empty; "" where none is.
        certain: Whether it is fit to be acted on by itself.
        grade: The same in words; "" where the result does not say.
        sure: How sure the finding is; of the unproven, that it accuses nobody.
        total: What stands before the sum of the evidence.
    """

    id: str
    anchor: str
    title: str
    day: str
    arrival: str
    lines: list[Line]
    picture: Markup
    missing: str
    certain: bool
    grade: str
    sure: str
    total: str
    reckoning: Reckoning
    reasons: list[str]
    explained: Explanation | None


def tell_finding(finding: Finding, texts: Texts) -> Story:
    """Put `finding` into the language of `texts`."""
    domestic = finding.arrival.side == "domestic"
    return Story(
        id=finding.finding_id,
        anchor=re.sub(r"[^A-Za-z0-9_-]", "-", finding.finding_id),
        title=title_of(finding.kind, texts),
        day=texts.formats.day(finding.at) if finding.at else "",
        arrival=texts.say("half.domestic" if domestic else "half.arrival"),
        lines=compare_halves(finding, texts),
        picture=draw_halves(finding, texts),
        missing=_missing(finding, texts),
        certain=bool(finding.certain),
        grade=_grade(finding, texts),
        sure=_sure(finding, texts),
        total=_total(finding, texts),
        reckoning=reckon(finding, texts),
        reasons=[texts.named("evidence", code) for code in finding.reasons],
        explained=explain_kind(finding.kind, texts),
    )


def _grade(finding: Finding, texts: Texts) -> str:
    if finding.kind == UNPROVEN or finding.certain is None:
        return ""
    return texts.say("finding.certain" if finding.certain else "finding.indication")


def _sure(finding: Finding, texts: Texts) -> str:
    if finding.kind == UNPROVEN:
        return texts.say("finding.unproven")
    said = confidence(finding.confidence, texts.formats)
    parts = [texts.say("finding.confidence", confidence=said)]
    rarely = wrong(finding.confidence, texts)
    return "; ".join([*parts, rarely] if rarely else parts)


def _total(finding: Finding, texts: Texts) -> str:
    if finding.kind == UNPROVEN:
        return texts.say("finding.together")
    said = confidence(finding.confidence, texts.formats)
    return texts.say("finding.sum", confidence=said)


def _missing(finding: Finding, texts: Texts) -> str:
    """Say why a column is empty; absence is claimed only where the kind claims it."""
    if finding.departure.exists and finding.arrival.exists:
        return ""
    key = _ABSENT.get(finding.kind, "half.not_shown")
    return texts.say(key)
