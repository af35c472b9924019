"""What of a store is older than both parties agreed to keep it; nothing is changed.

Source: spec/cases.md, "What is let go of".
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import Column, ColumnElement, Table, and_, func, or_, select, true

from tallystick.cases.over import Horizons
from tallystick.store.cases import CaseDesk
from tallystick.store.cases.objections import GIVEN
from tallystick.store.cases.rows import GATHERING
from tallystick.store.forgotten import CASE_ROOM, OBJECTION_ROOM
from tallystick.store.tables import (
    CASES,
    FINDINGS,
    LAWFUL,
    OBJECTIONS,
    RESULTS,
    STATEMENTS,
)

_TOLD: Final = "told"
SAID: Final = or_(
    *(STATEMENTS.c.about.startswith(room) for room in (CASE_ROOM, OBJECTION_ROOM))
)
"""What is said of cases and objections; of agreements and harm reports all stays."""


class Dated(NamedTuple):
    """Rows of which a moment alone says whether they are too old.

    Attributes:
        table: Where they are.
        only: Which of its rows are meant.
        at_ms: From when each is.
        is_old: Whether it is too old.
    """

    table: Table
    only: ColumnElement[bool]
    at_ms: ColumnElement[int]
    is_old: ColumnElement[bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Old:
    """What is too old in one channel.

    Attributes:
        desk: Where it is kept.
        horizons: From before when it is.
        now_ms: The present time.
    """

    desk: CaseDesk
    horizons: Horizons
    now_ms: int

    @property
    def ended(self) -> ColumnElement[bool]:
        """Cases that have ended long ago, as they are listed."""
        return CASES.c.ended_ms < self.horizons.cases_ms

    @property
    def few(self) -> ColumnElement[bool]:
        """What is only gathered, and of which nothing came for long."""
        return and_(
            CASES.c.state == GATHERING, CASES.c.last_ms < self.horizons.cases_ms
        )

    @property
    def told(self) -> ColumnElement[bool]:
        """Objections that were answered long ago, as they are listed."""
        at = OBJECTIONS.c
        return and_(at.state == _TOLD, at.received_ms < self.horizons.objections_ms)

    def unlisted(self, gone: Collection[str] = ()) -> list[str]:
        """Return of what nothing came for long, and what is no longer listed.

        Args:
            gone: Cases and objections that are taken as not listed any more.
        """
        at, before_ms = STATEMENTS.c, self.horizons.statements_ms
        grouped = (
            select(at.about)
            .where(at.channel == self.desk.channel, SAID)
            .group_by(at.about)
            .having(func.max(at.taken_ms) < before_ms)
            .order_by(at.about)
        )
        with self.desk.store.read() as connection:
            abouts = list(connection.scalars(grouped))
        listed = {CASE_ROOM + one for one in self.names(CASES.c.id)}
        listed |= {OBJECTION_ROOM + one for one in self.names(OBJECTIONS.c.reference)}
        listed.difference_update(gone)
        return [one for one in abouts if one not in listed]

    def over(self, abouts: Iterable[str], before_ms: int) -> dict[str, int]:
        """Return those that are over since before a moment, and since when each is.

        Args:
            abouts: `case/…`, `objection/…`.
            before_ms: The moment.
        """
        since = ((one, self.desk.over(one, now_ms=self.now_ms)) for one in abouts)
        return {one: at for one, at in since if at is not None and at < before_ms}

    def open_cases(self) -> int:
        """Return how many cases are older than agreed and stay: they have not ended."""
        at = CASES.c
        old = at.last_ms < self.horizons.cases_ms
        return len(self.names(at.id, at.state != GATHERING, at.ended_ms.is_(None), old))

    def dated(self) -> dict[str, Dated]:
        """Return what else there is, by kind."""
        before_ms = self.horizons.cases_ms
        of_none = FINDINGS.c.case_id.is_(None)
        given, called = OBJECTIONS.c.state == GIVEN, OBJECTIONS.c.verdict_ms
        rows: dict[str, tuple[Table, ColumnElement[bool], Column[int], Column[int]]] = {
            "findings": (FINDINGS, of_none, FINDINGS.c.at_ms, FINDINGS.c.at_ms),
            "results": (RESULTS, true(), RESULTS.c.from_ms, RESULTS.c.until_ms),
            "conclusions": (LAWFUL, true(), LAWFUL.c.from_ms, LAWFUL.c.until_ms),
            "references": (OBJECTIONS, given, called, called),
        }
        verdicts_ms = self.horizons.verdicts_ms
        return {
            kind: Dated(
                table=table,
                only=and_(table.c.channel == self.desk.channel, only),
                at_ms=at_ms,
                is_old=until < (verdicts_ms if table is OBJECTIONS else before_ms),
            )
            for kind, (table, only, at_ms, until) in rows.items()
        }

    def names(self, name: Column[str], *where: ColumnElement[bool]) -> list[str]:
        """Return the names of rows of this channel, in order."""
        mine = name.table.c.channel == self.desk.channel
        with self.desk.store.read() as connection:
            wanted = select(name).where(mine, *where).order_by(name)
            return list(connection.scalars(wanted))
