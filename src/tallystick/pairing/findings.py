"""From open halves and broken laws to findings, each with what speaks for it.

Source: spec/pairing.md, "Findings".
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from tallystick.pairing.again import read_again
from tallystick.pairing.carriers import compare_carriers, count_alone
from tallystick.pairing.checks import weigh_rings
from tallystick.pairing.finding import FINDING_SCHEMA, evidence, stands_until
from tallystick.pairing.gaps import find_gaps, mark_incomplete
from tallystick.pairing.learn import HOUR_MS
from tallystick.pairing.missing import (
    CELL,
    Judged,
    accept_missing,
    judge,
)
from tallystick.pairing.plan import State
from tallystick.pairing.spec import MISSING_KINDS, UNPROVEN, Gap
from tallystick.pairing.step import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Everything the plan concludes.

    Attributes:
        findings: FINDING_SCHEMA, one row per crossing that did not pair cleanly.
        late_pairs: Clean pairs that a second reading found: `d_row`, `a_row`, `lag`,
            `pass`.
        gaps: Where a side's record is not complete.
        loss: Baseline share of lost records, by the side that lost them.
        suspected: How often carriers show a kind, whether or not single crossings
            can be named: `kind`, `side`, `carrier`, `calls`, `of`, `usual`.
    """

    findings: pl.DataFrame
    late_pairs: pl.DataFrame
    gaps: list[Gap]
    loss: dict[str, float]
    suspected: pl.DataFrame


def conclude(engine: Engine, state: State, *, domestic: bool) -> Outcome:
    """Read again, check, and judge everything the first pass left open.

    Args:
        engine: Holds the tables that `pair_all` made, and, if `domestic`, the table
            `domestic` of domestic halves (loaded as by `load_side_step`).
        state: With completeness learned.
        domestic: Whether domestic halves are read.
    """
    total = max(state.departures.rows, state.arrivals.rows)
    allowed = state.options.accused_per_million * max(total / 1e6, 0.1)
    looped = find_loops(engine, state)
    gaps = find_gaps(engine, state)
    chosen, excused, possible = read_again(engine, state, looped, domestic, gaps)
    checked = check_pairs(engine, state, looped)
    parts = [looped, chosen, checked]
    loss = {}
    alone: list[pl.DataFrame] = []
    for side in ("departures", "arrivals"):
        found, judged = _judge_missing(
            engine, state, side, [*parts, excused], gaps, possible
        )
        parts.append(found)
        alone.append(count_alone(engine, side, judged))
        loss["arrivals" if side == "departures" else "departures"] = judged.loss
    return Outcome(
        findings=mark_certain(pl.concat(parts), allowed),
        late_pairs=excused,
        gaps=gaps,
        loss=loss,
        suspected=pl.concat([compare_carriers(engine, state, chosen, excused), *alone]),
    )


def mark_certain(findings: pl.DataFrame, allowed: float) -> pl.DataFrame:
    """Mark the surest findings whose expected number of wrong ones is allowed.

    The rest are indications: their expected share of wrong ones keeps the false
    discovery rate, but nobody should act on a single one of them.
    """
    order = findings.sort(
        "confidence", "kind", "d_row", "a_row", descending=[True, False, False, False]
    )
    accusing = pl.col("kind") != UNPROVEN
    wrong = pl.when(accusing).then(1 - pl.col("confidence")).otherwise(0.0)
    # Equally sure ones are certain together or not at all.
    return (
        order.with_columns(total=wrong.cum_sum())
        .with_columns(pl.col("total").max().over("confidence"))
        .with_columns(certain=accusing & (pl.col("total") <= allowed))
        .drop("total")
    )


