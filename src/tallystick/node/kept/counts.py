"""How many departures were told to the peer, and heard from it, by the minute.

Both nodes count a departure in the minute it left by its teller's clock, so that what
one told and the other heard can be laid side by side (spec/harm.md, "Both reports").
"""

from collections import Counter
from collections.abc import Iterable
from operator import attrgetter
from pathlib import Path
from typing import Final, NamedTuple

import pyarrow as pa

from tallystick.node.kept.rotated import FLUSH_MS, Columns, Kept

KIND: Final = "counts"
MINUTE_MS: Final = 60_000
_SCHEMA: Final = pa.schema(
    [("at_ms", pa.int64()), ("told", pa.int64()), ("heard", pa.int64())]
)


class MinuteCount(NamedTuple):
    """Departures of one minute, as far as they were counted since the row before.

    Attributes:
        at_ms: When the minute begins; by the teller's clock.
        told: Own departures that the peer will hear of; None: not counted here.
        heard: The peer's departures that came.
    """

    at_ms: int
    told: int | None
    heard: int


_COLUMNS: "Final[Columns[MinuteCount]]" = {
    name: attrgetter(name) for name in MinuteCount._fields
}


class HalfCounts(Kept[MinuteCount]):
    """Counts halves and keeps the counts; a minute may have several rows.

    Attributes:
        tells: Whether own departures are counted. Several nodes of one party may each
            be told of one call; there nobody counts.

    Bounds: those of `Kept`; counts of `FLUSH_MS` are in memory.
    """

    def __init__(self, folder: Path, *, limit_bytes: int, tells: bool = True) -> None:
        """Keep counts in `folder`."""
        self.tells = tells
        super().__init__(
            folder,
            kind=KIND,
            schema=_SCHEMA,
            columns=_COLUMNS,
            limit_bytes=limit_bytes,
        )
        self._told: Counter[int] = Counter()
        self._heard: Counter[int] = Counter()
        self._fetched_ms = 0

    def tell(self, at_ms: int) -> None:
        """Count an own departure that the peer will hear of."""
        self._told[at_ms // MINUTE_MS] += 1

    def hear(self, moments_ms: Iterable[int]) -> None:
        """Count departures of the peer."""
        self._heard.update(at_ms // MINUTE_MS for at_ms in moments_ms)

    def fetch(self, *, now_ms: int, everything: bool = False) -> None:
        """Make rows of what was counted, if it is time."""
        if not everything and abs(now_ms - self._fetched_ms) < FLUSH_MS:
            return
        self._fetched_ms = now_ms
        for minute in sorted({*self._told, *self._heard}):
            told = self._told[minute] if self.tells else None
            self.keep(MinuteCount(minute * MINUTE_MS, told, self._heard[minute]))
        self._told.clear()
        self._heard.clear()
