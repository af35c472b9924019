"""Bypass: calls landed by SIMs of the arrival country instead of at its border."""

import heapq
from typing import Final

import numpy as np

from tallystick.simulate.calls.crossings import NEVER, Crossings
from tallystick.simulate.calls.domestic import CELLS, ordinary
from tallystick.simulate.calls.draw import I64, lognormal, ms
from tallystick.simulate.calls.plant import Plant
from tallystick.simulate.calls.schemes.steps import take
from tallystick.simulate.calls.schemes.world import World

FIRST_HANDSET: Final = 1_000_000_000
"""SIM boxes' handsets are numbered from here, apart from people's."""

LOAD: Final = {"naive": 120.0, "mimicry": 14.0}
"""Bypassed calls a SIM lands in a day: 60-300 naive, 5-25 in mimicry.
Handbook 3.3 [B, FraudZen A]."""

COVER: Final = {"naive": 1.0, "mimicry": 8.0}
"""Ordinary calls it makes or receives in a day [B]."""

RECEIVED: Final = {"naive": 0.05, "mimicry": 0.35}
"""Of these, received ones. Handbook 3.3: less than 5 % when naive [B]."""


def bypass(world: World, plant: Plant, index: int, rng: np.random.Generator) -> None:
    """Land calls by SIM boxes: no arrival at the border, a domestic call instead."""
    crossings = world.crossings
    rows = take(world, plant, index, rng)
    rows = rows[np.argsort(crossings.arr_start[rows], kind="stable")]
    _delay(crossings, rows, rng)
    load = plant.calls_per_sim_day or LOAD[plant.how]
    least = max(round(len(rows) / load / world.parameters.days), 1)
    sim = _free_sims(crossings, rows, least, rng)
    sims = int(sim.max(initial=0)) + 1
    number = world.away.numbers(rng, world.away.mobile, sims)
    # Mimicry spreads its SIMs over the city; naive boxes sit in one cell per site.
    site = CELLS + 10 * index + rng.integers(0, plant.sites, sims)
    cell = rng.integers(0, CELLS, sims) if plant.how == "mimicry" else site
    handset = FIRST_HANDSET + 100_000 * index + np.arange(sims)
    crossings.arrives[rows], crossings.lands[rows] = False, True
    crossings.arr_calling[rows] = number[sim]
    crossings.arr_redirecting[rows] = 0
    crossings.arr_restricted[rows] = False
    crossings.handset[rows], crossings.cell[rows] = handset[sim], cell[sim]
    cover = plant.own_calls_per_sim_day
    cover = COVER[plant.how] if cover is None else cover
    each = rng.poisson(cover * world.parameters.days, sims)
    who = np.repeat(np.arange(sims), each)
    _cover(world, plant, rng, number[who], handset[who], cell[who])


def _delay(crossings: Crossings, rows: I64, rng: np.random.Generator) -> None:
    """Let the box dial: it begins seconds later, but before anybody answers."""
    late = ms(lognormal(rng, 2.5, 0.4, len(rows)))
    answer = crossings.arr_answer[rows]
    before = np.where(answer == NEVER, crossings.arr_release[rows], answer) - 500
    start = crossings.arr_start[rows]
    crossings.arr_start[rows] = np.maximum(np.minimum(start + late, before), start)


def _free_sims(
    crossings: Crossings, rows: I64, least: int, rng: np.random.Generator
) -> I64:
    """Give each call a SIM that is not in another one; add SIMs when all are busy."""
    free = list(range(least))
    busy: list[tuple[int, int]] = []
    given = np.zeros(len(rows), dtype=np.int64)
    choices = rng.random(len(rows)).tolist()
    start = crossings.arr_start[rows].tolist()
    release = crossings.arr_release[rows].tolist()
    for at, (begin, end, choice) in enumerate(
        zip(start, release, choices, strict=True)
    ):
        while busy and busy[0][0] <= begin:
            free.append(heapq.heappop(busy)[1])
        if not free:
            free.append(len(free) + len(busy))
        place = int(choice * len(free))
        free[place], free[-1] = free[-1], free[place]
        sim = free.pop()
        given[at] = sim
        heapq.heappush(busy, (end + 2_000, sim))
    return given


def _cover(
    world: World,
    plant: Plant,
    rng: np.random.Generator,
    number: I64,
    handset: I64,
    cell: I64,
) -> None:
    """Let the SIMs make, and in mimicry receive, ordinary calls."""
    people, size = world.people, len(number)
    other = rng.integers(people.parts[0], people.parts[1], size)
    received = rng.random(size) < RECEIVED[plant.how]
    world.domestic.append(
        ordinary(
            world.parameters,
            rng,
            calling=np.where(received, people.called[other], number),
            called=np.where(received, number, people.called[other]),
            party=np.zeros(size, dtype=np.int64),
            start=rng.choice(world.crossings.dep_start, size),
            handset=np.where(received, other, handset),
            cell=np.where(received, other % CELLS, cell),
        )
    )
