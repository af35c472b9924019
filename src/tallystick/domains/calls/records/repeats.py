"""Finds retransmitted rows: the same in every value as an earlier one of the file.

Two different rows under one record id are not a retransmission; both are kept, since
keepers use an id again for the partial records of one long call.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tallystick.domains.calls.records.rows import Rows

# A retransmission follows the original within minutes to hours. Farther apart it
# stays a row here, and pairing, which sees the whole file at once, joins it.
GENERATION_ROWS: Final = 2_000_000
SLOTS: Final = 1 << 25
_LAST_MARK: Final = 255
_SEED: Final = 20_260_301

_Hashes = npt.NDArray[np.uint64]


class RepeatFilter:
    """Drops repeated rows of one file, block after block.

    A repeat is found among at least the last GENERATION_ROWS rows. A table of marks
    tells in one look-up that a row is new; only the few per cent that share a slot
    are compared with the rows kept.

    Bounds: 32 MiB for the marks and 32 MiB for hashes. Rows are compared by a 64-bit
        hash: two different ones count as repeated once in 10^12 rows.
    """

    def __init__(self) -> None:
        self._marks = np.zeros(SLOTS, dtype=np.uint8)
        self._generation = 1
        self._rows = 0
        self._current: list[_Hashes] = []
        self._previous: list[_Hashes] = []

    def keep_first(self, rows: Rows) -> tuple[Rows, int]:
        """Return the rows that repeat none before them, and how many do."""
        if rows.frame.is_empty():
            return rows, 0
        hashes = rows.frame.hash_rows(seed=_SEED)
        values = hashes.to_numpy()
        fresh = hashes.is_first_distinct()
        seen = self._seen(values)
        if seen.any():
            fresh &= pl.Series(~seen)
        self._remember(values)
        repeated = len(fresh) - int(fresh.sum())
        if not repeated:
            return rows, 0
        kept = Rows(rows.frame.filter(fresh), rows.lines.filter(fresh), rows.rejects)
        return kept, repeated

    def _seen(self, values: _Hashes) -> npt.NDArray[np.bool_]:
        """Tell for each row whether an earlier block held it."""
        marks: npt.NDArray[np.uint8] = self._marks[values & np.uint64(SLOTS - 1)]
        seen: npt.NDArray[np.bool_] = marks == self._generation
        seen |= marks == self._generation - 1
        seen &= marks != 0
        suspects = values[seen]
        met = np.zeros(len(suspects), dtype=np.bool_)
        for block in (*self._previous, *self._current):
            at = np.searchsorted(block, suspects)
            at[at == len(block)] = 0
            met |= block[at] == suspects
        seen[seen] = met
        return seen

    def _remember(self, values: _Hashes) -> None:
        self._current.append(np.sort(values))
        self._marks[values & np.uint64(SLOTS - 1)] = self._generation
        self._rows += len(values)
        if self._rows < GENERATION_ROWS:
            return
        self._rows = 0
        self._previous, self._current = self._current, []
        self._generation += 1
        if self._generation > _LAST_MARK:
            self._marks[:] = 0
            self._generation = 1
            self._previous = []
