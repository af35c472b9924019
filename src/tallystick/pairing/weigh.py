"""Weigh the candidates of second readings against chance.

The weight of a candidate is the sum of its bits: how much likelier its difference in
time, and its agreement in what was measured, is for one crossing than for two that
meet by chance at that value, hour and amount; and how much support the carrier (and,
for domestic halves, the calling number) has gathered over the file. Decoys then set
the threshold, so that no assumption of the weights has to be believed.

Source: spec/pairing.md, "Weights" and "Decoys".
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from tallystick.pairing.readings import DECOYS

HOUR_MS: Final = 3_600_000
# Differences in time are counted in rings that double from 50 ms, or from more where
# the window is wider than the widest of them.
LAG_EDGES: Final = np.concatenate(
    [
        -(50.0 * 2 ** np.arange(14, -1, -1)),
        50.0 * 2 ** np.arange(15),
    ]
)
# Differences in amount, in steps of the attribute.
AMOUNT_EDGES: Final = np.array([0.5, 1.5, 2.5, 6.5, 15.5, 60.5, np.inf])
_PSEUDO: Final = 10.0  # weight of the prior shape, in crossings
_EM_ROUNDS: Final = 6
_SHRINK: Final = 4.0
CARRIER_HALVES: Final = 200  # departures before a carrier is compared
QUANTILE: Final = 0.25
WORST: Final = 0.1  # a candidate worse than this never stands
_CERTAIN: Final = 1e-7  # no posterior is believed beyond this


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """What is known of the file as a whole.

    Attributes:
        lags: Corrected differences of clean pairs, ms (a sample).
        amounts_d: Amounts of open departures, in steps; 0 for none.
        amounts_a: Amounts of the open halves they are compared with.
        agreement: Counts of clean pairs by amount class: index 0 both none, 1 one
            none, then one per ring of `AMOUNT_EDGES`.
        profile: Share of all halves in each hour since 1970.
        open_departures: Open departures by carrier.
        open_support: Halves of the arrival side by supporting value.
    """

    lags: np.ndarray
    amounts_d: np.ndarray
    amounts_a: np.ndarray
    agreement: np.ndarray
    profile: dict[int, float]
    open_departures: dict[int, int]
    open_support: dict[int, int]


def weigh(candidates: pl.DataFrame, known: Background, *, step: int) -> pl.DataFrame:
    """Add to each candidate of one reading its bits and its posterior.

    Args:
        candidates: Rows of `readings`, decoys (shift <> 0) included.
        known: The background of this reading.
        step: Step of the amount attribute, in its unit.

    Returns:
        The same rows with `bits_time`, `bits_amount`, `bits_prior`, `bits_support`,
        `bits` (their sum) and `posterior`.
    """
    lag = candidates["lag"].to_numpy()
    edges = LAG_EDGES * max(1.0, float(np.abs(lag).max(initial=0)) / LAG_EDGES[-1])
    lag_bin = np.clip(np.searchsorted(edges, lag) - 1, 0, len(edges) - 2)
    real = candidates["shift"].to_numpy() == 0
    d_amount = candidates["d_amount"].to_numpy() / step
    a_amount = candidates["a_amount"].to_numpy() / step
    amount = amount_class(d_amount, a_amount)
    bits_amount = _amount_bits(amount, d_amount, known)
    density = _lag_density(edges, lag_bin, real, bits_amount, known.lags)
    hour = candidates["d_t"].to_numpy() // HOUR_MS
    share = np.array([known.profile.get(int(h), 0.0) for h in hour])
    floor = 1.0 / max(len(known.profile), 1) / 24
    chance = candidates["busy"].to_numpy() * np.maximum(share, floor) / HOUR_MS
    bits_time = np.log2(density[lag_bin] / chance)
    prior, support = _learn_support(candidates, real, bits_time + bits_amount, known)
    bits = bits_time + bits_amount + prior + support
    odds = np.exp2(np.clip(bits, -60, 60))
    return candidates.with_columns(
        pl.Series("bits_time", bits_time),
        pl.Series("bits_amount", bits_amount),
        pl.Series("bits_prior", prior),
        pl.Series("bits_support", support),
        pl.Series("bits", bits),
        pl.Series("posterior", np.clip(odds / (1 + odds), _CERTAIN, 1 - _CERTAIN)),
    )


def amount_class(d: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Return the class of agreement: 0 both none, 1 one none, 2.. by ring."""
    ring = 2 + np.searchsorted(AMOUNT_EDGES, np.abs(d - a))
    return np.where((d == 0) & (a == 0), 0, np.where((d == 0) | (a == 0), 1, ring))


