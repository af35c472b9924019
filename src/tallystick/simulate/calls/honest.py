"""What honest transit does to honest calls.

Each of these looks a little like something a dishonest carrier does. Where the two
sides' records differ in consequence, the truth names it in `benign`.
"""

import numpy as np

from tallystick.simulate.calls.course import draw_routes, next_call, shift
from tallystick.simulate.calls.crossings import BENIGN, NEVER, Crossings
from tallystick.simulate.calls.draw import I64, Bool, lognormal, ms, pick, stream
from tallystick.simulate.calls.network import Network
from tallystick.simulate.calls.parameters import Parameters
from tallystick.simulate.calls.plan import plan_of, third_countries

NETWORK_CAUSES = np.array([34, 38, 41, 27])  # Q.850: no circuit, out of order, ...


def pass_transit(
    parameters: Parameters, network: Network, crossings: Crossings, *, seed: int
) -> Crossings:
    """Let honest transit act on all crossings; some rows are added.

    Returns:
        The crossings, with the departures that were tried again over another
        carrier and the arrivals that never crossed this border.
    """
    _withhold(network, crossings)
    _lose_numbers(parameters, network, crossings, stream(seed, "lose numbers"))
    _divert(parameters, network, crossings, stream(seed, "divert"))
    _voicemail(parameters, crossings, stream(seed, "voicemail"))
    _fail(parameters, crossings, stream(seed, "fail"))
    return Crossings.join(
        (
            crossings,
            _reroute(parameters, network, crossings, stream(seed, "reroute")),
            _strangers(parameters, network, crossings, stream(seed, "strangers")),
        )
    )


def _plain(crossings: Crossings) -> Bool:
    """Return the crossings to which nothing has happened yet."""
    return np.asarray(
        crossings.untouched & ~crossings.restricted & (crossings.redirecting == 0)
    )


def _withhold(network: Network, crossings: Crossings) -> None:
    """Drop withheld numbers where the arrival trunk does not carry them."""
    dropped = (
        crossings.restricted & ~network.arrivals.withheld_kept[crossings.arr_trunk]
    )
    crossings.arr_calling[dropped] = 0


def _lose_numbers(
    parameters: Parameters,
    network: Network,
    crossings: Crossings,
    rng: np.random.Generator,
) -> None:
    """Lose some numbers, and the country code of some more."""
    worse = network.defect[crossings.arr_trunk]
    u = rng.random(len(crossings))
    lost = u < parameters.number_lost_share * worse
    national = u > 1 - parameters.national_form_share * worse
    # Only the departure country's own numbers have a form that it would shorten.
    plan = plan_of(network.departures.country)
    own = crossings.calling // 10**plan.digits == plan.code
    plain = _plain(crossings)
    crossings.arr_calling[plain & lost] = 0
    crossings.benign[plain & lost] = BENIGN["number_lost"]
    crossings.national_form[plain & national & own] = True
    crossings.benign[plain & national & own] = BENIGN["national_form"]


def _divert(
    parameters: Parameters,
    network: Network,
    crossings: Crossings,
    rng: np.random.Generator,
) -> None:
    """Divert calls before the border, and a few on the way."""
    size = len(crossings)
    home = plan_of(network.departures.country)
    away = plan_of(network.arrivals.country)
    u = rng.random(size)
    plain = _plain(crossings)
    before = plain & (u < parameters.diverted_before_share)
    diverter = home.subscribers(rng, parameters.mobile_share, int(before.sum()))
    crossings.redirecting[before] = diverter
    crossings.arr_redirecting[before] = diverter
    transit = plain & (u > 1 - parameters.diverted_transit_share)
    crossings.benign[transit] = BENIGN["diverted"]
    # Some networks pass the diverting party on as the calling number; otherwise the
    # called party of the departure has diverted the call to another one.
    as_calling = transit & (rng.random(size) < 0.3)
    party = home.subscribers(rng, parameters.mobile_share, int(as_calling.sum()))
    crossings.arr_calling[as_calling] = party
    crossings.arr_redirecting[as_calling] = party
    onward = transit & ~as_calling
    crossings.arr_redirecting[onward] = crossings.called[onward]
    crossings.arr_called[onward] = away.subscribers(
        rng, parameters.mobile_share, int(onward.sum())
    )


