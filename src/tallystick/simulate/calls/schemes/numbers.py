"""Refiling, removal, alteration: the same call under other numbers."""

import numpy as np

from tallystick.simulate.calls.draw import I64
from tallystick.simulate.calls.plant import Plant
from tallystick.simulate.calls.schemes.steps import take
from tallystick.simulate.calls.schemes.world import World


def alter_calling(
    world: World, plant: Plant, index: int, rng: np.random.Generator
) -> None:
    """Give calls another calling number, to be rated as something cheaper."""
    crossings = world.crossings
    rows = take(world, plant, index, rng, ~crossings.restricted)
    crossings.arr_calling[rows] = _shown(world, plant, rng, len(rows))


def _shown(world: World, plant: Plant, rng: np.random.Generator, size: int) -> I64:
    """Draw the calling numbers that refiled calls show.

    Source: handbook 3.3 (a) to (d) [V LATRO].
    """
    away = world.away
    if plant.how == "fixed":
        few = away.numbers(rng, away.fixed, plant.numbers or 1)
        return few[rng.integers(0, len(few), size)]
    if plant.how == "random_unallocated":
        return away.numbers(rng, away.unallocated, size)
    plan = world.third_country(rng) if plant.how == "third_country" else away
    return plan.numbers(rng, plan.mobile, size)


def remove_calling(
    world: World, plant: Plant, index: int, rng: np.random.Generator
) -> None:
    """Take the calling number away; `hidden` pretends that the caller withheld it."""
    crossings = world.crossings
    rows = take(world, plant, index, rng, ~crossings.restricted)
    crossings.arr_calling[rows] = 0
    crossings.arr_restricted[rows] = plant.how == "hidden"


def alter_called(
    world: World, plant: Plant, index: int, rng: np.random.Generator
) -> None:
    """Change the called number: malformed, to be rated otherwise, or another one."""
    crossings = world.crossings
    rows = take(world, plant, index, rng)
    away = world.away
    if plant.how == "other_number":
        other = away.numbers(rng, away.fixed, len(rows))
        crossings.arr_called[rows] = other
        return
    # A 0 between country code and number: valid nowhere, routed somewhere.
    national = crossings.called[rows] % 10**away.digits
    crossings.arr_called[rows] = away.code * 10 ** (away.digits + 1) + national
