"""Draw from the distributions that telephone traffic follows.

Every stage draws from its own stream, so that planting something never changes
which honest calls there are.
"""

import zlib

import numpy as np
from numpy.typing import NDArray

# Shorthands for the arrays used everywhere here.
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]


def stream(seed: int, name: str) -> np.random.Generator:
    """Return the generator of one stage: the same seed and name, the same draws."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def zipf_shares(count: int, exponent: float) -> F64:
    """Return `count` shares that sum to 1 and fall with rank to the `exponent`."""
    weights = np.arange(1, count + 1, dtype=np.float64) ** -exponent
    return np.asarray(weights / weights.sum())


def pick(rng: np.random.Generator, shares: F64, size: int) -> I64:
    """Draw `size` indices with the given `shares` (any positive weights)."""
    edges = np.cumsum(shares)
    found = np.searchsorted(edges, rng.random(size) * edges[-1], side="right")
    return np.asarray(found, dtype=np.int64)


def lognormal(rng: np.random.Generator, median: float, sigma: float, size: int) -> F64:
    """Draw lognormal values by their median."""
    return rng.lognormal(np.log(median), sigma, size)


def loglogistic(rng: np.random.Generator, scale: F64, shape: float) -> F64:
    """Draw one log-logistic value for each `scale` (its median)."""
    u = rng.random(len(scale))
    return np.asarray(scale * (u / (1.0 - u)) ** (1.0 / shape))


def hashed(seed: int, left: I64, right: I64) -> F64:
    """Return a fixed number in 0..1 for each pair: a table that needs no memory.

    Source: the finaliser of splitmix64 (Steele, Lea, Flood, 2014).
    """
    z = (
        left.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        + right.astype(np.uint64) * np.uint64(0xD1B54A32D192ED03)
        + np.uint64(zlib.crc32(str(seed).encode()))
    )
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return np.asarray((z >> np.uint64(11)).astype(np.float64) / float(1 << 53))


def ms(seconds: F64) -> I64:
    """Turn seconds into whole milliseconds."""
    return np.asarray(np.round(seconds * 1000), dtype=np.int64)


def sample(rng: np.random.Generator, pool: I64, size: int) -> I64:
    """Draw up to `size` different members of `pool`, in rising order."""
    chosen = rng.choice(pool, min(size, len(pool)), replace=False)
    return np.sort(chosen)


class DayCurve:
    """The moments at which calls start: few at night, most in the afternoon.

    Args:
        hour_shares: Weight of each local hour 0..23.
        day_shares: Weight of each weekday, Monday first.
        first_weekday: Weekday of the first local day, 0 for Monday.
        days: How many days.
        margin_s: Seconds before and after that are drawn as well, so that the cut
            at midnight has calls on both sides.
    """

    def __init__(
        self,
        hour_shares: tuple[float, ...],
        day_shares: tuple[float, ...],
        *,
        first_weekday: int,
        days: int,
        margin_s: float,
    ) -> None:
        self._seconds = np.arange(-margin_s, days * 86_400 + margin_s + 1, 60.0)
        hours = (self._seconds // 3600).astype(np.int64)
        by_hour = np.asarray(hour_shares)[hours % 24]
        by_day = np.asarray(day_shares)[(hours // 24 + first_weekday) % 7]
        mass = np.cumsum((by_hour * by_day)[:-1])
        self._mass = np.concatenate(([0.0], mass / mass[-1]))

    def moment_ms(self, u: F64) -> I64:
        """Return the milliseconds since local midnight at which share `u` has begun."""
        return ms(np.interp(u, self._mass, self._seconds))
