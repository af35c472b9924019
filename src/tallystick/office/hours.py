"""The counts that are logged at the end of an hour, from what a node keeps.

Counted here and not in the node: an hour may hold ten million calls, and no call may
wait for it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from tallystick.engines.hours import HOUR_MS, HourCounts, count_hour, written_hours
from tallystick.model import TallystickError
from tallystick.store.log import lay_in, read_file
from tallystick.store.logged import LoggedBook

FORMAT: Final = "tallystick-counts/1"
SETTLE_MS: Final = 300_000
"""So long after its end an hour is counted: corrections and merged files come late."""
ROUTES_MOST: Final = 2_000
"""Rows in one entry; an hour with more has several."""
AGAIN_MS: Final = 60_000


@dataclass(slots=True, kw_only=True)
class Hours:
    """Lays the counts of hours that have ended beside the log.

    Attributes:
        folder: Of the log.
        verdicts: Where the node keeps verdicts.
        book: The index of the log.
        now_ms: Tells the time.
    """

    folder: Path
    verdicts: Path
    book: LoggedBook
    now_ms: Callable[[], int]
    _done: set[int] = field(default_factory=set)
    _looked_ms: int | None = None

    def look(self) -> int:
        """Count hours that have ended and are not logged; return how many.

        What cannot be counted yet is refused as in `count_hour`, and is counted
        later; the other hours are counted meanwhile.
        """
        now_ms = self.now_ms()
        if self._looked_ms is not None and abs(now_ms - self._looked_ms) < AGAIN_MS:
            return 0
        self._looked_ms = now_ms
        ended = now_ms - SETTLE_MS - HOUR_MS
        hours = {
            hour
            for written in written_hours(self.verdicts)
            for hour in (written - HOUR_MS, written)
            if 0 <= hour <= ended
        }
        self._done &= hours
        counted, trouble = 0, None
        for hour in sorted(hours - self._done):
            try:
                counted += self._count(hour)
            except TallystickError as error:
                trouble = error
            else:
                self._done.add(hour)
        if trouble is not None:
            raise trouble
        return counted

    def _count(self, from_ms: int) -> int:
        """Lay the counts of an hour beside the log, unless it has them."""
        if self.book.places(_origin(self.folder), [name_of(from_ms, 1)]):
            return 0
        found = count_hour(self.verdicts, from_ms)
        if found is None:
            return 0
        # The first part last: where it is logged, all of them have been laid in.
        for content in reversed(contents(found, from_ms)):
            lay_in(self.folder, "counts", content)
        return 1


def contents(counts: HourCounts, from_ms: int) -> list[str]:
    """Return what is logged of an hour, in one part or more.

    Args:
        counts: What was counted.
        from_ms: When the hour begins.
    """
    rows = [("routes", one) for one in counts.routes]
    rows += [("corrected", one) for one in counts.corrected]
    parts = [
        rows[at : at + ROUTES_MOST] for at in range(0, max(1, len(rows)), ROUTES_MOST)
    ]
    made = []
    for number, part in enumerate(parts, 1):
        told: dict[str, Any] = {
            "format": FORMAT,
            "name": name_of(from_ms, number),
            "parts": len(parts),
            "from": _moment(from_ms),
            "until": _moment(from_ms + HOUR_MS),
            "first": _moment(counts.first_ms),
            "last": _moment(counts.last_ms),
            "told": counts.told,
            "heard": counts.heard,
        }
        for name in ("routes", "corrected"):
            told[name] = [row for of, row in part if of == name]
        made.append(msgspec.json.encode(told).decode())
    return made


def name_of(from_ms: int, part: int) -> str:
    """Return the name under which a part of an hour is logged, once."""
    return f"counts:{_moment(from_ms)}:{part}"


def _moment(at_ms: int | None) -> str | None:
    if at_ms is None:
        return None
    whole = datetime.fromtimestamp(at_ms // 1000, UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03}Z"


def _origin(folder: Path) -> str:
    published = read_file(folder / "public/checkpoint") or b""
    return published.partition(b"\n")[0].decode("ascii", "replace")
