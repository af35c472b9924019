"""What the node beside the console kept, counted so that no page waits for it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import polars as pl

from tallystick.cases.course import DAY_MS
from tallystick.engines.kept import COUNTS, HarmJob, count_harm, kept_files
from tallystick.harm import Figures, Period
from tallystick.model import TallystickError
from tallystick.store.findings import Days

T = TypeVar("T")
FRESH_MS: Final = 60_000
PATIENCE_S: Final = 0.15
"""So long a page waits for a count that has just begun."""
MEMORY_MB: Final = 512


@dataclass(frozen=True, slots=True)
class DayCount:
    """Departures of a day, as the node counted them.

    Attributes:
        day: Counted from 1970.
        told: Own ones that the peer will hear of; None: not counted.
        heard: The peer's that came.
    """

    day: int
    told: int | None
    heard: int


@dataclass(frozen=True, slots=True)
class Counted:
    """What a node kept, counted.

    Attributes:
        at_ms: Up to when.
        today: Since midnight, UTC; None: nothing was kept.
        days: Departures by day.
    """

    at_ms: int
    today: Figures | None = None
    days: tuple[DayCount, ...] = ()


class KeptWatch:
    """Counts what a node keeps, at most once a minute."""

    def __init__(self, folder: Path | None) -> None:
        """Count in a folder `verdicts`; None: there is none."""
        self._folder = folder
        self._lock = threading.Lock()
        self._at: threading.Thread | None = None
        self._last: Counted | None = None

    def look(self, now_ms: int) -> Counted | None:
        """Return what was counted last; None: nothing yet, or there is no folder."""
        if self._folder is None:
            return None
        with self._lock:
            last, at = self._last, self._at
            fresh = last is not None and 0 <= now_ms - last.at_ms < FRESH_MS
            if not fresh and (at is None or not at.is_alive()):
                at = self._at = threading.Thread(
                    target=self._count, args=(self._folder, now_ms), daemon=True
                )
                at.start()
        self.wait(PATIENCE_S)
        return self._last

    def wait(self, most_s: float) -> None:
        """Wait until what is being counted is, at most so long."""
        with self._lock:
            at = self._at
        if at is not None:
            at.join(most_s)

    def by_day(self, days: Days, *, now_ms: int) -> list[DayCount]:
        """Return departures of these days."""
        counted = self.look(now_ms)
        every = counted.days if counted is not None else ()
        return [one for one in every if days.first <= one.day <= days.last]

    def _count(self, folder: Path, now_ms: int) -> None:
        today = _told(lambda: _since_midnight(folder, now_ms))
        self._last = Counted(now_ms, today, _told(lambda: _by_day(folder)) or ())


def _told(count: Callable[[], T]) -> T | None:
    """Count; None where nothing is kept yet, or a file went while it was read."""
    try:
        return count()
    except (TallystickError, OSError, pl.exceptions.PolarsError):
        return None


def _since_midnight(folder: Path, now_ms: int) -> Figures:
    period = Period(from_ms=now_ms // DAY_MS * DAY_MS, until_ms=now_ms + 1)
    return count_harm(
        HarmJob(
            party="",
            peer="",
            period=period,
            verdicts=(folder,),
            memory_mb=MEMORY_MB,
        )
    )


def _by_day(folder: Path) -> tuple[DayCount, ...]:
    files = kept_files([folder], COUNTS)
    if not files:
        return ()
    sums = [
        pl.col("told").sum(),
        pl.col("told").count().alias("n"),
        pl.col("heard").sum(),
    ]
    rows = (
        pl.scan_parquet(files)
        .group_by((pl.col("at_ms") // DAY_MS).alias("day"))
        .agg(*sums)
        .sort("day")
        .collect()
    )
    return tuple(
        DayCount(day, told if n else None, heard)
        for day, told, n, heard in rows.iter_rows()
    )
