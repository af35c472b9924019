"""Where a case stands, in lines for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tallystick.cli.case_desk import date_of, now_ms

if TYPE_CHECKING:
    from tallystick.cases.state import State
    from tallystick.store.cases import CaseDesk, CaseRow


def line_of(row: CaseRow) -> str:
    """Return a case in one line."""
    about = f" {row.object}" if row.object else ""
    cost = f"  {row.money / 100:,.2f} {row.currency}" if row.currency else ""
    return (
        f"{row.id}  {row.state:<9}  {row.kind}: {row.actor}{about}"
        f" ({row.departure} to {row.arrival})  {row.crossings:,} calls,"
        f" {row.stake_ms / 60_000:,.1f} min{cost}"
        f"  {row.confidence_ppm / 10_000:.2f} %  last {date_of(row.last_ms)}"
    )


def lines_of(state: State) -> list[str]:
    """Say where a case stands, line by line."""
    from tallystick.cases.state import overdue

    lines = [f"  state: {state.state}"]
    if state.outcome:
        lines.append(f"  outcome: {state.outcome}")
    if state.due_ms is not None:
        late = " (overdue)" if overdue(state, now_ms()) else ""
        turn = " and ".join(state.turn)
        lines.append(f"  turn of {turn} until {date_of(state.due_ms)}{late}")
    for one in state.asked:
        whom = one.operator or one.whom
        named = f"{len(one.crossings)} crossings"
        said = one.answer or "no answer yet"
        lines.append(f"  {one.by} asked {whom}: {one.question}, {named}: {said}")
    lines += [f"  opened by {by}: {len(some)}" for by, some in state.opened.items()]
    lines += [f"  passed over: {name[:12]} ({why})" for name, why in state.passed_over]
    return lines


def what_was_done(desk: CaseDesk, about: str, name: str) -> str:
    """Return what was done to the call, as this side or the peer keeps it."""
    for one in desk.said(about):
        if one.statement.kind == "received":
            body = one.statement.body
            return f"{body.get('action')} by {body.get('rule')}"
    given = desk.objections.objection(name)
    return f"{given.action} by {given.rule}"
