"""Who works in the console: accounts, their sessions, what they did."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from tallystick.store.tables.base import METADATA

_SERIAL: Final = BigInteger().with_variant(Integer, "sqlite")

ACCOUNTS: Final = Table(
    "accounts",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("role", String(16), nullable=False),
    Column("trunks", String(1024), nullable=False),
    Column("password", String(160)),
    Column("password_until_ms", BigInteger),
    Column("totp", String(64)),
    Column("totp_step", BigInteger),
    Column("issuer", String(255)),
    Column("subject", String(255)),
    Column("made_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger),
    Column("locked_ms", BigInteger),
    UniqueConstraint("name"),
    UniqueConstraint("issuer", "subject"),
)
"""`password` is an argon2 hash; with `password_until_ms` it was given by somebody else
and must be replaced before then. `totp_step` is the last step whose code was used.
`issuer` and `subject` name somebody at an identity provider, who has no password here.
`trunks`, by commas, are those that an operator sees."""

RECOVERY_CODES: Final = Table(
    "recovery_codes",
    METADATA,
    Column("hash", String(64), primary_key=True),
    Column("account", String(32), ForeignKey("accounts.id"), nullable=False),
    Column("used_ms", BigInteger),
    Index(None, "account"),
)

SESSIONS: Final = Table(
    "sessions",
    METADATA,
    Column("hash", String(64), primary_key=True),
    Column("account", String(32), ForeignKey("accounts.id"), nullable=False),
    Column("stage", String(16), nullable=False),
    Column("offer", String(64)),
    Column("made_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    Index(None, "account"),
)
"""Only a hash of a session's id is kept. `offer` is the TOTP secret shown at
enrolment, until a code of it was given."""

SIGN_INS: Final = Table(
    "sign_ins",
    METADATA,
    Column("state", String(64), primary_key=True),
    Column("visitor", String(64), nullable=False),
    Column("nonce", String(64), nullable=False),
    Column("verifier", String(64), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Index(None, "made_ms"),
)
"""Who was sent to the identity provider and did not come back yet: hashes of what the
answer must hold and of the browser's id, and what the provider is shown for it."""

ATTEMPTS: Final = Table(
    "attempts",
    METADATA,
    Column("id", _SERIAL, primary_key=True),
    Column("subject", String(64), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Index(None, "subject", "at_ms"),
    Index(None, "at_ms"),
)
"""`subject` is a hash of a name or an address: what people type in the wrong field is
not kept."""

AUDIT: Final = Table(
    "audit",
    METADATA,
    Column("id", _SERIAL, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("who", String(64), nullable=False),
    Column("role", String(16), nullable=False),
    Column("address", String(45), nullable=False),
    Column("page", String(32), nullable=False),
    Column("action", String(32), nullable=False),
    Column("record", String(161), nullable=False),
    Column("why", String(512), nullable=False),
    Index(None, "at_ms"),
    Index(None, "who", "at_ms"),
)
"""`record` is an identifier of ours, never a telephone number."""
