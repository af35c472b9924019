"""When calls are attempted, what becomes of them, and who tries again."""

import dataclasses
from dataclasses import dataclass

import numpy as np

from tallystick.simulate.calls.draw import (
    F64,
    I64,
    Bool,
    DayCurve,
    lognormal,
    ms,
    pick,
    stream,
    zipf_shares,
)
from tallystick.simulate.calls.parameters import Parameters
from tallystick.simulate.calls.people import (
    People,
    contact_of,
    draw_ranks,
    party_at,
)

NO_ANSWER, GIVEN_UP = 19, 16  # Q.850


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """One row per attempt.

    Attributes:
        chain: First attempt and its redials share one.
        caller, called: Indices into People.
        start_ms: Milliseconds since 1970.
        answered: Whether somebody, or something, answered.
        setup_s: Arrival seizure to ringing.
        ring_s: Ringing until answer, or until somebody gave up.
        talk_s: Conversation; 0 when not answered.
        cause: Q.850.
    """

    chain: I64
    caller: I64
    called: I64
    start_ms: I64
    answered: Bool
    setup_s: F64
    ring_s: F64
    talk_s: F64
    cause: I64

    def take(self, index: I64 | Bool) -> "Attempts":
        """Return the rows at `index`."""
        return Attempts(
            **{
                field.name: getattr(self, field.name)[index]
                for field in dataclasses.fields(self)
            }
        )


def build_attempts(
    parameters: Parameters, people: People, *, calls: int, seed: int
) -> Attempts:
    """Make `calls` attempts, redials included, in order of their start."""
    rng = stream(seed, "attempts")
    caller, called, start_ms = _first_attempts(parameters, people, calls, rng)
    chain = rng.permutation(calls)
    parts = [_outcome(parameters, people, rng, chain, caller, called, start_ms, 0)]
    for turn in range(1, parameters.redial_max + 1):
        last = parts[-1]
        again = ~last.answered & (rng.random(len(last.chain)) < parameters.redial_share)
        if not again.any():
            break
        parts.append(_redial(parameters, people, rng, last.take(again), turn))
    # Chains are dropped whole and at random until the number asked for is left.
    merged = Attempts(
        **{
            field.name: np.concatenate([getattr(part, field.name) for part in parts])
            for field in dataclasses.fields(Attempts)
        }
    )
    kept = merged.take(np.argsort(merged.chain, kind="stable")[:calls])
    return kept.take(np.argsort(kept.start_ms, kind="stable"))


def day_curve(parameters: Parameters) -> DayCurve:
    """Return the curve of when calls start."""
    return DayCurve(
        parameters.hour_shares,
        parameters.day_shares,
        first_weekday=parameters.first_weekday,
        days=parameters.days,
        margin_s=parameters.margin_s,
    )


def _first_attempts(
    parameters: Parameters, people: People, calls: int, rng: np.random.Generator
) -> tuple[I64, I64, I64]:
    """Draw caller, called party and start of `calls` first attempts."""
    exchange = round(calls * parameters.pbx_call_share)
    caller = np.sort(pick(rng, people.weight, calls - exchange))
    rank = draw_ranks(parameters, rng, people.contacts[caller])
    called = contact_of(parameters, people, caller, rank)
    u = _bursts(parameters, rng, caller, people.subscribers)
    pbx, pbx_called = _exchange_calls(parameters, people, exchange, rng)
    moments = day_curve(parameters).moment_ms(np.concatenate((u, rng.random(exchange))))
    return (
        np.concatenate((caller, pbx)),
        np.concatenate((called, pbx_called)),
        parameters.start_ms + moments,
    )


def _bursts(
    parameters: Parameters, rng: np.random.Generator, caller: I64, callers: int
) -> F64:
    """Place each caller's calls on 0..1 with Weibull gaps, around the clock."""
    gaps = rng.weibull(parameters.gap_shape, len(caller)) + 1e-12
    total = np.bincount(caller, weights=gaps, minlength=callers)
    running = np.cumsum(gaps)
    first = np.searchsorted(caller, np.arange(callers))
    before = np.concatenate(([0.0], running))[first]
    turn = rng.random(callers)
    return np.asarray(((running - before[caller]) / total[caller] + turn[caller]) % 1)


def _exchange_calls(
    parameters: Parameters, people: People, size: int, rng: np.random.Generator
) -> tuple[I64, I64]:
    """Draw who private exchanges call: main partners, and everybody."""
    shares = zipf_shares(parameters.pbx_count, parameters.pbx_zipf)
    caller = people.subscribers + pick(rng, shares, size)
    partner = contact_of(
        parameters, people, caller, draw_ranks(parameters, rng, people.contacts[caller])
    )
    anybody = party_at(
        people, rng.random(size), rng.random(size), np.array([0.85, 0.99])
    )
    repeat = rng.random(size) < parameters.pbx_repeat_share
    return caller, np.where(repeat, partner, anybody)


def _outcome(
    parameters: Parameters,
    people: People,
    rng: np.random.Generator,
    chain: I64,
    caller: I64,
    called: I64,
    start_ms: I64,
    turn: int,
) -> Attempts:
    """Draw what becomes of attempts."""
    size = len(chain)
    party = people.party[called]
    timer = people.timer_s[called]
    likely = np.array(parameters.answer_shares)[party]
    likely *= parameters.redial_answer_factor if turn else 1.0
    ring = np.array(parameters.ring_median_s)[party] * rng.lognormal(
        0, parameters.ring_sigma, size
    )
    answered = (rng.random(size) < likely) & (ring < timer)
    cause = np.array(parameters.unanswered_causes)[
        pick(rng, np.array(parameters.unanswered_cause_shares), size)
    ]
    rings = (cause == NO_ANSWER) | (cause == GIVEN_UP)
    patience = np.minimum(lognormal(rng, 14.0, 0.6, size), timer)
    refused = lognormal(rng, 1.2, 0.7, size)
    wait = np.where(cause == NO_ANSWER, timer, np.where(rings, patience, refused))
    return Attempts(
        chain=chain,
        caller=caller,
        called=called,
        start_ms=start_ms,
        answered=answered,
        setup_s=lognormal(rng, parameters.setup_median_s, parameters.setup_sigma, size),
        ring_s=np.where(answered, ring, wait),
        talk_s=np.where(answered, _talk_s(parameters, people, rng, caller), 0.0),
        cause=np.where(answered, 16, cause),
    )


def _talk_s(
    parameters: Parameters, people: People, rng: np.random.Generator, caller: I64
) -> F64:
    """Draw conversations: log-logistic per caller, cut at the longest call."""
    scale = people.scale_s[caller] * parameters.international_factor
    shape = parameters.duration_shape
    longest = 1 / (1 + (parameters.duration_max_s / scale) ** -shape)
    u = rng.random(len(caller)) * longest
    return np.asarray(scale * (u / (1 - u)) ** (1 / shape))


def _redial(
    parameters: Parameters,
    people: People,
    rng: np.random.Generator,
    last: Attempts,
    turn: int,
) -> Attempts:
    """Try again some seconds to minutes after giving up."""
    gap = lognormal(
        rng,
        parameters.redial_gap_median_s,
        parameters.redial_gap_sigma,
        len(last.chain),
    )
    busy_s = parameters.transit_median_s + last.setup_s + last.ring_s
    start = last.start_ms + ms(busy_s + gap)
    return _outcome(
        parameters, people, rng, last.chain, last.caller, last.called, start, turn
    )
