"""The batch plan: from two sides' halves to pairs and findings.

1. Learn clocks and the window from a sample of buckets.
2. Pair each bucket by full keys; set aside what habits explain; check the pairs.
3. Read what is open a second time, by part of the key, against chance.
4. Judge what is still open against losses; where a record is not complete, say so.

The plan knows no domain: the spec says what is compared. It performs no input or
output but through the engine and the callbacks it is given.

Source: spec/pairing.md, "The plan".
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import polars as pl

from tallystick.pairing.checks import increments, increments_step, ring_steps
from tallystick.pairing.completeness import (
    Coverage,
    Serials,
    coverage,
    minutes_step,
)
from tallystick.pairing.exact import forget_repeats, load_side_step, pair_bucket
from tallystick.pairing.knowledge import Knowledge
from tallystick.pairing.learn import (
    DECOY_SHIFTS_H,
    HOUR_MS,
    MIN_NEAR,
    THIN,
    Clocks,
    Window,
    choose_window,
    learn_clocks,
    lone_lags,
    lone_pairs_step,
    near_pairs_step,
    near_step,
)
from tallystick.pairing.leftovers import tidy_bucket
from tallystick.pairing.spec import Attribute, Options, PairingSpec
from tallystick.pairing.step import Engine, Step

SAMPLE_HALVES: Final = 3_000_000
BIN_MS: Final = 600_000  # flows are kept by ten minutes
SIDES: Final = ("departures", "arrivals")


@dataclass(frozen=True, slots=True, kw_only=True)
class SideInput:
    """One side's halves as the engine can read them.

    Attributes:
        side: `departures`, `arrivals` or `domestic`.
        sources: One table expression per bucket; `None` where a bucket is empty.
        rows: How many halves there are.
        points: Names of the trunks, by code.
        carriers: Names of the carriers, by code.
    """

    side: str
    sources: tuple[str | None, ...]
    rows: int
    points: tuple[str, ...]
    carriers: tuple[str, ...]

    @property
    def everything(self) -> str:
        """A table expression over all buckets."""
        some = [source for source in self.sources if source is not None]
        union = " UNION ALL ".join(f"SELECT * FROM {source}" for source in some)
        return f"({union})"


@dataclass(slots=True, kw_only=True)
class State:
    """What the plan has learned so far; every step adds to it."""

    spec: PairingSpec
    options: Options
    departures: SideInput
    arrivals: SideInput
    clocks: Clocks
    window: Window
    lags: np.ndarray
    knowledge: Knowledge = field(default_factory=Knowledge)
    counts: dict[str, int] = field(default_factory=dict)
    coverage: dict[str, Coverage] = field(default_factory=dict)
    serials: dict[str, Serials] = field(default_factory=dict)

    def input(self, side: str) -> SideInput:
        """Return the input of a side."""
        return self.departures if side == "departures" else self.arrivals


def learn(
    engine: Engine,
    spec: PairingSpec,
    options: Options,
    departures: SideInput,
    arrivals: SideInput,
) -> State:
    """Learn clocks, window and billing increments from a sample of buckets.

    Buckets are drawn by key, so that any of them is a random sample of crossings.
    """
    sides = (departures, arrivals)
    engine.drop("lone_pairs", "increments_seen")
    sampled: list[int] = []
    halves = 0
    for bucket in range(len(departures.sources)):
        sources = [side.sources[bucket] for side in sides]
        if any(source is None for source in sources):
            continue
        engine.run(lone_pairs_step(str(sources[0]), str(sources[1]), spec.horizon_ms))
        sampled.append(bucket)
        halves += departures.rows // len(departures.sources)
        if halves >= SAMPLE_HALVES:
            break
    if not sampled:
        engine.load(
            "lone_pairs",
            pl.DataFrame(
                schema={
                    "d_point": pl.Int32,
                    "a_point": pl.Int32,
                    "d_at": pl.Int64,
                    "a_at": pl.Int64,
                }
            ),
        )
    clocks = learn_clocks(engine)
    set_clocks(engine, clocks.table)
    count = len(departures.points) + len(arrivals.points)
    if len(sampled) == 1 and clocks.report["pairs"].sum() < THIN * count:
        clocks = _learn_thin_clocks(engine, spec, sides, sampled[0])
    window, lags = _learn_window(engine, spec, options, sides, sampled)
    amount = _rounded(spec)
    engine.load(
        "increments",
        increments(engine.fetch("SELECT * FROM increments_seen"), amount)
        if sampled and amount is not None
        else pl.DataFrame(
            schema={"side": pl.String, "carrier": pl.Int32, "increment": pl.Int64}
        ),
    )
    return State(
        spec=spec,
        options=options,
        departures=departures,
        arrivals=arrivals,
        clocks=clocks,
        window=window,
        lags=lags,
    )


def _learn_thin_clocks(
    engine: Engine, spec: PairingSpec, sides: tuple[SideInput, SideInput], bucket: int
) -> Clocks:
    """Learn clocks from near pairs, where too few keys occur once."""
    none = pl.DataFrame(
        schema={
            "side": pl.String,
            "point": pl.Int64,
            "block": pl.Int64,
            "offset_ms": pl.Float64,
        }
    )
    set_clocks(engine, none)
    for side in sides:
        engine.run(load_side_step(side.side, str(side.sources[bucket]), spec))
        forget_repeats(engine, side.side)
    engine.run(near_pairs_step(spec.horizon_ms))
    clocks = learn_clocks(engine, least=MIN_NEAR)
    set_clocks(engine, clocks.table)
    return clocks


def set_clocks(engine: Engine, table: pl.DataFrame) -> None:
    """Give the engine the clock corrections, and the typical one of each side."""
    engine.load("clocks", table)
    typical = pl.DataFrame(
        {
            "side": [*SIDES, "domestic"],
            "offset_ms": [
                float(
                    table.filter(pl.col("side") == side, pl.col("block").is_null())[
                        "offset_ms"
                    ].median()
                    or 0.0  # type: ignore[arg-type]
                )
                for side in (*SIDES, "arrivals")
            ],
        }
    )
    engine.load("clock_typical", typical)


def _amount(spec: PairingSpec) -> str | None:
    """Return the first measured attribute: what a crossing amounts to."""
    return next((a.name for a in spec.attributes if a.cls == "TOL"), None)


def _rounded(spec: PairingSpec) -> Attribute | None:
    """Return the attribute that keepers round up, if the domain knows of one."""
    return next((a for a in spec.attributes if a.increments), None)


def _learn_window(
    engine: Engine,
    spec: PairingSpec,
    options: Options,
    sides: tuple[SideInput, SideInput],
    sampled: list[int],
) -> tuple[Window, np.ndarray]:
    unequal = next(
        (f"d.{a.name} <> a.{a.name}" for a in spec.attributes if a.cls == "EQ"), "false"
    )
    differ = 0
    genuine: list[np.ndarray] = []
    decoys: list[np.ndarray] = []
    for bucket in sampled:
        for side in sides:
            source = side.sources[bucket]
            engine.run(load_side_step(side.side, str(source), spec))
            forget_repeats(engine, side.side)
            if amount := _rounded(spec):
                engine.run(increments_step(side.side, amount))
        # A shift must leave no true pair within the horizon.
        unit_ms = max(HOUR_MS, spec.horizon_ms)
        engine.run(near_step(spec.horizon_ms, unit_ms, unequal))
        near = engine.fetch("SELECT * FROM near")
        engine.drop("near")
        found = lone_lags(near, spec.horizon_ms)
        genuine.append(found["lag"].to_numpy())
        differ += int(found["unequal"].sum())
        for shift in DECOY_SHIFTS_H:
            chance = lone_lags(near, spec.horizon_ms, shift * unit_ms)
            decoys.append(chance["lag"].to_numpy())
    none = np.zeros(0, dtype=np.int64)
    lags = np.concatenate(genuine) if genuine else none
    share = max(len(sampled), 1) / max(len(sides[0].sources), 1)
    window = choose_window(
        lags,
        np.concatenate(decoys) if decoys else none,
        shifts=len(DECOY_SHIFTS_H),
        horizon_ms=spec.horizon_ms,
        scale=1 / share,
    )
    window = replace(window, unequal=(differ + 1) / (len(lags) + 10))
    if options.window_ms is not None:
        window = window.at(options.window_ms)
    return window, lags[np.abs(lags) <= window.ms]


def pair_all(
    engine: Engine,
    state: State,
    *,
    on_pairs: Callable[[str], None],
    on_bucket: Callable[[int, int], None],
) -> None:
    """Pair every bucket by full keys.

    Makes the tables `minutes`, `flows`, `broken`, `rings`, `agreement`, `looping_*`,
    `all_open_departures`, `all_open_arrivals`; counts what was set aside.

    Args:
        engine: Runs the steps.
        state: What was learned.
        on_pairs: Called after each bucket with the query that yields its pairs.
        on_bucket: Called with the number of the bucket and of all buckets.
    """
    spec = state.spec
    engine.drop(
        *("minutes", "flows", "broken", "rings", "agreement", "all_looping"),
        *(f"all_open_{side}" for side in SIDES),
    )
    buckets = len(state.departures.sources)
    for bucket in range(buckets):
        engine.drop("repeats")
        for side in (state.departures, state.arrivals):
            source = side.sources[bucket] or _empty_like(state)
            engine.run(load_side_step(side.side, source, spec))
            engine.run(minutes_step(side.side))
        pair_bucket(
            engine,
            spec,
            window_ms=state.window.ms,
            spread_ms=state.window.spread_ms,
            unequal=state.window.unequal,
        )
        tidy_bucket(engine, spec)
        engine.run_all([*ring_steps(spec), *_tally_steps(spec)])
        _count(engine, state)
        on_pairs(_pairs_query(spec))
        on_bucket(bucket + 1, buckets)


def _empty_like(state: State) -> str:
    """Return a source without rows, for a bucket that one side has none in."""
    some = next(
        source
        for side in (state.departures, state.arrivals)
        for source in side.sources
        if source is not None
    )
    return f"(SELECT * FROM {some} LIMIT 0)"


def _tally_steps(spec: PairingSpec) -> list[Step]:
    amount = _amount(spec) or "0"
    done = next((a.name for a in spec.attributes if a.cls == "EQ"), None)
    answered = f"count(*) FILTER (WHERE d_{done})" if done else "count(*)"
    total = f"sum(d_{amount})" if _amount(spec) else "0"
    steps = [
        Step(
            "flows",
            f"SELECT d_t // {BIN_MS} AS bin, d_carrier, d_point, a_carrier,"
            f" a_point, pass, count(*) AS n, {answered} AS done,"
            f" coalesce({total}, 0)::BIGINT AS amount FROM pairs GROUP BY ALL",
            append=True,
        ),
        Step(
            "all_looping",
            "SELECT l.side, l.row, l.busy, l.key_hi, l.key_lo, l.t,"
            " l.t_end FROM looping l"
            if spec.recurrence
            else "SELECT 'x' AS side, 0 AS row, 0 AS busy, 0 AS key_hi,"
            " 0 AS key_lo, 0 AS t, 0 AS t_end LIMIT 0",
            append=True,
        ),
    ]
    if spec.recurrence:
        steps.append(
            Step(
                "looping_pairs",
                "SELECT p.* FROM pairs p WHERE d_row IN (SELECT row FROM looping"
                " WHERE side = 'departures') OR a_row IN (SELECT row FROM looping"
                " WHERE side = 'arrivals')",
                append=True,
            )
        )
    if _amount(spec):
        step = next(a.step for a in spec.attributes if a.name == amount)
        gap = f"abs(d_{amount} - a_{amount}) / {step}.0"
        steps.append(
            Step(
                "agreement",
                f"SELECT CASE WHEN d_{amount} = 0 AND a_{amount} = 0 THEN 0"
                f" WHEN d_{amount} = 0 OR a_{amount} = 0 THEN 1"
                f" WHEN {gap} <= 0.5 THEN 2 WHEN {gap} <= 1.5 THEN 3"
                f" WHEN {gap} <= 2.5 THEN 4 WHEN {gap} <= 6.5 THEN 5"
                f" WHEN {gap} <= 15.5 THEN 6 WHEN {gap} <= 60.5 THEN 7 ELSE 8 END"
                f" AS class, count(*) AS n FROM pairs GROUP BY class",
                append=True,
            )
        )
    steps.extend(
        Step(
            f"all_open_{side}",
            f"SELECT *, row IN (SELECT row FROM siblings"
            f" WHERE side = '{side}') AS sibling FROM open_{side}",
            append=True,
        )
        for side in SIDES
    )
    return steps


def _pairs_query(spec: PairingSpec) -> str:
    amount = _amount(spec)
    difference = f"(d_{amount} - a_{amount}) / 1000.0" if amount else "0.0"
    return (
        "SELECT d_row, a_row, d_record_id AS departure_id, a_record_id AS arrival_id,"
        f" lag AS offset_ms, {difference} AS duration_difference_s, pass FROM pairs"
    )


def _count(engine: Engine, state: State) -> None:
    """Add up what a bucket set aside."""
    rows = engine.fetch(
        "SELECT 'repeated_' || side AS what, count(*) AS n FROM repeats GROUP BY side"
        + (
            " UNION ALL SELECT 'continued_' || side, count(*) FROM continued"
            " GROUP BY side"
            if state.spec.continuation
            else ""
        )
    )
    for what, n in rows.iter_rows():
        state.counts[what] = state.counts.get(what, 0) + int(n)


def learn_completeness(engine: Engine, state: State) -> None:
    """Read each side's beginning, end, silences and serial numbers."""
    for side in SIDES:
        minutes = engine.fetch(
            "SELECT point, minute, sum(n)::BIGINT AS n FROM minutes"
            f" WHERE side = '{side}' GROUP BY point, minute"
        )
        names = list(state.input(side).points)
        state.coverage[side] = coverage(side, minutes, names)
        state.serials[side] = state.knowledge.serials(engine, state, side)
