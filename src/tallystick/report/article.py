"""One language's article: what the templates are filled with."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Final

from tallystick.domains.calls.schema import KINDS
from tallystick.report.brief import Brief, write_brief
from tallystick.report.command import command_of
from tallystick.report.exhibits import (
    CarrierSection,
    ClockSection,
    DaySection,
    FlowSection,
    WindowSection,
    show_carriers,
    show_clocks,
    show_day,
    show_flow,
    show_window,
)
from tallystick.report.kinds import Explanation, explain_kind, in_order
from tallystick.report.material import Material
from tallystick.report.rejects import Reject
from tallystick.report.result import Gap, Input, Summary, instant
from tallystick.report.stories import Story, tell_finding
from tallystick.report.texts import LANGUAGE_NAMES, Texts

SECTIONS: Final = (
    "brief",
    "flow",
    "day",
    "carriers",
    "clocks",
    "window",
    "findings",
    "kinds",
    "unread",
    "method",
)
GAPS_MOST: Final = 25
FILES_MOST: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Rejected rows and stretches without cover."""

    rejected: int
    rejects: list[Reject]
    more: int
    gaps: list[Gap]
    gaps_more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """Everything one language's article says."""

    t: Texts
    summary: Summary
    period: str
    files: str
    brief: Brief
    flow: FlowSection
    day: DaySection | None
    carriers: CarrierSection
    clocks: ClockSection
    window: WindowSection
    findings: list[Story]
    kinds: list[Explanation]
    unread: Unread
    command: str
    example: str
    ran: str

    @property
    def name(self) -> str:
        """The language's own name."""
        return LANGUAGE_NAMES[self.t.language]

    @property
    def sections(self) -> tuple[str, ...]:
        """The sections in their order."""
        return SECTIONS

    def file_names(self, one: Input) -> str:
        """Return the names of a side's files, without their folders."""
        return name_files(one, self.t)

    def moment(self, iso: str) -> str:
        """Return a moment of the summary to the minute."""
        at = instant(iso)
        return self.t.formats.minute(at) if at else ""


def write_article(material: Material, texts: Texts) -> Article:
    """Put `material` into the language of `texts`."""
    summary = material.summary
    return Article(
        t=texts,
        summary=summary,
        period=_period(summary, texts),
        files=_files(summary, texts),
        brief=write_brief(material, texts),
        flow=show_flow(summary, texts),
        day=show_day(summary, texts),
        carriers=show_carriers(summary, texts),
        clocks=show_clocks(summary, texts),
        window=show_window(summary, material.offsets, texts),
        findings=[tell_finding(finding, texts) for finding in material.strongest],
        kinds=_kinds(summary, texts),
        unread=_unread(material),
        command=command_of(summary),
        example=next((one.finding_id for one in material.strongest), "F0000001"),
        ran=_ran(summary, texts),
    )


def name_files(one: Input, texts: Texts) -> str:
    """Return file names without folders: those may name people."""
    names = [PurePath(name).name for name in one.files]
    shown = ", ".join(names[:FILES_MOST])
    more = len(names) - FILES_MOST
    return f"{shown} {texts.count('page.more_files', more)}" if more > 0 else shown


def _period(summary: Summary, texts: Texts) -> str:
    inputs = (summary.inputs["departures"], summary.inputs["arrivals"])
    starts = [at for at in (instant(one.start) for one in inputs) if at]
    ends = [at for at in (instant(one.end) for one in inputs) if at]
    if not starts or not ends:
        return ""
    return texts.say("page.period", **_span(min(starts), max(ends), texts))


def _span(start: datetime, end: datetime, texts: Texts) -> dict[str, str]:
    formats = texts.formats
    return {"start": formats.minute(start), "end": formats.minute(end)}


def _files(summary: Summary, texts: Texts) -> str:
    named = [
        f"{texts.say(f'side.{side}')}: {name_files(one, texts)}"
        for side, one in summary.inputs.items()
        if one.files
    ]
    return " · ".join(named)


def _kinds(summary: Summary, texts: Texts) -> list[Explanation]:
    kinds = in_order({*KINDS, *summary.by_kind})
    return [one for one in (explain_kind(kind, texts) for kind in kinds) if one]


def _unread(material: Material) -> Unread:
    gaps = sorted(
        material.summary.gaps, key=lambda gap: (gap.start, gap.side, gap.trunk)
    )
    return Unread(
        rejected=sum(one.rejected for one in material.summary.inputs.values()),
        rejects=material.rejects.rows,
        more=material.rejects.more,
        gaps=gaps[:GAPS_MOST],
        gaps_more=max(0, len(gaps) - GAPS_MOST),
    )


def _ran(summary: Summary, texts: Texts) -> str:
    return texts.say(
        "repeat.ran",
        version=summary.version,
        seconds=texts.formats.unit(summary.seconds, "s", digits=1),
        memory=texts.formats.unit(summary.memory_peak_mb, "MB"),
    )