def _amount_bits(
    amount: np.ndarray, d_amount: np.ndarray, known: Background
) -> np.ndarray:
    """Bits for agreement in amount, given the departure's own amount."""
    seen = known.agreement.astype(float)
    share_d = float(np.mean(known.amounts_d == 0)) if len(known.amounts_d) else 0.5
    share_a = float(np.mean(known.amounts_a == 0)) if len(known.amounts_a) else 0.5
    share_d, share_a = (float(np.clip(s, 0.01, 0.99)) for s in (share_d, share_a))
    rings = seen[2:] + _PSEUDO * 0.5 ** np.arange(1, len(seen) - 1)
    none, one = seen[0] + 1.0, seen[1] + 0.02
    true_none = none / (none + one)
    true_one = one / (one + rings.sum())
    true = np.concatenate(
        [
            [true_none, true_one],
            (1 - true_one) * rings / rings.sum(),
        ]
    )
    placed = np.sort(known.amounts_a[known.amounts_a > 0])
    edges = np.concatenate([[0.0], AMOUNT_EDGES])
    ring = np.clip(amount - 2, 0, len(AMOUNT_EDGES) - 1)
    inner, outer = edges[ring], edges[ring + 1]
    within = _share_between(placed, d_amount, inner, outer)
    chance = np.where(
        amount == 0,
        share_a,
        np.where(
            amount == 1,
            np.where(d_amount == 0, 1 - share_a, share_a),
            (1 - share_a) * within,
        ),
    )
    true_given = np.where((amount == 1) & (d_amount == 0), 1 - true_none, true[amount])
    out: np.ndarray = np.log2(np.maximum(true_given, 1e-6) / np.maximum(chance, 1e-6))
    return out


def _share_between(
    placed: np.ndarray, centre: np.ndarray, inner: np.ndarray, outer: np.ndarray
) -> np.ndarray:
    """Share of amounts whose distance from each centre lies in its ring.

    Smoothed by a log-uniform floor, since few amounts may have been seen.
    """
    count = len(placed)
    reach = np.where(np.isinf(outer), 1e12, outer)

    def up_to(width: np.ndarray) -> np.ndarray:
        high = np.searchsorted(placed, centre + width, side="right")
        low = np.searchsorted(placed, centre - width, side="left")
        return np.asarray(high - low, dtype=float)

    found = up_to(reach) - np.where(inner > 0, up_to(inner), 0.0)
    width = np.minimum(reach, 4 * centre + 60) - np.minimum(inner, 4 * centre + 60)
    floor = np.clip(2 * width / (4 * centre + 60) / 2, 1e-4, 1.0)
    share: np.ndarray = (found + 8 * floor) / (count + 8)
    return share


def _lag_density(
    edges: np.ndarray,
    lag_bin: np.ndarray,
    real: np.ndarray,
    bits_amount: np.ndarray,
    lags: np.ndarray,
) -> np.ndarray:
    """Density per ms of the differences of true crossings, by ring.

    The shape of clean pairs is the starting point; what real candidates with fair
    amounts have beyond the decoys moves it, since an altered or bypassed crossing
    may take another path.
    """
    width = np.diff(edges)
    fair = bits_amount > 0
    found = np.bincount(lag_bin[real & fair], minlength=len(width))
    chance = np.bincount(lag_bin[~real & fair], minlength=len(width)) / DECOYS
    excess = np.maximum(found - chance - 2 * np.sqrt(chance), 0.0)
    clean = np.histogram(lags, edges)[0] + 1e-3 * width / width.sum()
    clean += 0.02 * clean.sum() * _near(width)
    shape = excess + _PSEUDO * clean / clean.sum()
    # Neighbouring rings lend each other some weight: paths differ a little.
    smooth = np.convolve(shape, [0.05, 0.9, 0.05], mode="same") + 1e-4 * _near(width)
    density: np.ndarray = smooth / smooth.sum() / width
    return density


def _near(width: np.ndarray) -> np.ndarray:
    """A broad shape that favours small differences: equal weight to every ring."""
    return np.full(len(width), 1 / len(width))


def _learn_support(
    candidates: pl.DataFrame, real: np.ndarray, bits: np.ndarray, known: Background
) -> tuple[np.ndarray, np.ndarray]:
    """Learn how often each carrier and supporting value has such crossings.

    Returns:
        Bits of the overall prior odds, and bits that the carrier and the supporting
        value add to them.
    """
    total = max(sum(known.open_departures.values()), 1)
    carrier = candidates["d_carrier"].to_numpy()
    helper = candidates["support"].to_numpy()
    carriers, c_of = np.unique(carrier, return_inverse=True)
    helpers, h_of = np.unique(helper, return_inverse=True)
    c_all = np.array([known.open_departures.get(int(c), 1) for c in carriers], float)
    h_all = np.array([known.open_support.get(int(h), 1) for h in helpers], float)
    h_total = max(sum(known.open_support.values()), 1)
    kinds = candidates["kind"].to_numpy()
    codes, k_of = np.unique(kinds, return_inverse=True)
    pooled = len(helpers) <= 1
    prior = np.full(len(codes), 0.05)
    c_lift, h_lift = np.ones((len(codes), len(carriers))), np.ones(len(helpers))
    add = np.zeros(len(bits))
    for _ in range(_EM_ROUNDS):
        add = np.log2(c_lift[k_of, c_of]) + (0 if pooled else np.log2(h_lift[h_of]))
        base = np.log2(prior / (1 - prior))[k_of]
        odds = np.exp2(np.clip(bits + base + add, -60, 60))
        post = np.where(real, odds / (1 + odds), 0.0)
        mass = np.bincount(k_of, post, len(codes))
        prior = np.clip((mass + 0.5) / (total + 1), 1e-6, 0.9)
        by_carrier = np.zeros_like(c_lift)
        np.add.at(by_carrier, (k_of, c_of), post)
        rate = (by_carrier + _SHRINK * prior[:, None]) / (c_all[None, :] + _SHRINK)
        c_lift = np.clip(rate / prior[:, None], 1e-3, 1e3)
        if not pooled:
            mean = max(post.sum() / h_total, 1e-6)
            own = np.bincount(h_of, post, len(helpers))
            h_lift = np.clip(
                (own + _SHRINK * mean) / (h_all + _SHRINK) / mean, 1e-2, 1e4
            )
    return np.log2(prior / (1 - prior))[k_of], add


