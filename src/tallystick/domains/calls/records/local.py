"""From the clock on the wall to UTC, also on the night the clocks change.

The rule for a time that the clocks showed twice:

1. The time at which a row was written down (its release, else its start) is taken
   as the earlier one, unless the file, read in order, shows the clock jumping back
   by more than SETBACK_MS within that hour: from there on it is the later one.
   A file that jumps about anyway proves nothing and gets the earlier one.
2. Start and answer are the latest of their two readings that leave room for the
   duration before the release; the earlier one if neither does.

A time the clocks skipped is read as if they had not yet been put forward.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from tallystick.domains.calls.records.mapping import FIXED_OFFSET

# Clocks go back by an hour (half an hour on Lord Howe Island); rows written by one
# process are never out of order by as much.
SETBACK_MS: Final = 25 * 60_000
# More backward jumps than this outside a repeated hour: the file is not in order.
JUMPS_ALLOWED: Final = 3
# A moment safely before a skipped hour, on the same side of the change.
BEFORE_GAP: Final = pl.duration(hours=4)
# Whole seconds in the source make sums of them wrong by this much.
SLACK_MS: Final = 1000


@dataclass(frozen=True, slots=True)
class Readings:
    """The two moments a wall-clock time can mean; equal except when it is repeated.

    Units: UTC milliseconds.
    """

    earlier: pl.Series
    later: pl.Series


def readings(wall: pl.Series, zone: str) -> Readings:
    """Return both readings of every time in `wall`."""
    if fixed := FIXED_OFFSET.fullmatch(zone):
        sign, hours, minutes = fixed.groups()
        offset_ms = (
            (int(hours) * 60 + int(minutes)) * 60_000 * (-1 if sign == "+" else 1)
        )
        ms = wall.dt.timestamp("ms") + offset_ms
        return Readings(ms, ms)
    both = wall.to_frame("w").select(
        earlier=_utc(pl.col("w"), zone, "earliest"),
        later=_utc(pl.col("w"), zone, "latest"),
    )
    skipped = both["earlier"].is_null() & wall.is_not_null()
    if skipped.any():
        shifted = (
            wall.to_frame("w")
            .select(_utc(pl.col("w") - BEFORE_GAP, zone, "earliest") + 4 * 3_600_000)
            .to_series()
        )
        both = both.with_columns(pl.all().fill_null(shifted))
    return Readings(both["earlier"], both["later"])


def _utc(wall: pl.Expr, zone: str, which: str) -> pl.Expr:
    return wall.dt.replace_time_zone(
        zone,
        ambiguous="earliest" if which == "earliest" else "latest",
        non_existent="null",
    ).dt.timestamp("ms")


class WallClock:
    """Places the wall-clock times of one file in UTC, block after block.

    Bounds: Remembers one row.
    """

    def __init__(self, zone: str) -> None:
        self._zone = zone
        self._last: int | None = None
        self._jumps = 0
        self._rows = 0
        self._set_back_on: date | None = None

    def place(
        self, walls: dict[str, pl.Series], talked_ms: pl.Series, held_ms: pl.Series
    ) -> dict[str, pl.Series]:
        """Return UTC milliseconds for each column of wall-clock times.

        Args:
            walls: "started_at" and, where the file has them, "answered_at" and
                "released_at": Datetime in ms without zone, null where there is none.
            talked_ms: Conversation per row, as billed.
            held_ms: Seizure to release per row, null where the keeper has it not.
        """
        found = {name: readings(wall, self._zone) for name, wall in walls.items()}
        anchor = "released_at" if "released_at" in walls else "started_at"
        written = walls[anchor].zip_with(
            walls[anchor].is_not_null(), walls["started_at"]
        )
        both = readings(written, self._zone)
        later = self._later(written, both)
        end = both.later.zip_with(later, both.earlier)
        placed: dict[str, pl.Series] = {}
        for name, reading in found.items():
            if name == anchor:
                known = walls[name].is_not_null()
                placed[name] = end.zip_with(known, reading.earlier)
            elif anchor == "started_at":
                # Written at the start: the answer is the first moment after it.
                room = (reading.earlier >= end - SLACK_MS).fill_null(value=True)
                placed[name] = reading.earlier.zip_with(room, reading.later)
            else:
                need = talked_ms.fill_null(0)
                if name == "started_at":
                    need = held_ms.zip_with(held_ms.is_not_null(), need)
                room = (end - reading.later >= need - SLACK_MS).fill_null(value=False)
                placed[name] = reading.later.zip_with(room, reading.earlier)
        return placed

    def _later(self, written: pl.Series, both: Readings) -> pl.Series:
        """Tell for each row whether it was written after the clocks went back."""
        clock = written.dt.timestamp("ms")
        known = clock.fill_null(strategy="forward")
        before = known.shift(1)
        if self._last is not None:
            before = before.fill_null(self._last)
        jump = (before - known > SETBACK_MS).fill_null(value=False)
        repeated = (both.earlier != both.later).fill_null(value=False)
        self._note(known, jump & ~repeated)
        nowhere = pl.repeat(value=False, n=len(written), dtype=pl.Boolean, eager=True)
        if not repeated.any() or self._out_of_order():
            return nowhere
        days = written.dt.date()
        if self._set_back_on is None:
            carried = nowhere
        else:
            carried = (days == self._set_back_on).fill_null(value=False)
        jumps = pl.DataFrame({"day": days, "jump": jump & repeated}).select(
            pl.col("jump").cast(pl.Int32).cum_sum().over("day")
        )["jump"] + carried.cast(pl.Int32)
        if (jump & repeated).any():
            self._set_back_on = days.filter(jump & repeated)[-1]
        if (jumps.filter(repeated) > 1).any():
            return nowhere  # back and forth: no order to learn from
        return repeated & (jumps == 1)

    def _note(self, known: pl.Series, jumps: pl.Series) -> None:
        self._rows += len(known)
        self._jumps += int(jumps.sum())
        last = known.drop_nulls()
        if len(last):
            self._last = int(last[-1])

    def _out_of_order(self) -> bool:
        return self._jumps > max(JUMPS_ALLOWED, self._rows // 1000)