def find_loops(engine: Engine, state: State) -> pl.DataFrame:
    """Name crossings of one key that overlap more often than chance lets them."""
    rule = state.spec.recurrence
    if rule is None:
        return pl.DataFrame(schema=FINDING_SCHEMA)
    rows = engine.fetch(
        "SELECT side, row, max(busy) AS busy, any_value(key_hi) AS key_hi,"
        " any_value(key_lo) AS key_lo, min(t) AS t, max(t_end) AS t_end"
        " FROM all_looping GROUP BY side, row"
    )
    if rows.is_empty():
        return pl.DataFrame(schema=FINDING_SCHEMA)
    cover = [c.to_ms - c.from_ms for c in state.coverage.values()]
    span = max([*cover, HOUR_MS])
    key = ("side", "key_hi", "key_lo")
    rows = (
        rows.sort(*key, "t", "t_end", "row")
        .with_columns(until=pl.col("t_end").cum_max().shift(1).over(key))
        # What begins after all before it has ended is another loop.
        .with_columns(
            (pl.col("t") > pl.col("until") + rule.tolerance)
            .fill_null(value=False)
            .cum_sum()
            .over(key)
            .alias("cluster")
        )
        .with_columns(members=pl.len().over(*key, "cluster"))
    )
    # Chance: that so many more of the key's crossings start this close to one, each
    # as much like it as one in twenty crossings are.
    near = (pl.col("busy") * rule.within_ms / span * 0.05).clip(0.0, 1.0)
    rows = rows.with_columns(
        wrong=(
            pl.col("busy") * near ** (pl.col("members") - 1) / pl.col("members")
        ).clip(1e-6, 1.0)
    )
    sure = rows.filter(pl.col("wrong") <= state.options.false_discovery_rate)
    engine.load("sure_loops", sure.select("side", "row", "wrong", "members"))
    pairs = engine.fetch(
        "SELECT d_row, a_row, least(coalesce(d.wrong, 1), coalesce(a.wrong, 1)) AS"
        " wrong, greatest(coalesce(d.members, 1), coalesce(a.members, 1)) AS members"
        " FROM (SELECT DISTINCT d_row, a_row FROM looping_pairs) p"
        " LEFT JOIN sure_loops d ON d.side = 'departures' AND d.row = d_row"
        " LEFT JOIN sure_loops a ON a.side = 'arrivals' AND a.row = a_row"
        " WHERE d.row IS NOT NULL OR a.row IS NOT NULL"
    ).with_columns(a_side=pl.lit("arrivals"))
    alone = engine.fetch(
        "SELECT CASE WHEN side = 'departures' THEN row END AS d_row,"
        " CASE WHEN side = 'arrivals' THEN row END AS a_row, wrong, members FROM"
        " sure_loops l WHERE (side = 'departures' AND row IN"
        " (SELECT row FROM all_open_departures)) OR (side = 'arrivals' AND row IN"
        " (SELECT row FROM all_open_arrivals))"
    ).with_columns(
        a_side=pl.when(pl.col("a_row").is_not_null()).then(pl.lit("arrivals"))
    )
    both = pl.concat([pairs, alone.select(pairs.columns)], how="vertical_relaxed")
    return both.select(
        pl.lit(rule.kind).alias("kind"),
        pl.col("d_row").cast(pl.Int64),
        pl.col("a_row").cast(pl.Int64),
        pl.col("a_side").cast(pl.String),
        (1 - pl.col("wrong")).alias("confidence"),
        pl.lit("repeated_crossing;overlap").alias("reasons"),
        pl.struct("wrong", "members")
        .map_elements(
            lambda s: evidence(
                (
                    "repeated_crossing",
                    -np.log2(s["wrong"]),
                    {"crossings": s["members"]},
                )
            ),
            return_dtype=pl.String,
        )
        .alias("evidence"),
        pl.lit(None, pl.String).alias("pass"),
    )


def check_pairs(engine: Engine, state: State, looped: pl.DataFrame) -> pl.DataFrame:
    """Name pairs that break a law beyond what is usual."""
    spec = state.spec
    empty = pl.DataFrame(schema=FINDING_SCHEMA)
    if not spec.checks:
        return empty
    rings = engine.fetch(
        "SELECT test, carrier, point, ring, sum(n)::BIGINT AS n FROM rings GROUP BY ALL"
    )
    broken = engine.fetch("SELECT * FROM broken")
    if broken.is_empty():
        return empty
    taken = looped["d_row"].drop_nulls()
    broken = broken.filter(~pl.col("d_row").is_in(taken.implode()))
    named: list[pl.DataFrame] = []
    for k, check in enumerate(spec.checks):
        usual = weigh_rings(rings.filter(pl.col("test") == k).drop("test"))
        part = (
            broken.filter(pl.col(f"ring{k}") > 0)
            .join(
                usual,
                left_on=["d_carrier", "d_point", f"ring{k}"],
                right_on=["carrier", "point", "ring"],
            )
            .select(
                pl.lit(check.kind).alias("kind"),
                pl.lit(k).alias("test"),
                "d_row",
                "a_row",
                "d_t",
                "wrong",
                "bits",
                pl.col(f"x{k}").alias("excess"),
            )
        )
        named.append(part)
    every = pl.concat(named, how="vertical_relaxed")
    order = {kind: i for i, kind in enumerate(spec.order)}
    every = (
        every.with_columns(place=pl.col("kind").replace_strict(order, default=99))
        .sort("place", "wrong", "test")
        .unique(["kind", "d_row"], keep="first", maintain_order=True)
    )
    out = []
    for kind in dict.fromkeys(c.kind for c in spec.checks):
        # Of equally odd pairs the earliest stand, in whatever order they were read.
        part = every.filter(pl.col("kind") == kind).sort("wrong", "d_t", "d_row")
        last = stands_until(
            part["wrong"].to_numpy(), state.options.false_discovery_rate
        )
        out.append(part.head(last))
    kept = (
        pl.concat(out)
        .sort("place", "wrong")
        .unique(["d_row"], keep="first", maintain_order=True)
    )
    codes = [check.reason or check.test for check in spec.checks]
    measures = {a.name: a for a in spec.attributes}
    rows = [
        {
            "kind": r["kind"],
            "d_row": r["d_row"],
            "a_row": r["a_row"],
            "a_side": "arrivals",
            "confidence": 1 - r["wrong"],
            "reasons": f"{codes[r['test']]};carrier_support",
            "evidence": evidence(
                (
                    codes[r["test"]],
                    r["bits"],
                    measures[spec.checks[r["test"]].attribute].difference(
                        "excess", r["excess"]
                    ),
                )
            ),
            "pass": None,
        }
        for r in kept.iter_rows(named=True)
    ]
    return pl.DataFrame(rows, schema=FINDING_SCHEMA) if rows else empty