def choose(weighed: pl.DataFrame) -> pl.DataFrame:
    """Keep, at each shift, the candidates that are each other's best.

    Returns:
        One row per chosen candidate; no half appears twice at a shift.
    """
    rest = weighed.sort(
        "shift",
        "bits",
        "d_t",
        "a_t",
        "d_row",
        "a_row",
        descending=[
            False,
            True,
            False,
            False,
            False,
            False,
        ],
    )
    taken: list[pl.DataFrame] = []
    while not rest.is_empty():
        best = rest.with_columns(
            pl.int_range(pl.len()).over("shift", "d_row").alias("d_best"),
            pl.int_range(pl.len()).over("shift", "a_side", "a_row").alias("a_best"),
        ).filter((pl.col("d_best") == 0) & (pl.col("a_best") == 0))
        taken.append(best.drop("d_best", "a_best"))
        rest = rest.join(best, on=["shift", "d_row"], how="anti").join(
            best, on=["shift", "a_side", "a_row"], how="anti"
        )
    return pl.concat(taken) if taken else weighed


def usual(chosen: pl.DataFrame, volume: pl.DataFrame) -> pl.DataFrame:
    """Add `usual`: how much of a carrier's share of a class all carriers have.

    Numbers get lost and calls are diverted on every road. Of the carriers by volume,
    the lower quartile shows how often; what a carrier has beyond is its own.

    Args:
        chosen: Candidates that stand, with `class` and `d_carrier`.
        volume: `carrier` and `n`, all departures.
    """
    big = volume.filter(pl.col("n") >= CARRIER_HALVES)
    if big.height < 3 or chosen.is_empty():
        return chosen.with_columns(usual=pl.lit(0.0))
    classes = chosen.select("class").unique()
    counts = chosen.group_by("class", pl.col("d_carrier").alias("carrier")).agg(
        pl.len().alias("found")
    )
    shares = (
        classes.join(volume, how="cross")
        .join(counts, on=["class", "carrier"], how="left")
        .with_columns(pl.col("found").fill_null(0))
        .with_columns(
            share=(pl.col("found") + 1) / (pl.col("n") + 1),
            plain=pl.col("found") / pl.col("n"),
        )
    )
    lowest = (
        shares.filter(pl.col("n") >= CARRIER_HALVES)
        .sort("plain")
        .with_columns(
            below=pl.col("n").cum_sum().over("class"),
            whole=pl.col("n").sum().over("class"),
        )
        .filter(pl.col("below") >= QUANTILE * pl.col("whole"))
        .group_by("class", maintain_order=True)
        .agg(pl.col("plain").first().alias("lowest"))
    )
    rated = shares.join(lowest, on="class").select(
        "class",
        pl.col("carrier").alias("d_carrier"),
        (pl.col("lowest") / pl.col("share")).clip(0.0, 1.0).alias("usual"),
    )
    return chosen.join(rated, on=["class", "d_carrier"], how="left").with_columns(
        pl.col("usual").fill_null(0.0)
    )


def accept(chosen: pl.DataFrame, *, false_discovery_rate: float) -> pl.DataFrame:
    """Keep the real candidates that the decoys let stand, kind by kind.

    A candidate stands if, counting it and all heavier ones of its kind, both the
    decoys and the model put the share of wrong ones under the false discovery rate.
    """
    kept = []
    for _, part in chosen.group_by("kind"):
        real = part.filter(pl.col("shift") == 0).sort("bits", "d_t", descending=True)
        if real.is_empty():
            continue
        decoys = np.sort(part.filter(pl.col("shift") != 0)["bits"].to_numpy())
        bits = real["bits"].to_numpy()
        above = (len(decoys) - np.searchsorted(decoys, bits)) / DECOYS
        rank = np.arange(1, len(bits) + 1)
        wrong = 1 - real["posterior"].to_numpy()
        stands = (
            (above <= false_discovery_rate * rank)
            & (np.cumsum(wrong) <= false_discovery_rate * rank)
            & (wrong <= WORST)
        )
        last = int(np.flatnonzero(stands)[-1]) + 1 if stands.any() else 0
        kept.append(real.head(last))
    return pl.concat(kept) if kept else chosen.head(0)
