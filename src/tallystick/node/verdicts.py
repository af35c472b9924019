"""Every verdict is kept, in Parquet files that are rotated, without a number.

So that the day can be paired again in batch, and a switch engineer can ask why.
"""

from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from tallystick.node.arrivals import Answered

FILE_ROWS: Final = 100_000
FLUSH_MS: Final = 10_000
_SCHEMA: Final = pa.schema(
    [
        ("call_id", pa.string()),
        ("at_ms", pa.int64()),
        ("trunk", pa.dictionary(pa.int32(), pa.string())),
        ("carrier", pa.dictionary(pa.int32(), pa.string())),
        ("outcome", pa.dictionary(pa.int8(), pa.string())),
        ("action", pa.dictionary(pa.int8(), pa.string())),
        ("rule", pa.dictionary(pa.int16(), pa.string())),
        ("mode", pa.dictionary(pa.int8(), pa.string())),
        ("would", pa.dictionary(pa.int8(), pa.string())),
        ("reasons", pa.string()),
        ("why", pa.dictionary(pa.int8(), pa.string())),
        ("covered", pa.bool_()),
        ("waited_ms", pa.int32()),
        ("offset_ms", pa.int32()),
        ("corrected", pa.bool_()),
    ]
)


class VerdictLog:
    """Keeps verdicts on disk, the newest so many megabytes.

    Where the disk fails, verdicts are counted as lost and calls go on.

    Attributes:
        lost: Verdicts that could not be kept.

    Bounds: `FILE_ROWS` verdicts in memory; `limit_bytes` on disk, and one file.
    """

    def __init__(self, folder: Path, *, limit_bytes: int) -> None:
        """Keep verdicts in `folder`, which is made when the first are written."""
        self.lost = 0
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._rows: deque[Answered] = deque()
        self._writing: deque[Answered] = deque()
        self._since_ms: int | None = None
        self._next = 0

    def keep(self, answered: Answered) -> None:
        """Keep one verdict, on disk before long."""
        if len(self._rows) >= FILE_ROWS:
            self._rows.popleft()
            self.lost += 1
        self._rows.append(answered)

    def due(self, *, now_ms: int, everything: bool = False) -> bool:
        """Tell whether some have waited long enough; asked every second or so."""
        if not self._rows:
            self._since_ms = None
            return False
        self._since_ms = now_ms if self._since_ms is None else self._since_ms
        full = len(self._rows) >= FILE_ROWS // 2
        waited = now_ms - self._since_ms >= FLUSH_MS
        return full or everything or waited

    def take(self) -> deque[Answered]:
        """Return what is to be written, and gather the next ones apart."""
        self._writing, self._rows, self._since_ms = self._rows, deque(), None
        return self._writing

    def write(self, rows: deque[Answered], *, now_ms: int) -> None:
        """Write what `take` returned; may be done beside other work."""
        try:
            self._write(rows, now_ms)
            self._rotate()
        except (OSError, pa.ArrowException):
            self.lost += len(rows)
        finally:
            self._writing = deque()

    def recent(self, call_id: str) -> dict[str, object] | None:
        """Return what was said last of a call of which nothing is on disk yet."""
        for answered in (*reversed(self._rows), *reversed(self._writing)):
            if answered.call_id == call_id:
                return _row(answered)
        return None

    def find_on_disk(self, call_id: str) -> dict[str, object] | None:
        """Look on disk; takes the longer, the more is kept."""
        return find_verdict(self._folder, call_id)

    def _write(self, rows: deque[Answered], now_ms: int) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        table = pa.table(
            {name: [take(one) for one in rows] for name, take in _COLUMNS.items()},
            schema=_SCHEMA,
        )
        path = self._folder / f"verdicts-{now_ms:015d}-{self._next:06d}.parquet"
        self._next += 1
        part = path.with_suffix(".part")
        pq.write_table(table, part, compression="zstd")
        part.replace(path)

    def _rotate(self) -> None:
        """Let go of the oldest files beyond the limit."""
        held = 0
        for path in _files(self._folder):
            held += path.stat().st_size
            if held > self._limit_bytes:
                path.unlink()


def find_verdict(folder: Path, call_id: str) -> dict[str, object] | None:
    """Look for the last verdict on a call in the files of a folder, newest first."""
    for path in _files(folder):
        try:
            found = pq.read_table(path, filters=[("call_id", "==", call_id)])
        except (OSError, pa.ArrowException):
            continue  # rotated away meanwhile, or damaged: the others count
        if found.num_rows:
            row: dict[str, object] = found.slice(found.num_rows - 1).to_pylist()[0]
            return row
    return None


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.glob("verdicts-*.parquet"), reverse=True)


_COLUMNS: Final[dict[str, Callable[[Answered], object]]] = {
    "call_id": lambda one: one.call_id,
    "at_ms": lambda one: one.at_ms,
    "trunk": lambda one: one.trunk,
    "carrier": lambda one: one.carrier,
    "outcome": lambda one: one.verdict.outcome,
    "action": lambda one: one.verdict.action,
    "rule": lambda one: one.verdict.rule,
    "mode": lambda one: one.verdict.mode,
    "would": lambda one: one.verdict.would,
    "reasons": lambda one: ";".join(one.verdict.reasons),
    "why": lambda one: one.evidence.why,
    "covered": lambda one: one.evidence.covered,
    "waited_ms": lambda one: one.waited_ms,
    "offset_ms": lambda one: one.offset_ms,
    "corrected": lambda one: one.corrected,
}


def _row(answered: Answered) -> dict[str, object]:
    return {name: take(answered) for name, take in _COLUMNS.items()}
