"""Cases, their trend, what they cost, and what was explained as lawful."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from tallystick.store.tables.base import METADATA

CASES: Final = Table(
    "cases",
    METADATA,
    Column("id", String(16), primary_key=True),
    Column("channel", String(64), nullable=False),
    Column("domain", String(16), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("departure", String(32), nullable=False),
    Column("arrival", String(32), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("object", String(64), nullable=False),
    Column("nth", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("turn", String(80), nullable=False),
    Column("due_ms", BigInteger),
    Column("outcome", String(32), nullable=False),
    Column("ended_ms", BigInteger),
    Column("crossings", BigInteger, nullable=False),
    Column("certain", BigInteger, nullable=False),
    Column("ms", BigInteger, nullable=False),
    Column("stake_ms", BigInteger, nullable=False),
    Column("confidence_ppm", BigInteger, nullable=False),
    Column("money", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("first_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    UniqueConstraint(
        "channel", "domain", "kind", "departure", "arrival", "actor", "object", "nth"
    ),
    Index(None, "channel", "state", "last_ms"),
    Index(None, "channel", "last_ms"),
    Index(None, "channel", "actor"),
    Index(None, "channel", "due_ms"),
)
"""One row for each problem, from its first crossing on: `gathering` until it is large
enough, then `found`, then what was said of it (spec/cases.md). `confidence_ppm` is the
sum over its crossings; `money` is in hundredths of the currency's unit."""

CASE_DAYS: Final = Table(
    "case_days",
    METADATA,
    Column("case_id", String(16), ForeignKey("cases.id"), primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("crossings", BigInteger, nullable=False),
    Column("ms", BigInteger, nullable=False),
    Column("stake_ms", BigInteger, nullable=False),
)
"""The trend: `day` is counted from 1970."""

CASE_RATES: Final = Table(
    "case_rates",
    METADATA,
    Column("case_id", String(16), ForeignKey("cases.id"), primary_key=True),
    Column("rate", BigInteger, primary_key=True),
    Column("currency", String(3), primary_key=True),
    Column("stake_ms", BigInteger, nullable=False),
)
"""What is at stake at each rate (millionths of the unit a minute), so that the sum is
rounded once."""

LAWFUL: Final = Table(
    "lawful",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("channel", String(64), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("departure", String(32), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("object", String(64), nullable=False),
    Column("from_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger),
    Column("why", Text, nullable=False),
    Index(None, "channel"),
)
"""What was explained; the id is that of the statement that says so."""

OBJECTIONS: Final = Table(
    "objections",
    METADATA,
    Column("reference", String(14), primary_key=True),
    Column("channel", String(64), nullable=False),
    Column("verdict", String(256), nullable=False),
    Column("action", String(16), nullable=False),
    Column("rule", String(64), nullable=False),
    Column("verdict_ms", BigInteger, nullable=False),
    Column("received_ms", BigInteger),
    Column("state", String(16), nullable=False),
    Column("turn", String(80), nullable=False),
    Column("due_ms", BigInteger),
    Column("outcome", String(32), nullable=False),
    Column("by", String(32)),
    Column("decided_ms", BigInteger),
    Index(None, "channel", "state", "received_ms"),
    Index(None, "received_ms"),
    Index(None, "state", "verdict_ms"),
)
"""Callers' objections, and references that callers were given: `verdict` names the
verdict (a call id), and is empty where the peer gave the reference; `by` is the party
that received the objection."""
