"""What dishonest carriers do to calls: one function per kind.

Each changes what the two switches see, and nothing else; how one would notice is no
concern of this module.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from tallystick.simulate.calls.choosing import choose, chosen_trunks, in_hours
from tallystick.simulate.calls.course import draw_routes
from tallystick.simulate.calls.crossings import KIND, NEVER, Crossings
from tallystick.simulate.calls.domestic import CELLS, ordinary
from tallystick.simulate.calls.draw import I64, Bool, lognormal, pick, stream, sample
from tallystick.simulate.calls.keeping import Halves
from tallystick.simulate.calls.network import Network
from tallystick.simulate.calls.parameters import Parameters
from tallystick.simulate.calls.people import People
from tallystick.simulate.calls.plan import Plan, plan_of, third_countries
from tallystick.simulate.calls.plant import Plant

FIRST_SIM_HANDSET: Final = 1_000_000_000


@dataclass(slots=True, kw_only=True)
class World:
    """All that a scheme may look at and change.

    Attributes:
        parameters, people, network: As they were built.
        calls: How many calls were asked for; shares are of these.
        crossings: Changed in place; schemes that make calls up append to `added`.
        added: Crossings to be joined at the end.
        domestic: Ordinary domestic calls of the SIMs used.
    """

    parameters: Parameters
    people: People
    network: Network
    calls: int
    crossings: Crossings
    added: list[Crossings] = field(default_factory=list)
    domestic: list[Halves] = field(default_factory=list)

    @property
    def home(self) -> Plan:
        """The departure country's numbers."""
        return plan_of(self.network.departures.country)

    @property
    def away(self) -> Plan:
        """The arrival country's numbers."""
        return plan_of(self.network.arrivals.country)

    def next_call(self) -> int:
        """Return the first call number that is still free."""
        tables = (self.crossings, *self.added)
        return 1 + max(int(t.call.max(initial=0)) for t in tables)


def plant_all(world: World, plants: tuple[Plant, ...], *, seed: int) -> Crossings:
    """Apply every plant and return all crossings."""
    for index, plant in enumerate(plants):
        rng = stream(seed, f"plant {index} {plant.kind} {plant.how}")
        SCHEMES[plant.kind](world, plant, index, rng)
    return Crossings.join((world.crossings, *world.added))


def _take(
    world: World,
    plant: Plant,
    index: int,
    rng: np.random.Generator,
    eligible: Bool,
) -> I64:
    """Choose the plant's crossings and mark them."""
    wanted = round((plant.share or 0) * world.calls)
    rows = choose(
        plant,
        world.parameters,
        world.network.departures,
        world.crossings,
        eligible,
        wanted,
        rng,
    )
    world.crossings.kind[rows] = KIND[plant.kind]
    world.crossings.plant[rows] = index
    return rows


def _seconds_ms(
    plant: Plant,
    usual: tuple[float, float],
    rng: np.random.Generator,
    size: int,
) -> I64:
    low, high = plant.seconds or usual
    return np.round(rng.uniform(low, high, size) * 1000).astype(np.int64)


def _bypass(
    world: World, plant: Plant, index: int, rng: np.random.Generator
) -> None:
    """Land calls through SIMs of the arrival country instead of its border."""
    c = world.crossings
    rows = _take(world, plant, index, rng, np.ones(len(c), dtype=np.bool_))
    # 60-300 calls a day and SIM when naive, 5-25 in mimicry: handbook 3.3.
    mimicry = plant.how == "mimicry"
    load = plant.calls_per_sim_day or (14.0 if mimicry else 120.0)
    own = plant.own_calls_per_sim_day
    own = (8.0 if mimicry else 1.0) if own is None else own
    sims = max(round(len(rows) / load / world.parameters.days), 1)
    number = world.away.numbers(rng, world.away.mobile, sims)
    site = rng.integers(0, plant.sites, sims)
    # Mimicry spreads its SIMs over the city; naive boxes sit in one cell per site.
    cell = rng.integers(0, CELLS, sims) if mimicry else CELLS + 10 * index + site
    handset = FIRST_SIM_HANDSET + 100_000 * index + np.arange(sims)
    order = rows[np.argsort(c.arr_start[rows], kind="stable")]
    sim = _free_sims(c, order, sims, rng)
    delay = np.round(lognormal(rng, 2.5, 0.4, len(order)) * 1000).astype(np.int64)
    c.arrives[order], c.lands[order] = False, True
    c.arr_start[order] = np.minimum(
        c.arr_start[order] + delay,
        np.where(c.arr_answer[order] == NEVER, c.arr_release[order], c.arr_answer[order])
        - 500,
    )
    c.arr_calling[order] = number[sim]
    c.arr_redirecting[order] = 0
    c.handset[order], c.cell[order] = handset[sim], cell[sim]
    size = rng.poisson(own * world.parameters.days, sims)
    _own_calls(world, plant, rng, np.repeat(np.arange(sims), size), number, handset, cell)


