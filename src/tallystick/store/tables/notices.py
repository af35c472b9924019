"""What is told to people elsewhere: by webhook and e-mail."""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from tallystick.store.tables.base import METADATA

OUTBOX: Final = Table(
    "outbox",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("channel", String(64), nullable=False),
    Column("recipient", String(255), nullable=False),
    Column("told", Text, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("due_ms", BigInteger),
    Column("tries", Integer, nullable=False),
    Column("state", String(8), nullable=False),
    Column("problem", String(32), nullable=False),
    Index(None, "state", "due_ms"),
    Index(None, "channel", "made_ms"),
)
"""One row for each recipient of each event. The id follows from both, so that nothing
is put here twice. `told` is JSON; `state` is `waiting`, `sent` or `lost`; `problem` is
why the last try failed."""

TOLD_UNTIL: Final = Table(
    "told_until",
    METADATA,
    Column("channel", String(64), primary_key=True),
    Column("recipient", String(255), primary_key=True),
    Column("from_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
)
"""Since when a recipient is told of a channel, and up to when was looked."""
