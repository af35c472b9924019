"""The arrival country's own calls, among which bypassed calls hide."""

import numpy as np

from tallystick.simulate.calls.attempts import day_curve
from tallystick.simulate.calls.crossings import NEVER, Crossings
from tallystick.simulate.calls.draw import (
    I64,
    hashed,
    loglogistic,
    lognormal,
    ms,
    stream,
)
from tallystick.simulate.calls.keeping import Halves
from tallystick.simulate.calls.parameters import Parameters
from tallystick.simulate.calls.people import People, kind_edges, party_at
from tallystick.simulate.calls.plan import Plan

CELLS = 6000


def build_domestic(
    parameters: Parameters, people: People, plan: Plan, *, calls: int, seed: int
) -> Halves:
    """Make the domestic calls of the numbers that are also called from abroad."""
    rng = stream(seed, "domestic")
    size = round(calls * parameters.domestic_per_call)
    # Most callers are subscribers, some call a lot; businesses call back too.
    subscriber = (rng.beta(0.6, 1.6, size) * people.parts[1]).astype(np.int64)
    business = rng.integers(people.parts[1], people.parts[3], size)
    caller = np.where(rng.random(size) < 0.85, subscriber, business)
    called = party_at(
        people, rng.random(size), rng.random(size), kind_edges(parameters)
    )
    start = parameters.start_ms + day_curve(parameters).moment_ms(rng.random(size))
    numbers = people.called[caller]
    mobile = plan.is_mobile(numbers)
    return ordinary(
        parameters,
        rng,
        calling=numbers,
        called=people.called[called],
        party=people.party[called],
        start=start,
        handset=np.where(mobile, caller, -1),
        cell=np.where(mobile, _cell_of(caller), -1),
    )


def ordinary(
    parameters: Parameters,
    rng: np.random.Generator,
    *,
    calling: I64,
    called: I64,
    party: I64,
    start: I64,
    handset: I64,
    cell: I64,
) -> Halves:
    """Give domestic calls their course."""
    size = len(calling)
    answered = rng.random(size) < np.array(parameters.answer_shares)[party]
    setup = lognormal(rng, 2.0, 0.4, size) + lognormal(rng, 8.0, 0.6, size)
    scale = rng.lognormal(0, parameters.duration_scale_sigma, size)
    talk = loglogistic(rng, scale * parameters.duration_scale_s, 1.4)
    talk = np.minimum(talk, parameters.duration_max_s)
    answer = start + ms(setup)
    release = answer + np.where(answered, ms(talk), 0)
    none = np.zeros(size, dtype=np.int64)
    no = np.zeros(size, dtype=np.bool_)
    return Halves(
        crossing=none - 1,
        calling=calling,
        called=called,
        redirecting=none,
        start=start,
        answer=np.where(answered, answer, NEVER),
        release=release,
        restricted=no,
        national_form=no,
        trunk=none,
        cause=np.where(answered, 16, 19),
        handset=handset,
        cell=cell,
    )


def landed(crossings: Crossings) -> Halves:
    """Return the domestic halves of the crossings that SIMs landed."""
    rows = np.flatnonzero(crossings.lands)
    none = np.zeros(len(rows), dtype=np.int64)
    return Halves(
        crossing=rows,
        calling=crossings.arr_calling[rows],
        called=crossings.arr_called[rows],
        redirecting=none,
        start=crossings.arr_start[rows],
        answer=crossings.arr_answer[rows],
        release=crossings.arr_release[rows],
        restricted=none != 0,
        national_form=none != 0,
        trunk=none,
        cause=crossings.cause[rows],
        handset=crossings.handset[rows],
        cell=crossings.cell[rows],
    )


def _cell_of(caller: I64) -> I64:
    return (hashed(2, caller, caller) * CELLS).astype(np.int64)
