"""Reads the plain table, or a mapped one, in Parquet."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from tallystick.domains.calls.records.batch import Reject
from tallystick.domains.calls.records.delimited import find_sources
from tallystick.domains.calls.records.formats import Detected, plain_mapping
from tallystick.domains.calls.records.head import Head
from tallystick.domains.calls.records.layout import Layout
from tallystick.domains.calls.records.mapping import REQUIRED_COLUMNS
from tallystick.domains.calls.records.rows import Rows
from tallystick.domains.calls.records.source import ByteStream
from tallystick.model.errors import MalformedError

# Up to this size Polars reads a slice of a row group fast; beyond, its memory grows
# with the group and Arrow's slower page by page reading is right.
BIG_GROUP_ROWS: Final = 1_000_000

_FAULTS: Final = (
    pa.ArrowException,
    OSError,
    pl.exceptions.PolarsError,
    pl.exceptions.PanicException,
)


class ParquetReader:
    """The rows of one Parquet file, slice after slice.

    A packed file (.gz, .zst) is unpacked into a temporary file first, since Parquet
    is read from its end.

    Bounds: Two slices of `batch_rows` rows and one row group of at most
        BIG_GROUP_ROWS rows, or the pages of a bigger one.
    """

    def __init__(self, detected: Detected, *, batch_rows: int) -> None:
        self._batch_rows = batch_rows
        self._path = detected.head.path
        self.stream = ByteStream(self._path)
        self._unpacked: IO[bytes] | None = None
        if not _is_parquet(self._path):
            self._unpacked = _unpack(self.stream)
        self._file = self._open()
        names = [str(name) for name in self._file.schema_arrow.names]
        mapping = detected.mapping
        if not mapping.columns:
            mapping = mapping.over(plain_mapping(names, ""))
            _check_columns(detected.head, [str(name) for name in mapping.columns])
        file = str(self._path)
        self.layout = Layout(file, mapping, find_sources(mapping, names, file=file))

    def rows(self) -> Iterator[Rows]:
        """Yield the rows of each slice, and at last what broke the file off."""
        at = 0
        total = self._file.metadata.num_rows
        try:
            for frame in self._frames():
                yield self._numbered(frame, at, total)
                at += frame.height
        except _FAULTS:
            reason = (
                f"The file is damaged after row {at}: the remaining "
                f"{total - at} rows cannot be read."
            )
            empty = pl.DataFrame(schema=self._empty_schema())
            yield Rows(
                empty, pl.Series([], dtype=pl.Int64), [Reject(at + 1, "", reason)]
            )
        finally:
            if self._unpacked:
                self._unpacked.close()

    def _numbered(self, frame: pl.DataFrame, at: int, total: int) -> Rows:
        """Return rows that `at` rows stand before; note how far that is."""
        end = at + frame.height
        if self._unpacked is None:
            share = end / max(total, 1)
            self.stream.bytes_read = int(self.stream.bytes_total * share)
        lines = pl.int_range(at + 1, end + 1, dtype=pl.Int64, eager=True)
        return Rows(frame, lines, [])

    def _empty_schema(self) -> pl.Schema:
        empty = pl.from_arrow(self._file.schema_arrow.empty_table())
        return empty.schema if isinstance(empty, pl.DataFrame) else pl.Schema()

    def _open(self) -> pq.ParquetFile:
        try:
            return pq.ParquetFile(self._unpacked or self._path)
        except (OSError, pa.ArrowException):
            if self._unpacked:
                self._unpacked.close()
        raise MalformedError(
            "broken-file",
            f"{self._path} begins as Parquet but its end is missing or damaged; the "
            "table of contents stands there, so no row can be read.",
            advice="Copy or write the file again.",
        )

    def _frames(self) -> Iterator[pl.DataFrame]:
        meta = self._file.metadata
        groups = [meta.row_group(at).num_rows for at in range(meta.num_row_groups)]
        if self._unpacked is not None or max(groups, default=0) > BIG_GROUP_ROWS:
            yield pl.DataFrame(schema=self._empty_schema())
            for batch in self._file.iter_batches(self._batch_rows, use_threads=False):
                frame = pl.from_arrow(batch)
                if isinstance(frame, pl.DataFrame):
                    yield frame
            return
        scan = pl.scan_parquet(self._path, glob=False)
        for at in range(0, max(meta.num_rows, 1), self._batch_rows):
            yield scan.slice(at, self._batch_rows).collect()


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def _unpack(stream: ByteStream) -> IO[bytes]:
    """Return a temporary file with the unpacked bytes."""
    unpacked = tempfile.TemporaryFile()  # ruff: ignore[open-file-with-context-handler] (the reader closes it)
    for piece in stream.pieces():
        unpacked.write(piece)
    unpacked.seek(0)
    return unpacked


def _check_columns(head: Head, names: list[str]) -> None:
    missing = [name for name in REQUIRED_COLUMNS if name not in names]
    if missing:
        columns = "columns" if len(missing) > 1 else "column"
        raise MalformedError(
            "missing-column",
            f"{head.path} has no {columns} {', '.join(missing)}.",
            advice="Add them, or say in a mapping file where they come from.",
        )
