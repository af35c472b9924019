"""Pair halves of one key that crowd together: the cheapest pairing without crossings.

Redials come in order on both sides, whatever the clocks say; one of them may be
missing on either side. Among all pairings that keep the order, the one is taken whose
costs, with a price for every half left alone, are least.

Source: spec/pairing.md, "Crowds"; the recurrence is that of sequence alignment
(S. B. Needleman, C. D. Wunsch, J. Mol. Biol. 48 (1970)).
"""

from typing import Final

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

ALONE: Final = 10.0  # what it costs to leave a half without a partner
_LARGEST: Final = 250_000  # cells of one crowd; larger ones are cut in time


def align(candidates: pl.DataFrame) -> pl.DataFrame:
    """Choose among candidates.

    Args:
        candidates: `d_row`, `a_row`, `d_t`, `a_t`, `cost`; all pairs that may be,
            each within one key. `d_place` and `a_place` number the halves of each
            side in order of time, those of one moment by what they are.

    Returns:
        The chosen `d_row`, `a_row`. No half appears twice; no two pairs of one crowd
        cross in time.

    Bounds: time proportional to the sum over crowds of departures times arrivals.
    """
    if candidates.is_empty():
        return candidates.select("d_row", "a_row")
    ordered = candidates.sort("d_place", "a_place")
    d_rows, d_of = np.unique(ordered["d_place"].to_numpy(), return_inverse=True)
    a_rows, a_of = np.unique(ordered["a_place"].to_numpy(), return_inverse=True)
    size = len(d_rows) + len(a_rows)
    links = coo_array(
        (np.ones(len(d_of), dtype=np.int8), (d_of, len(d_rows) + a_of)),
        shape=(size, size),
    )
    _, crowd = connected_components(links, directed=False)
    crowd_of = crowd[d_of]
    order = np.argsort(crowd_of, kind="stable")
    starts = np.flatnonzero(np.diff(crowd_of[order], prepend=-1))
    d_t, a_t = ordered["d_t"].to_numpy(), ordered["a_t"].to_numpy()
    cost = ordered["cost"].to_numpy()
    chosen: list[int] = []
    for start, stop in zip(starts, [*starts[1:], len(order)], strict=True):
        rows = order[start:stop]
        if len(rows) == 1:
            if cost[rows[0]] < 2 * ALONE:
                chosen.append(int(rows[0]))
            continue
        chosen += _align_crowd(rows, d_of, a_of, d_t, a_t, cost)
    return ordered[chosen].select("d_row", "a_row")


def _align_crowd(
    rows: np.ndarray,
    d_of: np.ndarray,
    a_of: np.ndarray,
    d_t: np.ndarray,
    a_t: np.ndarray,
    cost: np.ndarray,
) -> list[int]:
    """Align one crowd; return the candidates chosen, by row number."""
    ds = sorted({(int(d_t[r]), int(d_of[r])) for r in rows})
    as_ = sorted({(int(a_t[r]), int(a_of[r])) for r in rows})
    n, m = len(ds), len(as_)
    if n * m > _LARGEST:
        middle = ds[n // 2][0]
        early = [r for r in rows if d_t[r] < middle and a_t[r] < middle]
        late = [r for r in rows if d_t[r] >= middle and a_t[r] >= middle]
        return [
            row
            for part in (early, late)
            if part
            for row in _align_crowd(np.array(part), d_of, a_of, d_t, a_t, cost)
        ]
    d_place = {half: i for i, (_, half) in enumerate(ds)}
    a_place = {half: j for j, (_, half) in enumerate(as_)}
    at = {(d_place[int(d_of[r])], a_place[int(a_of[r])]): int(r) for r in rows}
    best = [[0.0] * (m + 1) for _ in range(n + 1)]
    for i in range(n - 1, -1, -1):
        best[i][m] = best[i + 1][m] + ALONE
    for j in range(m - 1, -1, -1):
        best[n][j] = best[n][j + 1] + ALONE
    for i in range(n - 1, -1, -1):
        here, below = best[i], best[i + 1]
        for j in range(m - 1, -1, -1):
            least = min(below[j], here[j + 1]) + ALONE
            row = at.get((i, j))
            if row is not None:
                least = min(least, cost[row] + below[j + 1])
            here[j] = least
    chosen, i, j = [], 0, 0
    while i < n and j < m:
        row = at.get((i, j))
        if row is not None and best[i][j] == cost[row] + best[i + 1][j + 1]:
            chosen.append(row)
            i, j = i + 1, j + 1
        elif best[i + 1][j] < best[i][j + 1] or (
            best[i + 1][j] == best[i][j + 1] and ds[i][0] <= as_[j][0]
        ):
            i += 1
        else:
            j += 1
    return chosen
