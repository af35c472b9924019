"""Writes frames of one shape into a file, batch after batch.

The file appears under its name only when it is complete.
"""

from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from tallystick.domains.calls.records.plain import plain_text, plain_typed
from tallystick.domains.calls.records.source import unavailable
from tallystick.domains.calls.schema import REJECT_SCHEMA
from tallystick.model.errors import ConfigError

SUFFIXES: Final = (".csv", ".parquet")


class TableFile:
    """A file of the plain table, in CSV or Parquet by its suffix.

    Bounds: One batch.
    """

    def __init__(self, path: Path) -> None:
        """Prepare to write `path`.

        Raises:
            ConfigError: "out-suffix": it is neither .csv nor .parquet.
        """
        if path.suffix not in SUFFIXES:
            raise ConfigError(
                "out-suffix",
                f"{path.name} says neither CSV nor Parquet.",
                advice=f"End it in {' or '.join(SUFFIXES)}.",
            )
        self._path = path
        self._part = _open_part(path)
        self._parquet: pq.ParquetWriter | None = None
        self._begun = False

    def __enter__(self) -> Self:
        """Return the file, ready to write."""
        return self

    def write(self, records: pl.DataFrame) -> None:
        """Append records; columns that the first batch has not are left out."""
        if self._path.suffix == ".csv":
            _write_csv(plain_text(records), self._part, header=not self._begun)
        else:
            self._write_parquet(plain_typed(records).to_arrow())
        self._begun = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Complete the file, or drop it after an error."""
        if self._parquet is not None:
            self._parquet.close()
        _close_part(self._part, self._path, complete=kind is None)

    def _write_parquet(self, table: pa.Table) -> None:
        if self._parquet is None:
            self._parquet = pq.ParquetWriter(
                self._part, table.schema, compression="zstd"
            )
        self._parquet.write_table(table)


class RejectFile:
    """`rejects.csv`: what could not be read, and why."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "rejects.csv"
        self._part = _open_part(self._path)
        empty = pl.DataFrame(schema=REJECT_SCHEMA)
        _write_csv(empty, self._part, header=True)

    def __enter__(self) -> Self:
        """Return the file, ready to write."""
        return self

    def write(self, rejects: pl.DataFrame) -> None:
        """Append rows of REJECT_SCHEMA."""
        _write_csv(rejects, self._part, header=False)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Complete the file, or drop it after an error."""
        _close_part(self._part, self._path, complete=kind is None)


def _write_csv(frame: pl.DataFrame, file: IO[bytes], *, header: bool) -> None:
    """Write rows; an empty text is nothing, not a pair of quotation marks."""
    text = pl.col(pl.String)
    frame.with_columns(text.replace("", None)).write_csv(file, include_header=header)


def _open_part(path: Path) -> IO[bytes]:
    try:
        return path.with_name(f"{path.name}.part").open("wb")
    except OSError as error:
        raise unavailable(path, error) from None


def _close_part(part: IO[bytes], path: Path, *, complete: bool) -> None:
    part.close()
    unfinished = path.with_name(f"{path.name}.part")
    if complete:
        unfinished.replace(path)
    else:
        unfinished.unlink(missing_ok=True)
