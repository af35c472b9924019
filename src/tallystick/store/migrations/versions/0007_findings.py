"""Findings of any kind, with their evidence, and what results count by day.

What `case_findings` held moves into `findings`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_MOVED = (
    "handle, case_id, finding, departure_id, arrival_id, arrival_side, at_ms, ms,"
    " stake_ms, confidence_ppm, certain, departure_point, departure_carrier,"
    " arrival_point, arrival_carrier, departure_calling, departure_called,"
    " arrival_calling, arrival_called"
)


def upgrade() -> None:
    """Make the tables, and move what was kept of crossings."""
    op.create_table(
        "findings",
        sa.Column("handle", sa.String(24), nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("departure", sa.String(32), nullable=False),
        sa.Column("arrival", sa.String(32), nullable=False),
        sa.Column("result", sa.String(16), nullable=False),
        sa.Column("case_id", sa.String(16)),
        sa.Column("part", sa.String(16), nullable=False),
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
        sa.Column("departure_at_ms", sa.BigInteger),
        sa.Column("arrival_at_ms", sa.BigInteger),
        sa.Column("departure_ms", sa.BigInteger),
        sa.Column("arrival_ms", sa.BigInteger),
        sa.Column("departure_answered", sa.Boolean),
        sa.Column("arrival_answered", sa.Boolean),
        sa.Column("departure_answer_ms", sa.BigInteger),
        sa.Column("arrival_answer_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("handle", name=op.f("pk_findings")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_findings_case_id")
        ),
    )
    _move()
    op.create_index(op.f("ix_findings_at_ms_handle"), "findings", ["at_ms", "handle"])
    op.create_index(
        op.f("ix_findings_confidence_ppm_at_ms_handle"),
        "findings",
        ["confidence_ppm", "at_ms", "handle"],
    )
    op.create_index(
        op.f("ix_findings_finding_at_ms_handle"),
        "findings",
        ["finding", "at_ms", "handle"],
    )
    op.create_index(
        op.f("ix_findings_finding_confidence_ppm_at_ms_handle"),
        "findings",
        ["finding", "confidence_ppm", "at_ms", "handle"],
    )
    op.create_index(
        op.f("ix_findings_part_at_ms_handle"), "findings", ["part", "at_ms", "handle"]
    )
    op.create_index(
        op.f("ix_findings_departure_carrier_at_ms_handle"),
        "findings",
        ["departure_carrier", "at_ms", "handle"],
    )
    op.create_index(
        op.f("ix_findings_departure_point_at_ms_handle"),
        "findings",
        ["departure_point", "at_ms", "handle"],
    )
    op.create_index(
        op.f("ix_findings_arrival_carrier_at_ms_handle"),
        "findings",
        ["arrival_carrier", "at_ms", "handle"],
    )
    op.create_index(
        op.f("ix_findings_arrival_point_at_ms_handle"),
        "findings",
        ["arrival_point", "at_ms", "handle"],
    )
    op.create_index(
        op.f("ix_findings_case_id_at_ms_handle"),
        "findings",
        ["case_id", "at_ms", "handle"],
    )
    op.create_index(
        op.f("ix_findings_case_id_confidence_ppm_at_ms_handle"),
        "findings",
        ["case_id", "confidence_ppm", "at_ms", "handle"],
    )
    op.create_table(
        "evidence",
        sa.Column("handle", sa.String(24), nullable=False),
        sa.Column("reasons", sa.Text, nullable=False),
        sa.Column("steps", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("handle", name=op.f("pk_evidence")),
    )
    op.create_table(
        "finding_days",
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("departure", sa.String(32), nullable=False),
        sa.Column("arrival", sa.String(32), nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("side", sa.String(16), nullable=False),
        sa.Column("carrier", sa.String(64), nullable=False),
        sa.Column("point", sa.String(64), nullable=False),
        sa.Column("finding", sa.String(32), nullable=False),
        sa.Column("crossings", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint(
            "channel",
            "departure",
            "arrival",
            "day",
            "side",
            "carrier",
            "point",
            "finding",
            name=op.f("pk_finding_days"),
        ),
    )
    op.create_index(
        "ix_finding_days_covering",
        "finding_days",
        [
            *("side", "day", "carrier", "point", "departure", "arrival"),
            *("finding", "crossings"),
        ],
    )
    op.create_table(
        "results",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("departure", sa.String(32), nullable=False),
        sa.Column("arrival", sa.String(32), nullable=False),
        sa.Column("from_ms", sa.BigInteger, nullable=False),
        sa.Column("until_ms", sa.BigInteger, nullable=False),
        sa.Column("taken_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_results")),
    )
    op.create_index(
        op.f("ix_results_channel_from_ms"), "results", ["channel", "from_ms"]
    )
    op.create_table(
        "route_days",
        sa.Column("result", sa.String(16), nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("side", sa.String(16), nullable=False),
        sa.Column("carrier", sa.String(64), nullable=False),
        sa.Column("point", sa.String(64), nullable=False),
        sa.Column("paired", sa.BigInteger, nullable=False),
        sa.Column("late_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint(
            "result", "day", "side", "carrier", "point", name=op.f("pk_route_days")
        ),
        sa.ForeignKeyConstraint(
            ["result"], ["results.id"], name=op.f("fk_route_days_result")
        ),
    )
    op.create_index(
        "ix_route_days_covering",
        "route_days",
        ["day", "side", "carrier", "point", "result", "paired", "late_ms"],
    )
    op.create_table(
        "complete_days",
        sa.Column("result", sa.String(16), nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("side", sa.String(16), nullable=False),
        sa.Column("expected", sa.BigInteger, nullable=False),
        sa.Column("held", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("result", "day", "side", name=op.f("pk_complete_days")),
        sa.ForeignKeyConstraint(
            ["result"], ["results.id"], name=op.f("fk_complete_days_result")
        ),
    )
    _count()


def _move() -> None:
    op.execute(
        f"""INSERT INTO findings (channel, departure, arrival, result, part, {_MOVED})
        SELECT c.channel, c.departure, c.arrival, '',
            CASE WHEN c.state = 'gathering' THEN 'few' ELSE 'case' END,
            {", ".join(f"f.{name.strip()}" for name in _MOVED.split(","))}
        FROM case_findings f JOIN cases c ON c.id = f.case_id"""
    )
    for side in ("departure", "arrival"):
        op.execute(
            f"""UPDATE findings SET {side}_point = coalesce({side}_point, ''),
                {side}_carrier = coalesce({side}_carrier, '')
            WHERE {side}_id IS NOT NULL
                AND ({side}_point IS NULL OR {side}_carrier IS NULL)"""
        )
    op.drop_table("case_findings")


def _count() -> None:
    op.execute(
        """INSERT INTO finding_days (channel, departure, arrival, day, side, carrier,
            point, finding, crossings)
        SELECT channel, departure, arrival, at_ms / 86400000, '', '', '', finding,
            count(*)
        FROM findings GROUP BY 1, 2, 3, 4, 8"""
    )
    for side in ("departure", "arrival"):
        op.execute(
            f"""INSERT INTO finding_days (channel, departure, arrival, day, side,
                carrier, point, finding, crossings)
            SELECT channel, departure, arrival, at_ms / 86400000, '{side}',
                {side}_carrier, {side}_point, finding, count(*)
            FROM findings WHERE {side}_id IS NOT NULL
            GROUP BY 1, 2, 3, 4, 6, 7, 8"""
        )
