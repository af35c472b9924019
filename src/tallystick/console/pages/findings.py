"""Findings: all that there are, and one with the evidence of both halves."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from tallystick.console.numbers import WHY_LENGTH, hidden, reason_problem
from tallystick.console.pages.sign_in import UNFIT
from tallystick.console.tables.export import export
from tallystick.console.tables.table import Column, Table, show
from tallystick.console.visit import Handler, Visit, moment
from tallystick.domains.calls.schema import KINDS
from tallystick.report.findings import Evidence, Finding, Half, read_detail
from tallystick.report.halves import compare_halves
from tallystick.report.reckoning import draw_step, draw_sum
from tallystick.report.stories import Story, tell_finding
from tallystick.store import Listing
from tallystick.store.findings import Finding as Kept
from tallystick.store.findings import FindingBook, Own, finding_listing
from tallystick.store.findings.keeping import CASE, PARTS, SIDES
from tallystick.store.listing import Row

_YES_NO: Final = ("yes", "no")
COLUMNS: Final = (
    Column("at_ms", "time", link=lambda row: f"/findings/{row['handle']}"),
    Column("handle", "name", shown=False, sorts=False),
    Column("finding", "choice", choices=KINDS, words="kind.{}.title"),
    Column("departure", "name", sorts=False),
    Column("departure_carrier", "name"),
    Column("departure_point", "name"),
    Column("arrival", "name", sorts=False, shown=False),
    Column("arrival_carrier", "name"),
    Column("arrival_point", "name"),
    Column("ms", "span", filters=False, sorts=False),
    Column("confidence", "share", filters=False),
    Column("certain", "choice", choices=_YES_NO, words="is", sorts=False),
    Column("part", "choice", choices=PARTS, words="part"),
    Column("case_id", "name", shown=False, sorts=False, heading="column.id"),
)


def own(visit: Visit) -> Own | None:
    """Return what somebody may see: operators their own trunks, others all (None)."""
    if visit.who.role != "operator":
        return None
    return Own(visit.desk.settings.party, visit.who.trunks)


def listing(visit: Visit) -> Listing:
    """Return the findings that somebody may see."""
    return finding_listing(own(visit))


def _table(visit: Visit) -> Table:
    return Table("findings", listing(visit), _columns(visit), sort="at_ms", down=True)


def _columns(visit: Visit) -> tuple[Column, ...]:
    """Return the columns; those in a case lead there, if it may be seen."""
    if visit.who.role == "operator":
        return COLUMNS
    return tuple(
        replace(one, link=_case) if one.name == "part" else one for one in COLUMNS
    )


def _case(row: Row) -> str:
    return f"/cases/{row['case_id']}" if row["part"] == CASE else ""


def _read(visit: Visit) -> Response:
    return visit.page("findings/findings.html.j2", table=show(visit, _table(visit)))


def _export(visit: Visit) -> Response:
    return export(visit, _table(visit))


def _one(visit: Visit) -> Response:
    return _shown(visit, _finding(visit))


def _open(visit: Visit) -> Response:
    """Show the numbers of a finding, once it is written down who looks, and why."""
    found = _finding(visit)
    why = visit.form.get("why", "").strip()
    problem = reason_problem(why)
    if problem:
        return _shown(visit, found, problem=problem)
    visit.note("open", record=found.row["handle"], why=why)
    return _shown(visit, found, opened=True)


def _finding(visit: Visit) -> Kept:
    """Return the finding that is asked for.

    Raises:
        HTTPException: 404; it is not there for them.
    """
    found = FindingBook(visit.desk.store).finding(visit.place["id"], own(visit))
    if found is None:
        raise HTTPException(404)
    return found


def _shown(
    visit: Visit, found: Kept, *, opened: bool = False, problem: str = ""
) -> Response:
    return visit.page(
        "findings/finding.html.j2",
        UNFIT if problem else 200,
        row=found.row,
        story=_story(visit, found, opened=opened),
        may_case=visit.who.role != "operator" and found.row["part"] == CASE,
        may_open=visit.may("findings", "open") and not opened,
        draw_step=draw_step,
        draw_sum=draw_sum,
        opened=opened,
        problem=problem,
        why_length=WHY_LENGTH,
    )


def _story(visit: Visit, found: Kept, *, opened: bool) -> Story:
    """Tell a finding with as much of its numbers as somebody may see."""
    clear = read_finding(found)
    if opened:
        return tell_finding(clear, visit.t)
    veil = hidden if visit.may("findings", "numbers") else None
    shown = _veiled(clear, veil)
    story = tell_finding(shown, visit.t)
    if veil is None:
        return story
    # That hidden parts differ may be said; what they are, not.
    compared = [one.compared for one in compare_halves(clear, visit.t)]
    lines = [
        replace(line, compared=mark or line.compared)
        for line, mark in zip(story.lines, compared, strict=True)
    ]
    return replace(story, lines=lines)


def _veiled(finding: Finding, veil: Callable[[str], str] | None) -> Finding:
    """Return a finding with its numbers under a veil; without one they are none."""

    def half(one: Half) -> Half:
        calling, called = (
            veil(number) if veil and number else None
            for number in (one.calling, one.called)
        )
        return replace(one, calling=calling, called=called)

    return replace(
        finding, departure=half(finding.departure), arrival=half(finding.arrival)
    )


def read_finding(found: Kept) -> Finding:
    """Return a finding of the store as the report tells it, numbers as kept."""
    row = found.row
    times = [row[f"{side}_at_ms"] for side in SIDES]
    return Finding(
        finding_id=row["handle"],
        kind=row["finding"],
        at=moment(row["at_ms"]),
        confidence=row["confidence_ppm"] / 1_000_000,
        reasons=list(found.reasons),
        offset_ms=None if None in times else times[1] - times[0],
        departure=_half(row, "departure", "departures"),
        arrival=_half(row, "arrival", row["arrival_side"] or "arrivals"),
        evidence=[
            Evidence(
                code=step["code"],
                bits=step["bits"] or 0.0,
                detail=read_detail(step["detail"]),
            )
            for step in found.steps
        ],
        certain=row["certain"],
    )


def _half(row: dict[str, Any], name: str, side: str) -> Half:
    length = row[f"{name}_ms"]
    return Half(
        side=side,
        record_id=row[f"{name}_id"],
        at=_moment(row[f"{name}_at_ms"]),
        answered=row[f"{name}_answered"],
        answer_ms=row[f"{name}_answer_ms"],
        duration_s=None if length is None else length / 1000,
        trunk=row[f"{name}_point"],
        carrier=row[f"{name}_carrier"],
        calling=row[f"{name}_calling"],
        called=row[f"{name}_called"],
    )


def _moment(at_ms: int | None) -> datetime | None:
    return None if at_ms is None else moment(at_ms)


HANDLERS: Final[dict[str, Handler]] = {
    "read": _read,
    "export": _export,
    "one": _one,
    "open": _open,
}
