"""What a file of call records holds, counted while it is read."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from tallystick.domains.calls.records.batch import Batch

FIRST_ROWS: Final = 8
FIRST_LINES: Final = 5
# Enough to see how every busy trunk writes its numbers.
SAMPLE_ROWS: Final = 200_000
# A date before this is a clock that was never set: no network kept records yet.
WRONG_CLOCK_MS: Final = 631_152_000_000  # 1990


@dataclass(slots=True)
class Survey:
    """Counts over all batches of a file.

    Attributes:
        first: The first records.
        sample: More of them, to propose a numbering file from.
        reasons: Column and reason of rejects, with how many and the first lines.
        notes: The same for values left out of rows that were kept.
        trunks: Records per trunk.
        directions: Records per direction; None: none stated.
        wrong_clock: Records dated before 1990.
    """

    format: str = ""
    rows: int = 0
    rejected: int = 0
    repeated: int = 0
    other_direction: int = 0
    answered: int = 0
    open_calls: int = 0
    withheld: int = 0
    diverted: int = 0
    wrong_clock: int = 0
    from_ms: int | None = None
    to_ms: int | None = None
    first: pl.DataFrame | None = None
    sample: list[pl.DataFrame] = field(default_factory=list)
    reasons: dict[tuple[str, str], tuple[int, list[int]]] = field(default_factory=dict)
    notes: dict[tuple[str, str], tuple[int, list[int]]] = field(default_factory=dict)
    trunks: Counter[str] = field(default_factory=Counter)
    directions: Counter[str | None] = field(default_factory=Counter)

    def add(self, batch: Batch) -> None:
        """Count one batch."""
        records = batch.records
        self.format = batch.format
        self.rows += records.height
        self.rejected += batch.rejects.height
        self.repeated += batch.repeated
        self.other_direction += batch.other_direction
        _count_reasons(self.reasons, batch.rejects)
        _count_reasons(self.notes, batch.notes)
        if records.height:
            self._add_records(records)

    def _add_records(self, records: pl.DataFrame) -> None:
        if self.first is None:
            self.first = records.head(FIRST_ROWS)
        if sum(frame.height for frame in self.sample) < SAMPLE_ROWS:
            self.sample.append(
                records.select("calling_number", "called_number", "trunk")
            )
        counts = records.select(
            answered=(pl.col("duration_ms") > 0).sum(),
            open=pl.col("duration_ms").is_null().sum(),
            withheld=pl.col("calling_number").eq("").sum(),
            diverted=pl.col("redirecting_number").ne("").sum(),
            early=(pl.col("started_at_ms") < WRONG_CLOCK_MS).sum(),
            low=pl.col("started_at_ms")
            .filter(pl.col("started_at_ms") >= WRONG_CLOCK_MS)
            .min(),
            high=pl.col("started_at_ms").max(),
        ).row(0, named=True)
        self.answered += counts["answered"]
        self.open_calls += counts["open"]
        self.withheld += counts["withheld"]
        self.diverted += counts["diverted"]
        self.wrong_clock += counts["early"]
        lows = [ms for ms in (self.from_ms, counts["low"]) if ms is not None]
        highs = [ms for ms in (self.to_ms, counts["high"]) if ms is not None]
        self.from_ms, self.to_ms = min(lows, default=None), max(highs, default=None)
        self.trunks.update(dict(records["trunk"].value_counts().iter_rows()))
        self.directions.update(dict(records["direction"].value_counts().iter_rows()))


def _count_reasons(
    into: dict[tuple[str, str], tuple[int, list[int]]], rejects: pl.DataFrame
) -> None:
    """Add up rejects by column and reason; keep the first lines of each."""
    grouped = rejects.group_by("column", "reason", maintain_order=True).agg(
        pl.len(), pl.col("line").head(FIRST_LINES)
    )
    for column, reason, count, lines in grouped.iter_rows():
        known, first = into.get((column, reason), (0, []))
        into[column, reason] = (known + count, (first + lines)[:FIRST_LINES])
