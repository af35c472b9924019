"""The newest of what nodes kept, read from the end: bounded, however much there is.

Files are named by when they were written. The newest are read, so many rows of them,
and what was merged into another file is not read twice.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from tallystick.engines.kept import MERGED
from tallystick.model import MalformedError, UnavailableError

LOOKED: Final = 500_000
"""Rows that are looked at, and one file more."""
FOUND: Final = 10_000
"""Rows that are returned at most, the newest."""
STEP: Final = 100_000
"""Rows that are looked at in one go: whoever finds enough in them looks no further."""
AFTER_MS: Final = 3_660_000
"""A file holds rows of an hour before it was written, and of no moment after."""
_TRIES: Final = 5
_AT: Final = "at_ms"

Pick = Callable[[pl.LazyFrame], pl.LazyFrame]


@dataclass(frozen=True, slots=True, kw_only=True)
class Newest:
    """Rows, and how far was looked for them.

    Attributes:
        rows: In the order in which they were kept; words are text.
        looked: At how many rows.
        since_ms: From this moment on everything was looked at; None: nothing is kept.
        is_all: Whether everything was looked at that can be wanted.
    """

    rows: pl.DataFrame
    looked: int = 0
    since_ms: int | None = None
    is_all: bool = True


class Span(NamedTuple):
    """From which moment until which rows are wanted, UTC milliseconds.

    Attributes:
        from_ms: The first; None: any.
        until_ms: The first after the last; None: any.
    """

    from_ms: int | None = None
    until_ms: int | None = None


def newest(
    folder: Path,
    kind: str,
    *,
    schema: pa.Schema,
    pick: Pick,
    span: Span = Span(),  # ruff: ignore[function-call-in-default-argument] (it cannot change)
) -> Newest:
    """Return the newest rows of a kind that are wanted.

    Args:
        folder: The files lie in it, or below.
        kind: How their names begin.
        schema: Of the rows, with `at_ms`; what older files lack is null.
        pick: Chooses among rows, one by one, and may add columns.
        span: Files that lie outside of it are not opened.

    Raises:
        MalformedError: "harm-verdicts-damaged".
        UnavailableError: "verdicts-merging".
    """
    for _ in range(_TRIES):
        try:
            found = _newest(folder, kind, schema, pick, span)
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
    raise UnavailableError(
        "verdicts-merging",
        "The node puts its files in order at this moment.",
        advice="Ask again.",
    )


def _newest(
    folder: Path, kind: str, schema: pa.Schema, pick: Pick, span: Span
) -> Newest | None:
    """Return what there is; None where files were merged while they were read."""
    every = _newest_first(folder, kind, span)
    looked, found, steps = 0, 0, [_plain(pick(_empty(schema).lazy()).collect())]
    files: list[_File] = []
    while looked < LOOKED and found < FOUND and (step := _step(every)):
        paths = [one.path for one in reversed(step)]
        some = pick(_scan(paths, schema)).tail(FOUND).collect()
        steps.append(_plain(some))
        files += step
        found += some.height
        looked += sum(one.rows for one in step)
    if any(_mark(one.path) != one.mark for one in files):
        return None
    # Each process of a node has a folder of its own, looked at as far as its last file.
    last = {one.path.parent: _from_ms(one.footer) for one in files}
    return Newest(
        rows=pl.concat(reversed(steps)).tail(FOUND),
        looked=looked,
        since_ms=max((at for at in last.values() if at is not None), default=None),
        is_all=next(every, None) is None,
    )


class _File(NamedTuple):
    """A file that may hold what is wanted.

    Attributes:
        path: Where it is.
        mark: Tells it from the one that takes its place when files are merged.
        footer: What it says of itself.
    """

    path: Path
    mark: tuple[int, int]
    footer: pq.FileMetaData

    @property
    def rows(self) -> int:
        """How many it has."""
        return int(self.footer.num_rows)


def _step(every: Iterator[_File]) -> list[_File]:
    """Take the next files, until they have enough rows for one go."""
    step: list[_File] = []
    while sum(one.rows for one in step) < STEP and (one := next(every, None)):
        step.append(one)
    return step


def _newest_first(folder: Path, kind: str, span: Span) -> Iterator[_File]:
    """Yield files; one whose end is missing is left out.

    Yields:
        A merged file takes the name of the newest of those that it holds, so that it
        comes before them where they are still there.

    Raises:
        FileNotFoundError: one was there a moment ago.
    """
    held: set[Path] = set()
    for path in sorted(
        folder.rglob(f"{kind}-*.parquet"), key=lambda one: one.name, reverse=True
    ):
        written = path.stem.split("-")[1]
        written_ms = int(written) if written.isdecimal() else 0
        if span.from_ms is not None and written_ms < span.from_ms:
            return
        if span.until_ms is not None and written_ms - AFTER_MS >= span.until_ms:
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
        if path not in held and not _is_after(footer, span.until_ms):
            yield _File(path, mark, footer)


def _is_after(footer: pq.FileMetaData, until_ms: int | None) -> bool:
    from_ms = None if until_ms is None else _from_ms(footer)
    return from_ms is not None and until_ms is not None and from_ms >= until_ms


def _from_ms(footer: pq.FileMetaData) -> int | None:
    """Return the earliest moment of a file's rows, as its end says."""
    place = footer.schema.names.index(_AT)
    groups = (footer.row_group(n) for n in range(footer.num_row_groups))
    said = [one.column(place).statistics for one in groups]
    if not said or any(one is None or not one.has_min_max for one in said):
        return None
    return min(int(one.min) for one in said)


def _mark(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_ino, found.st_mtime_ns


def _scan(paths: list[Path], schema: pa.Schema) -> pl.LazyFrame:
    return pl.scan_parquet(
        paths,
        schema=_empty(schema).schema,
        missing_columns="insert",
        extra_columns="ignore",
    )


def _empty(schema: pa.Schema) -> pl.DataFrame:
    return pl.DataFrame(schema.empty_table())


def _plain(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows whose words are text: a few are sorted and shown."""
    return rows.with_columns(pl.col(pl.Categorical).cast(pl.String))
