"""Objections: who received one, when it was decided, and longer call ids."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Change the table."""
    with op.batch_alter_table("objections") as table:
        table.alter_column(
            "verdict",
            existing_type=sa.String(128),
            type_=sa.String(256),
            existing_nullable=False,
        )
        table.add_column(sa.Column("by", sa.String(32)))
        table.add_column(sa.Column("decided_ms", sa.BigInteger))
    op.create_index(op.f("ix_objections_received_ms"), "objections", ["received_ms"])
    op.create_index(
        op.f("ix_objections_state_verdict_ms"), "objections", ["state", "verdict_ms"]
    )
