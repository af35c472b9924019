"""Learn clocks and the window from the records themselves.

Pairs whose key occurs once on either side need no clock to be recognised. Their time
differences show what each clock is off by (whole hours included), how far the rest
scatters, and from there how wide the window has to be.

Source: spec/pairing.md, "Clocks" and "Window".
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from tallystick.pairing.step import Engine, Step

HOUR_MS: Final = 3_600_000
FARTHEST_MS: Final = 14 * HOUR_MS  # the widest mistake of a time zone
MIN_CELL: Final = 8  # pairs before a clock is corrected
THIN: Final = 20  # lone pairs per clock below which nearness must help
MIN_NEAR: Final = 3
MIN_BLOCK: Final = 24  # pairs in an hour before its drift is followed
_ROUNDS: Final = 40
_BINS_PER_OCTAVE: Final = 4
_FIRST_BIN_MS: Final = 25.0
DECOY_SHIFTS_H: Final = (-7, -5, -3, -2, 2, 3, 5, 7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """How far each clock is off.

    Attributes:
        table: `side`, `point`, `block` (hour since 1970; null for all hours),
            `offset_ms` to subtract.
        report: `side`, `point`, `offset_ms` (against the other side's halves of the
            same crossings), `spread_ms` (1.48 MAD), `pairs`.
    """

    table: pl.DataFrame
    report: pl.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """How far apart two halves of one crossing may lie, and why.

    Attributes:
        ms: Half-width.
        spread_ms: Robust standard deviation of corrected differences.
        false_expected: Chance pairs expected inside the window.
        curve: Columns `ms`, `pairs`, `false`.
        chance_per_ms: Chance pairs per millisecond of difference.
        unequal: How often clean pairs differ in an `EQ` attribute.
    """

    ms: int
    spread_ms: float
    false_expected: float
    curve: pl.DataFrame
    chance_per_ms: float
    unequal: float = 0.01

    def at(self, ms: int) -> "Window":
        """Return the same knowledge with another half-width."""
        return replace(self, ms=ms, false_expected=self.chance_per_ms * ms)


def lone_pairs_step(departures: str, arrivals: str, horizon_ms: int) -> Step:
    """Pair halves whose key occurs exactly once on either side, at any time.

    A record that says the same half again does not make its key occur twice.
    """
    lone = (
        "SELECT key_hi, key_lo, min(at_ms) AS at_ms, min(point) AS point"
        " FROM {} GROUP BY key_hi, key_lo"
        " HAVING min(at_ms) = max(at_ms) AND min(point) = max(point)"
    )
    return Step(
        "lone_pairs",
        f"SELECT d.point AS d_point, a.point AS a_point, d.at_ms AS d_at,"
        f" a.at_ms AS a_at FROM ({lone.format(departures)}) d"
        f" JOIN ({lone.format(arrivals)}) a USING (key_hi, key_lo)"
        f" WHERE abs(a.at_ms - d.at_ms) <= {max(FARTHEST_MS, horizon_ms)}",
        append=True,
    )


def near_pairs_step(horizon_ms: int) -> Step:
    """Pair halves that are each other's only candidate within the horizon.

    Where calls of the same numbers come again and again over months, hardly any key
    occurs once; then nearness must tell which belong together, and a clock that is
    hours off cannot be found.
    """
    return Step(
        "lone_pairs",
        "SELECT d_point, a_point, d_at, a_at FROM (SELECT d.point AS d_point,"
        " a.point AS a_point, d.at_ms AS d_at, a.at_ms AS a_at,"
        " count(*) OVER (PARTITION BY d.row) AS nd,"
        " count(*) OVER (PARTITION BY a.row) AS na"
        " FROM departures d JOIN arrivals a"
        " ON d.key_hi = a.key_hi AND d.key_lo = a.key_lo"
        f" AND a.at_ms BETWEEN d.at_ms - {horizon_ms} AND d.at_ms + {horizon_ms})"
        " WHERE nd = 1 AND na = 1",
    )


def learn_clocks(engine: Engine, *, least: int = MIN_CELL) -> Clocks:
    """Estimate each clock from the table `lone_pairs`.

    Offsets are fitted as departures' clock plus arrivals' clock by medians; what
    cannot be told apart is split between the two. Swapping the sides swaps the
    result.

    Args:
        engine: Holds `lone_pairs`.
        least: Pairs a clock needs to be corrected on its own.
    """
    pairs = engine.fetch("SELECT d_point, a_point, d_at, a_at FROM lone_pairs")
    pairs = pairs.with_columns(diff=pl.col("a_at") - pl.col("d_at"))
    cells = pairs.group_by("d_point", "a_point").agg(
        pl.col("diff").median().alias("median"), pl.len().alias("n")
    )
    offsets = _fit(cells, least)
    pairs = _residuals(pairs, offsets)
    blocks = _follow_drift(pairs)
    table = pl.concat(
        [
            offsets.with_columns(pl.lit(None, pl.Int64).alias("block")).select(
                "side", "point", "block", "offset_ms"
            ),
            blocks.select("side", "point", "block", "offset_ms"),
        ]
    )
    return Clocks(table=table, report=_report(pairs))


def _fit(cells: pl.DataFrame, least: int) -> pl.DataFrame:
    """Split cell medians into one offset per clock of either side."""
    d_names, d_of = np.unique(cells["d_point"].to_numpy(), return_inverse=True)
    a_names, a_of = np.unique(cells["a_point"].to_numpy(), return_inverse=True)
    median = cells["median"].to_numpy().astype(float)
    weight = cells["n"].to_numpy().astype(float)
    d = np.zeros(len(d_names))
    a = np.zeros(len(a_names))
    for _ in range(_ROUNDS if len(median) else 0):
        rest = median - (a[a_of] - d[d_of])
        d_step = -_grouped_medians(rest, weight, d_of, len(d))
        a_step = _grouped_medians(rest, weight, a_of, len(a))
        d += d_step / 2
        a += a_step / 2
        if max(np.abs(d_step).max(), np.abs(a_step).max()) < 1:
            break
    d_n = np.bincount(d_of, weight, len(d)) if len(d) else d
    a_n = np.bincount(a_of, weight, len(a)) if len(a) else a
    return pl.concat(
        [
            pl.DataFrame(
                {
                    "side": [side] * len(names),
                    "point": names.astype(np.int64),
                    "offset_ms": np.where(
                        count >= least, offset, _typical(offset, count)
                    ),
                },
                schema={
                    "side": pl.String,
                    "point": pl.Int64,
                    "offset_ms": pl.Float64,
                },
            )
            for side, names, offset, count in (
                ("departures", d_names, d, d_n),
                ("arrivals", a_names, a, a_n),
            )
        ]
    )


def _typical(offset: np.ndarray, count: np.ndarray) -> float:
    """Return the weighted median offset, for clocks with too few pairs."""
    if not len(offset):
        return 0.0
    return float(
        _grouped_medians(offset, count, np.zeros(len(offset), dtype=np.intp), 1)[0]
    )


def _grouped_medians(
    values: np.ndarray, weights: np.ndarray, group: np.ndarray, groups: int
) -> np.ndarray:
    """Return the weighted median of each group."""
    out = np.zeros(groups)
    order = np.lexsort((values, group))
    values, weights, group = values[order], weights[order], group[order]
    starts = np.searchsorted(group, np.arange(groups + 1))
    for g in range(groups):
        part = slice(starts[g], starts[g + 1])
        if starts[g] == starts[g + 1]:
            continue
        total = np.cumsum(weights[part])
        half = total[-1] / 2
        low = int(np.searchsorted(total, half))
        high = int(np.searchsorted(total, half, side="right"))
        high = min(high, len(total) - 1)
        out[g] = (values[part][low] + values[part][high]) / 2
    return out


def _residuals(pairs: pl.DataFrame, offsets: pl.DataFrame) -> pl.DataFrame:
    """Add `rest`: the difference that the fitted clocks leave."""
    for side, short in (("departures", "d"), ("arrivals", "a")):
        own = offsets.filter(pl.col("side") == side).select(
            pl.col("point").alias(f"{short}_point"),
            pl.col("offset_ms").alias(f"{short}_offset"),
        )
        pairs = pairs.with_columns(pl.col(f"{short}_point").cast(pl.Int64)).join(
            own, on=f"{short}_point", how="left"
        )
    return pairs.with_columns(
        rest=pl.col("diff") - pl.col("a_offset") + pl.col("d_offset")
    )


def _follow_drift(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return per clock and hour the offset where it moved away from its own median.

    A shift is followed only where an hour has enough pairs and the shift exceeds
    four standard errors; of the two sides, the clock whose hour scatters less about
    the shift is taken to have moved, and a tie is split.
    """
    empty = pl.DataFrame(
        schema={
            "side": pl.String,
            "point": pl.Int64,
            "block": pl.Int64,
            "offset_ms": pl.Float64,
        }
    )
    if pairs.is_empty():
        return empty
    found = []
    for side, short, sign in (("departures", "d", -1), ("arrivals", "a", 1)):
        found.append(
            pairs.with_columns(block=pl.col(f"{short}_at") // HOUR_MS)
            .group_by(f"{short}_point", "block", f"{short}_offset")
            .agg(
                pl.col("rest").median().alias("shift"),
                (pl.col("rest") - pl.col("rest").median()).abs().median().alias("mad"),
                pl.len().alias("n"),
            )
            .filter(
                pl.col("n") >= MIN_BLOCK,
                pl.col("shift").abs()
                > (4 * 1.86 * pl.col("mad") / pl.col("n").sqrt()).clip(100.0),
            )
            .select(
                pl.lit(side).alias("side"),
                pl.col(f"{short}_point").alias("point"),
                "block",
                (pl.col(f"{short}_offset") + sign * pl.col("shift") / 2).alias(
                    "offset_ms"
                ),
            )
        )
    both = pl.concat([empty, *found])
    # Half of the shift each when both sides see it; all of it when only one does.
    sides = both.group_by("block").agg(pl.col("side").n_unique().alias("sides"))
    offsets = pl.concat(
        [
            pairs.select(
                pl.lit(side).alias("side"),
                pl.col(f"{short}_point").alias("point"),
                pl.col(f"{short}_offset").alias("base"),
            ).unique()
            for side, short in (("departures", "d"), ("arrivals", "a"))
        ]
    )
    return (
        both.join(sides, on="block")
        .join(offsets, on=["side", "point"])
        .with_columns(
            offset_ms=pl.when(pl.col("sides") == 1)
            .then(2 * pl.col("offset_ms") - pl.col("base"))
            .otherwise(pl.col("offset_ms"))
        )
        .select("side", "point", "block", "offset_ms")
    )


def _report(pairs: pl.DataFrame) -> pl.DataFrame:
    """Describe each clock against the other side's halves of the same crossings."""
    return pl.concat(
        [
            pairs.group_by(pl.col(f"{short}_point").alias("point"))
            .agg(
                (sign * pl.col("diff")).median().alias("offset_ms"),
                (
                    1.4826 * (pl.col("rest") - pl.col("rest").median()).abs().median()
                ).alias("spread_ms"),
                pl.len().cast(pl.Int64).alias("pairs"),
            )
            .select(
                pl.lit(side).alias("side"), "point", "offset_ms", "spread_ms", "pairs"
            )
            .sort("point")
            for side, short, sign in (("departures", "d", -1), ("arrivals", "a", 1))
        ]
    )


def near_step(horizon_ms: int, unit_ms: int, unequal: str) -> Step:
    """Join halves of one key that lie within the horizon, now or with a shift.

    Args:
        horizon_ms: How far apart to look.
        unit_ms: Shifts are whole multiples of this.
        unequal: Whether the two differ in an attribute, as an expression.
    """
    farthest = max(map(abs, DECOY_SHIFTS_H)) * unit_ms + horizon_ms
    where = f"abs(lag) <= {farthest}"
    if 2 * horizon_ms < unit_ms:
        # The nearest multiple must be a shift. (Counted from zero up, where division
        # rounds down.)
        half = unit_ms // 2
        whole = f"(lag + {24 * unit_ms + half})"
        shifts = ", ".join(str(24 - shift) for shift in (0, *DECOY_SHIFTS_H))
        where += (
            f" AND abs({whole} % {unit_ms} - {half}) <= {horizon_ms}"
            f" AND {whole} // {unit_ms} IN ({shifts})"
        )
    return Step(
        "near",
        f"SELECT * FROM (SELECT d.row AS d_row, a.row AS a_row, a.t - d.t AS lag,"
        f" {unequal} AS unequal FROM departures d JOIN arrivals a"
        f" ON d.key_hi = a.key_hi AND d.key_lo = a.key_lo) WHERE {where}",
    )


def lone_lags(near: pl.DataFrame, horizon_ms: int, shift_ms: int = 0) -> pl.DataFrame:
    """Return the corrected differences of halves with one candidate in the horizon.

    Args:
        near: `d_row`, `a_row`, `lag`, `unequal` of all candidates.
        horizon_ms: How far apart to look.
        shift_ms: Move the arrivals by this much first: what is then found is chance.

    Returns:
        `lag` and `unequal`.
    """
    lag = pl.col("lag") + shift_ms
    return (
        near.filter(lag.is_between(-horizon_ms, horizon_ms))
        .filter(pl.col("d_row").is_unique() & pl.col("a_row").is_unique())
        .select(lag, "unequal")
    )


def choose_window(
    lags: np.ndarray, decoys: np.ndarray, *, shifts: int, horizon_ms: int, scale: float
) -> Window:
    """Choose the window from genuine and from shifted differences.

    It is the widest in which every ring of differences still holds at least five
    times as many pairs as chance puts there, and never wider than half as much again
    as holds all but two in ten thousand of the pairs.

    Args:
        lags: Corrected differences of lone candidates, in ms.
        decoys: The same with one side's clock shifted by hours, all shifts together.
        shifts: How many shifts the decoys stand for.
        horizon_ms: The farthest difference in either.
        scale: Halves overall per half in the sample.
    """
    size = np.abs(lags)
    spread = float(1.4826 * np.median(size)) if len(size) else 0.0
    count = int(np.ceil(np.log2(horizon_ms / _FIRST_BIN_MS) * _BINS_PER_OCTAVE))
    edges = _FIRST_BIN_MS * 2 ** (np.arange(count + 1) / _BINS_PER_OCTAVE)
    edges = np.append(edges[edges < horizon_ms], horizon_ms)
    pairs = np.searchsorted(np.sort(size), edges, side="right")
    chance = len(decoys) / shifts / horizon_ms  # uniform within the horizon
    false = chance * edges
    ring_pairs = np.diff(pairs, prepend=0)
    ring_false = np.diff(false, prepend=0.0)
    good = ring_pairs >= 5 * ring_false
    # One thin ring may be empty by luck: stop where two in a row fail.
    last = 0
    for k in range(len(edges)):
        if good[k] and ring_pairs[k] > 0:
            last = k
        elif k - last >= 2 * _BINS_PER_OCTAVE and edges[k] > 4 * spread:
            break
    widest = float(edges[last])
    if len(size):
        widest = min(widest, 1.5 * float(np.quantile(size, 0.9998)))
    ms = int(max(widest, 4 * spread, _FIRST_BIN_MS * 4))
    return Window(
        ms=min(ms, horizon_ms),
        spread_ms=max(spread, 1.0),
        false_expected=chance * ms * scale,
        curve=pl.DataFrame(
            {
                "ms": edges,
                "pairs": (pairs * scale).round().astype(np.int64),
                "false": false * scale,
            }
        ),
        chance_per_ms=chance * scale,
    )
