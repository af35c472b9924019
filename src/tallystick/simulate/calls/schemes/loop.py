"""Loops: the same call crosses the border again and again."""

import numpy as np

from tallystick.simulate.calls.course import draw_routes, next_call
from tallystick.simulate.calls.crossings import NEVER, Crossings
from tallystick.simulate.calls.draw import I64, pick
from tallystick.simulate.calls.plant import Plant
from tallystick.simulate.calls.schemes.steps import take
from tallystick.simulate.calls.schemes.world import World

FAILS_SHARE = 0.5
"""Loops that only end when a hop counter runs out [B]."""

ROUTING_ERROR = 25  # Q.850
LAP_MS = (700, 5_500)
"""How long one lap takes: 2-10 crossings within 60 s. Handbook 3.3 [B]."""

NOTICED_MS = (400, 4_000)
"""How long after the last lap a loop that fails is given up."""


def loop(world: World, plant: Plant, index: int, rng: np.random.Generator) -> None:
    """Let calls go round: out, in, and out again, until somebody notices."""
    crossings = world.crossings
    low, high = plant.times
    longest = crossings.dep_release + high * LAP_MS[1] + NOTICED_MS[1]
    rows = take(
        world,
        plant,
        index,
        rng,
        eligible=longest < next_call(crossings),  # nobody calls again meanwhile
    )
    times = np.clip(rng.geometric(0.35, len(rows)) + low - 1, low, high)
    round_ms = rng.integers(*LAP_MS, len(rows))
    _settle(crossings, rows, (times - 1) * round_ms, rng)
    again = times - 1
    which = np.repeat(np.arange(len(rows)), again)
    lap = 1 + np.arange(len(which)) - np.repeat(np.cumsum(again) - again, again)
    laps = crossings.take(rows[which])
    laps.dep_start += lap * round_ms[which]
    laps.arr_start += lap * round_ms[which]
    _answer_travels_back(laps, lap, rng)
    _other_trunks(world, laps, rng)
    if plant.how == "arrivals":
        laps.departs[:] = False  # it turned round before it reached this side again
    world.added.append(laps)


def _settle(
    crossings: Crossings, rows: I64, total_ms: I64, rng: np.random.Generator
) -> None:
    """Move the end of looping calls behind their last lap; some fail."""
    fails = rng.random(len(rows)) < FAILS_SHARE
    noticed = rng.integers(*NOTICED_MS, len(rows))
    for side in ("dep", "arr"):
        start = getattr(crossings, f"{side}_start")[rows]
        answer = getattr(crossings, f"{side}_answer")
        release = getattr(crossings, f"{side}_release")
        old = answer[rows]
        answer[rows] = np.where((old == NEVER) | fails, NEVER, old + total_ms)
        release[rows] = np.where(fails, start + noticed, release[rows]) + total_ms
    crossings.cause[rows] = np.where(fails, ROUTING_ERROR, crossings.cause[rows])


def _answer_travels_back(laps: Crossings, lap: I64, rng: np.random.Generator) -> None:
    """Let inner laps hear of answer and release a little before outer ones."""
    earlier = lap * rng.integers(40, 160, len(laps))
    for side in ("dep", "arr"):
        answer = getattr(laps, f"{side}_answer")
        answer[:] = np.where(answer == NEVER, NEVER, answer - earlier)
        release, start = (
            getattr(laps, f"{side}_release"),
            getattr(laps, f"{side}_start"),
        )
        release[:] = np.maximum(release - earlier, np.maximum(answer, start) + 50)


def _other_trunks(world: World, laps: Crossings, rng: np.random.Generator) -> None:
    """Let some laps come by another way than the first."""
    moved = rng.random(len(laps)) < 0.3
    trunk = pick(rng, world.network.departures.shares, len(laps))
    laps.dep_trunk[:] = np.where(moved, trunk, laps.dep_trunk)
    routed = draw_routes(rng, world.network, laps.dep_trunk)
    laps.arr_trunk[:] = np.where(moved, routed, laps.arr_trunk)
