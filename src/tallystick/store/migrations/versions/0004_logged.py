"""What the log holds, and how keeping it goes."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "logged",
        sa.Column("log", sa.String(200), nullable=False),
        sa.Column("place", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("ref", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("log", "place", name=op.f("pk_logged")),
    )
    op.create_index(op.f("ix_logged_log_ref"), "logged", ["log", "ref"])
    op.create_table(
        "log_standing",
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("log", sa.String(200), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("appended_ms", sa.BigInteger),
        sa.Column("cosigned", sa.BigInteger, nullable=False),
        sa.Column("cosigned_ms", sa.BigInteger),
        sa.Column("waiting", sa.BigInteger, nullable=False),
        sa.Column("stopped", sa.String(1024), nullable=False),
        sa.Column("trouble", sa.String(1024), nullable=False),
        sa.Column("looked_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_log_standing")),
    )
