"""Read call records into a workspace, as halves."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeVar

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from tallystick.domains.calls.halves import code_names, halves_from_records
from tallystick.domains.calls.numbers import (
    Learned,
    Numbering,
    agree,
    learn,
    normalise,
    second_readings,
)
from tallystick.domains.calls.records import Batch, Mapping, read_calls
from tallystick.domains.calls.schema import REJECT_SCHEMA
from tallystick.engines.workspace import Workspace, buckets_for
from tallystick.pairing.plan import SideInput

Side = Literal["departures", "arrivals", "domestic"]
T = TypeVar("T")

# Which directions a side's file may hold; a record without one is taken as it is.
_DIRECTIONS: Final[dict[str, tuple[str, ...]]] = {
    "departures": ("international_out", "transit"),
    "arrivals": ("international_in", "transit"),
    "domestic": ("domestic",),
}
_LEARN_ROWS: Final = 3_000_000  # enough to see how every busy trunk writes numbers
_READERS: Final = 2
_BATCH_ROWS: Final = 500_000
_BYTES_PER_RECORD: Final = {".gz": 25, ".zst": 25, "": 110}

Report = Callable[[str, int, int, int], None]  # what, records, bytes done, bytes


@dataclass(slots=True)
class SideFiles:
    """The files of one side and what reading them gave.

    Attributes:
        side: Which side.
        paths: Its files.
        rows: Records read, good ones.
        rejected: Rows left out.
        repeated: Rows that repeat an earlier one in every value.
        other: Records of another direction, left out.
        from_ms: Earliest start.
        to_ms: Latest start.
    """

    side: Side
    paths: tuple[Path, ...]
    rows: int = 0
    rejected: int = 0
    repeated: int = 0
    other: int = 0
    from_ms: int | None = None
    to_ms: int | None = None
    points: dict[str, int] = field(default_factory=dict)
    carriers: dict[str, int] = field(default_factory=dict)
    rejects: list[pl.DataFrame] = field(default_factory=list)

    def note(self, batch: Batch) -> None:
        """Count what a batch left out."""
        self.rejected += batch.rejects.height
        self.repeated += batch.repeated
        self.other += batch.other_direction
        for frame in (batch.rejects, batch.notes):
            if frame.height:
                self.rejects.append(frame.select(*REJECT_SCHEMA))

    def mostly(self) -> str:
        """Return the commonest reason for which something was left out, or none."""
        if not self.rejects:
            return ""
        reasons = pl.concat(self.rejects)["reason"].value_counts(sort=True)
        return str(reasons["reason"][0])


def estimate_records(paths: Iterable[Path]) -> int:
    """Return about how many records the files hold."""
    total = 0
    for path in paths:
        each = _BYTES_PER_RECORD.get(path.suffix, _BYTES_PER_RECORD[""])
        try:
            if path.suffix == ".parquet":
                total += int(pq.read_metadata(path).num_rows)
            else:
                total += path.stat().st_size // each
        except (OSError, pa.ArrowException):
            continue  # what is wrong with the file, its reader says
    return total


def buckets_of(*sides: SideFiles) -> int:
    """Return into how many buckets the larger side is to be split."""
    return buckets_for(max(estimate_records(side.paths) for side in sides))


def learn_numbers(
    sides: Iterable[SideFiles],
    *,
    numbering: Numbering | None,
    departure_country: str | None,
    arrival_country: str | None,
    mapping: Mapping | None,
) -> dict[str, Learned]:
    """See how each side's trunks write numbers, from the first few million records."""
    Numbering.from_countries(departure_country, arrival_country)  # refuses others
    learned = side_by_side(
        lambda side: learn(
            _some(side, mapping),
            side.side,
            numbering=numbering,
            departure_country=departure_country,
            arrival_country=arrival_country,
        ),
        sides,
    )
    return {one.side: one for one in agree(learned)}


def side_by_side(work: Callable[[SideFiles], T], sides: Iterable[SideFiles]) -> list[T]:
    """Do the same for every side, two at a time.

    Reading is done in libraries that leave Python to others meanwhile. What fails
    first in the order of the sides is raised, once all are through.
    """
    with ThreadPoolExecutor(_READERS) as pool:
        return [future.result() for future in [pool.submit(work, s) for s in sides]]


