"""From findings.parquet to what `group` reads.

Source: spec/files.md, "findings.parquet"; spec/cases.md, "Cases of calls".
"""

import polars as pl

from tallystick.cases.grouping import SORTED_SCHEMA, sort_by_rules
from tallystick.domains.calls.cases.table import RANGE_DIGITS, RULES, SURPLUS

_BY_RANGE = tuple(rule.kind for rule in RULES if rule.object == "range")
_ANY = "^[+]?([0-9]*)"
_MAY_LACK = (
    "departure_answered",
    "arrival_answered",
    "departure_answer_ms",
    "arrival_answer_ms",
    "reasons",
    "evidence",
    "crossing",
)


def sort_findings(findings: pl.LazyFrame) -> pl.DataFrame:
    """Say of each finding of calls which kind of case it is part of, and whose.

    Args:
        findings: The rows of findings.parquet; with `evidence` where that is kept.

    Returns:
        SORTED_SCHEMA, `case` and `why`.
    """
    shown = pl.col("arrival_calling").str.extract(_ANY).str.slice(0, RANGE_DIGITS)
    departed, arrived = (
        (pl.col(f"{side}_duration_s") * 1000).round().cast(pl.Int64)
        for side in ("departure", "arrival")
    )
    surplus = (
        pl.when(pl.col("arrival_answered").fill_null(value=True))
        .then((departed - arrived.fill_null(0)).clip(0))
        .otherwise(departed)
    )
    longest = pl.coalesce(departed, arrived, pl.lit(0))
    case, actor, about = sort_by_rules(RULES)
    called = pl.coalesce("departure_called", "arrival_called")
    there = findings.collect_schema().names()
    absent = {name: pl.lit(None, pl.String) for name in _MAY_LACK if name not in there}
    # What only the other side can name is its case to find.
    hidden = pl.col("arrival_id").is_not_null() & pl.col("arrival_calling").is_null()
    return (
        findings.rename({"kind": "finding"})
        .with_columns(**absent)
        .with_columns(
            range=pl.when(shown != "").then("+" + shown).otherwise(pl.lit("absent"))
        )
        .with_columns(
            range=pl.col("range").fill_null("absent"),
            at_ms=pl.coalesce("departure_at_ms", "arrival_at_ms"),
            ms=longest,
            stake_ms=pl.when(pl.col("finding").is_in(SURPLUS))
            .then(surplus)
            .otherwise(longest)
            .fill_null(0),
            departure_ms=departed,
            arrival_ms=arrived,
            toward=called.str.extract(_ANY),
            departure_point=pl.col("departure_trunk"),
            arrival_point=pl.col("arrival_trunk"),
        )
        .with_columns(case=case, actor=actor, object=about)
        .with_columns(
            actor=pl.when(~(hidden & pl.col("case").is_in(_BY_RANGE))).then("actor")
        )
        .with_columns(
            why=pl.when(pl.col("finding") == "unproven")
            .then(pl.lit("unproven"))
            .when(pl.col("case").is_null())
            .then(pl.lit("unknown"))
        )
        .select(*SORTED_SCHEMA, "case", "why")
        .collect()
        .cast(SORTED_SCHEMA)  # type: ignore[arg-type]
    )
