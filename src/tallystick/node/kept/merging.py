"""Many small Parquet files become few, whatever happens meanwhile.

A merged file takes the place of the newest of those it holds, by a rename that is
whole or not at all, and names the others; these are removed after it. Cut short
between the two, the next turn finds the names and removes what is held twice.
"""

import contextlib
import fcntl
import os
from collections.abc import Generator, Iterable
from itertools import groupby
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

HOUR_MS: Final = 3_600_000
SMALL_ROWS: Final = 50_000
MERGED_ROWS: Final = 500_000
"""So long is a merged file at most; one turn of merging writes one."""

GROUP_ROWS: Final = 65_536  # in memory at a time: some 10 MB
_NAMES: Final = b"tally.merged"


def files_of(folder: Path, kind: str) -> list[Path]:
    """Return the files of a kind, oldest first."""
    return sorted(folder.glob(f"{kind}-*.parquet"))


def write_whole(
    path: Path,
    schema: pa.Schema,
    tables: Iterable[pa.Table],
    *,
    merged: Iterable[str] = (),
) -> None:
    """Write a file that is there wholly or not at all, also after a power failure.

    Args:
        path: The file; its folder is made.
        schema: Of all tables.
        tables: Its rows, a group each.
        merged: Names of files whose rows it holds.

    Raises:
        OSError: The disk does not take it.
        ArrowException: The rows cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    noted = schema.with_metadata({_NAMES: "\n".join(merged).encode()})
    try:
        with pq.ParquetWriter(part, noted, compression="zstd") as writer:
            for table in tables:
                writer.write_table(table.replace_schema_metadata(noted.metadata))
        _sync(part)
        part.replace(path)
        _sync(path.parent)
    except (OSError, pa.ArrowException):
        part.unlink(missing_ok=True)
        raise


def merge_some(folder: Path, kind: str, *, now_ms: int, done: set[int]) -> bool:
    """Merge one file's worth of small files of a past hour.

    Args:
        folder: Where they are.
        kind: How their names begin.
        now_ms: The present time; the hour it lies in is left alone.
        done: Hours that need not be looked at again; added to.

    Returns:
        Whether there may be more.
    """
    with alone(folder) as is_alone:
        if not is_alone:
            return False
        for hour, paths in groupby(files_of(folder, kind), _hour):
            if hour in done or hour >= now_ms // HOUR_MS:
                continue
            several = _first_small(_without_leftovers(list(paths)))
            if several:
                _merge(several)
                return True
            done.add(hour)
    return False


def read_found(folder: Path, kind: str, call_id: str) -> dict[str, object] | None:
    """Return the last row of a call, newest files first; None where there is none."""
    for _ in range(3):
        try:
            return _read_found(reversed(files_of(folder, kind)), call_id)
        except FileNotFoundError:
            continue  # merged into another file meanwhile, or rotated away
    return None


def _read_found(paths: Iterable[Path], call_id: str) -> dict[str, object] | None:
    for path in paths:
        try:
            found = pq.read_table(path, filters=[("call_id", "==", call_id)])
        except FileNotFoundError:
            raise
        except (OSError, pa.ArrowException):
            continue  # damaged: the others count
        if found.num_rows:
            row: dict[str, object] = found.slice(found.num_rows - 1).to_pylist()[0]
            return row
    return None


def moment_of(path: Path) -> int:
    """Return when a file was written, as its name says; -1: it does not."""
    _, _, rest = path.stem.partition("-")
    moment = rest.partition("-")[0]
    return int(moment) if moment.isdecimal() else -1


def _hour(path: Path) -> int:
    return moment_of(path) // HOUR_MS


def _without_leftovers(paths: list[Path]) -> list[Path]:
    """Remove what a merged file holds already; return what stays."""
    held = {name for path in paths for name in _held(path)}
    for path in paths:
        if path.name in held:
            path.unlink(missing_ok=True)
    return [path for path in paths if path.name not in held]


def _held(path: Path) -> list[str]:
    with contextlib.suppress(OSError, pa.ArrowException):
        noted = (pq.read_metadata(path).metadata or {}).get(_NAMES, b"")
        return [name for name in noted.decode().split("\n") if name]
    return []


def _first_small(paths: list[Path]) -> list[Path]:
    """Return the first small files that follow one another and fit into one."""
    found: list[Path] = []
    rows = 0
    for path in paths:
        count = _rows(path)
        fits = count <= SMALL_ROWS and rows + count <= MERGED_ROWS
        if fits:
            found.append(path)
            rows += count
        elif len(found) > 1:
            break
        else:
            found, rows = ([path], count) if count <= SMALL_ROWS else ([], 0)
    return found if len(found) > 1 else []


def _rows(path: Path) -> int:
    """Return how many rows a file has; a damaged one is left alone."""
    try:
        return int(pq.read_metadata(path).num_rows)
    except (OSError, pa.ArrowException):
        return SMALL_ROWS + 1


def _merge(paths: list[Path]) -> None:
    *older, newest = paths
    names = [path.name for path in older]
    schema = pq.read_schema(newest)
    write_whole(newest, schema, _groups(paths, schema), merged=names)
    for path in older:
        path.unlink(missing_ok=True)


def _groups(paths: list[Path], schema: pa.Schema) -> Generator[pa.Table]:
    """Yield the rows of all files in groups of one size.

    Yields:
        Tables of `GROUP_ROWS` rows; the last one may have fewer.
    """
    waiting: list[pa.Table] = []
    count = 0
    for path in paths:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(GROUP_ROWS):
                waiting.append(_as(schema, pa.Table.from_batches([batch])))
                count += batch.num_rows
                if count >= GROUP_ROWS:
                    yield pa.concat_tables(waiting).unify_dictionaries()
                    waiting, count = [], 0
    if waiting:
        yield pa.concat_tables(waiting).unify_dictionaries()


def _as(schema: pa.Schema, table: pa.Table) -> pa.Table:
    """Return rows with the columns of a schema; what older files lack is null."""
    for field in schema:
        if field.name not in table.column_names:
            nothing = pa.nulls(table.num_rows, field.type)
            table = table.append_column(field, nothing)
    return table.select(schema.names).cast(schema)


@contextlib.contextmanager
def alone(folder: Path) -> Generator[bool]:
    """Tell whether nobody else merges there, and keep others from it.

    Yields:
        Whether to go on.
    """
    if not folder.is_dir():
        yield False
        return
    with (folder / "merging.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
