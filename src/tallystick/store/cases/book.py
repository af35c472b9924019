"""The cases of one channel: what is found among them, and what is said of them."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, func, insert, or_, select, tuple_, update

from tallystick.cases.bodies import RaisedBody
from tallystick.cases.key import CaseKey, case_id
from tallystick.cases.lawful import Lawful
from tallystick.cases.state import State
from tallystick.model import MalformedError
from tallystick.store.cases.gathering import new_row
from tallystick.store.cases.rows import (
    GATHERING,
    PAGE_MOST,
    CaseQuery,
    CaseRow,
    Crossing,
    Day,
    Page,
)
from tallystick.store.opening import Store
from tallystick.store.tables import CASE_DAYS, CASES, FINDINGS, LAWFUL

_CROSSING = tuple(FINDINGS.c[name] for name in Crossing.__slots__)
NTH_MOST = 1000
"""So often a problem may come back; names beyond that are not looked for."""


class CaseBook:
    """The cases of one channel."""

    def __init__(self, store: Store, channel: str) -> None:
        """Look into a store.

        Args:
            store: Where they are kept.
            channel: 64 hexadecimal digits.
        """
        self._store, self._channel = store, channel

    def find(self, query: CaseQuery) -> Page:
        """Return one page of the cases that are wanted."""
        where = self._where(query)
        column = CASES.c[query.sort]
        order = column.desc() if query.descending else column.asc()
        size = min(max(query.size, 1), PAGE_MOST)
        rows = (
            select(CASES)
            .where(*where)
            .order_by(order.nulls_last(), CASES.c.id)
            .limit(size)
            .offset(max(query.page, 0) * size)
        )
        total = select(func.count()).select_from(CASES).where(*where)
        with self._store.read() as connection:
            found = [_row(dict(row)) for row in connection.execute(rows).mappings()]
            return Page(rows=found, total=connection.scalar(total) or 0)

    def counts(self) -> dict[str, int]:
        """Return how many cases are in each state."""
        counted = (
            select(CASES.c.state, func.count())
            .where(CASES.c.channel == self._channel)
            .group_by(CASES.c.state)
        )
        with self._store.read() as connection:
            return {state: int(n) for state, n in connection.execute(counted)}

    def case(self, ident: str) -> CaseRow:
        """Return a case.

        Raises:
            MalformedError: "case-unknown".
        """
        wanted = select(CASES).where(
            CASES.c.channel == self._channel, CASES.c.id == ident
        )
        with self._store.read() as connection:
            row = connection.execute(wanted).mappings().first()
        if row is None:
            raise MalformedError(
                "case-unknown",
                "There is no case of that name in this store.",
                advice="`tally cases list` shows those that there are.",
            )
        return _row(dict(row))

    def crossings(
        self, ident: str, *, after: tuple[int, str] | None = None, size: int = 50
    ) -> Sequence[Crossing]:
        """Return crossings of a case, in the order of time.

        Args:
            ident: Of the case.
            after: Time and handle of the last that was seen; None: from the first.
            size: So many, at most `PAGE_MOST`.
        """
        table = FINDINGS
        where: list[ColumnElement[bool]] = [table.c.case_id == ident]
        if after is not None:
            where.append(tuple_(table.c.at_ms, table.c.handle) > after)
        wanted = (
            select(*_CROSSING)
            .where(*where)
            .order_by(table.c.at_ms, table.c.handle)
            .limit(min(max(size, 1), PAGE_MOST))
        )
        with self._store.read() as connection:
            return [
                Crossing(**dict(row)) for row in connection.execute(wanted).mappings()
            ]

    def surest(self, ident: str, *, most: int = 50) -> Sequence[str]:
        """Return the handles of a case's surest crossings, the latest first."""
        table = FINDINGS
        wanted = (
            select(table.c.handle)
            .where(table.c.case_id == ident)
            .order_by(
                table.c.confidence_ppm.desc(),
                table.c.at_ms.desc(),
                table.c.handle.desc(),
            )
            .limit(most)
        )
        with self._store.read() as connection:
            return list(connection.scalars(wanted))

    def named(self, names: Sequence[str]) -> Sequence[Crossing]:
        """Return the crossings of these handles that are kept here."""
        table = FINDINGS
        wanted = (
            select(*_CROSSING)
            .where(table.c.handle.in_(names), table.c.case_id.is_not(None))
            .order_by(table.c.at_ms)
        )
        with self._store.read() as connection:
            return [
                Crossing(**dict(row)) for row in connection.execute(wanted).mappings()
            ]

    def trend(self, ident: str) -> Sequence[Day]:
        """Return a case's crossings by day, in order; days without any are absent."""
        table = CASE_DAYS
        wanted = select(table).where(table.c.case_id == ident).order_by(table.c.day)
        with self._store.read() as connection:
            return [
                Day(
                    day=row.day,
                    crossings=row.crossings,
                    ms=row.ms,
                    stake_ms=row.stake_ms,
                )
                for row in connection.execute(wanted)
            ]

    def begin(self, ident: str, state: State, *, secret: bytes) -> None:
        """Begin a case that the peer raised and that is not known here.

        It has no crossings then. One that is known is left as it is, and one whose
        name is not that of its problem is not listed.

        Args:
            ident: Of the case.
            state: As read from its statements.
            secret: As in `case_secret`.
        """
        if state.state == "none":
            return
        with self._store.write() as connection:
            there = select(CASES.c.id).where(CASES.c.id == ident)
            if connection.execute(there).first() is None:
                row = self._unknown(ident, state, secret)
                if row is not None:
                    connection.execute(insert(CASES), row)

    def note(self, ident: str, state: State) -> None:
        """Write where a case stands, so that lists can be made of it."""
        if state.state == "none":
            return
        changed = update(CASES).where(CASES.c.id == ident)
        with self._store.write() as connection:
            connection.execute(
                changed.values(
                    state=state.state,
                    turn=" ".join(sorted(state.turn)),
                    due_ms=state.due_ms,
                    outcome=state.outcome,
                    ended_ms=state.at_ms if state.has_ended else None,
                )
            )

    def keep_lawful(self, ident: str, lawful: Lawful, *, why: str) -> None:
        """Keep a conclusion; a second time changes nothing.

        Args:
            ident: Of the statement that says it.
            lawful: What does not come back.
            why: In words.
        """
        with self._store.write() as connection:
            there = select(LAWFUL.c.id).where(LAWFUL.c.id == ident)
            if connection.execute(there).first() is None:
                row = {"id": ident, "channel": self._channel, "why": why}
                connection.execute(insert(LAWFUL), {**row, **asdict(lawful)})

    def lawful(self) -> Sequence[Lawful]:
        """Return what was explained, also what holds no longer."""
        names = list(Lawful.__dataclass_fields__)
        wanted = (
            select(*(LAWFUL.c[name] for name in names))
            .where(LAWFUL.c.channel == self._channel)
            .order_by(LAWFUL.c.from_ms, LAWFUL.c.id)
        )
        with self._store.read() as connection:
            return [
                Lawful(**dict(row)) for row in connection.execute(wanted).mappings()
            ]

    def _where(self, query: CaseQuery) -> list[ColumnElement[bool]]:
        where = [CASES.c.channel == self._channel]
        if query.states:
            where.append(CASES.c.state.in_(query.states))
        else:
            where.append(CASES.c.state != GATHERING)
        if query.kinds:
            where.append(CASES.c.kind.in_(query.kinds))
        if query.actor is not None:
            where.append(CASES.c.actor == query.actor)
        if query.text:
            columns = (CASES.c.actor, CASES.c.object, CASES.c.id)
            where.append(
                or_(*(one.icontains(query.text, autoescape=True) for one in columns))
            )
        if query.turn:
            turns = (query.turn, f"{query.turn} %", f"% {query.turn}")
            where.append(or_(*(CASES.c.turn.like(one) for one in turns)))
        if query.overdue_ms is not None:
            where.append(CASES.c.due_ms < query.overdue_ms)
        return where

    def _unknown(
        self, ident: str, state: State, secret: bytes
    ) -> dict[str, Any] | None:
        """Return the row of a case that only the peer knows of."""
        names = RaisedBody.__struct_fields__
        body = RaisedBody(**{k: v for k, v in state.what.items() if k in names})
        key = CaseKey(
            domain=body.domain,
            kind=body.kind,
            departure=body.departure,
            arrival=body.arrival,
            actor=body.actor,
            object=body.object,
        )
        for nth in range(1, NTH_MOST):
            if case_id(secret, key, nth) == ident:
                row = new_row(self._channel, key, ident, nth)
                return {**row, "first_ms": state.since_ms, "last_ms": state.since_ms}
        return None


def _row(row: dict[str, Any]) -> CaseRow:
    """Return a case as it is shown: confidence on average."""
    del row["channel"]
    row["turn"] = tuple(row["turn"].split())
    row["confidence_ppm"] //= max(row["crossings"], 1)
    return CaseRow(**row)
