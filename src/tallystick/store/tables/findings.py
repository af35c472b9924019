"""Findings with both halves and their evidence, and what results counted by day."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from tallystick.store.tables.base import METADATA

FINDINGS: Final = Table(
    "findings",
    METADATA,
    Column("handle", String(24), primary_key=True),
    Column("channel", String(64), nullable=False),
    Column("departure", String(32), nullable=False),
    Column("arrival", String(32), nullable=False),
    Column("result", String(16), nullable=False),
    Column("case_id", String(16), ForeignKey("cases.id")),
    Column("part", String(16), nullable=False),
    Column("finding", String(32), nullable=False),
    Column("departure_id", String(128)),
    Column("arrival_id", String(128)),
    Column("arrival_side", String(16)),
    Column("at_ms", BigInteger, nullable=False),
    Column("ms", BigInteger, nullable=False),
    Column("stake_ms", BigInteger, nullable=False),
    Column("confidence_ppm", BigInteger, nullable=False),
    Column("certain", Boolean, nullable=False),
    Column("departure_point", String(64)),
    Column("departure_carrier", String(64)),
    Column("arrival_point", String(64)),
    Column("arrival_carrier", String(64)),
    Column("departure_calling", String(32)),
    Column("departure_called", String(32)),
    Column("arrival_calling", String(32)),
    Column("arrival_called", String(32)),
    Column("departure_at_ms", BigInteger),
    Column("arrival_at_ms", BigInteger),
    Column("departure_ms", BigInteger),
    Column("arrival_ms", BigInteger),
    Column("departure_answered", Boolean),
    Column("arrival_answered", Boolean),
    Column("departure_answer_ms", BigInteger),
    Column("arrival_answer_ms", BigInteger),
    Index(None, "at_ms", "handle"),
    Index(None, "confidence_ppm", "at_ms", "handle"),
    Index(None, "finding", "at_ms", "handle"),
    Index(None, "finding", "certain", "at_ms", "handle"),
    Index(None, "finding", "confidence_ppm", "at_ms", "handle"),
    Index(None, "part", "at_ms", "handle"),
    Index(None, "departure_carrier", "at_ms", "handle"),
    Index(None, "departure_point", "at_ms", "handle"),
    Index(None, "arrival_carrier", "at_ms", "handle"),
    Index(None, "arrival_point", "at_ms", "handle"),
    Index(None, "case_id", "at_ms", "handle"),
    Index(None, "case_id", "confidence_ppm", "at_ms", "handle"),
)
"""Every finding that was taken in, by handle: numbers are as the result shows them.
`part` is `case`, or why it is part of none (spec/cases.md, "Grouping"); what is only
gathered (`few`) has a `case_id`, too. `result` is the one that it came with, empty
where that is not known."""

EVIDENCE: Final = Table(
    "evidence",
    METADATA,
    Column("handle", String(24), primary_key=True),
    Column("reasons", Text, nullable=False),
    Column("steps", Text, nullable=False),
)
"""Why something was found: `reasons` are codes, joined by `;`, `steps` JSON objects
with `code`, `bits` and `detail`, one a line."""

FINDING_DAYS: Final = Table(
    "finding_days",
    METADATA,
    Column("channel", String(64), primary_key=True),
    Column("departure", String(32), primary_key=True),
    Column("arrival", String(32), primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("side", String(16), primary_key=True),
    Column("carrier", String(64), primary_key=True),
    Column("point", String(64), primary_key=True),
    Column("finding", String(32), primary_key=True),
    Column("crossings", BigInteger, nullable=False),
    Index(
        "ix_finding_days_covering",
        *("side", "day", "carrier", "point", "departure", "arrival"),
        *("finding", "crossings"),
    ),
)
"""How many findings there are: counted out of `findings` whenever these change. `side`
is `departure` or `arrival`: whose carrier and trunk are named; under the empty side
each is counted once, without them."""

RESULTS: Final = Table(
    "results",
    METADATA,
    Column("id", String(16), primary_key=True),
    Column("channel", String(64), nullable=False),
    Column("departure", String(32), nullable=False),
    Column("arrival", String(32), nullable=False),
    Column("from_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger, nullable=False),
    Column("taken_ms", BigInteger, nullable=False),
    Index(None, "channel", "from_ms"),
)
"""Results whose figures are kept: one takes the place of those that it covers."""

ROUTE_DAYS: Final = Table(
    "route_days",
    METADATA,
    Column("result", String(16), ForeignKey("results.id"), primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("side", String(16), primary_key=True),
    Column("carrier", String(64), primary_key=True),
    Column("point", String(64), primary_key=True),
    Column("paired", BigInteger, nullable=False),
    Column("late_ms", BigInteger),
    Index(
        "ix_route_days_covering",
        *("day", "side", "carrier", "point", "result", "paired", "late_ms"),
    ),
)
"""Pairs by day (counted from 1970), carrier and trunk; `late_ms` is how far the clock
of the trunk is from the other side's, null where it was not learned."""

COMPLETE_DAYS: Final = Table(
    "complete_days",
    METADATA,
    Column("result", String(16), ForeignKey("results.id"), primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("side", String(16), primary_key=True),
    Column("expected", BigInteger, nullable=False),
    Column("held", BigInteger, nullable=False),
)
"""How much of what a side should hold on a day it does hold."""
