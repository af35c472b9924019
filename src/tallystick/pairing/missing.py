"""Decide what a half without a partner may be called.

A lost record leaves exactly the same trace as a call that nobody sent. What tells
them apart is never the half itself but its company: losses fall on all halves alike,
so among halves like this one, those that paired show how many losses to expect. Only
where far more are open than losses explain is a half named; elsewhere it is
`unproven`.

Source: spec/pairing.md, "Missing halves".
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from tallystick.pairing.completeness import Serials
from tallystick.pairing.step import Step

# The classes of company: partnered neighbours, open neighbours.
PARTNERED_EDGES: Final = (0, 3)
OPEN_EDGES: Final = (0, 1, 4)
AMOUNT_EDGES: Final = (0, 10, 60)  # steps of the amount
_SHRINK: Final = 5.0
TIME_CLASS: Final = "(h.at_ms // 7200000 % 12)::TINYINT"  # two hours of the day
LEAST_LOSS: Final = 1e-3  # the least loss assumed where no serial numbers prove less
_CARRIER_PAIRS: Final = 200  # pairs before a carrier's loss counts on its own
_QUANTILE: Final = 0.25
_CERTAIN: Final = 1e-7
_FARTHEST: Final = 0.99  # share of clean pairs that scatter less
_WIDEST_MS: Final = 60_000.0  # of a skip that says when its record was lost
_CROWDED: Final = 0.95  # chance of a skip nearby above which skips say nothing
_EXPECTED: Final = (19.0, 20.0)  # lost records that left a skip, of as many, at first

CELL: Final = (
    "carrier",
    "point",
    "done",
    "amount_class",
    "with_class",
    "open_class",
    "time_class",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Open halves with the share of them that losses explain.

    Attributes:
        halves: The open halves with `wrong` (probability that this one is an honest
            half whose partner's record was lost), `bits_*` and `loss`.
        loss: Baseline share of lost records on the other side.
    """

    halves: pl.DataFrame
    loss: float

    def with_possible(self, possible: pl.DataFrame) -> "Judged":
        """Count the chance of a partner that did not stand as a chance to be wrong.

        Args:
            possible: `row` and `possible`.
        """
        halves = (
            self.halves.join(
                possible.group_by("row").agg(pl.col("possible").max()),
                on="row",
                how="left",
            )
            .with_columns(pl.col("possible").fill_null(0.0))
            .with_columns(wrong=1 - (1 - pl.col("wrong")) * (1 - pl.col("possible")))
        )
        return replace(self, halves=halves)


def cut(value: str, edges: tuple[int, ...]) -> str:
    """Return how many edges a value lies above, as an SQL expression."""
    terms = " + ".join(f"({value} > {edge})::TINYINT" for edge in edges)
    return f"({terms})::TINYINT"


def company_steps(
    side: str,
    everything: str,
    *,
    value: str,
    known: str,
    amount: str,
    step: int,
    done: str,
    every: int,
) -> list[Step]:
    """Describe open halves, and a sample of the others, by amount and company.

    Makes `cells_SIDE` (counts of partnered halves by CELL) and `company_SIDE` (each
    open half with its cell).

    Args:
        side: The halves judged.
        everything: A table expression over all halves of the side.
        value: What neighbours share, as an expression.
        known: Whether the value is there, as an expression.
        amount: What a crossing amounts to, as an expression.
        step: Step of the amount.
        done: Whether the crossing was completed, as an expression.
        every: The sample takes one value in this many.
    """
    shared = f"CASE WHEN {known} THEN {value} END"
    amount_class = cut(f"{amount} / {step}", AMOUNT_EDGES)
    return [
        Step(
            f"open_values_{side}",
            f"SELECT {shared} AS value, count(*) AS k FROM all_open_{side}"
            f" WHERE {known} GROUP BY value",
        ),
        Step(
            f"values_{side}",
            f"SELECT {shared} AS value, count(*) AS n FROM {everything}"
            f" WHERE {known} AND ({value} % {every} = 0 OR {value} IN"
            f" (SELECT value FROM open_values_{side})) GROUP BY value",
        ),
        Step(
            f"cells_{side}",
            f"SELECT carrier, point, done, amount_class, time_class,"
            f" {cut('others', PARTNERED_EDGES)} AS with_class,"
            f" {cut('near', OPEN_EDGES)} AS open_class, count(*) * {every} AS n FROM"
            f" (SELECT h.carrier, h.point, {done} AS done,"
            f" {amount_class} AS amount_class, {TIME_CLASS} AS time_class,"
            f" coalesce(v.n - coalesce(o.k, 0) - 1, 0) AS others,"
            f" coalesce(o.k, 0) AS near FROM"
            f" (SELECT *, {shared} AS value FROM {everything}"
            f" WHERE NOT ({known}) OR {value} % {every} = 0) h"
            f" LEFT JOIN values_{side} v USING (value)"
            f" LEFT JOIN open_values_{side} o USING (value)"
            f" ANTI JOIN all_open_{side} a ON a.row = h.row) GROUP BY ALL",
        ),
        Step(
            f"company_{side}",
            f"SELECT h.row, h.t, h.t + coalesce(h.end_ms, 0) AS t_end,"
            f" h.end_ms AS ends,"
            f" h.carrier, h.point, {done} AS done, {amount_class} AS amount_class,"
            f" {TIME_CLASS} AS time_class,"
            f" {cut('coalesce(v.n - o.k, 0)', PARTNERED_EDGES)} AS with_class,"
            f" {cut('coalesce(o.k - 1, 0)', OPEN_EDGES)} AS open_class,"
            f" coalesce(v.n - o.k, 0) AS partnered, coalesce(o.k - 1, 0) AS open_near,"
            f" h.sibling, {known} AS known FROM"
            f" (SELECT *, {shared} AS value FROM all_open_{side}) h"
            f" LEFT JOIN values_{side} v USING (value)"
            f" LEFT JOIN open_values_{side} o USING (value)",
        ),
    ]


