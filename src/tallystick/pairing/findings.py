"""From open halves and broken laws to findings, each with what speaks for it.

Source: spec/pairing.md, "Findings".
"""

import json
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from tallystick.pairing.checks import suspected, weigh_rings
from tallystick.pairing.knowledge import spoken_for
from tallystick.pairing.learn import HOUR_MS
from tallystick.pairing.missing import (
    CELL,
    Judged,
    accept_missing,
    judge,
)
from tallystick.pairing.plan import BIN_MS, State
from tallystick.pairing.readings import SHIFTS_MIN, candidates_step, counts_step
from tallystick.pairing.spec import MISSING_KINDS, UNPROVEN, Gap, Reading
from tallystick.pairing.step import Engine, Step
from tallystick.pairing.weigh import Background, accept, choose, usual, weigh

DOMESTIC_REACH_MS: Final = 60_000  # a gateway may take long to set the call up
_SHARE_OF_ROUTE: Final = 0.005
_THIN_BIN: Final = 0.25  # open share at the lower quartile of carriers
_THIN_LEAST: Final = 8
WORST: Final = 4.0  # no finding stands that is this many times worse than the rate

FINDING_SCHEMA: Final[dict[str, pl.DataType]] = {
    "kind": pl.String(),
    "d_row": pl.Int64(),
    "a_row": pl.Int64(),
    "a_side": pl.String(),
    "confidence": pl.Float64(),
    "reasons": pl.String(),
    "evidence": pl.String(),  # JSON list of [code, bits, detail]
    "pass": pl.String(),
}
"""`conclude` adds `certain`: whether the harm budget covers the finding."""


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
    looped = _loops(engine, state)
    gaps = _gaps(engine, state)
    chosen, excused, possible = _read_again(engine, state, looped, domestic, gaps)
    checked = _check_pairs(engine, state, looped)
    parts = [looped, chosen, checked]
    loss = {}
    alone: list[pl.DataFrame] = []
    for side in ("departures", "arrivals"):
        found, judged = _judge_missing(
            engine, state, side, [*parts, excused], gaps, possible
        )
        parts.append(found)
        alone.append(_alone(engine, side, judged))
        loss["arrivals" if side == "departures" else "departures"] = judged.loss
    return Outcome(
        findings=mark_certain(pl.concat(parts), allowed),
        late_pairs=excused,
        gaps=gaps,
        loss=loss,
        suspected=pl.concat([_suspected(engine, state, chosen, excused), *alone]),
    )


def _alone(engine: Engine, side: str, judged: Judged) -> pl.DataFrame:
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


