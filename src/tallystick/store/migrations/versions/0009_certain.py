"""Findings of a kind, by whether they are certain: few may be what most are not."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the index."""
    op.create_index(
        op.f("ix_findings_finding_certain_at_ms_handle"),
        "findings",
        ["finding", "certain", "at_ms", "handle"],
    )
