"""Every verdict is kept, in Parquet files that are rotated, without a number.

So that the day can be paired again in batch, and a switch engineer can ask why.
"""

from collections import deque
from collections.abc import Iterator
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
        self._since_ms: int | None = None
        self._next = 0

    def keep(self, answered: Answered) -> None:
        """Keep one verdict, on disk before long."""
        if len(self._rows) >= FILE_ROWS:
            self._rows.popleft()
            self.lost += 1
        self._rows.append(answered)

    def flush(self, *, now_ms: int, everything: bool = False) -> None:
        """Write what has waited long enough; called every second or so."""
        if not self._rows:
            self._since_ms = None
            return
        self._since_ms = now_ms if self._since_ms is None else self._since_ms
        full = len(self._rows) >= FILE_ROWS // 2
        if not (full or everything or now_ms - self._since_ms >= FLUSH_MS):
            return
        rows, self._rows, self._since_ms = self._rows, deque(), None
        try:
            self._write(rows, now_ms)
            self._rotate()
        except OSError:
            self.lost += len(rows)

    def find(self, call_id: str) -> dict[str, object] | None:
        """Return what was said of a call last, from memory or disk."""
        for answered in reversed(self._rows):
            if answered.call_id == call_id:
                return _row(answered)
        return find_verdict(self._folder, call_id)

    def _write(self, rows: deque[Answered], now_ms: int) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        table = pa.Table.from_pylist([_row(one) for one in rows], schema=_SCHEMA)
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
        found = pq.read_table(path, filters=[("call_id", "==", call_id)])
        if found.num_rows:
            row: dict[str, object] = found.slice(found.num_rows - 1).to_pylist()[0]
            return row
    return None


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.glob("verdicts-*.parquet"), reverse=True)


def _row(answered: Answered) -> dict[str, object]:
    verdict, evidence = answered.verdict, answered.evidence
    return {
        "call_id": answered.call_id,
        "at_ms": answered.at_ms,
        "trunk": answered.trunk,
        "carrier": answered.carrier,
        "outcome": verdict.outcome,
        "action": verdict.action,
        "rule": verdict.rule,
        "mode": verdict.mode,
        "would": verdict.would,
        "reasons": ";".join(verdict.reasons),
        "why": evidence.why,
        "covered": evidence.covered,
        "waited_ms": answered.waited_ms,
        "offset_ms": answered.offset_ms,
    }
