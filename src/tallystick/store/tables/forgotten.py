"""Names of what was let go of, as both parties agreed."""

from typing import Final

from sqlalchemy import BigInteger, Column, String, Table

from tallystick.store.tables.base import METADATA

FORGOTTEN: Final = Table(
    "forgotten",
    METADATA,
    Column("channel", String(64), primary_key=True),
    Column("about", String(161), primary_key=True),
    Column("over_ms", BigInteger, nullable=False),
    Column("unsaid_ms", BigInteger),
)
"""One row for each case and objection whose row was let go of, so that nothing brings
it back. `over_ms` is since when it was over; `unsaid_ms` when what was said of it was
let go of, too, null while that is still kept. A name holds no number, and without the
parties' secret nobody can tell what it names."""