def _judge_missing(
    engine: Engine,
    state: State,
    side: str,
    explained: list[pl.DataFrame],
    gaps: list[Gap],
    possible: pl.DataFrame,
) -> tuple[pl.DataFrame, Judged]:
    """Name, or leave unproven, the halves of a side that nothing else explains."""
    peer, column, short = (
        ("arrivals", "d_row", "d")
        if side == "departures"
        else ("departures", "a_row", "a")
    )
    kind = MISSING_KINDS[1] if side == "departures" else MISSING_KINDS[0]
    state.knowledge.company(engine, state, side)
    halves = engine.fetch(f"SELECT * FROM company_{side}")
    for frame in explained:
        rows = frame.filter(
            pl.col("a_side").is_null() | (pl.col("a_side") == "arrivals")
            if side == "arrivals"
            else pl.lit(value=True)
        )[column].drop_nulls()
        halves = halves.filter(~pl.col("row").is_in(rows.implode()))
    halves = mark_incomplete(engine, state, halves, peer, short, gaps)
    paired = engine.fetch(f"SELECT * FROM cells_{side}")
    open_to_judge = halves.filter(pl.col("why").is_null())
    judged = judge(
        open_to_judge,
        paired.select(*CELL, "n"),
        serials=state.serials[peer],
        lags=state.lags,
    )
    judged = judged.with_possible(
        possible.filter(pl.col("side") == side).select("row", "possible")
    )
    named = accept_missing(
        judged.halves, false_discovery_rate=state.options.false_discovery_rate
    )
    complete = state.serials[peer].usable
    said = [
        _missing_finding(r, kind, column, complete) for r in named.iter_rows(named=True)
    ]
    said += [
        {
            "kind": UNPROVEN,
            column: r["row"],
            "confidence": 0.0,
            "reasons": f"peer_incomplete;{r['why']}",
            "evidence": evidence(("peer_incomplete", 0.0, {"why": r["why"]})),
        }
        for r in halves.filter(pl.col("why").is_not_null())
        .select("row", "why")
        .iter_rows(named=True)
    ]
    found = pl.DataFrame(said, schema=FINDING_SCHEMA)
    if side == "arrivals":
        found = found.with_columns(a_side=pl.lit("arrivals"))
    return found, judged


def _missing_finding(
    row: dict[str, object], kind: str, column: str, serials: bool
) -> dict[str, object]:
    """Describe one open half that was judged."""
    wrong = float(row["wrong"])  # type: ignore[arg-type]
    company = float(row["bits_company"])  # type: ignore[arg-type]
    serial = float(row["bits_serial"])  # type: ignore[arg-type]
    alone = row["partnered"] == 0 and int(row["open_near"]) > 0  # type: ignore[call-overload]
    items: list[tuple[str, float, dict[str, object]]] = [
        (
            "number_unpaired_only" if alone else "baseline_loss",
            company,
            {"open": row["open_near"], "paired": row["partnered"]},
        )
    ]
    if serials:
        items.append(("serial_complete" if serial > 0 else "serial_gap", serial, {}))
    reasons = [items[0][0], *([items[1][0]] if serials else ["carrier_support"])]
    return {
        "kind": kind if row["named"] else UNPROVEN,
        column: row["row"],
        "confidence": 1 - wrong,
        "reasons": ";".join(reasons),
        "evidence": evidence(*items),
    }
