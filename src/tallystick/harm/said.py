"""What both parties said about one period's harm, read from their statements.

Statements are about `harm/PERIOD`. Kinds: `reported` (a party's report, with its
digest; a later one takes its place) and `countersigned` (both reports, as they stand,
were seen). State is a fold, the same on both sides.

Source: spec/harm.md, "Publishing".
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from tallystick.harm.compare import Difference, compare
from tallystick.harm.publish import digest
from tallystick.harm.shape import is_report
from tallystick.proof import Signed, Statement, in_order

REPORTED: Final = "reported"
COUNTERSIGNED: Final = "countersigned"
Standing = Literal["missing", "one-sided", "differs", "agreed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HarmState:
    """What stands about one period.

    Attributes:
        period: Its name.
        reports: Each party's report, as it stands now.
        standing: `missing`; `one-sided`: one party has not reported; `differs`;
            `agreed`: what must agree does.
        differences: Where they differ, the report of the party that is first by name
            first.
        countersigned: Parties that saw both reports as they stand.
        passed_over: Identifiers of statements that did not count, each with the
            reason's code.
    """

    period: str
    reports: Mapping[str, Signed]
    standing: Standing
    differences: tuple[Difference, ...]
    countersigned: frozenset[str]
    passed_over: tuple[tuple[str, str], ...]


def reported(
    report: Mapping[str, Any],
    *,
    channel: str,
    at_ms: int,
    after: tuple[str, ...] = (),
) -> Statement:
    """Return the statement by which a party publishes its report; to be signed."""
    return Statement(
        channel=channel,
        by=report["by"],
        at_ms=at_ms,
        about=f"harm/{report['period']['name']}",
        kind=REPORTED,
        after=after,
        body={"report": report, "sha256": digest(report)},
    )


def countersigned(state: HarmState, *, by: str, channel: str, at_ms: int) -> Statement:
    """Return the statement that a party has seen both reports; to be signed."""
    seen = {party: one.id for party, one in sorted(state.reports.items())}
    return Statement(
        channel=channel,
        by=by,
        at_ms=at_ms,
        about=f"harm/{state.period}",
        kind=COUNTERSIGNED,
        after=tuple(sorted(seen.values())),
        body={"reports": seen},
    )


def read_harm(
    statements: Collection[Signed], parties: tuple[str, str], *, period: str
) -> HarmState:
    """Read what stands about a period.

    Args:
        statements: All about `harm/PERIOD` that this side holds, signatures checked,
            in any order.
        parties: The two parties of the channel.
        period: The period's name.

    Returns:
        The state; statements that are not allowed where they stand are passed over.
    """
    reports: dict[str, Signed] = {}
    seen: set[str] = set()
    passed: list[tuple[str, str]] = []
    for one in in_order(statements):
        why = _refusal(one.statement, parties, period, reports)
        if why:
            passed.append((one.id, why))
        elif one.statement.kind == REPORTED:
            reports[one.statement.by] = one
            seen.clear()
        else:
            seen.add(one.statement.by)
    differences = (
        tuple(compare(*(_report(reports[party]) for party in sorted(reports))))
        if len(reports) == len(parties)
        else ()
    )
    standing: Standing = "missing"
    if reports:
        standing = "one-sided" if len(reports) < len(parties) else "agreed"
    return HarmState(
        period=period,
        reports=reports,
        standing="differs" if differences else standing,
        differences=differences,
        countersigned=frozenset(seen),
        passed_over=tuple(passed),
    )


def _refusal(
    said: Statement,
    parties: tuple[str, str],
    period: str,
    reports: Mapping[str, Signed],
) -> str:
    """Return why a statement does not count; "" where it does."""
    if said.about != f"harm/{period}":
        return "other-thing"
    if said.by not in parties:
        return "not-a-party"
    if said.kind == COUNTERSIGNED:
        stand = {party: one.id for party, one in reports.items()}
        whole = len(stand) == len(parties)
        return "" if whole and said.body == {"reports": stand} else "other-reports"
    if said.kind != REPORTED:
        return "unknown-kind"
    return _report_refusal(said, parties, period)


def _report_refusal(said: Statement, parties: tuple[str, str], period: str) -> str:
    report = said.body.get("report")
    if not isinstance(report, dict) or not is_report(report):
        return "no-report"
    if digest(report) != said.body.get("sha256"):
        return "other-digest"
    if {report["by"], report["peer"]} != set(parties) or report["by"] != said.by:
        return "other-party"
    return "" if report["period"]["name"] == period else "other-period"


def _report(one: Signed) -> Mapping[str, Any]:
    report: Mapping[str, Any] = one.statement.body["report"]
    return report
