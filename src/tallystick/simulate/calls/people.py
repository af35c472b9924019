"""Who calls whom: subscribers, private exchanges, businesses, switchboards."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from tallystick.simulate.calls.draw import (
    F64,
    I64,
    Bool,
    hashed,
    pick,
    stream,
    zipf_shares,
)
from tallystick.simulate.calls.parameters import Parameters
from tallystick.simulate.calls.plan import PLANS, plan_of, third_countries

SUBSCRIBER, BUSINESS, SWITCHBOARD = 0, 1, 2
_RANKS: Final = 1 << 12  # more contacts than anybody has


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Both countries' numbers and habits.

    Attributes:
        seed: Fixes who is whose contact.
        caller: Numbers in the departure country (some are guests), subscribers
            first, private exchanges after `subscribers`.
        subscribers: How many of them are subscribers.
        weight: How often each subscriber calls; sums to 1.
        scale_s: Median conversation of each caller, at home.
        contacts: How many contacts each caller has.
        restricted: Who withholds the number.
        called: Numbers in the arrival country.
        party: SUBSCRIBER, BUSINESS or SWITCHBOARD for each called number.
        timer_s: When each called number's network gives up ringing.
        parts: First index of each party kind in `called`, and the end.
        business, switchboard: Cumulative popularity within these.
    """

    seed: int
    caller: I64
    subscribers: int
    weight: F64
    scale_s: F64
    contacts: I64
    restricted: Bool
    called: I64
    party: I64
    timer_s: F64
    parts: tuple[int, int, int, int]
    business: F64
    switchboard: F64


def build_people(
    parameters: Parameters,
    *,
    calls: int,
    seed: int,
    departure_country: str,
    arrival_country: str,
) -> People:
    """Draw everybody that `calls` calls need."""
    rng = stream(seed, "people")
    own = calls * (1 - parameters.pbx_call_share)
    subscribers = max(round(own / parameters.caller_calls_per_day / parameters.days), 5)
    total = subscribers + parameters.pbx_count
    weight = rng.lognormal(0, parameters.caller_activity_sigma, subscribers)
    contacts = rng.lognormal(
        np.log(parameters.contacts_median), parameters.contacts_sigma, total
    )
    scale = rng.lognormal(0, parameters.duration_scale_sigma, total)
    scale[subscribers:] *= parameters.pbx_duration_factor
    restricted = rng.random(total) < parameters.withheld_share
    restricted[subscribers:] = False
    called, party, parts = _called(parameters, rng, calls, arrival_country)
    timers = np.array(parameters.no_answer_timers_s)
    return People(
        seed=seed,
        caller=_callers(
            parameters, rng, subscribers, departure_country, arrival_country
        ),
        subscribers=subscribers,
        weight=weight / weight.sum(),
        scale_s=scale * parameters.duration_scale_s,
        contacts=np.clip(contacts, 6, _RANKS - 1).astype(np.int64),
        restricted=restricted,
        called=called,
        party=party,
        timer_s=timers[rng.integers(0, len(timers), len(called))],
        parts=parts,
        business=np.cumsum(zipf_shares(parts[2] - parts[1], parameters.business_zipf)),
        switchboard=np.cumsum(
            zipf_shares(parts[3] - parts[2], parameters.switchboard_zipf)
        ),
    )


def _callers(
    parameters: Parameters,
    rng: np.random.Generator,
    subscribers: int,
    departure_country: str,
    arrival_country: str,
) -> I64:
    """Draw the numbers that call: subscribers, guests among them, exchanges."""
    plan, home = plan_of(departure_country), plan_of(arrival_country)
    numbers = plan.subscribers(rng, parameters.mobile_share, subscribers)
    guests = rng.random(subscribers) < parameters.roaming_share
    third = guests & (rng.random(subscribers) < parameters.roaming_third_share)
    numbers[guests] = home.numbers(rng, home.mobile, int(guests.sum()))
    others = third_countries(departure_country, arrival_country)
    origin = rng.integers(0, len(others), subscribers)
    for index, other in enumerate(others):
        rows = third & (origin == index)
        numbers[rows] = other.numbers(rng, other.mobile, int(rows.sum()))
    exchanges = plan.numbers(rng, plan.fixed, parameters.pbx_count)
    return np.concatenate((numbers, exchanges))


def _called(
    parameters: Parameters, rng: np.random.Generator, calls: int, country: str
) -> tuple[I64, I64, tuple[int, int, int, int]]:
    """Draw the numbers that are called, their kinds and where each kind begins."""
    plan = PLANS[country]
    subscribers = max(round(calls * parameters.called_per_call), 50)
    businesses = max(round(calls * parameters.businesses_per_call), 20)
    fixed = businesses + parameters.switchboard_count
    numbers = np.concatenate(
        (
            plan.subscribers(rng, parameters.mobile_share, subscribers),
            plan.numbers(rng, plan.fixed, fixed),
        )
    )
    end = subscribers + fixed
    party = np.full(end, SUBSCRIBER)
    party[subscribers:] = BUSINESS
    party[subscribers + businesses :] = SWITCHBOARD
    return numbers, party, (0, subscribers, subscribers + businesses, end)


def party_at(people: People, kind_at: F64, within: F64, shares: F64) -> I64:
    """Turn two numbers in 0..1 into a called party.

    Args:
        people: Who there is.
        kind_at: Chooses between subscriber, business, switchboard.
        within: Chooses the party among its kind, by popularity.
        shares: Cumulative shares of subscriber and subscriber or business.
    """
    first, second, third, _ = people.parts
    subscriber = (first + within * (second - first)).astype(np.int64)
    business = second + np.searchsorted(people.business, within).clip(
        max=len(people.business) - 1
    )
    switchboard = third + np.searchsorted(people.switchboard, within).clip(
        max=len(people.switchboard) - 1
    )
    return np.where(
        kind_at < shares[0],
        subscriber,
        np.where(kind_at < shares[1], business, switchboard),
    )


def kind_edges(parameters: Parameters) -> F64:
    """Return the cumulative shares that `party_at` wants for ordinary callers."""
    others = parameters.business_call_share + parameters.switchboard_call_share
    return np.array([1 - others, 1 - parameters.switchboard_call_share])


def contact_of(parameters: Parameters, people: People, caller: I64, rank: I64) -> I64:
    """Return each caller's contact of that rank; always the same one."""
    return party_at(
        people,
        hashed(people.seed, caller, 2 * rank),
        hashed(people.seed, caller, 2 * rank + 1),
        kind_edges(parameters),
    )


def draw_ranks(parameters: Parameters, rng: np.random.Generator, contacts: I64) -> I64:
    """Draw which contact is called: the first few most of the time."""
    top = np.array(parameters.top_contact_shares)
    rank = pick(rng, np.append(top, 1 - top.sum()), len(contacts))
    rest = len(top) + (rng.random(len(contacts)) * (contacts - len(top))).astype(
        np.int64
    )
    return np.where(rank < len(top), rank, rest)