def _suspected(
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


def _evidence(*items: tuple[str, float, object]) -> str:
    return json.dumps([[c, round(float(b), 3), d] for c, b, d in items])


def _loops(engine: Engine, state: State) -> pl.DataFrame:
    """Name crossings of one key that overlap more often than chance lets them."""
    rule = state.spec.recurrence
    if rule is None:
        return pl.DataFrame(schema=FINDING_SCHEMA)
    rows = engine.fetch(
        "SELECT side, row, max(busy) AS busy, any_value(key_hi) AS key_hi,"
        " any_value(key_lo) AS key_lo FROM all_looping GROUP BY side, row"
    )
    if rows.is_empty():
        return pl.DataFrame(schema=FINDING_SCHEMA)
    cover = [c.to_ms - c.from_ms for c in state.coverage.values()]
    span = max([*cover, HOUR_MS])
    found = rows.group_by("side", "key_hi", "key_lo").agg(pl.len().alias("members"))
    # Chance: that two of the key's crossings start this close, and are as alike as
    # one in twenty crossings are.
    rows = rows.join(found, on=["side", "key_hi", "key_lo"]).with_columns(
        wrong=(
            pl.col("busy")
            * (pl.col("busy") - 1)
            * rule.within_ms
            / span
            * 0.05
            / pl.col("members")
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
            lambda s: _evidence(
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


def _prepare_readings(
    engine: Engine, state: State, looped: pl.DataFrame, domestic: bool
) -> list[Reading]:
    """Make the tables that second readings join."""
    spec, known = state.spec, state.knowledge
    for side, column in (("departures", "d_row"), ("arrivals", "a_row")):
        taken = looped.select(pl.col(column).alias("row")).drop_nulls()
        engine.load("taken", taken)
        engine.run(
            Step(
                f"reading_{side}",
                f"SELECT * FROM {known.with_parts(f'all_open_{side}', side, spec)}"
                f" WHERE row NOT IN (SELECT row FROM taken)"
                f" AND {spoken_for(state, side)}",
            )
        )
    readings = [r for r in spec.readings if domestic or r.against != "domestic"]
    if domestic:
        keys = {r.key for r in readings if r.against == "domestic"}
        wanted = " AND ".join(
            f"{k}_state = 1 AND {k} IN (SELECT {k} FROM reading_departures)"
            for k in keys
        )
        engine.run(
            Step(
                "reading_domestic",
                f"SELECT * FROM {known.with_parts('domestic', 'domestic', spec)}"
                f" WHERE {wanted} AND {spoken_for(state, 'domestic')}",
            )
        )
    for side in ("departures", "arrivals", *(("domestic",) if domestic else ())):
        engine.run_all(counts_step(side, spec))
    engine.load("shifts", pl.DataFrame({"shift": list(SHIFTS_MIN)}))
    return readings


def _read_again(
    engine: Engine,
    state: State,
    looped: pl.DataFrame,
    domestic: bool,
    gaps: list[Gap],
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Find partners by part of the key.

    Returns:
        Findings; clean pairs whose difference is lawful; and how likely each half
        that was left has a partner all the same (`side`, `row`, `possible`).
    """
    spec = state.spec
    empty = pl.DataFrame(schema=FINDING_SCHEMA)
    readings = _prepare_readings(engine, state, looped, domestic)
    none = pl.DataFrame(
        schema={"side": pl.String, "row": pl.Int64, "possible": pl.Float64}
    )
    if not readings:
        return empty, empty, none
    engine.drop("readings")
    amounts = [a for a in spec.attributes if a.cls == "TOL" and a.evidence]
    amount = amounts[0] if amounts else None
    for reading in readings:
        reach = max(state.window.ms, 4 * int(state.window.spread_ms))
        if reading.against == "domestic":
            reach = max(reach, DOMESTIC_REACH_MS)
        engine.run(candidates_step(spec, reading, reach))
    amount_d = f"d_{amount.name}" if amount else "0"
    amount_a = f"a_{amount.name}" if amount else "0"
    found = engine.fetch(
        f"SELECT *, {amount_d} AS d_amount, {amount_a} AS a_amount FROM readings"
    )
    if found.is_empty():
        return empty, empty, none
    weighed = []
    for reading in readings:
        part = found.filter(pl.col("reading") == reading.name)
        if part.is_empty():
            continue
        known = _background(engine, state, reading, amount.name if amount else None)
        weighed.append(
            weigh(part, known, step=amount.step if amount else 1).with_columns(
                a_side=pl.lit(reading.against)
            )
        )
    chosen = choose(pl.concat(weighed))
    chosen = _without_gaps(engine, state, chosen, gaps)
    sure = accept(chosen, false_discovery_rate=state.options.false_discovery_rate)
    sure = _beyond_usual(engine, state, sure)
    rows = [_reading_finding(row) for row in sure.iter_rows(named=True)]
    both = pl.DataFrame(rows, schema=FINDING_SCHEMA) if rows else empty
    left = _possible(chosen, sure)
    return both.filter(pl.col("kind") != ""), both.filter(pl.col("kind") == ""), left


def _without_gaps(
    engine: Engine, state: State, chosen: pl.DataFrame, gaps: list[Gap]
) -> pl.DataFrame:
    """Drop domestic candidates whose departure falls into a gap of the arrivals.

    The departure may well have arrived and its record be missing; a domestic half
    that happens to fit must not speak against it there.
    """
    marked = _mark_gaps(
        engine,
        state,
        chosen.with_columns(
            pl.col("d_t").alias("t"),
            (pl.col("d_t") + pl.col("d_end_ms").fill_null(0)).alias("t_end"),
            pl.col("d_carrier").cast(pl.Int64).alias("carrier"),
            pl.col("d_point").cast(pl.Int64).alias("point"),
            pl.lit(None, pl.String).alias("why"),
        ),
        "arrivals",
        "d",
        gaps,
    )
    return marked.filter(
        (pl.col("a_side") != "domestic") | pl.col("why").is_null()
    ).drop("t", "t_end", "carrier", "point", "why")


def _possible(chosen: pl.DataFrame, sure: pl.DataFrame) -> pl.DataFrame:
    """Return how likely halves of candidates that do not stand are partners."""
    doubtful = chosen.filter(pl.col("shift") == 0).join(
        sure, on=["d_row", "a_row", "a_side"], how="anti"
    )
    sides = (
        ("departures", "d_row", doubtful),
        ("arrivals", "a_row", doubtful.filter(pl.col("a_side") == "arrivals")),
    )
    return pl.concat(
        [
            frame.select(
                pl.lit(side).alias("side"),
                pl.col(column).alias("row"),
                pl.col("posterior").alias("possible"),
            )
            for side, column, frame in sides
        ]
    )


def _beyond_usual(engine: Engine, state: State, sure: pl.DataFrame) -> pl.DataFrame:
    """Excuse crossings whose difference is as common with every other carrier."""
    volume = engine.fetch(
        "SELECT carrier, sum(n)::BIGINT AS n FROM (SELECT d_carrier AS carrier, n"
        " FROM flows UNION ALL SELECT carrier, 1 FROM all_open_departures)"
        " GROUP BY carrier"
    )
    classed = sure.with_columns(
        pl.concat_str("kind", pl.col("declared").cast(pl.String)).alias("class")
    )
    named = usual(classed.filter(pl.col("excuse").is_null()), volume)
    kept = [classed.filter(pl.col("excuse").is_not_null())]
    for _, part in named.group_by("kind", maintain_order=True):
        ranked = part.sort("usual", "bits", descending=[False, True])
        last = stands_until(
            ranked["usual"].to_numpy(), state.options.false_discovery_rate
        )
        kept.append(
            ranked.drop("usual").with_columns(
                excuse=pl.when(pl.int_range(pl.len()) >= last)
                .then(pl.lit("usual"))
                .otherwise("excuse")
            )
        )
    return pl.concat(kept, how="vertical_relaxed")


def stands_until(wrong: np.ndarray, rate: float) -> int:
    """Return how many of the surest stand.

    Args:
        wrong: Probability that each is wrong, the surest first.
        rate: Largest expected share of wrong ones; the last may be no worse than
            `WORST` times that.
    """
    share = np.cumsum(wrong) / np.arange(1, len(wrong) + 1)
    good = (share <= rate) & (wrong <= WORST * rate)
    return int(np.flatnonzero(good)[-1]) + 1 if good.any() else 0


def _background(
    engine: Engine, state: State, reading: Reading, amount: str | None
) -> Background:
    hours = engine.fetch(
        f"SELECT bin * {BIN_MS} // {HOUR_MS} AS hour, sum(n)::DOUBLE AS n"
        f" FROM flows GROUP BY hour"
    )
    total = max(float(hours["n"].sum()), 1.0)
    by_carrier = engine.fetch(
        "SELECT carrier, count(*) AS n FROM reading_departures GROUP BY carrier"
    )
    part = state.spec.parts[0]
    support = (
        engine.fetch(
            f"SELECT {part} AS value, count(*) AS n FROM reading_domestic"
            f" GROUP BY value"
        )
        if reading.against == "domestic"
        else pl.DataFrame({"value": [0], "n": [1]})
    )

    def amounts(side: str) -> np.ndarray:
        if amount is None:
            return np.zeros(0)
        return engine.fetch(f"SELECT {amount} / 1000.0 AS v FROM reading_{side}")[
            "v"
        ].to_numpy()

    agreement = np.zeros(9)
    if amount is not None:
        seen = engine.fetch("SELECT class, sum(n) AS n FROM agreement GROUP BY class")
        agreement[seen["class"].to_numpy()] = seen["n"].to_numpy()
    return Background(
        lags=state.lags,
        amounts_d=amounts("departures"),
        amounts_a=amounts(reading.against),
        agreement=agreement,
        profile={int(h): float(n) / total for h, n in hours.iter_rows()},
        open_departures=dict(by_carrier.iter_rows()),
        open_support=dict(support.iter_rows()),
    )


def _reading_finding(row: dict[str, object]) -> dict[str, object]:
    """Describe one accepted candidate."""

    def number(name: str) -> float:
        return float(row[name])  # type: ignore[arg-type]

    domestic = row["a_side"] == "domestic"
    busy = number("busy")
    same = number("bits_amount") >= 0
    excuse = row["excuse"]
    code = "called_number_same"
    if row["reading"] == "calling":
        code = "calling_number_same"
    items = [
        ("prior", number("bits_prior"), {}),
        (
            "time_close",
            number("bits_time") + np.log2(busy),
            {"difference_s": round(number("lag") / 1000, 3)},
        ),
        ("number_busy", -np.log2(busy), {"open_halves": int(busy)}),
        (
            "duration_same" if same else "duration_differs",
            number("bits_amount"),
            {
                "difference_s": round(
                    (number("d_amount") - number("a_amount")) / 1000, 3
                )
            },
        ),
        (
            "sim_support" if domestic else "carrier_support",
            number("bits_support"),
            {},
        ),
    ]
    reasons = [code, "time_close", "duration_same" if same else "duration_differs"]
    if excuse == "usual":
        reasons.append(str(row["kind"]))
    return {
        "kind": "" if excuse else row["kind"],
        "d_row": row["d_row"],
        "a_row": row["a_row"],
        "a_side": row["a_side"],
        "confidence": row["posterior"],
        "reasons": ";".join([*reasons, *([str(excuse)] if excuse else [])]),
        "evidence": _evidence(*items),
        "pass": f"{row['reading']}{'_' + str(excuse) if excuse else ''}",
    }


def _check_pairs(engine: Engine, state: State, looped: pl.DataFrame) -> pl.DataFrame:
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
    codes = {
        "departure_only": "answered_not_there",
        "departure_earlier": "answered_early",
        "departure_exceeds": "billed_longer",
    }
    rows = [
        {
            "kind": r["kind"],
            "d_row": r["d_row"],
            "a_row": r["a_row"],
            "a_side": "arrivals",
            "confidence": 1 - r["wrong"],
            "reasons": f"{codes[spec.checks[r['test']].test]};carrier_support",
            "evidence": _evidence(
                (
                    codes[spec.checks[r["test"]].test],
                    r["bits"],
                    {"excess_s": round(r["excess"] / 1000, 3)},
                )
            ),
            "pass": None,
        }
        for r in kept.iter_rows(named=True)
    ]
    return pl.DataFrame(rows, schema=FINDING_SCHEMA) if rows else empty


def _by_corrected_clock(state: State, gap: Gap) -> Gap:
    """Move a gap from the clock of the side that declares it to corrected time.

    A gap of one trunk goes by that trunk's clock, any other by the side's usual one.
    """
    names = state.input(gap.side).points
    clocks = state.clocks.table.filter(
        pl.col("side") == gap.side, pl.col("block").is_null()
    )
    if gap.point in names:
        own = clocks.filter(pl.col("point") == names.index(gap.point))
        clocks = clocks if own.is_empty() else own
    if clocks.is_empty():
        return gap
    fast_ms = round(float(np.median(clocks["offset_ms"].to_numpy())))
    return replace(gap, from_ms=gap.from_ms - fast_ms, to_ms=gap.to_ms - fast_ms)


def _gaps(engine: Engine, state: State) -> list[Gap]:
    """Collect where either side's record is not complete."""
    gaps = [_by_corrected_clock(state, gap) for gap in state.options.declared_gaps]
    for side, cover in state.coverage.items():
        gaps += cover.gaps
        serials = state.serials[side]
        wide = serials.brackets.filter(
            (pl.col("missing") >= 20)
            | (
                (pl.col("missing") >= 3)
                & (pl.col("to_ms") - pl.col("from_ms") > 60_000)
            )
        )
        gaps += [
            Gap(side=side, from_ms=low, to_ms=high, point=None, why="serial")
            for low, high in wide.select("from_ms", "to_ms").iter_rows()
        ]
        gaps += _thin_bins(engine, side)
    return sorted(gaps, key=lambda g: (g.side, g.from_ms, g.point or ""))


def _thin_bins(engine: Engine, side: str) -> list[Gap]:
    """Find ten minutes in which nearly every carrier's halves lack partners here."""
    other, short = ("arrivals", "a") if side == "departures" else ("departures", "d")
    frame = engine.fetch(
        f"SELECT bin, carrier, sum(u) AS u, sum(p) AS p FROM"
        f" (SELECT t // {BIN_MS} AS bin, carrier, count(*) AS u, 0 AS p"
        f" FROM all_open_{other} GROUP BY ALL UNION ALL"
        f" SELECT bin, {short}_carrier, 0, sum(n) FROM flows GROUP BY ALL)"
        f" GROUP BY ALL HAVING sum(u) + sum(p) >= {_THIN_LEAST}"
    )
    out = []
    for (start,), part in frame.group_by("bin"):
        if part.height < 3:
            continue
        share = (part["u"] / (part["u"] + part["p"])).to_numpy()
        volume = (part["u"] + part["p"]).to_numpy().astype(float)
        order = np.argsort(share)
        at = np.searchsorted(np.cumsum(volume[order]), 0.25 * volume.sum())
        if share[order][at] >= _THIN_BIN:
            low = int(str(start)) * BIN_MS
            out.append(
                Gap(
                    side=side,
                    from_ms=low,
                    to_ms=low + BIN_MS,
                    point=None,
                    why="silence",
                )
            )
    return out


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
    halves = _mark_incomplete(engine, state, halves, peer, short, gaps)
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
            "evidence": _evidence(("peer_incomplete", 0.0, {"why": r["why"]})),
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
        "evidence": _evidence(*items),
    }


def _mark_incomplete(
    engine: Engine,
    state: State,
    halves: pl.DataFrame,
    peer: str,
    short: str,
    gaps: list[Gap],
) -> pl.DataFrame:
    """Add `why`: why the peer's record cannot speak about a half; null if it can."""
    slack = state.window.ms
    cover = state.coverage[peer]
    why = (
        pl.when(pl.col("sibling"))
        .then(pl.lit("same_key_near"))
        .when(~pl.col("known"))
        .then(pl.lit("number_absent"))
        .when(
            (pl.col("t") < cover.from_ms + 60_000 + slack)
            | (pl.col("t") > cover.to_ms - 60_000 - slack)
        )
        .then(pl.lit("edge"))
    )
    return _mark_gaps(engine, state, halves.with_columns(why=why), peer, short, gaps)


def _mark_gaps(
    engine: Engine,
    state: State,
    halves: pl.DataFrame,
    peer: str,
    short: str,
    gaps: list[Gap],
) -> pl.DataFrame:
    """Fill `why` where it is null and a half falls into one of the peer's gaps.

    Args:
        engine: Knows over which trunks carriers are seen.
        state: The plan's state.
        halves: With `t`, `t_end`, `carrier`, `point` and `why`.
        peer: Whose gaps count.
        short: `d` if the halves are departures, `a` if they are arrivals.
        gaps: Where either side's record is not complete.
    """
    slack = state.window.ms
    routes = _routes(engine, peer, short) if any(g.point for g in gaps) else None
    names = {name: i for i, name in enumerate(state.input(peer).points)}
    for gap in gaps:
        if gap.side != peer:
            continue
        low, high = gap.from_ms - slack, gap.to_ms + slack
        inside = pl.col("t").is_between(low, high) | pl.col("t_end").is_between(
            low, high
        )
        if gap.point is not None and routes is not None:
            code = names.get(gap.point, -1)
            over = routes.filter(pl.col("to") == code)
            keys = over.select(pl.col("carrier") * 100_000 + pl.col("point"))
            inside &= (pl.col("carrier") * 100_000 + pl.col("point")).is_in(
                keys.to_series().implode()
            )
        halves = halves.with_columns(
            why=pl.when(pl.col("why").is_null() & inside)
            .then(pl.lit(gap.why))
            .otherwise(pl.col("why"))
        )
    return halves


def _routes(engine: Engine, peer: str, short: str) -> pl.DataFrame:
    """Return over which of the peer's trunks each carrier and trunk is seen."""
    far = "a" if peer == "arrivals" else "d"
    frame = engine.fetch(
        f"SELECT {short}_carrier AS carrier, {short}_point AS point,"
        f' {far}_point AS "to", sum(n)::DOUBLE AS n FROM flows GROUP BY ALL'
    )
    return frame.filter(
        pl.col("n") >= _SHARE_OF_ROUTE * pl.col("n").sum().over("carrier", "point")
    ).with_columns(pl.col("carrier").cast(pl.Int64), pl.col("point").cast(pl.Int64))
