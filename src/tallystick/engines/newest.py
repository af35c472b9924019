"""The newest of what nodes kept, read from the end: bounded, however much there is.

Files are named by when they were written. The newest are read, so many rows of them,
and what was merged into another file is not read twice.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from tallystick.engines.kept import MERGED
from tallystick.model import MalformedError

LOOKED: Final = 1_000_000
"""Rows that are looked at, and one file more."""
FOUND: Final = 10_000
"""Rows that are returned at most, the newest."""
AFTER_MS: Final = 3_660_000
"""A file holds rows of an hour at most before it was written, and of no moment after."""
_TRIES: Final = 3
_Pick = Callable[[pl.LazyFrame], pl.LazyFrame]
_AT: Final = "at_ms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Newest:
    """Rows, and how far was looked for them.

    Attributes:
        rows: In the order in which they were kept; words are text.
        looked: At how many rows.
        since_ms: The oldest moment that was looked at; None: nothing is kept.
        is_all: Whether nothing older is kept.
    """

    rows: pl.DataFrame
    looked: int = 0
    since_ms: int | None = None
    is_all: bool = True


def newest(
    folder: Path,
    kind: str,
    *,
    schema: pa.Schema,
    wanted: pl.Expr,
    more: Sequence[pl.Expr] = (),
    until_ms: int | None = None,
) -> Newest:
    """Return the newest rows of a kind that are wanted.

    Args:
        folder: The files lie in it, or below.
        kind: How their names begin.
        schema: Of the rows; what older files lack is null.
        wanted: Holds of a row.
        more: Columns that are made of those that are kept; may be wanted, too.
        until_ms: Rows of this moment and after need not be looked at.

    Raises:
        MalformedError: "harm-verdicts-damaged".
    """

    def pick(rows: pl.LazyFrame) -> pl.LazyFrame:
        return rows.with_columns(*more).filter(wanted).tail(FOUND)

    for _ in range(_TRIES):
        try:
            found = _newest(folder, kind, schema, pick, until_ms)
        except FileNotFoundError:
            continue  # rotated away meanwhile
        except pl.exceptions.PolarsError:
            raise MalformedError(
                "harm-verdicts-damaged",
                "A file of what the node kept cannot be read.",
                advice="Run tally harm report: it names the file.",
            ) from None
        if found is not None:
            return found
    return Newest(rows=_nothing(schema, pick))


def _newest(
    folder: Path, kind: str, schema: pa.Schema, pick: _Pick, until_ms: int | None
) -> Newest | None:
    """Return what there is; None where files were merged while they were read."""
    files: dict[Path, _Mark] = {}
    looked, is_all = 0, True
    for path, mark, many in _newest_first(folder, kind, until_ms):
        if looked >= LOOKED:
            is_all = False
            break
        files[path] = mark
        looked += many
    if not files:
        return Newest(rows=_nothing(schema, pick))
    paths = list(reversed(files))
    found = pick(_scan(paths, schema))
    first = _scan(paths[:1], schema).select(pl.col(_AT).min())
    rows, since = pl.collect_all([found, first])
    if any(_mark(path) != mark for path, mark in files.items()):
        return None
    return Newest(
        rows=_plain(rows), looked=looked, since_ms=since.item(), is_all=is_all
    )


def _newest_first(
    folder: Path, kind: str, until_ms: int | None
) -> Iterator[tuple[Path, "_Mark", int]]:
    """Yield files, each with its mark and how many rows it has.

    One whose end is missing is left out.

    Yields:
        A merged file takes the name of the newest of those that it holds, so that it
        comes before them where they are still there.

    Raises:
        FileNotFoundError: one was there a moment ago.
    """
    held: set[Path] = set()
    files = folder.rglob(f"{kind}-*.parquet")
    for path in sorted(files, key=lambda one: one.name, reverse=True):
        if path in held or _is_after(path, until_ms):
            continue
        mark = _mark(path)
        try:
            footer = pq.read_metadata(path)
        except FileNotFoundError:
            raise
        except (OSError, pa.ArrowException):
            continue
        noted = (footer.metadata or {}).get(MERGED, b"")
        held |= {path.with_name(name) for name in noted.decode().split("\n") if name}
        yield path, mark, footer.num_rows


class _Mark(NamedTuple):
    """Tells a file from the one that takes its place."""

    inode: int
    at_ns: int


def _mark(path: Path) -> _Mark:
    found = path.stat()
    return _Mark(found.st_ino, found.st_mtime_ns)


def _is_after(path: Path, until_ms: int | None) -> bool:
    written = path.stem.split("-")[1]
    return (
        until_ms is not None
        and written.isdecimal()
        and int(written) - AFTER_MS >= until_ms
    )


def _scan(paths: list[Path], schema: pa.Schema) -> pl.LazyFrame:
    return pl.scan_parquet(
        paths,
        schema=_empty(schema).schema,
        missing_columns="insert",
        extra_columns="ignore",
    )


def _nothing(schema: pa.Schema, pick: _Pick) -> pl.DataFrame:
    return _plain(pick(_empty(schema).lazy()).collect())


def _empty(schema: pa.Schema) -> pl.DataFrame:
    return pl.DataFrame(schema.empty_table())


def _plain(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows whose words are text: a few are sorted and shown."""
    return rows.with_columns(pl.col(pl.Categorical).cast(pl.String))
