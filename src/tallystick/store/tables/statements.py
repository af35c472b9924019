"""Statements of both parties, as they were signed."""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, LargeBinary, String, Table

from tallystick.store.tables.base import METADATA

STATEMENTS: Final = Table(
    "statements",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("channel", String(64), nullable=False),
    Column("by", String(32), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("about", String(161), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("note", LargeBinary, nullable=False),
    Column("taken_ms", BigInteger, nullable=False),
    Column("sent_ms", BigInteger),
    Index(None, "channel", "about"),
    Index(None, "channel", "sent_ms"),
    Index(None, "channel", "taken_ms"),
)
"""`note` is what counts; the other columns repeat what it says, to be found by.
`taken_ms` is when it was kept here; `sent_ms` when the peer had it, null where it is
still to be sent there."""
