"""Pair halves that lie in memory: any domain, no files of records.

The plan is the same as for files (`tallystick.engines.batch`); only where the halves
come from, and what is written of them, differ.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

from tallystick.engines.duck import DuckEngine
from tallystick.engines.workspace import Workspace, buckets_for
from tallystick.pairing.exact import load_side_step
from tallystick.pairing.findings import Outcome, conclude
from tallystick.pairing.halves import NAMED, complete
from tallystick.pairing.plan import (
    SideInput,
    State,
    learn,
    learn_completeness,
    pair_all,
)
from tallystick.pairing.spec import Options, PairingSpec

PAIR_SCHEMA: Final[dict[str, pl.DataType]] = {
    "departure_id": pl.String(),
    "arrival_id": pl.String(),
    "arrival_side": pl.String(),
    "offset_ms": pl.Int64(),
    "pass": pl.String(),
}
SET_ASIDE_SCHEMA: Final[dict[str, pl.DataType]] = {
    "side": pl.String(),
    "record_id": pl.String(),
    "kept_id": pl.String(),
    "why": pl.String(),
}
FINDING_COLUMNS: Final = (
    "kind",
    "departure_id",
    "arrival_id",
    "arrival_side",
    "offset_ms",
    "confidence",
    "certain",
    "reasons",
    "evidence",
)
_DEFAULTS: Final = Options()
_MEMORY_MB: Final = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class HalvesResult:
    """What pairing concluded.

    Attributes:
        pairs: PAIR_SCHEMA, one row per pair.
        findings: FINDING_COLUMNS, one row per crossing that did not pair cleanly.
        set_aside: SET_ASIDE_SCHEMA, one row per half that only says again
            (`repeated`) or goes on with (`continued`) what another says.
        outcome: The conclusions by row number, with gaps and loss.
        state: What was learned: clocks, window, coverage.
    """

    pairs: pl.DataFrame
    findings: pl.DataFrame
    set_aside: pl.DataFrame
    outcome: Outcome
    state: State


def pair_halves(
    spec: PairingSpec,
    departures: pl.DataFrame,
    arrivals: pl.DataFrame,
    *,
    folder: Path,
    domestic: pl.DataFrame | None = None,
    options: Options = _DEFAULTS,
    threads: int | None = None,
    buckets: int | None = None,
) -> HalvesResult:
    """Pair two sides' halves.

    Args:
        spec: How the domain pairs.
        departures: Halves as `tallystick.pairing.halves.complete` takes them; `point`
            and `carrier` hold names or codes.
        arrivals: The other side's.
        folder: Where buckets and what does not fit into memory are written; the
            caller removes it.
        domestic: Halves that never crossed, if a reading of the spec looks there.
        options: What the statistics may do.
        threads: Worker threads; few halves pair fastest with one.
        buckets: Into how many parts the halves are split, to need less memory.

    Raises:
        ConfigError: "half-columns".
        UnavailableError: "memory".
    """
    given = {"departures": departures, "arrivals": arrivals}
    if domestic is not None and not domestic.is_empty():
        given["domestic"] = domestic
    sides = {side: _coded(spec, side, halves) for side, halves in given.items()}
    parts = buckets or buckets_for(max(departures.height, arrivals.height))
    with DuckEngine(folder=folder, memory_mb=_MEMORY_MB, threads=threads) as engine:
        run = _Run(
            spec=spec,
            options=options,
            engine=engine,
            workspace=Workspace(folder, parts),
            sides=sides,
        )
        return run.result()


@dataclass(frozen=True, slots=True)
class _Coded:
    """One side's halves with the names that their codes stand for."""

    halves: pl.DataFrame
    names: dict[str, tuple[str, ...]]


def _coded(spec: PairingSpec, side: str, halves: pl.DataFrame) -> _Coded:
    """Complete the halves of a side and give names their codes."""
    names: dict[str, tuple[str, ...]] = {}
    for column in NAMED:
        if column not in halves.columns:
            continue
        texts = halves[column].cast(pl.String).fill_null("")
        known = tuple(sorted(texts.unique()))
        names[column] = known
        codes = {name: code for code, name in enumerate(known)}
        halves = halves.with_columns(
            texts.replace_strict(codes, return_dtype=pl.Int32).alias(column)
        )
    return _Coded(complete(halves, spec, side=side), names)


