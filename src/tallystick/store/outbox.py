"""What waits to be told to people elsewhere; it survives the process."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from tallystick.store.opening import Store
from tallystick.store.tables import OUTBOX, TOLD_UNTIL


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One event for one recipient.

    Attributes:
        id: Follows from both.
        recipient: To whom.
        told: What, as JSON.
        made_ms: When it was put here.
        tries: How often it was tried.
    """

    id: str
    recipient: str
    told: str
    made_ms: int
    tries: int = 0


class Outbox:
    """What waits for recipients of one channel."""

    def __init__(self, store: Store, channel: str) -> None:
        """Look into a store.

        Args:
            store: Where it is kept.
            channel: 64 hexadecimal digits.
        """
        self._store, self._channel = store, channel

    def since(
        self, recipients: Iterable[str], *, now_ms: int, slack_ms: int
    ) -> dict[str, int]:
        """Return from when on to look for each recipient; a new one begins now.

        Args:
            recipients: All that there are.
            now_ms: The present time.
            slack_ms: How far to look back behind the last look, but never to before a
                recipient was first named.
        """
        table = TOLD_UNTIL.c
        looked = select(table.recipient, table.from_ms, table.seen_ms).where(
            table.channel == self._channel
        )
        with self._store.write() as connection:
            found = connection.execute(looked)
            known = {
                name: max(from_ms, seen_ms - slack_ms)
                for name, from_ms, seen_ms in found
            }
            new = [one for one in recipients if one not in known]
            for one in new:
                connection.execute(
                    insert(TOLD_UNTIL).values(
                        channel=self._channel,
                        recipient=one,
                        from_ms=now_ms,
                        seen_ms=now_ms,
                    )
                )
        return known | dict.fromkeys(new, now_ms)

    def put(self, notices: Sequence[Notice], *, seen: Mapping[str, int]) -> int:
        """Keep what is not there yet, and up to when was looked; both or neither.

        Returns:
            How many were new.
        """
        ids = [one.id for one in notices]
        with self._store.write() as connection:
            there = set(
                connection.execute(
                    select(OUTBOX.c.id).where(OUTBOX.c.id.in_(ids))
                ).scalars()
            )
            new = {one.id: one for one in notices if one.id not in there}
            if new:
                connection.execute(insert(OUTBOX), [*map(self._row, new.values())])
            for recipient, seen_ms in seen.items():
                connection.execute(
                    update(TOLD_UNTIL)
                    .where(
                        TOLD_UNTIL.c.channel == self._channel,
                        TOLD_UNTIL.c.recipient == recipient,
                    )
                    .values(seen_ms=seen_ms)
                )
        return len(new)

    def take(self, *, now_ms: int, lease_ms: int, limit: int = 20) -> list[Notice]:
        """Return what is due, to be tried now.

        Args:
            now_ms: The present time.
            lease_ms: After so long it is due again, if nothing was heard of it: the
                process ended meanwhile.
            limit: How many at most.
        """
        one = OUTBOX.c
        mine = [one.channel == self._channel, one.state == "waiting"]
        due = select(OUTBOX).where(*mine, one.due_ms <= now_ms)
        with self._store.write() as connection:
            rows = connection.execute(due.order_by(one.due_ms, one.id).limit(limit))
            found = [_notice(dict(row)) for row in rows.mappings()]
            for notice in found:
                connection.execute(
                    update(OUTBOX)
                    .where(one.id == notice.id)
                    .values(due_ms=now_ms + lease_ms, tries=notice.tries)
                )
        return found

    def sent(self, ident: str) -> None:
        """Note that somebody was told."""
        self._set(ident, state="sent", due_ms=None, problem="")

    def later(self, ident: str, *, due_ms: int, problem: str) -> None:
        """Note that it did not work, and when to try again."""
        self._set(ident, due_ms=due_ms, problem=problem[:32])

    def lose(self, ident: str, *, problem: str) -> None:
        """Note that it is given up."""
        self._set(ident, state="lost", due_ms=None, problem=problem[:32])

    def counts(self) -> dict[str, int]:
        """Return how many there are, by state."""
        one = OUTBOX.c
        counted = (
            select(one.state, func.count())
            .where(one.channel == self._channel)
            .group_by(one.state)
        )
        with self._store.read() as connection:
            return {state: count for state, count in connection.execute(counted)}  # ruff: ignore[unnecessary-comprehension] (rows are not pairs to mypy)

    def forget(self, *, before_ms: int) -> None:
        """Forget what was sent or lost before a moment."""
        one = OUTBOX.c
        old = one.made_ms < before_ms
        with self._store.write() as connection:
            connection.execute(
                delete(OUTBOX).where(
                    one.channel == self._channel, one.state != "waiting", old
                )
            )

    def _set(self, ident: str, **values: object) -> None:
        with self._store.write() as connection:
            connection.execute(
                update(OUTBOX).where(OUTBOX.c.id == ident).values(values)
            )

    def _row(self, one: Notice) -> dict[str, object]:
        return {
            "id": one.id,
            "channel": self._channel,
            "recipient": one.recipient,
            "told": one.told,
            "made_ms": one.made_ms,
            "due_ms": one.made_ms,
            "tries": 0,
            "state": "waiting",
            "problem": "",
        }


def _notice(row: Mapping[str, Any]) -> Notice:
    return Notice(
        id=row["id"],
        recipient=row["recipient"],
        told=row["told"],
        made_ms=row["made_ms"],
        tries=row["tries"] + 1,
    )
