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
GENERATION_ROWS: Final = 1_000_000
SLOTS: Final = 1 << 25
_SHIFT: Final = np.uint64(64 - 25)
_LAST_MARK: Final = 255
_SEED: Final = 20_260_301

_Hashes = npt.NDArray[np.uint64]


class RepeatFilter:
    """Drops repeated rows of one file, block after block.

    A repeat is found among at least the last GENERATION_ROWS rows. A table of marks
    tells in one look-up that a row is new; only the few per cent that share a slot
    are compared with the rows kept.

    Bounds: 32 MiB for the marks and 16 MiB for hashes. Rows are compared by a 64-bit
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
        ordered: _Hashes = np.sort(hashes.to_numpy())
        met = self._met(ordered)
        again = bool((ordered[1:] == ordered[:-1]).any())
        self._remember(ordered)
        if not again and not len(met):
            return rows, 0
        fresh = hashes.is_first_distinct() & ~hashes.is_in(met.implode())
        kept = Rows(rows.frame.filter(fresh), rows.lines.filter(fresh), rows.rejects)
        return kept, len(fresh) - int(fresh.sum())

    def _met(self, ordered: _Hashes) -> pl.Series:
        """Return the hashes that an earlier block held."""
        # Sorted hashes walk through the table of marks from its front to its end.
        marks: npt.NDArray[np.uint8] = self._marks[ordered >> _SHIFT]
        near = (marks == self._generation) | (marks == self._generation - 1)
        suspects = ordered[near & (marks != 0)]
        met = np.zeros(len(suspects), dtype=np.bool_)
        for block in (*self._previous, *self._current):
            at = np.searchsorted(block, suspects)
            at[at == len(block)] = 0
            met |= block[at] == suspects
        return pl.Series(suspects[met], dtype=pl.UInt64)

    def _remember(self, ordered: _Hashes) -> None:
        self._current.append(ordered)
        self._marks[ordered >> _SHIFT] = self._generation
        self._rows += len(ordered)
        if self._rows < GENERATION_ROWS:
            return
        self._rows = 0
        self._previous, self._current = self._current, []
        self._generation += 1
        if self._generation > _LAST_MARK:
            self._marks[:] = 0
            self._generation = 1
            self._previous = []
