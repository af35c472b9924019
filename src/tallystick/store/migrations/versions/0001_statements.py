"""Statements of both parties."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "statements",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("by", sa.String(32), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("about", sa.String(161), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("note", sa.LargeBinary, nullable=False),
        sa.Column("taken_ms", sa.BigInteger, nullable=False),
        sa.Column("sent_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statements")),
    )
    op.create_index(
        op.f("ix_statements_channel_about"), "statements", ["channel", "about"]
    )
    op.create_index(
        op.f("ix_statements_channel_sent_ms"), "statements", ["channel", "sent_ms"]
    )