def _voicemail(
    parameters: Parameters, crossings: Crossings, rng: np.random.Generator
) -> None:
    """Let voicemail answer: a missed call there, an answered one here."""
    size = len(crossings)
    taken = (
        _plain(crossings)
        & (crossings.arr_answer != NEVER)
        & (crossings.party == 0)
        & (rng.random(size) < parameters.voicemail_share)
    )
    rows = np.flatnonzero(taken)
    missed = crossings.arr_start[rows] + _ms(rng, 30.0, 0.1, len(rows))
    answer = missed + _ms(rng, 0.6, 0.3, len(rows))
    release = answer + _ms(rng, 9.0, 0.8, len(rows))
    # Who hears a machine hangs up before calling again.
    waiting = release < next_call(crossings)[rows]
    rows = rows[waiting]
    crossings.arr_answer[rows] = NEVER
    crossings.arr_release[rows] = missed[waiting]
    crossings.dep_answer[rows] = answer[waiting]
    crossings.dep_release[rows] = release[waiting]
    crossings.benign[rows] = BENIGN["voicemail"]


def _fail(
    parameters: Parameters, crossings: Crossings, rng: np.random.Generator
) -> None:
    """Let unanswered calls fail before the other side sees them."""
    unanswered = _plain(crossings) & (crossings.dep_answer == NEVER)
    share = parameters.failed_in_transit_share * (1 - parameters.rerouted_share)
    wanted = share * len(crossings) / max(int(unanswered.sum()), 1)
    rows = np.flatnonzero(unanswered & (rng.random(len(crossings)) < wanted))
    _make_failed(crossings, rows, rng)


def _reroute(
    parameters: Parameters,
    network: Network,
    crossings: Crossings,
    rng: np.random.Generator,
) -> Crossings:
    """Return the failed first tries of calls that then went another way."""
    share = parameters.failed_in_transit_share * parameters.rerouted_share
    tried = _plain(crossings) & (rng.random(len(crossings)) < share)
    first = crossings.take(tried)
    rows = np.arange(len(first))
    first.dep_trunk[:] = pick(rng, network.departures.shares, len(first))
    first.arr_trunk[:] = draw_routes(rng, network, first.dep_trunk)
    _make_failed(first, rows, rng)
    # The switch hunts on within tens of milliseconds of the refusal.
    hunt = _ms(rng, 0.03, 0.5, len(first))
    shift(first, rows, first.dep_start - first.dep_release - hunt)
    return first


def _make_failed(crossings: Crossings, rows: I64, rng: np.random.Generator) -> None:
    """Turn `rows` into departures that a transit carrier gave back."""
    crossings.arrives[rows] = False
    crossings.dep_answer[rows] = NEVER
    crossings.arr_answer[rows] = NEVER
    crossings.dep_release[rows] = crossings.dep_start[rows] + _ms(
        rng, 0.9, 0.6, len(rows)
    )
    crossings.cause[rows] = NETWORK_CAUSES[
        rng.integers(0, len(NETWORK_CAUSES), len(rows))
    ]
    crossings.benign[rows] = BENIGN["failed_in_transit"]


def _strangers(
    parameters: Parameters,
    network: Network,
    crossings: Crossings,
    rng: np.random.Generator,
) -> Crossings:
    """Return honest arrivals that never crossed the departure country's border."""
    home = plan_of(network.departures.country)
    others = third_countries(network.departures.country, network.arrivals.country)
    first = int(crossings.call.max(initial=0)) + 1
    parts = []
    for reason, share, plan in (
        ("roaming_elsewhere", parameters.roaming_elsewhere_share, home),
        ("third_country", parameters.third_country_share, others[0]),
    ):
        rows = _plain(crossings) & (rng.random(len(crossings)) < share)
        part = crossings.take(rows)
        size = len(part)
        part.calling[:] = plan.numbers(rng, plan.mobile, size)
        part.arr_calling[:] = part.calling
        part.arr_trunk[:] = pick(rng, network.arrivals.shares, size)
        part.departs[:] = False
        part.call[:] = first + np.arange(size)
        part.benign[:] = BENIGN[reason]
        first += size
        parts.append(part)
    return Crossings.join(parts)


def _ms(rng: np.random.Generator, median_s: float, sigma: float, size: int) -> I64:
    return ms(lognormal(rng, median_s, sigma, size))
