"""What a party keeps beyond a call: statements, cases, accounts.

SQLite in a file by default, PostgreSQL by a URL; the same tests hold for both. The
tables are in `tables`, and how older ones become today's in `migrations`.
"""

from tallystick.store.audit import AUDIT_LOG, AuditBook
from tallystick.store.listing import Ask, Found, Listing
from tallystick.store.opening import Store, open_store
from tallystick.store.outbox import Notice, Outbox
from tallystick.store.people import PEOPLE, Account, People
from tallystick.store.sessions import Attempts, Session, Sessions
from tallystick.store.sign_ins import SignIn, SignIns
from tallystick.store.statements import Kept, StatementBook

__all__ = [
    "AUDIT_LOG",
    "PEOPLE",
    "Account",
    "Ask",
    "Attempts",
    "AuditBook",
    "Found",
    "Kept",
    "Listing",
    "Notice",
    "Outbox",
    "People",
    "Session",
    "Sessions",
    "SignIn",
    "SignIns",
    "StatementBook",
    "Store",
    "open_store",
]
