"""False answer and stretching: the same call, billed for more than it was."""

import numpy as np

from tallystick.simulate.calls.course import back_ms, next_call
from tallystick.simulate.calls.crossings import NEVER
from tallystick.simulate.calls.draw import I64
from tallystick.simulate.calls.plant import Plant
from tallystick.simulate.calls.schemes.steps import seconds_ms, take
from tallystick.simulate.calls.schemes.world import World

RINGS_MS = 8_000
"""Calls that end or are answered sooner leave no time for a false answer."""


def false_answer(
    world: World, plant: Plant, index: int, rng: np.random.Generator
) -> None:
    """Answer at departure what is not answered at arrival, or not yet."""
    crossings = world.crossings
    unanswered = crossings.arr_answer == NEVER
    until = np.where(unanswered, crossings.arr_release, crossings.arr_answer)
    rows = take(world, plant, index, rng, until - crossings.arr_start > RINGS_MS)
    crossings.dep_answer[rows] = crossings.arr_start[rows] + rng.integers(
        1_000, 4_000, len(rows)
    )
    crossings.cause[rows] = 16
    if plant.how == "recorded_ring":
        _play_recording(world, plant, rows, rng)
    else:
        _bill_ringing(world, plant, rows[unanswered[rows]], rng)


def _play_recording(
    world: World, plant: Plant, rows: I64, rng: np.random.Generator
) -> None:
    """Let the caller hear a recorded ring while the telephone rings in vain.

    Source: handbook 3.3: 10-120 s [V Heap, i3forum].
    """
    crossings = world.crossings
    end = crossings.dep_answer[rows] + seconds_ms(plant, (10.0, 120.0), rng, len(rows))
    # Who calls again has hung up.
    hangs_up = np.maximum(next_call(crossings)[rows] - 500, crossings.dep_answer[rows])
    end = np.minimum(end, hangs_up + 100)
    timer = crossings.arr_start[rows] + rng.integers(30_000, 60_000, len(rows))
    crossings.arr_answer[rows] = NEVER
    crossings.dep_release[rows] = end
    crossings.arr_release[rows] = np.minimum(end + _signal_ms(world, rows, rng), timer)


def _bill_ringing(
    world: World, plant: Plant, rows: I64, rng: np.random.Generator
) -> None:
    """Bill calls that nobody answers.

    Source: handbook 3.3: all unanswered calls billed 5-30 s [V Heap, i3forum].
    """
    crossings = world.crossings
    end = crossings.dep_answer[rows] + seconds_ms(plant, (5.0, 30.0), rng, len(rows))
    crossings.dep_release[rows] = end
    crossings.arr_release[rows] = np.minimum(
        end + _signal_ms(world, rows, rng), crossings.arr_release[rows]
    )


def _signal_ms(world: World, rows: I64, rng: np.random.Generator) -> I64:
    """Draw how long the release takes to the other side."""
    return back_ms(world.parameters, rng, len(rows))


def stretch(world: World, plant: Plant, index: int, rng: np.random.Generator) -> None:
    """Keep calls up at departure after the called party has hung up.

    Source: handbook 3.3: late release, +5 to 60 s [V Heap, i3forum].
    """
    crossings = world.crossings
    rows = take(world, plant, index, rng, crossings.dep_answer != NEVER)
    crossings.dep_release[rows] += seconds_ms(plant, (5.0, 60.0), rng, len(rows))
