"""What the log holds, to be found by what it is, and how keeping it goes."""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, String, Table

from tallystick.store.tables.base import METADATA

LOGGED: Final = Table(
    "logged",
    METADATA,
    Column("log", String(200), primary_key=True),
    Column("place", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),
    Column("ref", String(64), nullable=False),
    Index(None, "log", "ref"),
)
"""An index of the log, which alone counts: it can be made again from the log's
openings. `log` is the log's origin, `ref` names what was logged (`ref_of`)."""

LOG_STANDING: Final = Table(
    "log_standing",
    METADATA,
    Column("channel", String(64), primary_key=True),
    Column("log", String(200), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("appended_ms", BigInteger),
    Column("cosigned", BigInteger, nullable=False),
    Column("cosigned_ms", BigInteger),
    Column("waiting", BigInteger, nullable=False),
    Column("stopped", String(1024), nullable=False),
    Column("trouble", String(1024), nullable=False),
    Column("looked_ms", BigInteger, nullable=False),
)
"""How keeping the log of a channel's office goes, for people to read: one row each."""