def judge(
    halves: pl.DataFrame,
    paired: pl.DataFrame,
    *,
    serials: Serials,
    lags: np.ndarray,
) -> Judged:
    """Weigh open halves of one side against losses on the other.

    Args:
        halves: Open halves that nothing else explains: `t`, `t_end` and CELL.
        paired: Counts `n` of paired halves of the same side by CELL.
        serials: What the other side's serial numbers prove.
        lags: Corrected differences of clean pairs, ms.
    """
    ratio = _ratios(halves, paired)
    # Attempts that came to nothing are also open for other reasons than loss (a
    # route that failed): each kind of half has its own baseline.
    loss = np.full(halves.height, LEAST_LOSS)
    done = halves["done"].to_numpy()
    for value in (True, False):
        of_kind = pl.col("done") == value
        share = baseline_loss(halves.filter(of_kind), paired.filter(of_kind))
        if share is None:
            # Too few carriers to compare: what the other side's numbers skip.
            share = (
                serials.single_loss()
                if serials.usable and value
                else halves.filter(of_kind).height
                / max(float(paired.filter(of_kind)["n"].sum()), 1.0)
            )
        share = max(share, LEAST_LOSS)
        loss[done == value] = share
    loss = np.maximum(loss, 0.5 / max(float(paired["n"].sum()), 1.0))
    # Odds that more than loss is at work, before serial numbers are looked at.
    surplus = np.maximum(ratio / loss - 1, 1e-6)
    bits_company = np.log2(surplus)
    bits_serial = (
        _serial_bits(halves, paired, serials, lags)
        if serials.usable
        else np.zeros(halves.height)
    )
    odds = np.exp2(np.clip(bits_company + bits_serial, -60, 60))
    return Judged(
        halves=halves.with_columns(
            pl.Series("wrong", np.clip(1 / (1 + odds), _CERTAIN, 1.0)),
            pl.Series("bits_company", bits_company),
            pl.Series("bits_serial", bits_serial),
            pl.Series("ratio", ratio),
        ),
        loss=float(np.min(loss)) if len(loss) else LEAST_LOSS,
    )


def baseline_loss(halves: pl.DataFrame, paired: pl.DataFrame) -> float | None:
    """Return the share of open halves among the carriers that have the fewest.

    Fraud sits with some carriers; losses fall on all. The lower quartile of the
    carriers by volume is the loss.

    Returns:
        The share; `None` if there are too few carriers to tell.
    """
    both = _by_share(halves, paired)
    return None if both.is_empty() else float(both["share"][-1])


def _by_share(halves: pl.DataFrame, paired: pl.DataFrame) -> pl.DataFrame:
    """Return the carriers with the fewest open halves: a quarter of the volume.

    Returns:
        `carrier` and `share`, by share; none if too few carriers can be compared.
    """
    found = halves.group_by("carrier").agg(pl.len().alias("open"))
    known = paired.group_by("carrier").agg(pl.col("n").sum().alias("paired"))
    both = (
        known.join(found, on="carrier", how="left")
        .with_columns(pl.col("open").fill_null(0))
        .filter(pl.col("paired") >= _CARRIER_PAIRS)
        .with_columns(share=(pl.col("open") + 1) / pl.col("paired"))
        .sort("share", "carrier")
    )
    if both.height < 3:
        return both.clear()
    volume = both["paired"].to_numpy().cumsum()
    at = int(np.searchsorted(volume, _QUANTILE * volume[-1]))
    return both[: at + 1].select("carrier", "share")