def _free_sims(c: Crossings, order: I64, sims: int, rng: np.random.Generator) -> I64:
    """Give each call, in order of time, a SIM; they take turns with some disorder."""
    turn = np.arange(len(order)) + rng.integers(0, max(sims // 3, 1), len(order))
    del c
    return turn % sims


def _own_calls(
    world: World,
    plant: Plant,
    rng: np.random.Generator,
    sim: I64,
    number: I64,
    handset: I64,
    cell: I64,
) -> None:
    """Let the SIMs make, and in mimicry receive, ordinary calls as cover."""
    people, size = world.people, len(sim)
    starts = rng.choice(world.crossings.dep_start, size)
    party = rng.integers(people.parts[0], people.parts[1], size)
    received = rng.random(size) < (0.35 if plant.how == "mimicry" else 0.05)
    world.domestic.append(
        ordinary(
            world.parameters,
            rng,
            calling=np.where(received, people.called[party], number[sim]),
            called=np.where(received, number[sim], people.called[party]),
            party=np.zeros(size, dtype=np.int64),
            start=starts,
            handset=np.where(received, party, handset[sim]),
            cell=np.where(received, party % CELLS, cell[sim]),
        )
    )


def _refile(
    world: World, plant: Plant, index: int, rng: np.random.Generator
) -> None:
    """Give calls another calling number."""
    c = world.crossings
    rows = _take(world, plant, index, rng, ~c.restricted)
    c.arr_calling[rows] = _other_numbers(world, plant, rng, len(rows))


def _other_numbers(
    world: World, plant: Plant, rng: np.random.Generator, size: int
) -> I64:
    """Draw the numbers that refiled calls show instead of their own."""
    away = world.away
    if plant.how == "fixed":
        few = away.numbers(rng, away.fixed, plant.numbers or 1)
        return few[rng.integers(0, len(few), size)]
    if plant.how == "random_unallocated":
        return away.numbers(rng, away.unallocated, size)
    if plant.how == "third_country":
        others = third_countries(
            world.network.departures.country, world.network.arrivals.country
        )
        other = others[rng.integers(0, len(others))]
        return other.numbers(rng, other.mobile, size)
    return away.numbers(rng, away.mobile, size)


def _remove(
    world: World, plant: Plant, index: int, rng: np.random.Generator
) -> None:
    """Take the calling number away."""
    c = world.crossings
    rows = _take(world, plant, index, rng, ~c.restricted)
    c.arr_calling[rows] = 0


def _alter_called(
    world: World, plant: Plant, index: int, rng: np.random.Generator
) -> None:
    """Change the called number: malformed, to be rated otherwise, or another one."""
    c = world.crossings
    rows = _take(world, plant, index, rng, np.ones(len(c), dtype=np.bool_))
    if plant.how == "other_number":
        c.arr_called[rows] = world.away.numbers(rng, world.away.fixed, len(rows))
        return
    national = c.called[rows] % 10**world.away.digits
    # A 0 between country code and number: valid nowhere, routed somewhere.
    c.arr_called[rows] = world.away.code * 10 ** (world.away.digits + 1) + national


def _loop(
    world: World, plant: Plant, index: int, rng: np.random.Generator
) -> None:
    """Let calls go round: out, in, and out again."""
    c = world.crossings
    rows = _take(world, plant, index, rng, np.ones(len(c), dtype=np.bool_))
    low, high = plant.times
    times = np.clip(rng.geometric(0.35, len(rows)) + low - 1, low, high)
    first = np.repeat(np.arange(len(rows)), times - 1)
    lap = np.arange(len(first)) - np.repeat(np.cumsum(times - 1) - (times - 1), times - 1)
    round_ms = rng.integers(700, 5_500, len(rows))
    laps = c.take(rows[first])
    late = (lap + 1) * round_ms[first]
    total = (times - 1) * round_ms
    _settle(c, rows, total, rng)
    laps.dep_start += late
    laps.arr_start += late
    settled = c.take(rows[first])
    for name in ("dep_answer", "dep_release", "arr_answer", "arr_release"):
        getattr(laps, name)[:] = getattr(settled, name)
    laps.cause[:] = settled.cause
    laps.dep_trunk[:] = pick(rng, world.network.departures.shares, len(laps))
    laps.arr_trunk[:] = draw_routes(rng, world.network, laps.dep_trunk)
    if plant.how == "arrivals":
        laps.departs[:] = False
    world.added.append(laps)


def _settle(c: Crossings, rows: I64, total: I64, rng: np.random.Generator) -> None:
    """Move the end of looping calls behind their last lap; half of them fail."""
    fails = rng.random(len(rows)) < 0.5
    last = np.maximum(c.arr_release[rows], c.dep_release[rows]) + total
    for side in ("dep", "arr"):
        answer, release = getattr(c, f"{side}_answer"), getattr(c, f"{side}_release")
        old = answer[rows]
        answer[rows] = np.where((old == NEVER) | fails, NEVER, old + total)
        start = getattr(c, f"{side}_start")[rows]
        given_up = start + total + 1500
        release[rows] = np.where(fails, given_up, last)
    c.cause[rows] = np.where(fails, 25, c.cause[rows])  # Q.850: exchange routing error


def _false_answer(
    world: World, plant: Plant, index: int, rng: np.random.Generator
) -> None:
    """Answer at departure what is not answered at arrival, or not yet."""
    c = world.crossings
    rings = c.arr_release - c.arr_start > 8_000
    waits = c.arr_answer - c.arr_start > 8_000
    rows = _take(
        world, plant, index, rng, np.where(c.arr_answer == NEVER, rings, waits)
    )
    size = len(rows)
    at = c.arr_start[rows] + rng.integers(1_000, 4_000, size)
    if plant.how == "recorded_ring":
        # The caller hears a recording; the called party's telephone may ring too.
        billed = _seconds_ms(plant, (10.0, 120.0), rng, size)
        c.arr_answer[rows] = NEVER
        c.dep_release[rows] = at + billed
        c.arr_release[rows] = np.minimum(at + billed, c.arr_start[rows] + 45_000)
    else:
        billed = _seconds_ms(plant, (5.0, 30.0), rng, size)
        unanswered = c.arr_answer[rows] == NEVER
        end = np.maximum(at + billed, c.arr_start[rows] + 1000)
        c.dep_release[rows] = np.where(unanswered, end, c.dep_release[rows])
        c.arr_release[rows] = np.where(
            unanswered, np.minimum(end, c.arr_release[rows]), c.arr_release[rows]
        )
    c.dep_answer[rows] = at
    c.cause[rows] = 16


def _stretch(
    world: World, plant: Plant, index: int, rng: np.random.Generator
) -> None:
    """Keep calls up at departure after the called party has hung up."""
    c = world.crossings
    rows = _take(world, plant, index, rng, c.dep_answer != NEVER)
    c.dep_release[rows] += _seconds_ms(plant, (5.0, 60.0), rng, len(rows))


def _made_up(world: World, size: int, rng: np.random.Generator) -> Crossings:
    """Return copies of some crossings, as calls of their own."""
    made = world.crossings.take(rng.integers(0, len(world.crossings), size))
    made.call[:] = world.next_call() + np.arange(size)
    for name in ("redirecting", "arr_redirecting", "benign"):
        getattr(made, name)[:] = 0
    for name in ("restricted", "national_form", "lands"):
        getattr(made, name)[:] = False
    return made


def _spoof(
    world: World, plant: Plant, index: int, rng: np.random.Generator
) -> None:
    """Make calls that show the departure country's numbers and never left it."""
    arrivals, people = world.network.arrivals, world.people
    size = round((plant.share or 0) * world.calls)
    made = _made_up(world, size, rng)
    volume = np.bincount(world.crossings.arr_trunk, minlength=len(arrivals.trunks))
    trunks = chosen_trunks(plant, arrivals, volume, size, rng)
    made.arr_trunk[:] = trunks[pick(rng, arrivals.shares[trunks], size)]
    made.calling[:] = _shown(world, plant, rng, size)
    made.arr_calling[:] = made.calling
    party = rng.integers(people.parts[0], people.parts[1], size)
    made.called[:] = people.called[party]
    made.arr_called[:] = made.called
    made.arr_start[:] = _moments(world, plant, rng, size)
    wangiri = plant.how == "wangiri"
    share = plant.answer_share if plant.answer_share is not None else 0.35
    answered = rng.random(size) < (0.03 if wangiri else share)
    ring = lognormal(rng, 1.5 if wangiri else 9.0, 0.5, size)
    wait = np.round((ring + 2.0) * 1000).astype(np.int64)
    talk = np.round(lognormal(rng, 12.0, 1.2, size) * 1000).astype(np.int64)
    made.arr_answer[:] = np.where(answered, made.arr_start + wait, NEVER)
    made.arr_release[:] = made.arr_start + wait + np.where(answered, talk, 0)
    made.cause[:] = 16
    made.departs[:], made.arrives[:] = False, True
    made.kind[:], made.plant[:] = KIND[plant.kind], index
    world.added.append(made)


def _shown(
    world: World, plant: Plant, rng: np.random.Generator, size: int
) -> I64:
    """Draw the calling numbers that made-up calls show."""
    people = world.people
    if plant.how == "few_numbers":
        few = world.home.numbers(rng, world.home.fixed, plant.numbers or 8)
        return few[rng.integers(0, len(few), size)]
    if plant.how == "wangiri":
        few = world.home.numbers(rng, world.home.mobile, plant.numbers or 200)
        return few[rng.integers(0, len(few), size)]
    return people.caller[rng.integers(0, people.subscribers, size)]


def _moments(
    world: World, plant: Plant, rng: np.random.Generator, size: int
) -> I64:
    """Draw when made-up calls start: with everybody else's, in the plant's hours."""
    starts = world.crossings.dep_start
    pool = starts[in_hours(plant, world.parameters, starts)]
    jitter = rng.integers(-30_000, 30_000, size)
    return rng.choice(pool if len(pool) else starts, size) + jitter


def _vanish(
    world: World, plant: Plant, index: int, rng: np.random.Generator
) -> None:
    """Let answered calls end somewhere else than at the arrival side."""
    if plant.how == "irsf":
        _inflate(world, plant, index, rng)
        return
    c = world.crossings
    eligible = c.dep_answer != NEVER
    if plant.how == "short_stop":
        eligible = _in_ranges(world, plant, rng)
    rows = _take(world, plant, index, rng, eligible)
    c.arrives[rows] = False
    if plant.how == "ott":
        return  # a true conversation, only by another way
    size = len(rows)
    c.dep_answer[rows] = c.dep_start[rows] + rng.integers(2_500, 9_000, size)
    c.dep_release[rows] = c.dep_answer[rows] + _seconds_ms(
        plant, (15.0, 120.0), rng, size
    )
    c.cause[rows] = 16


def _in_ranges(world: World, plant: Plant, rng: np.random.Generator) -> Bool:
    """Return the calls to a few called ranges of a thousand numbers' size.

    Ranges grow until they hold what is wanted: short stopping picks destinations
    that are worth it, not all of them.
    """
    c = world.crossings
    block = c.called // 10 ** (world.away.digits - 3)
    blocks, counts = np.unique(block[c.untouched], return_counts=True)
    order = rng.permutation(len(blocks))
    wanted = 3.0 * (plant.share or 0) * world.calls
    share = 1.0 if plant.carriers == 0 else 0.15
    enough = np.searchsorted(np.cumsum(counts[order]) * share, wanted) + 1
    return np.isin(block, blocks[order[:enough]])


def _inflate(
    world: World, plant: Plant, index: int, rng: np.random.Generator
) -> None:
    """Pump calls from a broken-into exchange to a few numbers, for a share."""
    size = round((plant.share or 0) * world.calls)
    made = _made_up(world, size, rng)
    departures, people = world.network.departures, world.people
    volume = np.bincount(world.crossings.dep_trunk, minlength=len(departures.trunks))
    trunks = chosen_trunks(plant, departures, volume, size, rng)
    made.dep_trunk[:] = trunks[pick(rng, departures.shares[trunks], size)]
    targets = world.away.numbers(rng, world.away.fixed, plant.numbers or 12)
    made.called[:] = targets[rng.integers(0, len(targets), size)]
    exchanges = sample(rng, people.caller[people.subscribers :], 2)
    made.calling[:] = exchanges[rng.integers(0, len(exchanges), size)]
    made.dep_start[:] = _moments(world, plant, rng, size)
    made.dep_answer[:] = made.dep_start + rng.integers(2_000, 6_000, size)
    made.dep_release[:] = made.dep_answer + _seconds_ms(
        plant, (240.0, 600.0), rng, size
    )
    made.cause[:] = 16
    made.departs[:], made.arrives[:] = True, False
    made.kind[:], made.plant[:] = KIND[plant.kind], index
    world.added.append(made)


Scheme = Callable[[World, Plant, int, np.random.Generator], None]
SCHEMES: Final[dict[str, Scheme]] = {
    "domestic_arrival": _bypass,
    "calling_number_altered": _refile,
    "calling_number_removed": _remove,
    "called_number_altered": _alter_called,
    "loop": _loop,
    "false_answer": _false_answer,
    "stretched": _stretch,
    "no_departure": _spoof,
    "no_arrival": _vanish,
}
