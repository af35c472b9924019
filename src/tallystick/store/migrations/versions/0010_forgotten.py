"""Names of what was let go of, so that nothing brings it back."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add a table."""
    op.create_table(
        "forgotten",
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("about", sa.String(161), nullable=False),
        sa.Column("over_ms", sa.BigInteger, nullable=False),
        sa.Column("unsaid_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("channel", "about", name=op.f("pk_forgotten")),
    )
