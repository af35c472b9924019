"""Carriers, trunks, the routes between them, and the habits of who keeps records."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from tallystick.simulate.calls.draw import F64, I64, Bool, pick, stream, zipf_shares
from tallystick.simulate.calls.parameters import Parameters

CARRIERS: Final = (
    *("Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Gorse", "Hazel", "Ivy"),
    *("Juniper", "Larch", "Maple", "Oak", "Pine", "Rowan", "Spruce", "Teak", "Willow"),
)
"""Invented carriers. The same name on both sides is the same company."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """One side's switch at the border: its trunks and how it writes calls down.

    Attributes:
        side: `departures`, `arrivals` or `domestic`.
        country: ISO 3166 code.
        prefix: What its record ids and trunks begin with.
        carriers: Names of its neighbours.
        carrier: Carrier of each trunk.
        trunks: Names.
        shares: Share of the traffic that each trunk takes, before routing.
        offset_ms, drift_ms: Clock offset of each trunk, and what it gains in a day.
        whole_second: Trunks that cut times to seconds.
        answer_time, release_time, presentation: Trunks that record these.
        partial: Trunks that write long calls in parts.
        withheld_kept: Trunks on which a withheld number still comes along.
        nothing: What stands for a number that is not there.
        step_ms: Billing step of each trunk.
        calling_format, called_format: How each trunk writes numbers.
    """

    side: str
    country: str
    prefix: str
    carriers: tuple[str, ...]
    carrier: I64
    trunks: tuple[str, ...]
    shares: F64
    offset_ms: F64
    drift_ms: F64
    whole_second: Bool
    answer_time: Bool
    release_time: Bool
    presentation: Bool
    partial: Bool
    withheld_kept: Bool
    nothing: tuple[str, ...]
    step_ms: I64
    calling_format: tuple[str, ...]
    called_format: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Both keepers and what lies between them.

    Attributes:
        departures, arrivals, domestic: The keepers.
        routes: Share of each arrival trunk (column) for each departure trunk (row).
        transit_s: Median transit time of each route.
        defect: How much worse than average each arrival trunk keeps numbers.
    """

    departures: Keeper
    arrivals: Keeper
    domestic: Keeper
    routes: F64
    transit_s: F64
    defect: F64


def build_network(
    parameters: Parameters, *, seed: int, departure_country: str, arrival_country: str
) -> Network:
    """Draw the carriers, trunks, clocks and habits of both sides."""
    departures = _keeper(parameters, seed, "departures", departure_country)
    arrivals = _keeper(parameters, seed, "arrivals", arrival_country)
    rng = stream(seed, "routes")
    routes = _routes(parameters, departures, arrivals, rng)
    transit = parameters.transit_median_s * rng.lognormal(
        0.0, parameters.transit_route_sigma, routes.shape
    )
    defect = rng.lognormal(0.0, parameters.transit_defect_sigma, len(arrivals.trunks))
    return Network(
        departures=departures,
        arrivals=arrivals,
        domestic=_domestic(parameters, seed, arrival_country),
        routes=routes,
        transit_s=transit,
        defect=defect / (defect * (departures.shares @ routes)).sum(),
    )


def _market(parameters: Parameters, count: int) -> F64:
    """Return market shares: a few large carriers, some very small ones."""
    small = min(parameters.small_carriers, count - 1)
    large = zipf_shares(count - small, parameters.carrier_zipf)
    rest = parameters.small_carrier_share if small else 0.0
    return np.concatenate((large * (1 - rest), np.full(small, rest / max(small, 1))))


