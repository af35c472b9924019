"""Rows kept on disk, in Parquet files that are rotated: the newest so many bytes.

Where the disk fails, rows are counted as lost and calls go on. Small files of past
hours are merged; see `merging`.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, Generic, TypeVar

import pyarrow as pa

from tallystick.node.kept.merging import files_of, merge_some, read_found, write_whole

FILE_ROWS: Final = 100_000
FLUSH_MS: Final = 10_000
T = TypeVar("T")
Columns = Mapping[str, Callable[[T], object]]


class Kept(Generic[T]):
    """Rows of one kind.

    Attributes:
        lost: Rows that could not be kept.
        folder: Where files are.

    Bounds: `FILE_ROWS` rows in memory; `limit_bytes` on disk, and one file.
    """

    def __init__(
        self,
        folder: Path,
        *,
        kind: str,
        schema: pa.Schema,
        columns: "Columns[T]",
        limit_bytes: int,
        flush_ms: int = FLUSH_MS,
    ) -> None:
        """Keep rows in `folder`, which is made when the first are written."""
        self.lost = 0
        self._flush_ms = flush_ms
        self.limit_bytes = limit_bytes
        self.folder = folder
        self._kind = kind
        self._schema = schema
        self._columns = columns
        self._rows: deque[T] = deque()
        self._writing: deque[T] = deque()
        self._since_ms: int | None = None
        self._next = 0
        self._merged: set[int] = set()

    @property
    def unwritten(self) -> int:
        """How many rows are not on disk yet."""
        return len(self._rows) + len(self._writing)

    def keep(self, row: T) -> None:
        """Keep one row, on disk before long."""
        if len(self._rows) >= FILE_ROWS:
            self._rows.popleft()
            self.lost += 1
        self._rows.append(row)

    def due(self, *, now_ms: int, everything: bool = False) -> bool:
        """Tell whether some have waited long enough; asked every second or so."""
        if not self._rows:
            self._since_ms = None
            return False
        self._since_ms = now_ms if self._since_ms is None else self._since_ms
        full = len(self._rows) >= FILE_ROWS // 2
        # A clock that was set back must not keep rows in memory.
        waited = abs(now_ms - self._since_ms) >= self._flush_ms
        return full or everything or waited

    def take(self) -> deque[T]:
        """Return what is to be written, and gather the next ones apart."""
        self._writing, self._rows, self._since_ms = self._rows, deque(), None
        return self._writing

    def write(self, rows: deque[T], *, now_ms: int) -> None:
        """Write what `take` returned; may be done beside other work."""
        try:
            self._write(rows, now_ms)
            self._rotate()
        except (OSError, pa.ArrowException):
            self.lost += len(rows)
        finally:
            self._writing = deque()

    def merge(self, *, now_ms: int) -> bool:
        """Merge some small files of past hours, beside other work.

        Not while something is written. Where the disk fails, all stays as it is.

        Returns:
            Whether there may be more to merge.
        """
        try:
            return merge_some(self.folder, self._kind, now_ms=now_ms, done=self._merged)
        except (OSError, pa.ArrowException):
            return False

    def recent(self, call_id: str) -> dict[str, object] | None:
        """Return the last row on a call of which nothing is on disk yet."""
        of = self._columns["call_id"]
        for row in (*reversed(self._rows), *reversed(self._writing)):
            if of(row) == call_id:
                return {name: take(row) for name, take in self._columns.items()}
        return None

    def find_on_disk(self, call_id: str) -> dict[str, object] | None:
        """Look on disk; takes the longer, the more is kept."""
        return read_found(self.folder, self._kind, call_id)

    def _write(self, rows: deque[T], now_ms: int) -> None:
        table = pa.table(
            {name: [take(one) for one in rows] for name, take in self._columns.items()},
            schema=self._schema,
        )
        name = f"{self._kind}-{now_ms:015d}-{self._next:06d}.parquet"
        self._next += 1
        write_whole(self.folder / name, self._schema, [table])

    def _rotate(self) -> None:
        """Let go of the oldest files beyond the limit."""
        held = 0
        for path in _newest_first(self.folder, self._kind):
            held += path.stat().st_size
            if held > self.limit_bytes:
                path.unlink()


def _newest_first(folder: Path, kind: str) -> Iterator[Path]:
    yield from reversed(files_of(folder, kind))
