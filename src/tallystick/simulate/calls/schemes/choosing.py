"""Whose calls a scheme gets hold of."""

import numpy as np

from tallystick.model.errors import ConfigError
from tallystick.simulate.calls.draw import I64, Bool, sample
from tallystick.simulate.calls.network import Keeper
from tallystick.simulate.calls.plant import Plant
from tallystick.simulate.calls.schemes.world import World

HOUR_MS = 3_600_000


def choose(
    world: World,
    plant: Plant,
    eligible: Bool,
    wanted: int,
    rng: np.random.Generator,
) -> I64:
    """Return up to `wanted` rows that the plant's departure carriers carry.

    Args:
        world: Whose crossings to choose from.
        plant: Says which carriers, trunks and hours.
        eligible: The rows to which the scheme can be applied at all.
        wanted: How many.
        rng: Chooses among them.
    """
    crossings, keeper = world.crossings, world.network.departures
    candidates = eligible & crossings.untouched
    candidates &= in_hours(world, plant, crossings.dep_start)
    volume = np.bincount(crossings.dep_trunk[candidates], minlength=len(keeper.trunks))
    trunks = chosen_trunks(world, plant, keeper, volume, wanted, rng)
    candidates &= np.isin(crossings.dep_trunk, trunks)
    pool = np.flatnonzero(candidates)
    most = round(len(pool) * plant.concentration)
    return sample(rng, pool, min(wanted, most))


def in_hours(world: World, plant: Plant, moment: I64) -> Bool:
    """Return which moments lie in the plant's hours."""
    if not plant.hours:
        return np.ones(len(moment), dtype=np.bool_)
    hour = (moment - world.parameters.start_ms) / HOUR_MS % 24
    inside = np.zeros(len(moment), dtype=np.bool_)
    for begin, end in plant.hours:
        after, before = hour >= begin, hour < end
        inside |= (after | before) if begin > end else (after & before)
    return inside


def chosen_trunks(
    world: World,
    plant: Plant,
    keeper: Keeper,
    volume: I64,
    wanted: int,
    rng: np.random.Generator,
) -> I64:
    """Return the trunks of the carriers that take part.

    Args:
        world: Remembers who takes part in other schemes.
        plant: Says which, or how many.
        keeper: The side at which they are neighbours.
        volume: Calls on each trunk that the scheme could use.
        wanted: How many are needed.
        rng: Chooses.
    """
    every = np.arange(len(keeper.trunks))
    if plant.trunks:
        return every[_named(plant.trunks, keeper.trunks)]
    if plant.carriers == 0:
        return every
    if isinstance(plant.carriers, tuple):
        names = [keeper.carriers[c] for c in keeper.carrier]
        return every[_named(plant.carriers, tuple(names))]
    chosen = _routes(world, plant, keeper, volume, wanted, rng)
    world.takers += [keeper.trunks[trunk] for trunk in chosen]
    return chosen


def _routes(
    world: World,
    plant: Plant,
    keeper: Keeper,
    volume: I64,
    wanted: int,
    rng: np.random.Generator,
) -> I64:
    """Choose one trunk of each of as many carriers as take part.

    Preferred are trunks with enough calls, free of other schemes, and small: there
    the scheme makes up as much of the traffic as the plant says. If no trunk has
    enough, the largest carriers do it on all of theirs.
    """
    count = int(plant.carriers) if isinstance(plant.carriers, int) else 0
    need = wanted / count / max(plant.concentration, 1e-6)
    busy = np.array([world.takers.count(name) for name in keeper.trunks])
    order = np.lexsort((volume, busy, volume < need))
    best = [trunk for trunk in order if volume[trunk] >= need]
    first_of: dict[int, int] = {}
    for trunk in best:
        first_of.setdefault(int(keeper.carrier[trunk]), int(trunk))
    able = np.array(list(first_of.values()), dtype=np.int64)
    if len(able) >= count:
        return sample(rng, able[: count + 2], count)
    carried = np.bincount(keeper.carrier, weights=volume)
    largest = np.argsort(carried)[-count:]
    return np.flatnonzero(np.isin(keeper.carrier, largest))


def _named(wanted: tuple[str, ...], names: tuple[str, ...]) -> Bool:
    """Return which of `names` are wanted.

    Raises:
        ConfigError: "plants-value": there is no such carrier or trunk.
    """
    missing = sorted(set(wanted) - set(names))
    if missing:
        raise ConfigError(
            "plants-value",
            f"there is no {', '.join(missing)}.",
            advice=f"There are {', '.join(sorted(set(names)))}.",
        )
    return np.isin(np.array(names), np.array(wanted))