def _ratios(halves: pl.DataFrame, paired: pl.DataFrame) -> np.ndarray:
    """Return open per paired halves in each half's cell.

    Thin cells borrow from wider ones: the trunk's, the carrier's, the company's.
    """
    levels: list[list[str]] = [
        [],
        ["with_class", "open_class"],
        ["with_class", "open_class", "carrier"],
        ["with_class", "open_class", "carrier", "point"],
        ["with_class", "open_class", "carrier", "point", "done", "amount_class"],
        list(CELL),
    ]
    frame = halves.select(CELL).with_row_index("i").with_columns(ratio=pl.lit(0.0))
    ratio = np.full(halves.height, 0.0)
    for depth, level in enumerate(levels):
        if not level:
            total = max(float(paired["n"].sum()), 1.0)
            ratio[:] = halves.height / total
            continue
        opened = halves.group_by(level).agg(pl.len().alias("u"))
        closed = paired.group_by(level).agg(pl.col("n").sum().alias("p"))
        joined = (
            frame.join(opened, on=level, how="left")
            .join(closed, on=level, how="left")
            .sort("i")
            .with_columns(pl.col("u", "p").fill_null(0))
        )
        u = joined["u"].to_numpy().astype(float)
        p = joined["p"].to_numpy().astype(float)
        shrink = _SHRINK if depth > 1 else 1.0
        # A cell stands out by chance, too: it counts with what is left of its
        # surplus after two standard errors, and borrows the rest.
        expected = (p + shrink) * ratio
        surplus = u + shrink * ratio - expected
        error = 2 * np.sqrt(np.maximum(u, expected))
        kept = np.sign(surplus) * np.maximum(np.abs(surplus) - error, 0.0)
        ratio = (expected + np.where(surplus > 0, kept, surplus)) / (p + shrink)
    return ratio


def _serial_bits(
    halves: pl.DataFrame,
    paired: pl.DataFrame,
    serials: Serials,
    lags: np.ndarray,
) -> np.ndarray:
    """Bits against loss from the skipped serial numbers around each half.

    A lost record leaves a skip where it belongs in the other side's series, no
    farther away than clocks and numbers scatter; by chance skips lie anywhere. Not
    every partner that is missing was a record once: how many of those that honest
    carriers miss left a skip shows how much the absence of one proves.
    """
    size = np.abs(lags).astype(float)
    if not len(size) or not halves.height:
        return np.zeros(halves.height)
    reach = serials.scatter_ms + float(np.quantile(size, _FARTHEST))
    moment = halves["t" if serials.basis == "start" else "t_end"].to_numpy()
    known = halves["ends" if serials.basis == "end" else "row"].is_not_null().to_numpy()
    brackets = serials.brackets.filter(
        pl.col("to_ms") - pl.col("from_ms") <= _WIDEST_MS  # wider ones are gaps
    )
    starts = np.sort(brackets["from_ms"].to_numpy())
    stops = np.sort(brackets["to_ms"].to_numpy())
    # How many brackets have begun before the reach ends, less those that have ended.
    near = np.searchsorted(starts, moment + reach, side="right") - np.searchsorted(
        stops, moment - reach, side="left"
    )
    width = float(np.median(stops - starts)) if len(starts) else 0.0
    span = max(float(moment.max() - moment.min()), 1.0)
    chance = _local_density(starts, moment, span) * (2 * reach + width)
    none_by_chance = np.exp(-chance)
    bits = np.zeros(halves.height)
    done = halves["done"].to_numpy()
    for value in (True, False):
        these = known & (done == value)
        honest = these & _honest(halves, paired, value=value)
        left = _left_a_skip(near[honest] > 0, none_by_chance[honest])
        absent = -chance * np.log2(np.e) - np.log2(1 - left)
        present = -np.log2(
            (1 - left) + left * np.maximum(near, 1) / np.maximum(chance, 1e-3)
        )
        bits[these] = np.where(near > 0, present, absent)[these]
    return bits


def _left_a_skip(seen: np.ndarray, none_by_chance: np.ndarray) -> float:
    """Return what share of missing partners left a skip.

    Args:
        seen: Whether there is a skip near each half of a sample.
        none_by_chance: How likely none would be there by chance.
    """
    by_chance = 1 - float(none_by_chance.mean()) if len(seen) else 0.0
    if by_chance > _CROWDED:
        return 0.0  # skips lie everywhere
    own = (float(seen.sum()) - by_chance * len(seen)) / (1 - by_chance)
    left, of = _EXPECTED
    return float(np.clip((own + left) / (len(seen) + of), 0.0, left / of))


def _honest(halves: pl.DataFrame, paired: pl.DataFrame, *, value: bool) -> np.ndarray:
    """Return which halves belong to the carriers that miss the fewest partners."""
    found = halves.filter(pl.col("done") == value)
    known = paired.filter(pl.col("done") == value)
    carriers = _by_share(found, known)
    return halves["carrier"].is_in(carriers["carrier"].implode()).to_numpy()


def _local_density(starts: np.ndarray, moment: np.ndarray, span: float) -> np.ndarray:
    """Skips per ms around each moment, over half an hour."""
    half = 900_000.0
    found = np.searchsorted(starts, moment + half) - np.searchsorted(
        starts, moment - half
    )
    density: np.ndarray = np.maximum(found, 1) / min(2 * half, span)
    return density


def accept_missing(
    judged: pl.DataFrame, *, false_discovery_rate: float
) -> pl.DataFrame:
    """Mark with `named` the halves that may be called missing.

    Each of them by itself must be wrong no oftener than the false discovery rate
    allows for all: a half that stands for nothing but a lost record is not named
    because surer ones make up for it.
    """
    return judged.sort("wrong", "t", "row").with_columns(
        named=pl.col("wrong") <= false_discovery_rate
    )
