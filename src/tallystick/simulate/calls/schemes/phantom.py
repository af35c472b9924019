"""Calls with one half only: spoofed arrivals, departures that end elsewhere."""

import numpy as np

from tallystick.simulate.calls.crossings import NEVER
from tallystick.simulate.calls.draw import I64, Bool, lognormal, ms, sample
from tallystick.simulate.calls.plant import Plant
from tallystick.simulate.calls.schemes.steps import (
    made_up,
    moments,
    seconds_ms,
    take,
    trunks_for,
)
from tallystick.simulate.calls.schemes.world import World

ANSWERED = 0.35
"""Answered share of spoofed calls [B]; one-ring calls are hardly ever answered."""


def spoof(world: World, plant: Plant, index: int, rng: np.random.Generator) -> None:
    """Make calls that show numbers of the departure country and never left it."""
    arrivals, people = world.network.arrivals, world.people
    made = made_up(world, plant, index, rng)
    size = len(made)
    used = world.crossings.arr_trunk
    made.arr_trunk[:] = trunks_for(world, plant, arrivals, used, size, rng)
    made.calling[:] = _claimed(world, plant, rng, size)
    made.arr_calling[:] = made.calling
    party = rng.integers(people.parts[0], people.parts[1], size)
    made.called[:] = people.called[party]
    made.arr_called[:] = made.called
    made.dep_start[:] = moments(world, plant, rng, size)
    made.arr_start[:] = made.dep_start
    one_ring = plant.how == "wangiri"
    share = 0.03 if one_ring else ANSWERED
    share = share if plant.answer_share is None else plant.answer_share
    answered = rng.random(size) < share
    ring_s = 2.0 + lognormal(rng, 2.5 if one_ring else 9.0, 0.5, size)
    talk_s = np.where(answered, lognormal(rng, 12.0, 1.2, size), 0.0)
    end = made.arr_start + ms(ring_s)
    made.arr_answer[:] = np.where(answered, end, NEVER)
    made.arr_release[:] = end + ms(talk_s)
    made.departs[:], made.arrives[:] = False, True
    world.added.append(made)


def _claimed(world: World, plant: Plant, rng: np.random.Generator, size: int) -> I64:
    """Draw the calling numbers that spoofed calls claim."""
    home = world.home
    if plant.how == "real_subscribers":
        callers = world.people.caller[: world.people.subscribers]
        own = callers[callers // 10**home.digits == home.code]
        return rng.choice(own, size)
    if plant.how == "displaced":
        # Where the departure country's numbers are checked, others are claimed.
        other = world.third_country(rng)
        return other.numbers(rng, other.mobile, size)
    usual, prefixes = (200, home.mobile) if plant.how == "wangiri" else (8, home.fixed)
    few = home.numbers(rng, prefixes, plant.numbers or usual)
    return rng.choice(few, size)


def vanish(world: World, plant: Plant, index: int, rng: np.random.Generator) -> None:
    """Let answered calls end somewhere else than at the arrival side."""
    if plant.how == "irsf":
        _pump(world, plant, index, rng)
        return
    crossings = world.crossings
    answered = crossings.dep_answer != NEVER
    short_stop = plant.how == "short_stop"
    eligible = _in_ranges(world, plant, rng) if short_stop else answered
    rows = take(world, plant, index, rng, eligible)
    crossings.arrives[rows] = False
    if not short_stop:
        return  # a true conversation, only by another way
    # A machine answers everything, and callers take a while to understand.
    size = len(rows)
    answer = crossings.dep_start[rows] + rng.integers(2_500, 9_000, size)
    crossings.dep_answer[rows] = answer
    crossings.dep_release[rows] = answer + seconds_ms(plant, (15.0, 120.0), rng, size)
    crossings.cause[rows] = 16


def _in_ranges(world: World, plant: Plant, rng: np.random.Generator) -> Bool:
    """Return the calls to some called ranges: destinations that are worth it.

    Ranges are added until they hold about three times what one carrier is to stop.
    """
    crossings = world.crossings
    block = crossings.called // 10 ** (world.away.digits - 3)
    blocks, counts = np.unique(block[crossings.untouched], return_counts=True)
    order = rng.permutation(len(blocks))
    of_carrier = 1.0 if plant.carriers == 0 else 0.15
    goal = 3.0 * (plant.share or 0) * world.calls / of_carrier
    enough = int(np.searchsorted(np.cumsum(counts[order]), goal)) + 1
    return np.isin(block, blocks[order[:enough]])


def _pump(world: World, plant: Plant, index: int, rng: np.random.Generator) -> None:
    """Pump calls from broken-into exchanges to a few numbers, for a share.

    Source: handbook 3.3: 1-20 numbers, durations long and uniform, at night [B].
    """
    departures, people = world.network.departures, world.people
    made = made_up(world, plant, index, rng)
    size = len(made)
    used = world.crossings.dep_trunk
    made.dep_trunk[:] = trunks_for(world, plant, departures, used, size, rng)
    targets = world.away.numbers(rng, world.away.fixed, plant.numbers or 12)
    made.called[:] = targets[rng.integers(0, len(targets), size)]
    exchanges = sample(rng, people.caller[people.subscribers :], 2)
    made.calling[:] = exchanges[rng.integers(0, len(exchanges), size)]
    made.dep_start[:] = moments(world, plant, rng, size)
    made.dep_answer[:] = made.dep_start + rng.integers(2_000, 6_000, size)
    made.dep_release[:] = made.dep_answer + seconds_ms(plant, (240.0, 600.0), rng, size)
    made.departs[:], made.arrives[:] = True, False
    world.added.append(made)
