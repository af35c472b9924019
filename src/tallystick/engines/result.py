"""Write what pairing concluded: the files of a result directory.

Source: spec/files.md, "What pairing writes".
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from tallystick.domains.calls.numbers import mask
from tallystick.pairing.findings import Outcome
from tallystick.pairing.plan import State
from tallystick.pairing.step import Engine

PAIR_COLUMNS: Final = (
    "departure_id",
    "arrival_id",
    "offset_ms",
    "duration_difference_s",
    "pass",
)
CSV_COLUMNS: Final = (
    "finding_id",
    "kind",
    "departure_id",
    "arrival_id",
    "at",
    "departure_trunk",
    "departure_carrier",
    "arrival_trunk",
    "arrival_carrier",
    "confidence",
    "reasons",
)


class PairWriter:
    """Writes pairs as they are found."""

    def __init__(self, path: Path) -> None:
        """Open `path` for writing; nothing is written before the first pair."""
        self._path = path
        self._writer: pq.ParquetWriter | None = None
        self.total = 0
        self.by_pass: dict[str, int] = {}

    def add(self, pairs: pl.DataFrame) -> None:
        """Write a batch of pairs."""
        frame = pairs.select(
            "departure_id",
            "arrival_id",
            pl.col("offset_ms").cast(pl.Int64),
            pl.col("duration_difference_s").cast(pl.Float64),
            "pass",
        )
        table: pa.Table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        if self._writer is None:
            self._writer = pq.ParquetWriter(
                self._path, table.schema, compression="zstd"
            )
        self._writer.write_table(table)
        self.total += frame.height
        for name, n in frame["pass"].value_counts().iter_rows():
            self.by_pass[name] = self.by_pass.get(name, 0) + int(n)

    def close(self) -> None:
        """Finish the file, an empty one if there was no pair."""
        if self._writer is None:
            self.add(
                pl.DataFrame(
                    schema={
                        "departure_id": pl.String,
                        "arrival_id": pl.String,
                        "offset_ms": pl.Int64,
                        "duration_difference_s": pl.Float64,
                        "pass": pl.String,
                    }
                )
            )
        if self._writer is not None:
            self._writer.close()


def halves_of(
    engine: Engine, state: State, side: str, rows: pl.Series, domestic: str | None
) -> pl.DataFrame:
    """Look up the halves that findings name.

    Returns:
        One row per half: its id, times, attributes, names and keys.
    """
    clock = "arrivals" if side == "domestic" else side
    everything = domestic if side == "domestic" else state.input(side).everything
    engine.load("wanted", pl.DataFrame({"row": rows.unique()}))
    return engine.fetch(
        "SELECT h.row, h.record_id AS id, h.at_ms,"
        " (h.at_ms - coalesce(b.offset_ms, c.offset_ms, e.offset_ms))::BIGINT AS t,"
        " h.point, h.carrier, h.duration_ms, h.answered, h.answer_ms,"
        f" {state.knowledge.shown(side, state.spec)}"
        f" FROM {everything} h SEMI JOIN wanted w ON w.row = h.row"
        f" CROSS JOIN (SELECT offset_ms FROM clock_typical WHERE side = '{side}') e"
        f" LEFT JOIN (SELECT point, offset_ms FROM clocks WHERE side = '{clock}'"
        f" AND block IS NULL AND '{side}' <> 'domestic') c ON c.point = h.point"
        f" LEFT JOIN (SELECT point, block, offset_ms FROM clocks"
        f" WHERE side = '{clock}' AND block IS NOT NULL AND '{side}' <> 'domestic') b"
        f" ON b.point = h.point AND b.block = h.at_ms // 3600000"
    )


def describe(
    engine: Engine,
    state: State,
    outcome: Outcome,
    *,
    domestic: str | None,
    names: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]],
    show_numbers: bool,
    epoch: str = "",
) -> pl.DataFrame:
    """Join findings with the halves they name.

    Args:
        engine: Holds the halves.
        state: The plan's state.
        outcome: What it concluded.
        domestic: Table expression over the domestic halves, if there are any.
        names: Trunk and carrier names by code, for each side.
        show_numbers: Write numbers in full instead of masked.
        epoch: Label of a blinded exchange, whose counts both sides share; "" of none.

    Returns:
        The columns of findings.parquet, and `evidence` (JSON).
    """
    found = outcome.findings
    looks = [("departures", "d_row", "departure", pl.lit(value=True))]
    for side in ("arrivals", "domestic"):
        if side == "domestic" and domestic is None:
            continue
        looks.append((side, "a_row", "arrival", pl.col("a_side") == side))
    parts = []
    for side, column, label, where in looks:
        rows = found.filter(where)[column].drop_nulls()
        halves = halves_of(engine, state, side, rows, domestic)
        parts.append(_labelled(halves, side, label, names[side], show_numbers))
    departures = parts[0].drop("a_side")
    arrivals = pl.concat(parts[1:], how="vertical_relaxed")
    joined = found.join(
        departures, left_on="d_row", right_on="departure_row", how="left"
    ).join(
        arrivals,
        left_on=["a_row", "a_side"],
        right_on=["arrival_row", "a_side"],
        how="left",
    )
    order = {kind: i for i, kind in enumerate(state.spec.order)}
    at = pl.coalesce("departure_at_ms", "arrival_at_ms")
    return (
        joined.with_columns(
            at=at.cast(pl.Datetime("ms")).dt.replace_time_zone("UTC"),
            place=pl.col("kind").replace_strict(order, default=99),
            offset_ms=pl.col("arrival_at_ms") - pl.col("departure_at_ms"),
        )
        .sort("place", "at", "departure_id", "arrival_id", nulls_last=True)
        .with_columns(
            finding_id=pl.format(
                "F{}", pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(7)
            ),
            arrival_side=pl.when(pl.col("arrival_id").is_not_null()).then("a_side"),
        )
        .select(
            *CSV_COLUMNS,
            "arrival_side",
            "departure_at_ms",
            "arrival_at_ms",
            "offset_ms",
            "departure_duration_s",
            "arrival_duration_s",
            "departure_answered",
            "arrival_answered",
            "departure_answer_ms",
            "arrival_answer_ms",
            "departure_calling",
            "departure_called",
            "arrival_calling",
            "arrival_called",
            pl.col("certain").fill_null(value=False)
            if "certain" in joined.columns
            else pl.lit(value=False).alias("certain"),
            *((_crossing(epoch).alias("crossing"),) if epoch else ()),
            "evidence",
            "pass",
        )
    )


def _crossing(epoch: str) -> pl.Expr:
    """Return the name of a crossing where neither side has the other's record ids."""
    counts = (pl.col(row).cast(pl.String).fill_null("") for row in ("d_row", "a_row"))
    return pl.concat_str(pl.lit(epoch), *counts, separator=":")