def _keeper(parameters: Parameters, seed: int, side: str, country: str) -> Keeper:
    """Draw one side of the border."""
    rng = stream(seed, f"keeper {side}")
    at = ("departures", "arrivals").index(side)
    count = parameters.carriers[at]
    market = _market(parameters, count)
    least, most = parameters.trunks_per_carrier
    # Large carriers have more trunks than small ones.
    wanted = np.round(most * np.sqrt(market / market[0])).astype(np.int64)
    per_carrier = np.clip(wanted, least, most)
    carrier = np.repeat(np.arange(count), per_carrier)
    split = rng.dirichlet(np.full(len(carrier), 3.0))
    within = split / np.bincount(carrier, weights=split)[carrier]
    names = [CARRIERS[i % len(CARRIERS)] for i in range(count)]
    steps = np.array(parameters.billing_steps_s)
    step = steps[pick(rng, np.array(parameters.billing_step_shares), count)]
    formats = (
        (parameters.formats_departure_calling, parameters.formats_departure_called),
        (parameters.formats_arrival_calling, parameters.formats_arrival_called),
    )[at]
    n = len(carrier)
    return Keeper(
        side=side,
        country=country,
        prefix=country,
        carriers=tuple(names),
        carrier=carrier,
        trunks=tuple(f"{country}-{(at + 1) * 100 + i + 1}" for i in range(n)),
        shares=market[carrier] * within,
        offset_ms=_offsets_ms(parameters, rng, n),
        drift_ms=rng.normal(0, parameters.clock_drift_s_per_day * 1000, n),
        whole_second=rng.random(n) < parameters.whole_second_share,
        answer_time=rng.random(n) < parameters.answer_time_share,
        release_time=rng.random(n) < parameters.release_time_share,
        presentation=rng.random(n) < parameters.presentation_share,
        partial=rng.random(n) < parameters.partial_share,
        withheld_kept=rng.random(n) < parameters.withheld_kept_share,
        nothing=tuple(rng.choice(parameters.nothing_texts, n).tolist()),
        step_ms=np.round(step[carrier] * 1000).astype(np.int64),
        calling_format=_formats(rng, formats[0], n),
        called_format=_formats(rng, formats[1], n),
    )


def _domestic(parameters: Parameters, seed: int, country: str) -> Keeper:
    """Draw the arrival country's own exchange: one clock, one way of writing."""
    rng = stream(seed, "keeper domestic")
    yes = np.ones(1, dtype=np.bool_)
    return Keeper(
        side="domestic",
        country=country,
        prefix=f"{country}-D",
        carriers=("",),
        carrier=np.zeros(1, dtype=np.int64),
        trunks=("",),
        shares=np.ones(1),
        offset_ms=_offsets_ms(parameters, rng, 1),
        drift_ms=rng.normal(0, parameters.clock_drift_s_per_day * 1000, 1),
        whole_second=~yes,
        answer_time=yes,
        release_time=yes,
        presentation=yes,
        partial=~yes,
        withheld_kept=yes,
        nothing=("",),
        step_ms=np.full(1, 1000),
        calling_format=("bare",),
        called_format=("national",),
    )


def _offsets_ms(parameters: Parameters, rng: np.random.Generator, n: int) -> F64:
    """Draw clock offsets: most by NTP, a few constant, very few by whole hours."""
    sign = rng.choice((-1.0, 1.0), n)
    constant = rng.uniform(*parameters.clock_constant_s, n) * sign
    offset = rng.normal(0, parameters.clock_sd_s, n)
    offset += constant * (rng.random(n) < parameters.clock_constant_share)
    offset += 3600.0 * sign * (rng.random(n) < parameters.clock_hour_share)
    return np.asarray(offset * 1000)


def _formats(
    rng: np.random.Generator, shares: dict[str, float], n: int
) -> tuple[str, ...]:
    names = tuple(shares)
    chosen = pick(rng, np.array([shares[name] for name in names]), n)
    return tuple(names[i] for i in chosen)


def _routes(
    parameters: Parameters,
    departures: Keeper,
    arrivals: Keeper,
    rng: np.random.Generator,
) -> F64:
    """Draw where each departure trunk's calls come out.

    Most stay with the carrier where it has trunks on both sides; the rest is handed
    on to a few others by their market share.
    """
    spread = np.array(
        [rng.dirichlet(arrivals.shares * 20 + 0.02) for _ in departures.trunks]
    )
    left = np.array([departures.carriers[c] for c in departures.carrier])
    came = np.array([arrivals.carriers[c] for c in arrivals.carrier])
    direct = (left[:, None] == came[None, :]) * arrivals.shares[None, :]
    total = direct.sum(axis=1, keepdims=True)
    direct = np.divide(direct, total, out=spread.copy(), where=total > 0)
    share = parameters.direct_share
    return np.asarray(share * direct + (1 - share) * spread)