def _some(side: SideFiles, mapping: Mapping | None) -> Iterator[pl.DataFrame]:
    rows = 0
    for batch in _batches(side, mapping):
        records = keep_direction(side, batch.records)
        yield records
        rows += records.height
        if rows >= _LEARN_ROWS:
            return


def _batches(
    side: SideFiles, mapping: Mapping | None, batch_rows: int = _BATCH_ROWS
) -> Iterator[Batch]:
    """Read a side's files; what both sides are written in is read as this side."""
    return read_calls(
        side.paths,
        mapping=mapping,
        side=None if side.side == "domestic" else side.side,
        batch_rows=batch_rows,
    )


def keep_direction(side: SideFiles, records: pl.DataFrame) -> pl.DataFrame:
    """Keep the records whose direction belongs to the side, or that name none."""
    direction = records["direction"]
    wanted = direction.is_null() | direction.is_in(_DIRECTIONS[side.side])
    return records if wanted.all() else records.filter(wanted)


def ingest(
    side: SideFiles,
    workspace: Workspace,
    *,
    numbering: Numbering | None,
    learned: Learned | None,
    mapping: Mapping | None,
    report: Report,
    change: Callable[[pl.DataFrame], pl.DataFrame] = lambda halves: halves,
) -> SideInput:
    """Read a side's files, normalise the numbers, and write halves by bucket.

    Args:
        side: The files; counts what reading them gives.
        workspace: Where the buckets go.
        numbering: How trunks write numbers.
        learned: What the records show of it.
        mapping: How to read files of a format of one's own.
        report: Told how much is read.
        change: Blinds the halves on their way, for example.

    Bounds: a few batches of records and `SideWriter`'s buffer.
    """
    writer = workspace.writer(side.side)
    for batch in _batches(side, mapping, batch_rows=workspace.flush_rows // 2):
        side.note(batch)
        records = keep_direction(side, batch.records)
        side.other += batch.records.height - records.height
        if records.height:
            halves = _halves(side, records, writer.rows, numbering, learned)
            writer.add(change(halves))
        report(side.side, writer.rows, batch.bytes_read, batch.bytes_total)
    writer.close()
    side.rows = writer.rows
    return side_input(side, workspace)


def _halves(
    side: SideFiles,
    records: pl.DataFrame,
    first_row: int,
    numbering: Numbering | None,
    learned: Learned | None,
) -> pl.DataFrame:
    records = normalise(records, side=side.side, numbering=numbering, learned=learned)
    records = _with_other_readings(records, side, numbering, learned)
    low, high = records["started_at_ms"].min(), records["started_at_ms"].max()
    side.from_ms = min(side.from_ms or low, low)  # type: ignore[type-var, assignment]
    side.to_ms = max(side.to_ms or high, high)  # type: ignore[type-var, assignment]
    return halves_from_records(
        records,
        first_row=first_row,
        points=code_names(records["trunk"], side.points),
        carriers=code_names(records["carrier"], side.carriers),
    )


def _with_other_readings(
    records: pl.DataFrame,
    side: SideFiles,
    numbering: Numbering | None,
    learned: Learned | None,
) -> pl.DataFrame:
    """Note the second reading of numbers that may be read in two ways.

    It stands where the diverting number stands: another number by which the other
    side may know the call.
    """
    second = second_readings(
        records, side=side.side, numbering=numbering, learned=learned
    )
    return second.with_columns(
        redirecting=pl.when(pl.col("redirecting") != 0)
        .then("redirecting")
        .when(pl.col("calling_second") != 0)
        .then("calling_second")
        .otherwise("called_second")
    ).drop("calling_second", "called_second", "redirecting_second")


def side_input(side: SideFiles, workspace: Workspace) -> SideInput:
    """Describe a side's buckets to the plan."""
    sources = []
    for bucket in range(workspace.buckets):
        path = workspace.path(side.side, bucket)
        sources.append(f"read_parquet('{path}')" if path.exists() else None)
    return SideInput(
        side=side.side,
        sources=tuple(sources),
        rows=side.rows,
        points=tuple(side.points),
        carriers=tuple(side.carriers),
    )
