"""Statements of both parties, kept in the order in which they came."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Row, func, insert, select, update

from tallystick.proof import Signed
from tallystick.store.forgotten import is_unsaid
from tallystick.store.opening import Store
from tallystick.store.tables import STATEMENTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A statement as it is kept.

    Attributes:
        id: Of the statement, 64 hexadecimal digits.
        by: Who made it.
        about: The thing it is about.
        kind: What it says of it.
        at_ms: When it was made, by its maker's clock.
        taken_ms: When it was kept here.
        sent_ms: When the peer had it; None where it is still to be sent there.
        note: Its bytes.
    """

    id: str
    by: str
    about: str
    kind: str
    at_ms: int
    taken_ms: int
    sent_ms: int | None
    note: bytes


class StatementBook:
    """The statements of one channel."""

    def __init__(self, store: Store, channel: str) -> None:
        """Look into a store.

        Args:
            store: Where they are kept.
            channel: 64 hexadecimal digits.
        """
        self._store, self._channel = store, channel

    def keep(self, signed: Signed, *, now_ms: int, from_peer: bool = False) -> bool:
        """Keep a statement; return False where it was there already.

        One about what was let go of, as both agreed, was there, and is not kept again.

        Args:
            signed: A statement whose signature was checked.
            now_ms: The present time.
            from_peer: Whether it came from the peer, so that it need not be sent.
        """
        one = signed.statement
        with self._store.write() as connection:
            there = select(STATEMENTS.c.id).where(STATEMENTS.c.id == signed.id)
            if connection.execute(there).first() is not None:
                return False
            if is_unsaid(connection, one.channel, one.about):
                return False
            connection.execute(
                insert(STATEMENTS).values(
                    id=signed.id,
                    channel=one.channel,
                    by=one.by,
                    at_ms=one.at_ms,
                    about=one.about,
                    kind=one.kind,
                    note=signed.note,
                    taken_ms=now_ms,
                    sent_ms=now_ms if from_peer else None,
                )
            )
        return True

    def about(self, about: str) -> Sequence[Kept]:
        """Return what was said about a thing, in the order in which it came."""
        return self._found(STATEMENTS.c.about == about)

    def in_room(self, room: str) -> dict[str, int]:
        """Return how many statements there are about each thing of a room.

        Args:
            room: For example `agreement/`.
        """
        table = STATEMENTS.c
        found = (
            select(table.about, func.count())
            .where(table.channel == self._channel, table.about.startswith(room))
            .group_by(table.about)
            .order_by(table.about)
        )
        with self._store.read() as connection:
            return {about: count for about, count in connection.execute(found)}  # ruff: ignore[unnecessary-comprehension] (rows are not pairs to mypy)

    def unsent(self, *, limit: int = 1_000) -> Sequence[Kept]:
        """Return statements that are still to be sent to the peer, the oldest first."""
        return self._found(STATEMENTS.c.sent_ms.is_(None), limit=limit)

    def taken_since(self, since_ms: int, *, by: str) -> int:
        """Return how many of a party's statements were kept since a moment."""
        table = STATEMENTS.c
        found = select(func.count()).where(
            table.channel == self._channel, table.by == by, table.taken_ms >= since_ms
        )
        with self._store.read() as connection:
            return connection.execute(found).scalar_one()

    def taken_from(self, since_ms: int) -> Sequence[Kept]:
        """Return the statements that were kept since a moment, the oldest first."""
        return self._found(STATEMENTS.c.taken_ms >= since_ms)

    def send_again(self) -> int:
        """Let all be sent to the peer, which may have lost it; return how much."""
        table = STATEMENTS.c
        again = (
            update(STATEMENTS)
            .where(table.channel == self._channel, table.sent_ms.is_not(None))
            .values(sent_ms=None)
        )
        with self._store.write() as connection:
            return connection.execute(again).rowcount

    def mark_sent(self, ident: str, *, now_ms: int) -> None:
        """Note that the peer has taken a statement."""
        with self._store.write() as connection:
            connection.execute(
                update(STATEMENTS)
                .where(STATEMENTS.c.id == ident)
                .values(sent_ms=now_ms)
            )

    def _found(
        self, *where: ColumnElement[bool], limit: int | None = None
    ) -> Sequence[Kept]:
        found = (
            select(STATEMENTS)
            .where(STATEMENTS.c.channel == self._channel, *where)
            .limit(limit)
            .order_by(STATEMENTS.c.taken_ms, STATEMENTS.c.at_ms, STATEMENTS.c.id)
        )
        with self._store.read() as connection:
            return [_kept(row) for row in connection.execute(found)]


def _kept(row: Row[tuple[object, ...]]) -> Kept:
    return Kept(**{name: row._mapping[name] for name in Kept.__slots__})  # ruff: ignore[private-member-access] (SQLAlchemy's own name)
