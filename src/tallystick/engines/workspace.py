"""The working folder of one run: each side's halves, split into buckets by key.

Halves of one crossing fall into the same bucket on both sides, so that each bucket
is paired by itself and memory stays bounded however long the files are. A bucket is
also a random sample of the crossings, which is what clocks are learned from.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

ROWS_PER_BUCKET = 2_000_000
_FLUSH_ROWS = 4_000_000
_MIX = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F)


def buckets_for(rows: int) -> int:
    """Return how many buckets `rows` halves of one side are split into."""
    return max(1, -(-rows // ROWS_PER_BUCKET))


def bucket_of(frame: pl.DataFrame, buckets: int) -> np.ndarray:
    """Return the bucket of each half, the same for equal keys on both sides."""
    high = frame["key_hi"].to_numpy().view(np.uint64)
    low = frame["key_lo"].to_numpy().view(np.uint64)
    with np.errstate(over="ignore"):
        mixed = (high * np.uint64(_MIX[0])) ^ (low * np.uint64(_MIX[1]))
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(_MIX[0])
    return ((mixed >> np.uint64(33)) % np.uint64(buckets)).astype(np.uint16)


@dataclass(slots=True)
class SideWriter:
    """Writes one side's halves into buckets.

    Bounds: holds at most `_FLUSH_ROWS` halves in memory.
    """

    folder: Path
    side: str
    buckets: int
    rows: int = 0
    _held: list[pl.DataFrame] = field(default_factory=list)
    _held_rows: int = 0
    _writers: dict[int, pq.ParquetWriter] = field(default_factory=dict)

    def add(self, halves: pl.DataFrame) -> None:
        """Take in a batch of halves."""
        self._held.append(halves)
        self._held_rows += halves.height
        self.rows += halves.height
        if self._held_rows >= _FLUSH_ROWS:
            self._flush()

    def close(self) -> None:
        """Write what is held and finish the files."""
        self._flush()
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def _flush(self) -> None:
        if not self._held:
            return
        frame = pl.concat(self._held, rechunk=True)
        self._held.clear()
        self._held_rows = 0
        if self.buckets == 1:
            self._write(0, frame)
            return
        bucket = bucket_of(frame, self.buckets)
        order = np.argsort(bucket, kind="stable")
        frame = frame[order]
        ends = np.cumsum(np.bincount(bucket, minlength=self.buckets))
        for number, end in enumerate(ends):
            start = 0 if number == 0 else int(ends[number - 1])
            if end > start:
                self._write(number, frame[start : int(end)])

    def _write(self, bucket: int, frame: pl.DataFrame) -> None:
        table: pa.Table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        if bucket not in self._writers:
            path = self.folder / f"{self.side}-{bucket:04d}.parquet"
            self._writers[bucket] = pq.ParquetWriter(
                path, table.schema, compression="lz4", write_statistics=False
            )
        self._writers[bucket].write_table(table)


@dataclass(frozen=True, slots=True)
class Workspace:
    """The folder with every side's buckets."""

    folder: Path
    buckets: int

    def writer(self, side: str) -> SideWriter:
        """Return a writer for one side."""
        return SideWriter(self.folder, side, self.buckets)

    def path(self, side: str, bucket: int) -> Path:
        """Return where a side's bucket lies; the file may be absent if empty."""
        return self.folder / f"{side}-{bucket:04d}.parquet"

    def sources(self, side: str) -> tuple[str | None, ...]:
        """Return a table expression per bucket; `None` where a bucket is empty."""
        paths = [self.path(side, bucket) for bucket in range(self.buckets)]
        return tuple(f"read_parquet('{p}')" if p.exists() else None for p in paths)

    def scan(self, side: str) -> Iterator[Path]:
        """Yield the files of a side that exist, in order."""
        for bucket in range(self.buckets):
            if (path := self.path(side, bucket)).exists():
                yield path
