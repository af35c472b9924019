"""The working folder of one run: each side's halves, split into buckets by key.

Halves of one crossing fall into the same bucket on both sides, so that each bucket
is paired by itself and memory stays bounded however long the files are. A bucket is
also a random sample of the crossings, which is what clocks are learned from.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

ROWS_PER_BUCKET = 2_000_000
FLUSH_ROWS = 2_000_000
_KEYS = frozenset({"key_hi", "key_lo"})
_FEW_VALUES = frozenset({"point", "carrier", "alias"})
_MIX = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F)


def buckets_for(rows: int) -> int:
    """Return how many buckets `rows` halves of one side are split into."""
    return max(1, -(-rows // ROWS_PER_BUCKET))


def flush_rows_for(memory_mb: int) -> int:
    """Return how many halves of one side may wait in memory to be written."""
    return min(max(memory_mb * 250, 100_000), FLUSH_ROWS)


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

    Bounds: holds at most `flush_rows` halves, and one batch, in memory.
    """

    folder: Path
    side: str
    buckets: int
    flush_rows: int = FLUSH_ROWS
    rows: int = 0
    _held: dict[int, list[pl.DataFrame]] = field(default_factory=dict)
    _held_rows: int = 0
    _writers: dict[int, pq.ParquetWriter] = field(default_factory=dict)

    def add(self, halves: pl.DataFrame) -> None:
        """Take in a batch of halves."""
        if not self.rows and not self._held:
            self._held[0] = [halves.clear()]  # a side without halves still has columns
        for bucket, part in self._split(halves):
            self._held.setdefault(bucket, []).append(part)
        self._held_rows += halves.height
        self.rows += halves.height
        if self._held_rows >= self.flush_rows:
            self._flush()

    def close(self) -> None:
        """Write what is held and finish the files."""
        self._flush()
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def _split(self, halves: pl.DataFrame) -> Iterator[tuple[int, pl.DataFrame]]:
        """Yield the halves of each bucket that has any, in their order."""
        if self.buckets == 1:
            yield 0, halves
            return
        bucket = bucket_of(halves, self.buckets)
        halves = halves[np.argsort(bucket, kind="stable")]
        start = 0
        for number, size in enumerate(np.bincount(bucket, minlength=self.buckets)):
            if size:
                yield number, halves.slice(start, int(size))
            start += int(size)

    def _flush(self) -> None:
        for bucket, parts in sorted(self._held.items()):
            self._write(bucket, pl.concat(parts, rechunk=False))
        self._held.clear()
        self._held_rows = 0

    def _write(self, bucket: int, frame: pl.DataFrame) -> None:
        table: pa.Table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        if bucket not in self._writers:
            path = self.folder / f"{self.side}-{bucket:04d}.parquet"
            self._writers[bucket] = pq.ParquetWriter(
                path, table.schema, write_statistics=False, **_layout(table.schema)
            )
        self._writers[bucket].write_table(table)


def _layout(schema: pa.Schema) -> dict[str, Any]:
    """Choose how each column is written, for speed more than for size.

    Match keys are close to random: nothing is gained by packing them.
    """
    few = [
        column.name
        for column in schema
        if column.name in _FEW_VALUES or pa.types.is_int8(column.type)
    ]
    return {
        "use_dictionary": few,
        "column_encoding": {
            column.name: "DELTA_BINARY_PACKED"
            for column in schema
            if pa.types.is_integer(column.type) and column.name not in _KEYS.union(few)
        },
        "compression": {
            column.name: "lz4" if pa.types.is_large_string(column.type) else "none"
            for column in schema
        },
    }


@dataclass(frozen=True, slots=True)
class Workspace:
    """The folder with every side's buckets."""

    folder: Path
    buckets: int
    flush_rows: int = FLUSH_ROWS

    def writer(self, side: str) -> SideWriter:
        """Return a writer for one side."""
        return SideWriter(self.folder, side, self.buckets, self.flush_rows)

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
