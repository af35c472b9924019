"""What a party keeps beyond a call: statements, cases, accounts.

SQLite in a file by default, PostgreSQL by a URL; the same tests hold for both. The
tables are in `tables`, and how older ones become today's in `migrations`.
"""

from tallystick.store.opening import Store, open_store
from tallystick.store.statements import Kept, StatementBook

__all__ = ["Kept", "StatementBook", "Store", "open_store"]
