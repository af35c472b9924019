"""The tables, a module for each room; `METADATA` knows all of them."""

from tallystick.store.tables.base import FORMER, METADATA
from tallystick.store.tables.cases import (
    CASE_DAYS,
    CASE_RATES,
    CASES,
    LAWFUL,
    OBJECTIONS,
)
from tallystick.store.tables.findings import (
    COMPLETE_DAYS,
    EVIDENCE,
    FINDING_DAYS,
    FINDINGS,
    RESULTS,
    ROUTE_DAYS,
)
from tallystick.store.tables.forgotten import FORGOTTEN
from tallystick.store.tables.logged import LOG_STANDING, LOGGED
from tallystick.store.tables.notices import OUTBOX, TOLD_UNTIL
from tallystick.store.tables.people import (
    ACCOUNTS,
    ATTEMPTS,
    AUDIT,
    RECOVERY_CODES,
    SESSIONS,
    SIGN_INS,
)
from tallystick.store.tables.statements import STATEMENTS

__all__ = [
    "ACCOUNTS",
    "ATTEMPTS",
    "AUDIT",
    "CASES",
    "CASE_DAYS",
    "CASE_RATES",
    "COMPLETE_DAYS",
    "EVIDENCE",
    "FINDINGS",
    "FINDING_DAYS",
    "FORGOTTEN",
    "FORMER",
    "LAWFUL",
    "LOGGED",
    "LOG_STANDING",
    "METADATA",
    "OBJECTIONS",
    "OUTBOX",
    "RECOVERY_CODES",
    "RESULTS",
    "ROUTE_DAYS",
    "SESSIONS",
    "SIGN_INS",
    "STATEMENTS",
    "TOLD_UNTIL",
]