def _labelled(
    halves: pl.DataFrame,
    side: str,
    label: str,
    names: tuple[tuple[str, ...], tuple[str, ...]],
    show_numbers: bool,
) -> pl.DataFrame:
    """Give codes their names, numbers their mask and columns their side."""

    def named(column: str, of: tuple[str, ...]) -> pl.Expr:
        codes = dict(enumerate(of))
        return pl.col(column).replace_strict(codes, return_dtype=pl.String)

    def number(column: str) -> pl.Expr:
        shown = (lambda n: f"+{n}" if n > 0 else "") if show_numbers else mask
        return (
            pl.col(column)
            .map_elements(shown, return_dtype=pl.String)
            .alias(f"{label}_{column}")
        )

    return halves.select(
        pl.col("row").alias(f"{label}_row"),
        pl.lit(side).alias("a_side"),
        pl.col("id").alias(f"{label}_id"),
        pl.col("t").alias(f"{label}_at_ms"),
        named("point", names[0]).alias(f"{label}_trunk"),
        named("carrier", names[1]).alias(f"{label}_carrier"),
        (pl.col("duration_ms") / 1000).alias(f"{label}_duration_s"),
        pl.col("answered").alias(f"{label}_answered"),
        pl.col("answer_ms").cast(pl.Int64).alias(f"{label}_answer_ms"),
        number("calling"),
        number("called"),
    )


def write_findings(out: Path, findings: pl.DataFrame) -> None:
    """Write findings.parquet, findings.csv and evidence.parquet."""
    findings.drop("evidence", "pass").write_parquet(out / "findings.parquet")
    findings.select(CSV_COLUMNS).write_csv(
        out / "findings.csv", datetime_format="%Y-%m-%dT%H:%M:%S%.3fZ"
    )
    rows = [
        (finding, step, code, bits, json.dumps(detail))
        for finding, text in findings.select("finding_id", "evidence").iter_rows()
        for step, (code, bits, detail) in enumerate(json.loads(text or "[]"))
    ]
    pl.DataFrame(
        rows,
        schema={
            "finding_id": pl.String,
            "step": pl.Int32,
            "code": pl.String,
            "bits": pl.Float64,
            "detail": pl.String,
        },
        orient="row",
    ).write_parquet(out / "evidence.parquet")


def write_rejects(out: Path, rejects: list[pl.DataFrame]) -> None:
    """Write rejects.csv if anything was rejected; remove an old one if not."""
    path = out / "rejects.csv"
    if rejects:
        pl.concat(rejects).write_csv(path)
    else:
        path.unlink(missing_ok=True)
