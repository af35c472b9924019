"""Compare carriers as wholes, where single crossings may stay unnamed.

Source: spec/pairing.md, "Findings".
"""

import polars as pl

from tallystick.pairing.checks import suspected
from tallystick.pairing.missing import Judged
from tallystick.pairing.plan import State
from tallystick.pairing.spec import MISSING_KINDS
from tallystick.pairing.step import Engine


def compare_carriers(
    engine: Engine, state: State, chosen: pl.DataFrame, excused: pl.DataFrame
) -> pl.DataFrame:
    """Compare carriers as wholes, where single crossings may stay unnamed."""
    frames = []
    rings = (
        engine.fetch(
            "SELECT test, carrier, point, ring, sum(n)::BIGINT AS n FROM rings"
            " GROUP BY ALL"
        )
        if state.spec.checks
        else None
    )
    for k, check in enumerate(state.spec.checks):
        if rings is not None:
            part = suspected(rings.filter(pl.col("test") == k))
            frames.append(part.with_columns(kind=pl.lit(check.kind)))
    removed = {r.kind_removed for r in state.spec.readings} - {None}
    lost = excused.filter(pl.col("pass").str.ends_with("_usual"))
    for kind in sorted(str(r) for r in removed):
        rows = pl.concat(
            [
                chosen.filter(pl.col("kind") == kind).select("d_row"),
                lost.filter(pl.col("reasons").str.contains(kind)).select("d_row"),
            ]
        )
        engine.load("lost_rows", rows)
        part = engine.fetch(
            "SELECT carrier, count(*) FILTER (WHERE row IN (SELECT d_row FROM"
            " lost_rows)) AS calls, count(*) AS of FROM"
            f" {state.departures.everything} GROUP BY carrier"
        )
        shares = (part["calls"] / part["of"]).sort()
        usual = float(shares[len(shares) // 4]) if len(shares) >= 3 else 0.0
        frames.append(part.with_columns(usual=pl.lit(usual), kind=pl.lit(kind)))
    schema = {
        "kind": pl.String,
        "side": pl.String,
        "carrier": pl.Int64,
        "calls": pl.Int64,
        "of": pl.Int64,
        "usual": pl.Float64,
    }
    if not frames:
        return pl.DataFrame(schema=schema)
    return (
        pl.concat(
            [
                f.with_columns(side=pl.lit("departures")).select(*schema).cast(schema)  # type: ignore[arg-type]
                for f in frames
            ]
        )
        .group_by("kind", "side", "carrier")
        .agg(pl.col("calls").sum(), pl.col("of").max(), pl.col("usual").sum())
        .sort("kind", "carrier")
    )


def count_alone(engine: Engine, side: str, judged: Judged) -> pl.DataFrame:
    """Count each carrier's completed halves that nothing but loss could explain."""
    kind = MISSING_KINDS[1] if side == "departures" else MISSING_KINDS[0]
    opened = (
        judged.halves.filter("done")
        .group_by("carrier")
        .agg(pl.len().cast(pl.Int64).alias("calls"))
    )
    paired = engine.fetch(
        f"SELECT carrier, sum(n)::BIGINT AS paired FROM cells_{side}"
        " WHERE done GROUP BY carrier"
    )
    return (
        paired.join(opened, on="carrier", how="left")
        .with_columns(pl.col("calls").fill_null(0))
        .select(
            pl.lit(kind).alias("kind"),
            pl.lit(side).alias("side"),
            pl.col("carrier").cast(pl.Int64),
            "calls",
            (pl.col("paired") + pl.col("calls")).alias("of"),
            pl.lit(judged.loss).alias("usual"),
        )
    )
