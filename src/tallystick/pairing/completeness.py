"""Where a side's record is not complete, as far as the record itself shows it.

Four signs are read: where the record begins and ends, where it falls silent though
calls should have come, where the keeper's serial numbers skip, and what the keepers
declare. The judge then says nothing there that rests on a missing half.

Source: spec/pairing.md, "Completeness".
"""

import itertools
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from tallystick.pairing.spec import Gap
from tallystick.pairing.step import Step

MINUTE_MS: Final = 60_000
DAY_MIN: Final = 1440
SILENT_AT: Final = 25.0  # halves that should have come: chance below 1e-10
_STRAY_GAP_MIN: Final = 1440
_SINGLE: Final = 2  # numbers skipped at once by the loss of single records


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What one side's record covers.

    Attributes:
        from_ms: First half, strays apart.
        to_ms: Last half, strays apart.
        gaps: Silences inside.
    """

    from_ms: int
    to_ms: int
    gaps: list[Gap]


@dataclass(frozen=True, slots=True, kw_only=True)
class Serials:
    """What the keeper's serial numbers prove.

    Attributes:
        usable: Whether the ids are serial numbers in order of time.
        missing: How many numbers are skipped.
        held: How many are there.
        basis: `start` or `end`: the moment at which numbers are given.
        scatter_ms: How far from where it seems a skip may lie.
        brackets: `from_ms`, `to_ms`, `missing`: when each skipped number was given.
    """

    usable: bool
    missing: int
    held: int
    basis: str
    brackets: pl.DataFrame
    scatter_ms: float = 0.0

    def single_loss(self) -> float:
        """Return the share of numbers that are skipped one by one, not in a row."""
        single = self.brackets.filter(pl.col("missing") <= _SINGLE)
        return float(single["missing"].sum()) / max(self.held, 1)


NO_SERIALS: Final = Serials(
    usable=False,
    missing=0,
    held=0,
    basis="start",
    brackets=pl.DataFrame(
        schema={"from_ms": pl.Int64, "to_ms": pl.Int64, "missing": pl.Int64}
    ),
)


def minutes_step(side: str) -> Step:
    """Count the halves of a bucket by trunk and minute."""
    return Step(
        "minutes",
        f"SELECT '{side}' AS side, point, t // {MINUTE_MS} AS minute,"
        f" count(*) AS n FROM {side} GROUP BY point, minute",
        append=True,
    )


def coverage(side: str, minutes: pl.DataFrame, names: list[str]) -> Coverage:
    """Read beginning, end and silences from counts by minute and trunk.

    Args:
        side: Whose record.
        minutes: `point`, `minute`, `n`.
        names: Trunk name of each code.
    """
    whole = minutes.group_by("minute").agg(pl.col("n").sum()).sort("minute")
    whole = _without_strays(whole)
    if whole.is_empty():
        return Coverage(from_ms=0, to_ms=0, gaps=[])
    first, last = int(whole["minute"][0]), int(whole["minute"][-1])
    gaps = _silences(side, whole, first, last, None)
    for (code,), part in minutes.group_by("point"):
        inside = part.filter(pl.col("minute").is_between(first, last)).sort("minute")
        if inside["n"].sum() >= 2 * SILENT_AT:
            gaps += _silences(side, inside, first, last, names[int(str(code))])
    return Coverage(from_ms=first * MINUTE_MS, to_ms=(last + 1) * MINUTE_MS, gaps=gaps)


def _without_strays(whole: pl.DataFrame) -> pl.DataFrame:
    """Drop halves that lie days apart from nearly all others (a clock reset)."""
    if whole.is_empty():
        return whole
    run = (whole["minute"].diff().fill_null(0) > _STRAY_GAP_MIN).cast(pl.Int64)
    whole = whole.with_columns(run=run.cum_sum())
    sizes = whole.group_by("run").agg(pl.col("n").sum().alias("size"))
    total = int(whole["n"].sum())
    good = sizes.filter(pl.col("size") > 0.005 * total).select("run")
    return whole.join(good, on="run", how="semi").sort("minute").drop("run")


def _silences(
    side: str, counts: pl.DataFrame, first: int, last: int, point: str | None
) -> list[Gap]:
    """Find runs of empty minutes in which many halves should have come."""
    minute = counts["minute"].to_numpy()
    n = counts["n"].to_numpy().astype(float)
    covered = np.bincount(np.arange(first, last + 1) % DAY_MIN // 60, minlength=24)
    seen = np.bincount(minute % DAY_MIN // 60, n, 24)
    rate = seen / np.maximum(covered, 1)
    # Neighbouring hours soften the edges of the daily curve; the lowest of the three
    # is taken, so that a busy hour's end is not mistaken for silence.
    rate = np.minimum(rate, np.minimum(np.roll(rate, 1) * 2, np.roll(rate, -1) * 2))
    cumulative = np.concatenate([[0.0], np.cumsum(rate.repeat(60))])
    bounds = np.concatenate([[first - 1], minute, [last + 1]])

    def expected(start: int, stop: int) -> float:
        days, rest = divmod(stop, DAY_MIN)
        days0, rest0 = divmod(start, DAY_MIN)
        return float(
            (days - days0) * cumulative[-1] + cumulative[rest] - cumulative[rest0]
        )

    out = []
    for before, after in itertools.pairwise(bounds):
        if after - before < 2:
            continue
        if expected(int(before) + 1, int(after)) >= SILENT_AT:
            out.append(
                Gap(
                    side=side,
                    from_ms=int(before) * MINUTE_MS,
                    to_ms=(int(after) + 1) * MINUTE_MS,
                    point=point,
                    why="silence",
                )
            )
    return out
