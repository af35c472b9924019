"""What of a party's knowledge is in its log, and at which place.

The log alone counts. What is written here is an index of its openings, taken up again
from them wherever a program was ended, so that nothing is logged twice or left out.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import islice
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from tallystick.model import VerificationError
from tallystick.store.log import LogFolder, ref_of
from tallystick.store.opening import Store
from tallystick.store.sql import portions
from tallystick.store.statements import Kept
from tallystick.store.tables import LOG_STANDING, LOGGED, STATEMENTS

ROOMS: Final[Mapping[str, str]] = {
    "agreement/": "agreement",
    "case/": "case",
    "objection/": "case",
    "harm/": "harm",
}
"""What statements are logged, by what they are about; and as which kind."""

AT_ONCE: Final = 500
"""Rows that are written, or asked for, in one go."""
SENTENCE_LIMIT: Final = 1_024


@dataclass(frozen=True, slots=True, kw_only=True)
class LogStanding:
    """How keeping a log goes.

    Attributes:
        log: Its origin; "" where it could not be opened yet.
        size: Entries it has.
        appended_ms: When one was appended last; None: not since this is written down.
        cosigned: Entries that the peer's witness has cosigned.
        cosigned_ms: When it did so last.
        waiting: What is to be logged and is not yet.
        stopped: Why nothing is appended until people have looked; "": it goes on.
        trouble: What hinders it at present, and may end by itself; "": nothing.
        looked_ms: When the keeper was last seen at work.
    """

    log: str = ""
    size: int = 0
    appended_ms: int | None = None
    cosigned: int = 0
    cosigned_ms: int | None = None
    waiting: int = 0
    stopped: str = ""
    trouble: str = ""
    looked_ms: int = 0


class LoggedBook:
    """The index of one channel's log."""

    def __init__(self, store: Store, channel: str) -> None:
        """Look into a store.

        Args:
            store: Where statements are kept, and this index.
            channel: 64 hexadecimal digits.
        """
        self._store, self._channel = store, channel

    def catch_up(self, log: LogFolder) -> int:
        """Take into the index what the log holds beyond it.

        Args:
            log: Open, so that nobody else writes meanwhile.

        Returns:
            How many entries were taken in.

        Raises:
            VerificationError: "log-own-rollback" when the log holds less than was
                known of it, or something else: it is an older copy.
        """
        origin = log.signed.checkpoint.origin
        known = self._known(origin)
        last = log.openings(known - 1, known) if 0 < known <= log.size else ()
        refs = [ref_of(one) for one in last]
        # What was let go of in the log has no name there; a restored store knows it.
        if known and refs not in ([""], [self._ref(origin, known - 1)]):
            raise VerificationError(
                "log-own-rollback",
                "The store knows of {n} entries of the log, and the folder does not "
                "hold them as they were ({size} entries): it is an older copy, or "
                "another history.",
                advice="Restore the newest copy. It must not be appended to as it is: "
                "the peer would see a forked log.",
                n=known,
                size=log.size,
            )
        places = enumerate(log.openings(known, log.size), known)
        rows = (
            {"log": origin, "place": at, "kind": one.kind, "ref": ref_of(one)}
            for at, one in places
        )
        while some := list(islice(rows, AT_ONCE)):
            with self._store.write() as connection:
                connection.execute(insert(LOGGED), some)
        return log.size - known

    def mark(self) -> tuple[int, int]:
        """Return what is another one whenever a statement has come.

        How many are kept, and when the last came: of old ones some may go.
        """
        at = STATEMENTS.c
        counted = select(func.count(), func.coalesce(func.max(at.taken_ms), 0))
        with self._store.read() as connection:
            found = connection.execute(counted.where(at.channel == self._channel))
            count, last_ms = found.one()
        return int(count), int(last_ms)

    def unlogged(self, log: str, *, limit: int = AT_ONCE) -> Sequence[Kept]:
        """Return statements that are to be logged and are not, as they came.

        Args:
            log: The log's origin; "" where there is none yet.
            limit: So many at most.
        """
        wanted = (
            select(*(STATEMENTS.c[one.name] for one in fields(Kept)))
            .where(*self._missing(log))
            .order_by(STATEMENTS.c.taken_ms, STATEMENTS.c.at_ms, STATEMENTS.c.id)
            .limit(limit)
        )
        with self._store.read() as connection:
            rows = connection.execute(wanted).mappings()
            return [Kept(**dict(row)) for row in rows]

    def count_unlogged(self, log: str) -> int:
        """Return how many statements `unlogged` would return without a limit."""
        counted = select(func.count()).where(*self._missing(log))
        with self._store.read() as connection:
            return connection.execute(counted).scalar_one()

    def places(self, log: str, refs: Collection[str]) -> dict[str, int]:
        """Return the first place of each of these that is logged.

        Args:
            log: The log's origin.
            refs: As `ref_of` names them.
        """
        table, asked = LOGGED.c, iter(refs)
        found: dict[str, int] = {}
        with self._store.read() as connection:
            while some := list(islice(asked, AT_ONCE)):
                wanted = (
                    select(table.ref, func.min(table.place))
                    .where(table.log == log, table.ref.in_(some))
                    .group_by(table.ref)
                )
                found |= {ref: int(at) for ref, at in connection.execute(wanted)}
        return found

    def counts(self, log: str) -> dict[str, int]:
        """Return how many entries of each kind a log has, as far as is known."""
        counted = (
            select(LOGGED.c.kind, func.count())
            .where(LOGGED.c.log == log)
            .group_by(LOGGED.c.kind)
            .order_by(LOGGED.c.kind)
        )
        with self._store.read() as connection:
            return {kind: int(n) for kind, n in connection.execute(counted)}

    def standing(self) -> LogStanding | None:
        """Return how keeping the log goes; None where no office ever kept one."""
        names = [one.name for one in fields(LogStanding)]
        wanted = select(*(LOG_STANDING.c[name] for name in names)).where(
            LOG_STANDING.c.channel == self._channel
        )
        with self._store.read() as connection:
            row = connection.execute(wanted).mappings().first()
        return None if row is None else LogStanding(**dict(row))

    def note(self, standing: LogStanding) -> None:
        """Write down how keeping the log goes."""
        row: dict[str, Any] = {
            one.name: getattr(standing, one.name) for one in fields(standing)
        }
        for name in ("stopped", "trouble"):
            row[name] = row[name][:SENTENCE_LIMIT]
        of = LOG_STANDING.c.channel == self._channel
        with self._store.write() as connection:
            changed = connection.execute(update(LOG_STANDING).where(of).values(row))
            if not changed.rowcount:
                row["channel"] = self._channel
                connection.execute(insert(LOG_STANDING).values(row))

    def _missing(self, log: str) -> list[ColumnElement[bool]]:
        table = STATEMENTS.c
        there = exists().where(LOGGED.c.log == log, LOGGED.c.ref == table.id)
        rooms = or_(*(table.about.startswith(room) for room in ROOMS))
        return [table.channel == self._channel, rooms, ~there]

    def _known(self, log: str) -> int:
        last = select(func.max(LOGGED.c.place)).where(LOGGED.c.log == log)
        with self._store.read() as connection:
            found = connection.execute(last).scalar_one()
        return 0 if found is None else int(found) + 1

    def _ref(self, log: str, place: int) -> str:
        wanted = select(LOGGED.c.ref).where(LOGGED.c.log == log)
        with self._store.read() as connection:
            return str(
                connection.execute(wanted.where(LOGGED.c.place == place)).scalar_one()
            )


def forget_refs(connection: Connection, refs: Sequence[str]) -> None:
    """Let go of what names these entries, as their openings are let go of.

    Args:
        connection: Of a store that is being written.
        refs: As `ref_of` names them.
    """
    for some in portions(refs):
        connection.execute(update(LOGGED).where(LOGGED.c.ref.in_(some)).values(ref=""))


def kind_of(kept: Kept) -> str:
    """Return as which kind a statement is logged."""
    return next(kind for room, kind in ROOMS.items() if kept.about.startswith(room))
