"""The answers at the head of the page."""

from collections.abc import Iterable
from dataclasses import dataclass

from tallystick.report.kinds import explain_kind, in_order, title_of
from tallystick.report.material import Material
from tallystick.report.reckoning import confidence
from tallystick.report.result import SIDES, UNPROVEN, Completeness, Summary, instant
from tallystick.report.suspected import count_suspected
from tallystick.report.texts import Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A figure, what it counts, and what to know about it."""

    figure: str
    name: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRow:
    """One kind of finding in figures."""

    kind: str
    title: str
    explained: bool
    count: int
    share: str
    wrong: str
    lowest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """The head of the page."""

    lead: str
    lines: list[Line]
    warnings: list[str]
    kinds: list[KindRow]


def write_brief(material: Material, texts: Texts) -> Brief:
    """Return the answers that a reader wants first."""
    summary = material.summary
    return Brief(
        lead=_lead(summary, texts),
        lines=[
            *_crossed(summary, texts),
            *_found(material, texts),
            *_suspected(summary, texts),
            *_whole(summary, texts),
        ],
        warnings=_warnings(summary, texts),
        kinds=[_kind(kind, material, texts) for kind in in_order(summary.by_kind)],
    )


def wrong_expected(material: Material) -> float:
    """Return how many of the accusing findings are expected to be wrong."""
    tallies = material.tallies.values()
    return sum(one.wrong_expected for one in tallies if one.kind != UNPROVEN)


def completeness(hours: Iterable[Completeness]) -> float | None:
    """Return a side's completeness over the whole period."""
    known = list(hours)
    expected = sum(hour.expected for hour in known)
    held = sum(min(hour.held, hour.expected) for hour in known)
    return held / expected if expected else None


def _lead(summary: Summary, texts: Texts) -> str:
    departures = summary.inputs["departures"].halves
    arrivals = summary.inputs["arrivals"].halves
    if not departures and not arrivals:
        return texts.say("brief.lead.empty")
    if not summary.pairs:
        return texts.say("brief.lead.unpaired")
    paired = texts.count(
        "brief.lead.paired",
        summary.pairs,
        departures=texts.formats.integer(departures),
        share=texts.formats.share(_part(summary.pairs, departures)),
    )
    if not summary.findings:
        return f"{paired} {texts.say('brief.lead.clean')}"
    return f"{paired} {texts.count('brief.lead.found', summary.accusing)}"


def _part(some: int, whole: int) -> float:
    return min(1.0, some / whole) if whole else 0.0


def _crossed(summary: Summary, texts: Texts) -> list[Line]:
    formats = texts.formats
    lines = [
        Line(
            figure=formats.integer(summary.inputs[side].halves),
            name=texts.count(f"brief.{side}", summary.inputs[side].halves),
            note=texts.say(f"brief.{side}.note"),
        )
        for side in SIDES
    ]
    shares = {
        side: formats.share(_part(summary.pairs, summary.inputs[side].halves))
        for side in SIDES
    }
    pairs = Line(
        figure=formats.integer(summary.pairs),
        name=texts.count("brief.pairs", summary.pairs),
        note=texts.say("brief.pairs.note", **shares) if summary.pairs else "",
    )
    return [*lines, pairs]


def _found(material: Material, texts: Texts) -> list[Line]:
    summary, formats = material.summary, texts.formats
    unproven = summary.by_kind.get(UNPROVEN, 0)
    accusing = [kind for kind in summary.by_kind if kind != UNPROVEN]
    return [
        Line(
            figure=formats.integer(summary.accusing),
            name=texts.count("brief.accusing", summary.accusing),
            note=texts.count("brief.accusing.note", len(accusing)) if accusing else "",
        ),
        Line(
            figure=formats.about(wrong_expected(material)),
            name=texts.say("brief.wrong"),
            note=texts.say("brief.wrong.note"),
        ),
        *_graded(material, texts),
        Line(
            figure=formats.integer(unproven),
            name=texts.say("brief.unproven"),
            note=texts.say("brief.unproven.note"),
        ),
    ]


def _graded(material: Material, texts: Texts) -> list[Line]:
    """Tell what may be acted on one by one from what only points somewhere."""
    tallies = [one for one in material.tallies.values() if one.kind != UNPROVEN]
    certain = [one.certain for one in tallies if one.certain is not None]
    if not certain:
        return []
    formats, wrong = texts.formats, sum(one.certain_wrong for one in tallies)
    rest = material.summary.accusing - sum(certain)
    return [
        Line(
            figure=formats.integer(sum(certain)),
            name=texts.say("brief.certain"),
            note=texts.say("brief.certain.note", wrong=formats.about(wrong)),
        ),
        Line(
            figure=formats.integer(rest),
            name=texts.say("brief.indications"),
            note=texts.say("brief.indications.note"),
        ),
    ]


def _suspected(summary: Summary, texts: Texts) -> list[Line]:
    number = count_suspected(summary)
    if not number:
        return []
    return [
        Line(
            figure=texts.formats.integer(number),
            name=texts.count("brief.suspected", number),
            note=texts.say("brief.suspected.note"),
        )
    ]


def _whole(summary: Summary, texts: Texts) -> list[Line]:
    return [_side(side, summary.completeness[side], texts) for side in SIDES]


def _side(side: str, hours: list[Completeness], texts: Texts) -> Line:
    name, share = texts.say(f"brief.completeness.{side}"), completeness(hours)
    if share is None:
        return Line(figure="?", name=name, note=texts.say("brief.completeness.unknown"))
    lowest = min((h for h in hours if h.expected), key=lambda hour: hour.share)
    at = instant(lowest.hour)
    note = texts.say(
        "brief.completeness.note",
        lowest=texts.formats.share(lowest.share),
        at=texts.formats.minute(at) if at else "",
    )
    return Line(figure=texts.formats.share(share), name=name, note=note)


def _warnings(summary: Summary, texts: Texts) -> list[str]:
    warnings = []
    if summary.domestic is None:
        warnings.append(texts.say("brief.no_domestic"))
    rejected = sum(one.rejected for one in summary.inputs.values())
    if rejected:
        warnings.append(texts.count("brief.rejected", rejected))
    return warnings


def _kind(kind: str, material: Material, texts: Texts) -> KindRow:
    count, tally = material.summary.by_kind[kind], material.tallies.get(kind)
    halves = max(material.summary.inputs[side].halves for side in SIDES)
    accuses = tally is not None and kind != UNPROVEN
    return KindRow(
        kind=kind,
        title=title_of(kind, texts),
        explained=explain_kind(kind, texts) is not None,
        count=count,
        share=texts.formats.share(_part(count, halves)),
        wrong=texts.formats.about(tally.wrong_expected) if tally and accuses else "",
        lowest=confidence(tally.lowest, texts.formats) if tally and accuses else "",
    )
