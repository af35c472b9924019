"""Sessions of people who signed in, and attempts to sign in."""

from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import delete, func, insert, or_, select, update

from tallystick.store.opening import Store
from tallystick.store.tables import ATTEMPTS, SESSIONS

Stage = Literal["code", "enrol", "in"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A visit of somebody to the console.

    Attributes:
        hash: Of its id, 64 hexadecimal digits.
        account: Whose it is.
        stage: `code` and `enrol` before they are `in`.
        offer: The TOTP secret shown at enrolment.
        made_ms: When it began.
        seen_ms: When it was last used.
    """

    hash: str
    account: str
    stage: Stage
    offer: str | None = field(repr=False)
    made_ms: int
    seen_ms: int


class Sessions:
    """The sessions in a store."""

    def __init__(self, store: Store) -> None:
        """Look into a store."""
        self._store = store

    def begin(self, session: Session) -> None:
        """Keep a new session."""
        values = {name: getattr(session, name) for name in Session.__slots__}
        with self._store.write() as connection:
            connection.execute(insert(SESSIONS).values(values))

    def find(self, hashed: str) -> Session | None:
        """Return a session by the hash of its id."""
        chosen = select(SESSIONS).where(SESSIONS.c.hash == hashed)
        with self._store.read() as connection:
            row = connection.execute(chosen).mappings().first()
        return None if row is None else Session(**row)

    def touch(self, hashed: str, *, now_ms: int) -> None:
        """Note that a session was used."""
        with self._store.write() as connection:
            connection.execute(
                update(SESSIONS).where(SESSIONS.c.hash == hashed).values(seen_ms=now_ms)
            )

    def end(self, hashed: str) -> None:
        """Forget a session."""
        with self._store.write() as connection:
            connection.execute(delete(SESSIONS).where(SESSIONS.c.hash == hashed))

    def end_all(self, account: str, *, but: str = "") -> None:
        """Forget all sessions of an account, but one."""
        one = SESSIONS.c
        with self._store.write() as connection:
            connection.execute(
                delete(SESSIONS).where(one.account == account, one.hash != but)
            )

    def count(self, account: str) -> int:
        """Return how many sessions of an account are kept."""
        counted = select(func.count()).where(SESSIONS.c.account == account)
        with self._store.read() as connection:
            return connection.execute(counted).scalar_one()

    def sweep(self, *, seen_before_ms: int, made_before_ms: int) -> None:
        """Forget sessions that were not used since, or were begun before."""
        one = SESSIONS.c
        old = or_(one.seen_ms < seen_before_ms, one.made_ms < made_before_ms)
        with self._store.write() as connection:
            connection.execute(delete(SESSIONS).where(old))


class Attempts:
    """Attempts to sign in, as they are counted to be limited."""

    def __init__(self, store: Store) -> None:
        """Look into a store."""
        self._store = store

    def note(self, subject: str, *, now_ms: int, since_ms: int) -> tuple[int, int]:
        """Count one more, before it is known how it ends.

        Args:
            subject: A hash of whom or what they are counted for.
            now_ms: The present time.
            since_ms: Earlier ones do not count.

        Returns:
            How many there are since then, this one included, and when the first was.
        """
        one = ATTEMPTS.c
        counted = select(func.count(), func.min(one.at_ms)).where(
            one.subject == subject, one.at_ms >= since_ms
        )
        with self._store.write() as connection:
            connection.execute(insert(ATTEMPTS).values(subject=subject, at_ms=now_ms))
            connection.execute(delete(ATTEMPTS).where(one.at_ms < since_ms))
            count, first = connection.execute(counted).one()
        return int(count), int(first)

    def forget(self, subject: str) -> None:
        """Begin again at nought."""
        with self._store.write() as connection:
            connection.execute(delete(ATTEMPTS).where(ATTEMPTS.c.subject == subject))
