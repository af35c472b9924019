"""Who did what in the console: lines are added and read, never changed."""

from typing import Final

from sqlalchemy import insert

from tallystick.store.listing import Listing
from tallystick.store.opening import Store
from tallystick.store.tables import AUDIT

COLUMNS: Final = ("at_ms", "who", "role", "page", "action", "record", "why", "address")
AUDIT_LOG: Final = Listing({name: AUDIT.c[name] for name in COLUMNS}, AUDIT.c.id)


class AuditBook:
    """The audit log of a store."""

    def __init__(self, store: Store) -> None:
        """Write into a store."""
        self._store = store

    def note(
        self,
        page: str,
        action: str,
        *,
        now_ms: int,
        who: str,
        role: str = "",
        address: str = "",
        record: str = "",
        why: str = "",
    ) -> None:
        """Add a line.

        Args:
            page: Where it was done.
            action: What was done.
            now_ms: When.
            who: The name of the account.
            role: Its role then.
            address: From where.
            record: The identifier of what it was done to; never a telephone number.
            why: As they said.
        """
        values = {
            "at_ms": now_ms,
            "who": who[:64],
            "role": role,
            "address": address[:45],
            "page": page,
            "action": action,
            "record": record[:161],
            "why": why[:512],
        }
        with self._store.write() as connection:
            connection.execute(insert(AUDIT).values(values))
