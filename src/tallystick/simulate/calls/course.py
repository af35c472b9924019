"""The course of each call over the border, as both switches see it."""

import numpy as np

from tallystick.simulate.calls.attempts import GIVEN_UP, Attempts
from tallystick.simulate.calls.crossings import BENIGN, NEVER, Crossings
from tallystick.simulate.calls.draw import (
    I64,
    Bool,
    lognormal,
    ms,
    pick,
    stream,
)
from tallystick.simulate.calls.network import Network
from tallystick.simulate.calls.parameters import Parameters
from tallystick.simulate.calls.people import People


def build_crossings(
    parameters: Parameters,
    people: People,
    network: Network,
    attempts: Attempts,
    *,
    seed: int,
) -> Crossings:
    """Send every attempt over the border, honestly."""
    rng = stream(seed, "course")
    size = len(attempts.chain)
    dep_trunk = pick(rng, network.departures.shares, size)
    arr_trunk = draw_routes(rng, network, dep_trunk)
    arr_start = attempts.start_ms + transit_ms(
        parameters, rng, network, dep_trunk, arr_trunk
    )
    end = arr_start + ms(attempts.setup_s + attempts.ring_s)
    back, back_again = (back_ms(parameters, rng, size) for _ in range(2))
    arr_answer = np.where(attempts.answered, end, NEVER)
    dep_answer = np.where(attempts.answered, end + back, NEVER)
    by_caller = np.where(
        attempts.answered,
        rng.random(size) < parameters.caller_releases_share,
        attempts.cause == GIVEN_UP,
    )
    # Who hangs up is released at once; the other side hears of it a little later.
    first = np.where(by_caller & attempts.answered, dep_answer, end) + ms(
        attempts.talk_s
    )
    dep_release = np.where(by_caller, first, first + back_again)
    meter = _metering_ms(parameters, rng, attempts.answered)
    arr_release = np.where(by_caller, first + back_again, first) + meter
    calling = people.caller[attempts.caller]
    called = people.called[attempts.called]
    none = np.zeros(size, dtype=np.int64)
    crossings = Crossings(
        call=np.arange(size),
        calling=calling,
        called=called,
        redirecting=none,
        restricted=people.restricted[attempts.caller],
        party=people.party[attempts.called],
        dep_trunk=dep_trunk,
        arr_trunk=arr_trunk,
        dep_start=attempts.start_ms.copy(),
        dep_answer=dep_answer,
        dep_release=np.maximum(dep_release, dep_answer + 100),
        arr_start=arr_start,
        arr_answer=arr_answer,
        arr_release=np.maximum(arr_release, np.maximum(arr_answer, arr_start) + 100),
        arr_calling=calling.copy(),
        arr_called=called.copy(),
        arr_redirecting=none.copy(),
        arr_restricted=people.restricted[attempts.caller],
        national_form=np.zeros(size, dtype=np.bool_),
        cause=attempts.cause.copy(),
        departs=np.ones(size, dtype=np.bool_),
        arrives=np.ones(size, dtype=np.bool_),
        lands=np.zeros(size, dtype=np.bool_),
        handset=none - 1,
        cell=none - 1,
        kind=none.copy(),
        benign=none.copy(),
        plant=none - 1,
    )
    _tails(parameters, rng, crossings)
    one_line = attempts.caller < people.subscribers
    _wait_for_line(crossings, attempts.caller, one_line)
    return crossings


def draw_routes(rng: np.random.Generator, network: Network, dep_trunk: I64) -> I64:
    """Draw the arrival trunk of each call by its departure trunk."""
    arr_trunk = np.zeros(len(dep_trunk), dtype=np.int64)
    for trunk, shares in enumerate(network.routes):
        rows = dep_trunk == trunk
        arr_trunk[rows] = pick(rng, shares, int(rows.sum()))
    return arr_trunk


def transit_ms(
    parameters: Parameters,
    rng: np.random.Generator,
    network: Network,
    dep_trunk: I64,
    arr_trunk: I64,
) -> I64:
    """Draw how long each call takes between the two switches."""
    usual = network.transit_s[dep_trunk, arr_trunk]
    return ms(usual * rng.lognormal(0, parameters.transit_call_sigma, len(usual)))


def shift(crossings: Crossings, rows: I64 | Bool, by_ms: I64) -> None:
    """Move whole calls in time."""
    for name in ("dep_start", "dep_release", "arr_start", "arr_release"):
        getattr(crossings, name)[rows] += by_ms
    for name in ("dep_answer", "arr_answer"):
        column = getattr(crossings, name)
        old = column[rows]
        column[rows] = np.where(old == NEVER, NEVER, old + by_ms)


def back_ms(parameters: Parameters, rng: np.random.Generator, size: int) -> I64:
    """Draw how long an answer or release takes on its way through transit."""
    return ms(
        lognormal(
            rng, parameters.back_delay_median_s, parameters.back_delay_sigma, size
        )
    )


def _metering_ms(
    parameters: Parameters, rng: np.random.Generator, answered: Bool
) -> I64:
    """Draw by how much the arriving switch holds answered calls to be longer."""
    size = len(answered)
    meter = rng.normal(parameters.metering_bias_s, parameters.metering_sd_s, size)
    return np.where(answered, ms(meter), 0)


def _tails(
    parameters: Parameters, rng: np.random.Generator, crossings: Crossings
) -> None:
    """Let the two keepers disagree widely on a few durations."""
    size = len(crossings)
    answered = crossings.arr_answer != NEVER
    tail = answered & (rng.random(size) < parameters.duration_tail_share)
    low, high = np.log(parameters.duration_tail_s)
    extra = ms(np.exp(rng.uniform(low, high, size)))
    departure = rng.random(size) < parameters.duration_tail_departure_share
    crossings.dep_release += np.where(tail & departure, extra, 0)
    crossings.arr_release += np.where(tail & ~departure, extra, 0)
    crossings.benign[tail] = BENIGN["duration_tail"]


def next_call(crossings: Crossings) -> I64:
    """Return when the caller of each call calls again; far in the future if never.

    A switchboard, which has many lines, may already have called again before the
    call is over: that is no next call.
    """
    order = np.lexsort((crossings.dep_start, crossings.calling))
    who, start = crossings.calling[order], crossings.dep_start[order]
    never = np.iinfo(np.int64).max
    following = np.append(start[1:], never)
    following[np.append(who[1:] != who[:-1], True)] = never
    after = np.empty_like(following)
    after[order] = following
    return np.where(after < crossings.dep_release, never, after)


def _wait_for_line(crossings: Crossings, caller: I64, one_line: Bool) -> None:
    """Postpone calls of subscribers who are still in an earlier one.

    The start of call i is the latest of "start of j, then all calls j..i-1 one after
    the other" over all j up to i: a running maximum after taking out the sum of the
    time already talked.
    """
    rows = np.flatnonzero(one_line)
    rows = rows[np.lexsort((crossings.dep_start[rows], caller[rows]))]
    who, start = caller[rows], crossings.dep_start[rows]
    held = crossings.dep_release[rows] - start + 1000
    first = np.concatenate(([True], who[1:] != who[:-1]))
    group = np.cumsum(first) - 1
    before = np.cumsum(held) - held
    before -= before[first][group]
    # Callers are kept apart by lifting each above all times of the one before.
    base = start.min()
    lift = group * (int(start.max() - base) + int(before.max()) * 2 + 1)
    latest = np.maximum.accumulate(start - base - before + lift) - lift + base + before
    shift(crossings, rows, latest - start)