@dataclass(slots=True, kw_only=True)
class _Run:
    """One run of the plan over frames."""

    spec: PairingSpec
    options: Options
    engine: DuckEngine
    workspace: Workspace
    sides: dict[str, _Coded]
    inputs: dict[str, SideInput] = field(default_factory=dict)
    pairs: list[pl.DataFrame] = field(default_factory=list)
    set_aside: list[pl.DataFrame] = field(default_factory=list)

    def result(self) -> HalvesResult:
        """Run the plan from halves to findings."""
        engine, spec = self.engine, self.spec
        self.inputs = {side: self._written(side) for side in self.sides}
        both = (self.inputs["departures"], self.inputs["arrivals"])
        state = learn(engine, spec, self.options, *both)
        pair_all(engine, state, on_pairs=self._keep, on_bucket=lambda *_: None)
        learn_completeness(engine, state)
        domestic = self.inputs.get("domestic")
        if domestic is not None:
            engine.run(load_side_step("domestic", domestic.everything, spec))
        outcome = conclude(engine, state, domestic=domestic is not None)
        findings = self._named(outcome.findings)
        late = pl.concat([findings, self._named(outcome.late_pairs)], how="diagonal")
        late = late.filter(pl.col("pass").is_not_null()).select(*PAIR_SCHEMA)
        return HalvesResult(
            pairs=pl.concat([*self.pairs, late]).sort("departure_id", "arrival_id"),
            findings=findings.select(FINDING_COLUMNS).sort(
                "kind", "departure_id", "arrival_id"
            ),
            set_aside=pl.concat(
                [pl.DataFrame(schema=SET_ASIDE_SCHEMA), *self.set_aside]
            ).sort("side", "record_id"),
            outcome=outcome,
            state=state,
        )

    def _written(self, side: str) -> SideInput:
        """Write a side's halves into buckets."""
        coded = self.sides[side]
        writer = self.workspace.writer(side)
        writer.add(coded.halves)
        writer.close()
        return SideInput(
            side=side,
            sources=self.workspace.sources(side),
            rows=coded.halves.height,
            points=coded.names["point"],
            carriers=coded.names["carrier"],
        )

    def _keep(self, query: str) -> None:
        """Keep what a bucket paired and what it set aside."""
        pairs = self.engine.fetch(query).with_columns(arrival_side=pl.lit("arrivals"))
        self.pairs.append(pairs.select(*PAIR_SCHEMA).cast(PAIR_SCHEMA))  # type: ignore[arg-type]
        tables = {"repeated": "repeats"}
        if self.spec.continuation is not None:
            tables["continued"] = "continued"
        for why, table in tables.items():
            rows = self.engine.fetch(f"SELECT side, row, kept FROM {table}")
            self.set_aside += [
                part.join(self._ids(side, "record_id"), on="row")
                .join(self._ids(side, "kept_id"), left_on="kept", right_on="row")
                .with_columns(why=pl.lit(why))
                .select(*SET_ASIDE_SCHEMA)
                for (side,), part in rows.group_by("side")
            ]

    def _ids(self, side: object, name: str) -> pl.DataFrame:
        """Return `row` and the keeper's id under `name` of a side's halves."""
        return self.sides[str(side)].halves.select(
            "row", pl.col("record_id").alias(name)
        )

    def _named(self, found: pl.DataFrame) -> pl.DataFrame:
        """Give findings the ids of their halves and the corrected time between."""
        halves = {side: self._times(side) for side in self.sides}
        arrivals = pl.concat(
            [
                halves[side].select(
                    pl.lit(side).alias("a_side"),
                    pl.col("row").alias("a_row"),
                    pl.col("record_id").alias("arrival_id"),
                    pl.col("t").alias("a_t"),
                )
                for side in halves
                if side != "departures"
            ]
        )
        departures = halves["departures"].select(
            pl.col("row").alias("d_row"),
            pl.col("record_id").alias("departure_id"),
            pl.col("t").alias("d_t"),
        )
        return (
            found.join(departures, on="d_row", how="left")
            .join(arrivals, on=["a_side", "a_row"], how="left")
            .with_columns(
                offset_ms=pl.col("a_t") - pl.col("d_t"),
                arrival_side=pl.when(pl.col("a_row").is_not_null()).then("a_side"),
            )
        )

    def _times(self, side: str) -> pl.DataFrame:
        """Return row, id and corrected time of a side's halves."""
        step = load_side_step(side, self.inputs[side].everything, self.spec)
        return self.engine.fetch(f"SELECT row, record_id, t FROM ({step.query})")
