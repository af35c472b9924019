"""The steps that schemes share."""

import numpy as np

from tallystick.simulate.calls.crossings import KIND, Crossings
from tallystick.simulate.calls.draw import I64, Bool, ms, pick
from tallystick.simulate.calls.network import Keeper
from tallystick.simulate.calls.plant import Plant
from tallystick.simulate.calls.schemes.choosing import (
    choose,
    chosen_trunks,
    in_hours,
)
from tallystick.simulate.calls.schemes.world import World


def take(
    world: World,
    plant: Plant,
    index: int,
    rng: np.random.Generator,
    eligible: Bool | None = None,
) -> I64:
    """Choose the plant's crossings, mark them and let them surface where it says."""
    crossings = world.crossings
    everything = np.ones(len(crossings), dtype=np.bool_)
    rows = choose(
        world,
        plant,
        everything if eligible is None else eligible,
        wanted(world, plant),
        rng,
    )
    crossings.kind[rows] = KIND[plant.kind]
    crossings.plant[rows] = index
    if plant.surfaces:
        trunks = rng.permutation(len(world.network.arrivals.trunks))[: plant.surfaces]
        crossings.arr_trunk[rows] = rng.choice(trunks, len(rows))
    return rows


def wanted(world: World, plant: Plant) -> int:
    """Return how many crossings the plant asks for."""
    return round((plant.share or 0) * world.calls)


def seconds_ms(
    plant: Plant, usual: tuple[float, float], rng: np.random.Generator, size: int
) -> I64:
    """Draw what is added or billed, in the plant's or the usual bounds."""
    low, high = plant.seconds or usual
    return ms(rng.uniform(low, high, size))


def made_up(
    world: World, plant: Plant, index: int, rng: np.random.Generator
) -> Crossings:
    """Return as many calls of nobody as the plant asks for, still to be filled in."""
    size = wanted(world, plant)
    made = world.crossings.take(rng.integers(0, len(world.crossings), size))
    made.call[:] = world.next_call() + np.arange(size)
    for name in ("redirecting", "arr_redirecting", "benign"):
        getattr(made, name)[:] = 0
    for name in ("restricted", "arr_restricted", "national_form", "lands"):
        getattr(made, name)[:] = False
    made.cause[:] = 16
    made.kind[:], made.plant[:] = KIND[plant.kind], index
    return made


def trunks_for(
    world: World,
    plant: Plant,
    keeper: Keeper,
    used: I64,
    size: int,
    rng: np.random.Generator,
) -> I64:
    """Draw the trunks by which made-up calls come, among everybody else's."""
    volume = np.bincount(used, minlength=len(keeper.trunks))
    trunks = chosen_trunks(world, plant, keeper, volume, size, rng)
    return trunks[pick(rng, keeper.shares[trunks], size)]


def moments(world: World, plant: Plant, rng: np.random.Generator, size: int) -> I64:
    """Draw when made-up calls start: with everybody else's, in the plant's hours."""
    starts = world.crossings.dep_start
    pool = starts[in_hours(world, plant, starts)]
    jitter = rng.integers(-30_000, 30_000, size)
    return rng.choice(pool if len(pool) else starts, size) + jitter
