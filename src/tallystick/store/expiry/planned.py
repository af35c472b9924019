"""What would be let go of, counted beforehand, and what stays."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from sqlalchemy import Column, ColumnElement, case, func, select

from tallystick.store.cases.rows import GATHERING
from tallystick.store.expiry.old import SAID, Dated, Old
from tallystick.store.forgotten import CASE_ROOM, OBJECTION_ROOM
from tallystick.store.tables import CASES, FINDINGS, OBJECTIONS, STATEMENTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What there is of one kind, and how much of it is too old.

    Attributes:
        kind: `cases`, `findings`, and so on.
        goes: How many are let go of.
        stays: How many are not.
        oldest_ms: From when the oldest is that stays; None: nothing does.
    """

    kind: str
    goes: int
    stays: int
    oldest_ms: int | None


def planned(old: Old) -> list[Line]:
    """Return what letting go comes to, kind by kind, in that order.

    Args:
        old: What is too old.
    """
    ended, told = old.names(CASES.c.id, old.ended), OBJECTIONS.c.reference
    over = old.over((CASE_ROOM + one for one in ended), old.horizons.cases_ms)
    answered = (OBJECTION_ROOM + one for one in old.names(told, old.told))
    gone = over | old.over(answered, old.horizons.objections_ms)
    cases = {one.removeprefix(CASE_ROOM) for one in gone}
    objections = {one.removeprefix(OBJECTION_ROOM) for one in gone}
    few = old.names(CASES.c.id, old.few)
    said = old.over(old.unlisted(gone), old.horizons.statements_ms)
    dated, at = old.dated(), CASES.c
    findings, of = _dated(old, "findings", dated.pop("findings")), FINDINGS.c
    gathered = _named(
        *(old, "findings", of.case_id, of.at_ms),
        *({*cases, *few}, of.case_id.is_not(None)),
    )
    return [
        _named(old, "cases", at.id, at.first_ms, cases, at.state != GATHERING),
        _named(old, "gathered", at.id, at.first_ms, few, at.state == GATHERING),
        _both(findings, gathered),
        _named(
            *(old, "objections", OBJECTIONS.c.reference, OBJECTIONS.c.received_ms),
            *(objections, OBJECTIONS.c.received_ms.is_not(None)),
        ),
        *(_dated(old, kind, rows) for kind, rows in dated.items()),
        _named(
            *(old, "statements", STATEMENTS.c.about, STATEMENTS.c.at_ms),
            *(said, SAID),
        ),
    ]


def _named(
    old: Old,
    kind: str,
    name: Column[str],
    at_ms: Column[int],
    going: Collection[str],
    only: ColumnElement[bool],
) -> Line:
    """Count rows of which it is known by name whether they go."""
    counted = (
        select(name, func.count(), func.min(at_ms))
        .where(name.table.c.channel == old.desk.channel, only)
        .group_by(name)
    )
    goes, stays, moments = 0, 0, []
    with old.desk.store.read() as connection:
        for one, count, first_ms in connection.execute(counted):
            if one in going:
                goes += count
            else:
                stays += count
                moments.append(first_ms)
    oldest_ms = min(moments, default=None)
    return Line(kind=kind, goes=goes, stays=stays, oldest_ms=oldest_ms)


def _dated(old: Old, kind: str, rows: Dated) -> Line:
    """Count rows of which a moment says whether they go."""
    counted = select(
        func.count(),
        func.count(case((rows.is_old, 1))),
        func.min(case((rows.is_old, None), else_=rows.at_ms)),
    ).where(rows.only)
    with old.desk.store.read() as connection:
        every, goes, oldest_ms = connection.execute(counted).one()
    return Line(kind=kind, goes=goes, stays=every - goes, oldest_ms=oldest_ms)


def _both(of_none: Line, gathered: Line) -> Line:
    moments = [
        one.oldest_ms for one in (of_none, gathered) if one.oldest_ms is not None
    ]
    return replace(
        of_none,
        goes=of_none.goes + gathered.goes,
        stays=of_none.stays + gathered.stays,
        oldest_ms=min(moments, default=None),
    )
