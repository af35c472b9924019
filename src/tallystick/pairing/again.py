"""Read open halves a second time and keep what chance and habit leave.

Source: spec/pairing.md, "Second readings".
"""

from typing import Final

import numpy as np
import polars as pl

from tallystick.pairing.finding import FINDING_SCHEMA, evidence, stands_until
from tallystick.pairing.gaps import mark_gaps
from tallystick.pairing.knowledge import spoken_for
from tallystick.pairing.learn import HOUR_MS
from tallystick.pairing.plan import BIN_MS, State
from tallystick.pairing.readings import (
    SHIFTS_MIN,
    candidates_step,
    counts_step,
    reach_ms,
)
from tallystick.pairing.spec import Attribute, Gap, Reading
from tallystick.pairing.step import Engine, Step
from tallystick.pairing.weigh import Background, accept, choose, usual, weigh

DOMESTIC_REACH_MS: Final = 60_000  # a gateway may take long to set the call up


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


def read_again(
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
        reach = reach_ms(state.window)
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
        known = _background(engine, state, reading, amount)
        weighed.append(
            weigh(part, known, step=amount.step if amount else 1).with_columns(
                a_side=pl.lit(reading.against)
            )
        )
    chosen = choose(pl.concat(weighed))
    chosen = _without_gaps(engine, state, chosen, gaps)
    sure = accept(chosen, false_discovery_rate=state.options.false_discovery_rate)
    sure = _beyond_usual(engine, state, sure)
    named = {reading.name: reading for reading in readings}
    rows = [
        _reading_finding(row, named[row["reading"]], amount)
        for row in sure.iter_rows(named=True)
    ]
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
    marked = mark_gaps(
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


def _background(
    engine: Engine, state: State, reading: Reading, amount: Attribute | None
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
        return engine.fetch(
            f"SELECT {amount.name} / {amount.step}.0 AS v FROM reading_{side}"
        )["v"].to_numpy()

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


def _reading_finding(
    row: dict[str, object], reading: Reading, amount: Attribute | None
) -> dict[str, object]:
    """Describe one accepted candidate."""

    def number(name: str) -> float:
        return float(row[name])  # type: ignore[arg-type]

    busy = number("busy")
    same = number("bits_amount") >= 0
    excuse = row["excuse"]
    code = reading.reason or f"{reading.key}_same"
    noun = (amount.noun or amount.name) if amount else "amount"
    alike = f"{noun}_same" if same else f"{noun}_differs"
    gap = number("d_amount") - number("a_amount")
    items = [
        ("prior", number("bits_prior"), {}),
        (
            "time_close",
            number("bits_time") + np.log2(busy),
            {"difference_s": round(number("lag") / 1000, 3)},
        ),
        ("number_busy", -np.log2(busy), {"open_halves": int(busy)}),
        (
            alike,
            number("bits_amount"),
            amount.difference("difference", gap) if amount else {},
        ),
        (reading.support, number("bits_support"), {}),
    ]
    reasons = [code, "time_close", alike]
    if excuse == "usual":
        reasons.append(str(row["kind"]))
    return {
        "kind": "" if excuse else row["kind"],
        "d_row": row["d_row"],
        "a_row": row["a_row"],
        "a_side": row["a_side"],
        "confidence": row["posterior"],
        "reasons": ";".join([*reasons, *([str(excuse)] if excuse else [])]),
        "evidence": evidence(*items),
        "pass": f"{row['reading']}{'_' + str(excuse) if excuse else ''}",
    }
