"""What is too old is let go of, a bounded piece at a time.

First evidence, then the case it is part of, and at last what was said of it, together
with what the log's commitments were made of. Each piece is whole or not done, and a
program that ends in between leaves something that goes on from there.

Source: spec/cases.md, "What is let go of".
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, select

from tallystick.proof import SigningKey
from tallystick.store.cases.gathering import alone
from tallystick.store.expiry.old import Old
from tallystick.store.findings.keeping import Way, forget_counted
from tallystick.store.forgotten import CASE_ROOM, OBJECTION_ROOM, remember
from tallystick.store.log import open_log
from tallystick.store.logged import LoggedBook, forget_refs
from tallystick.store.opening import Store
from tallystick.store.sql import portions
from tallystick.store.tables import (
    CASE_DAYS,
    CASE_RATES,
    CASES,
    COMPLETE_DAYS,
    FINDINGS,
    OBJECTIONS,
    RESULTS,
    ROUTE_DAYS,
    STATEMENTS,
)

ROWS: Final = 2_000
"""Findings of one piece: others who write wait some tenths of a second."""
SOME: Final = 50
"""Cases, objections, results, or things that were spoken of, of one piece."""

Gone = Mapping[str, int]
"""How much one piece let go of, by kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """Lets go of what is too old in one channel.

    Attributes:
        old: What that is.
        log: The folder of the party's log, and its key; None: there is none.
    """

    old: Old
    log: tuple[Path, SigningKey] | None = None

    def steps(self) -> Iterator[Gone]:
        """Let go of it, a bounded piece with each turn.

        What was said stays while the log that holds it cannot be opened, which is
        refused as in `open_log`.

        Yields:
            What a piece came to, once it is done; at the end nothing is left.
        """
        old, dated = self.old, self.old.dated()
        # What is said meanwhile counts: each piece looks again what is over.
        for some in portions(old.names(CASES.c.id, old.ended), most=SOME):
            over = self._over(CASE_ROOM, some, old.horizons.cases_ms)
            yield from self._cases("cases", over, old.ended)
        told = old.names(OBJECTIONS.c.reference, old.told)
        for some in portions(told, most=SOME):
            over = self._over(OBJECTION_ROOM, some, old.horizons.objections_ms)
            yield self._objections(over)
        for some in portions(old.names(CASES.c.id, old.few), most=SOME):
            yield from self._cases("gathered", dict.fromkeys(some), old.few)
        findings = dated.pop("findings")
        yield from self._findings(and_(findings.only, findings.is_old))
        results = dated.pop("results")
        for some in portions(old.names(RESULTS.c.id, results.is_old), most=SOME):
            yield self._results(some)
        for kind, rows in dated.items():
            with self._store.write() as connection:
                of = and_(rows.only, rows.is_old)
                gone = connection.execute(delete(rows.table).where(of)).rowcount
            yield {kind: gone}
        for some in portions(old.unlisted(), most=SOME):
            yield self._said(self._over("", some, old.horizons.statements_ms))

    @property
    def _store(self) -> Store:
        return self.old.desk.store

    @property
    def _channel(self) -> str:
        return self.old.desk.channel

    def _over(self, room: str, names: Iterable[str], before_ms: int) -> dict[str, int]:
        over = self.old.over((room + one for one in names), before_ms)
        return {one.removeprefix(room): since for one, since in over.items()}

    def _cases(
        self, kind: str, over: Mapping[str, int | None], still: ColumnElement[bool]
    ) -> Iterator[Gone]:
        """Let go of cases, their findings first, as long as they are as they were.

        Args:
            kind: What they are.
            over: Since when each is over; None: it never was a case.
            still: How they are listed.

        Yields:
            What a piece came to.
        """
        names = select(CASES.c.id).where(CASES.c.id.in_(over), still)
        of, gone = FINDINGS.c.case_id.in_(names), None
        while gone is None:
            yield from self._findings(of)
            with self._store.write() as connection:
                alone(connection)
                # More may have been taken in since.
                if not connection.execute(select(FINDINGS.c.handle).where(of)).first():
                    gone = list(connection.scalars(names))
                    _with_parts(connection, CASES, gone)
                    since = {CASE_ROOM + one: over[one] for one in gone}
                    known = {one: at for one, at in since.items() if at is not None}
                    remember(connection, self._channel, known)
        yield {kind: len(gone)}

    def _findings(self, where: ColumnElement[bool]) -> Iterator[Gone]:
        at = FINDINGS.c
        wanted = select(at.handle, at.channel, at.departure, at.arrival).where(where)
        more = True
        while more:
            ways: dict[Way, list[str]] = {}
            with self._store.write() as connection:
                alone(connection)
                found = connection.execute(wanted.limit(ROWS)).all()
                for handle, *way in found:
                    ways.setdefault(Way(*way), []).append(handle)
                for each, handles in ways.items():
                    forget_counted(connection, each, handles)
            more = len(found) == ROWS
            yield {"findings": len(found)}

    def _objections(self, over: Mapping[str, int]) -> Gone:
        mine = OBJECTIONS.c.reference.in_(over)
        with self._store.write() as connection:
            gone = connection.execute(delete(OBJECTIONS).where(mine)).rowcount
            named = {OBJECTION_ROOM + one: since for one, since in over.items()}
            remember(connection, self._channel, named)
        return {"objections": gone}

    def _results(self, names: Collection[str]) -> Gone:
        with self._store.write() as connection:
            alone(connection)
            return {"results": _with_parts(connection, RESULTS, names)}

    def _said(self, over: Mapping[str, int]) -> Gone:
        """Let go of all that was said, first of what the log's entries were made of."""
        at = STATEMENTS.c
        here, said = at.channel == self._channel, dict[str, list[str]]()
        wanted = select(at.about, at.id).where(here, at.about.in_(over))
        with self._store.read() as connection:
            for about, ident in connection.execute(wanted):
                said.setdefault(about, []).append(ident)
        if self.log is not None:
            said = self._unlogged(self.log, said)
        with self._store.write() as connection:
            named = {about: over[about] for about in said}
            remember(connection, self._channel, named, unsaid_ms=self.old.now_ms)
            gone = delete(STATEMENTS).where(here, at.about.in_(said))
            count = connection.execute(gone).rowcount
            forget_refs(connection, [one for every in said.values() for one in every])
        return {"statements": count}

    def _unlogged(
        self, log: tuple[Path, SigningKey], said: Mapping[str, list[str]]
    ) -> dict[str, list[str]]:
        """Let go of openings; return what was said without what has to wait.

        What is not logged yet waits, and what the log's last entry was made of.
        """
        book = LoggedBook(self._store, self._channel)
        with open_log(*log) as opened:
            book.catch_up(opened)
            origin = opened.signed.checkpoint.origin
            places = book.places(
                origin, [one for every in said.values() for one in every]
            )
            free = {one for one, at in places.items() if at < opened.size - 1}
            done = {about: every for about, every in said.items() if free >= {*every}}
            opened.forget(places[one] for every in done.values() for one in every)
        return done


_PARTS: Final = {
    CASES: [table.c.case_id for table in (CASE_DAYS, CASE_RATES)],
    RESULTS: [table.c.result for table in (ROUTE_DAYS, COMPLETE_DAYS)],
}


def _with_parts(connection: Connection, table: Table, names: Collection[str]) -> int:
    """Let go of rows and of what hangs on them; return how many rows."""
    for part in _PARTS[table]:
        connection.execute(delete(part.table).where(part.in_(names)))
    return connection.execute(delete(table).where(table.c.id.in_(names))).rowcount
