"""Cases, what they gather, and what was explained as lawful."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "cases",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("domain", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("departure", sa.String(32), nullable=False),
        sa.Column("arrival", sa.String(32), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("object", sa.String(64), nullable=False),
        sa.Column("nth", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("turn", sa.String(80), nullable=False),
        sa.Column("due_ms", sa.BigInteger),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("ended_ms", sa.BigInteger),
        sa.Column("crossings", sa.BigInteger, nullable=False),
        sa.Column("certain", sa.BigInteger, nullable=False),
        sa.Column("ms", sa.BigInteger, nullable=False),
        sa.Column("stake_ms", sa.BigInteger, nullable=False),
        sa.Column("confidence_ppm", sa.BigInteger, nullable=False),
        sa.Column("money", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("first_ms", sa.BigInteger, nullable=False),
        sa.Column("last_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint(
            "channel",
            "domain",
            "kind",
            "departure",
            "arrival",
            "actor",
            "object",
            "nth",
            name=op.f(
                "uq_cases_channel_domain_kind_departure_arrival_actor_object_nth"
            ),
        ),
    )
    op.create_index(op.f("ix_cases_channel_actor"), "cases", ["channel", "actor"])
    op.create_index(op.f("ix_cases_channel_due_ms"), "cases", ["channel", "due_ms"])
    op.create_index(op.f("ix_cases_channel_last_ms"), "cases", ["channel", "last_ms"])
    op.create_index(
        op.f("ix_cases_channel_state_last_ms"), "cases", ["channel", "state", "last_ms"]
    )
    op.create_table(
        "case_findings",
        sa.Column("handle", sa.String(24), nullable=False),
        sa.Column("case_id", sa.String(16), nullable=False),
        sa.Column("finding", sa.String(32), nullable=False),
        sa.Column("departure_id", sa.String(128)),
        sa.Column("arrival_id", sa.String(128)),
        sa.Column("arrival_side", sa.String(16)),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("ms", sa.BigInteger, nullable=False),
        sa.Column("stake_ms", sa.BigInteger, nullable=False),
        sa.Column("confidence_ppm", sa.BigInteger, nullable=False),
        sa.Column("certain", sa.Boolean, nullable=False),
        sa.Column("departure_point", sa.String(64)),
        sa.Column("departure_carrier", sa.String(64)),
        sa.Column("arrival_point", sa.String(64)),
        sa.Column("arrival_carrier", sa.String(64)),
        sa.Column("departure_calling", sa.String(32)),
        sa.Column("departure_called", sa.String(32)),
        sa.Column("arrival_calling", sa.String(32)),
        sa.Column("arrival_called", sa.String(32)),
        sa.PrimaryKeyConstraint("handle", name=op.f("pk_case_findings")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_case_findings_case_id")
        ),
    )
    op.create_index(
        op.f("ix_case_findings_case_id_at_ms_handle"),
        "case_findings",
        ["case_id", "at_ms", "handle"],
    )
    op.create_index(
        op.f("ix_case_findings_case_id_confidence_ppm_at_ms_handle"),
        "case_findings",
        ["case_id", "confidence_ppm", "at_ms", "handle"],
    )
    op.create_table(
        "case_days",
        sa.Column("case_id", sa.String(16), nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("crossings", sa.BigInteger, nullable=False),
        sa.Column("ms", sa.BigInteger, nullable=False),
        sa.Column("stake_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("case_id", "day", name=op.f("pk_case_days")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_case_days_case_id")
        ),
    )
    op.create_table(
        "case_rates",
        sa.Column("case_id", sa.String(16), nullable=False),
        sa.Column("rate", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("stake_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint(
            "case_id", "rate", "currency", name=op.f("pk_case_rates")
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_case_rates_case_id")
        ),
    )
    op.create_table(
        "lawful",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("departure", sa.String(32), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("object", sa.String(64), nullable=False),
        sa.Column("from_ms", sa.BigInteger, nullable=False),
        sa.Column("until_ms", sa.BigInteger),
        sa.Column("why", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lawful")),
    )
    op.create_index(op.f("ix_lawful_channel"), "lawful", ["channel"])
    op.create_table(
        "objections",
        sa.Column("reference", sa.String(14), nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("verdict", sa.String(128), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("rule", sa.String(64), nullable=False),
        sa.Column("verdict_ms", sa.BigInteger, nullable=False),
        sa.Column("received_ms", sa.BigInteger),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("turn", sa.String(80), nullable=False),
        sa.Column("due_ms", sa.BigInteger),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_objections")),
    )
    op.create_index(
        op.f("ix_objections_channel_state_received_ms"),
        "objections",
        ["channel", "state", "received_ms"],
    )
