"""Whose calls a scheme gets hold of."""

import numpy as np

from tallystick.model.errors import ConfigError
from tallystick.simulate.calls.crossings import Crossings
from tallystick.simulate.calls.draw import I64, Bool, sample
from tallystick.simulate.calls.network import Keeper
from tallystick.simulate.calls.parameters import Parameters
from tallystick.simulate.calls.plant import Plant

HOUR_MS = 3_600_000


def choose(
    plant: Plant,
    parameters: Parameters,
    keeper: Keeper,
    crossings: Crossings,
    eligible: Bool,
    wanted: int,
    rng: np.random.Generator,
) -> I64:
    """Return up to `wanted` rows that the plant's carriers carry.

    Args:
        plant: Says which carriers, trunks and hours.
        parameters: For the local time.
        keeper: The side whose carriers do it: departures.
        crossings: All crossings.
        eligible: The rows to which the scheme can be applied at all.
        wanted: How many.
        rng: Chooses among them.
    """
    candidates = eligible & crossings.untouched
    candidates &= in_hours(plant, parameters, crossings.dep_start)
    volume = np.bincount(
        crossings.dep_trunk[candidates], minlength=len(keeper.trunks)
    )
    trunks = chosen_trunks(plant, keeper, volume, wanted, rng)
    candidates &= np.isin(crossings.dep_trunk, trunks)
    pool = np.flatnonzero(candidates)
    most = round(len(pool) * plant.carrier_share)
    return sample(rng, pool, min(wanted, most))


def in_hours(plant: Plant, parameters: Parameters, moment: I64) -> Bool:
    """Return which moments lie in the plant's hours."""
    if not plant.hours:
        return np.ones(len(moment), dtype=np.bool_)
    hour = (moment - parameters.start_ms) / HOUR_MS % 24
    inside = np.zeros(len(moment), dtype=np.bool_)
    for begin, end in plant.hours:
        over = begin > end  # past midnight
        inside |= (
            ((hour >= begin) | (hour < end)) if over else (hour >= begin) & (hour < end)
        )
    return inside


def chosen_trunks(
    plant: Plant,
    keeper: Keeper,
    volume: I64,
    wanted: int,
    rng: np.random.Generator,
) -> I64:
    """Return the trunks of the carriers that take part, given each trunk's volume.

    Dishonest carriers are small ones as far as they can be: of those that are just
    large enough for what is wanted, some are drawn; the largest is left out.

    Raises:
        ConfigError: "plants-value": no such carrier or trunk.
    """
    every = np.arange(len(keeper.trunks))
    if plant.trunks:
        return every[_named(plant.trunks, keeper.trunks)]
    if plant.carriers == 0:
        return every
    if isinstance(plant.carriers, tuple):
        names = [keeper.carriers[c] for c in keeper.carrier]
        return every[_named(plant.carriers, tuple(names))]
    carried = np.bincount(keeper.carrier, weights=volume)
    order = np.argsort(carried, kind="stable")
    need = wanted / plant.carriers / plant.carrier_share
    enough = order[carried[order] >= need][:-1]
    pool = enough[: max(plant.carriers, 3)]
    if len(pool) < plant.carriers:
        pool = order[-plant.carriers :]
    chosen = sample(rng, pool, plant.carriers)
    return every[np.isin(keeper.carrier, chosen)]


def _named(wanted: tuple[str, ...], names: tuple[str, ...]) -> Bool:
    """Return which of `names` are wanted."""
    missing = sorted(set(wanted) - set(names))
    if missing:
        raise ConfigError(
            "plants-value",
            f"there is no {', '.join(missing)}.",
            advice=f"There are {', '.join(sorted(set(names)))}.",
        )
    return np.isin(np.array(names), np.array(wanted))
