"""The default world against the handbook's figures, with tolerances."""

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from scipy import stats

from tallystick.simulate.calls.attempts import build_attempts
from tallystick.simulate.calls.course import build_crossings
from tallystick.simulate.calls.crossings import NEVER
from tallystick.simulate.calls.network import build_network
from tallystick.simulate.calls.parameters import Parameters
from tallystick.simulate.calls.people import build_people

CALLS = 100_000


@pytest.fixture(scope="module")
def world() -> SimpleNamespace:
    """Calls as they truly happen, before keepers write anything down."""
    parameters = Parameters()
    countries = {"departure_country": "BY", "arrival_country": "RU"}
    people = build_people(parameters, calls=CALLS, seed=11, **countries)
    network = build_network(parameters, seed=11, **countries)
    attempts = build_attempts(parameters, people, calls=CALLS, seed=11)
    crossings = build_crossings(parameters, people, network, attempts, seed=11)
    answered = crossings.dep_answer != NEVER
    return SimpleNamespace(**locals())


def test_exactly_as_many_calls_as_asked_for(world) -> None:
    """Redials are part of the number asked for."""
    assert len(world.crossings) == CALLS
    assert world.attempts.chain.max() >= 0.7 * CALLS


def test_answer_seizure_ratio(world) -> None:
    """ASR between good and excellent: 55-65 %."""
    assert 0.55 <= world.answered.mean() <= 0.66


def test_network_effectiveness(world) -> None:
    """NER 95-98 % on direct routes: few network causes."""
    failed = np.isin(world.crossings.cause, (34, 41)).mean()
    failed += world.parameters.failed_in_transit_share
    assert 0.95 <= 1 - failed <= 0.98


def test_durations(world) -> None:
    """International calls: ACD 3 to 6 minutes, log-logistic with a long tail."""
    c = world.crossings
    talk = (c.dep_release - c.dep_answer)[world.answered] / 1000
    assert 180 <= talk.mean() <= 360
    assert 45 * 2 <= np.median(talk) <= 45 * 3
    assert talk.max() <= world.parameters.duration_max_s + 1
    log_logistic = stats.kstest(talk, stats.fisk(1.28, scale=np.median(talk)).cdf)
    lognormal = stats.kstest(
        talk, stats.lognorm(np.log(talk).std(), scale=np.median(talk)).cdf
    )
    assert log_logistic.statistic < 0.03
    assert log_logistic.statistic < lognormal.statistic


def test_duration_disagreement(world) -> None:
    """After rounding: about a quarter equal, 80 % within 1 s, over 90 % within 2 s."""
    c = world.crossings
    there, here = c.arr_release - c.arr_answer, c.dep_release - c.dep_answer
    seconds = np.ceil(there / 1000) - np.ceil(here / 1000)
    off = np.abs(seconds[world.answered])
    assert (off == 0).mean() == pytest.approx(0.25, abs=0.07)
    assert (off <= 1).mean() == pytest.approx(0.80, abs=0.05)
    assert 0.90 <= (off <= 2).mean() <= 0.98


def test_gaps_between_calls_are_bursty(world) -> None:
    """Weibull shape 0.347 and median 661 s, as measured, within a third."""
    calls = pl.DataFrame(
        {
            "caller": world.attempts.caller,
            "start": world.crossings.dep_start,
        }
    ).filter(pl.col("caller") < world.people.subscribers)
    gaps = calls.sort("caller", "start").select(
        pl.col("start").diff().over("caller") / 1000
    )
    seconds = gaps.to_series().drop_nulls().to_numpy()
    shape = stats.weibull_min.fit(seconds[:20_000], floc=0)[0]
    assert shape == pytest.approx(0.347, abs=0.347 / 3)
    assert np.median(seconds) == pytest.approx(661, rel=1 / 3)


def test_nobody_is_in_two_calls(world) -> None:
    """A subscriber's next call starts when the last one is over."""
    calls = pl.DataFrame(
        {
            "caller": world.attempts.caller,
            "start": world.crossings.dep_start,
            "end": world.crossings.dep_release,
        }
    ).filter(pl.col("caller") < world.people.subscribers)
    before = pl.col("end").shift().over("caller")
    assert calls.sort("caller", "start").filter(pl.col("start") < before).is_empty()


def test_redials_follow_within_minutes(world) -> None:
    """Most second attempts come within two minutes of giving up."""
    calls = pl.DataFrame(
        {
            "chain": world.attempts.chain,
            "start": world.crossings.dep_start,
            "end": world.crossings.dep_release,
        }
    ).sort("chain", "start")
    gap = (
        calls.select((pl.col("start") - pl.col("end").shift()).over("chain") / 1000)
        .to_series()
        .drop_nulls()
    )
    assert len(gap) > 0.1 * CALLS
    assert gap.median() == pytest.approx(25, rel=0.3)
    assert (gap < 120).mean() > 0.8


def test_top_contacts(world) -> None:
    """A caller's first contact gets a third of the calls."""
    from tallystick.simulate.calls.people import draw_ranks

    rng = np.random.default_rng(1)
    ranks = draw_ranks(world.parameters, rng, np.full(50_000, 30))
    shares = np.bincount(ranks)[:5] / 50_000
    assert shares == pytest.approx([0.33, 0.15, 0.10, 0.08, 0.06], abs=0.01)


def test_day_curve(world) -> None:
    """Calls follow the hours: night quiet, no hour above 8 %."""
    hours = (world.crossings.dep_start - world.parameters.start_ms) // 3_600_000
    shares = np.bincount(hours.clip(0, 23), minlength=24) / CALLS
    wanted = np.array(world.parameters.hour_shares)
    assert shares == pytest.approx(wanted / wanted.sum(), abs=0.004)
    assert shares.max() < 0.08


def test_post_dial_delay_and_transit(world) -> None:
    """Mean post-dial delay up to 8 s, 95 % below 11 s; transit 0 to 3 s."""
    transit = (world.crossings.arr_start - world.crossings.dep_start) / 1000
    delay = transit + world.attempts.setup_s
    assert 2 <= delay.mean() <= 8
    assert np.quantile(delay, 0.95) < 11
    assert transit.min() > 0
    assert np.quantile(transit, 0.99) < 3


def test_busy_numbers(world) -> None:
    """A few numbers get, and a few make, a large part of the calls."""
    calls = CALLS / 1000
    called = np.sort(np.bincount(world.attempts.called))[::-1]
    caller = np.bincount(world.attempts.caller)
    exchanges = np.sort(caller[world.people.subscribers :])[::-1]
    assert called[0] > 8 * calls
    assert exchanges[0] > 15 * calls
    assert caller[: world.people.subscribers].max() < 200


def test_market_is_uneven(world) -> None:
    """The largest carrier has a third, the small ones one percent each."""
    keeper = world.network.departures
    shares = np.bincount(keeper.carrier, weights=keeper.shares)
    assert 0.25 < shares.max() < 0.45
    assert shares[-5:].sum() == pytest.approx(0.05, abs=1e-9)
    assert len(keeper.trunks) > 2 * len(keeper.carriers)


def test_clocks() -> None:
    """Over many trunks: sd 0.2 s, 2 % off by 1-5 s, 0.2 % by an hour."""
    offsets = np.concatenate(
        [
            build_network(
                Parameters(), seed=seed, departure_country="BY", arrival_country="RU"
            ).departures.offset_ms
            for seed in range(150)
        ]
    )
    hours = np.abs(offsets) > 3_000_000
    constant = (np.abs(offsets) > 900) & ~hours
    usual = offsets[~hours & ~constant]
    assert usual.std() == pytest.approx(200, rel=0.1)
    assert constant.mean() == pytest.approx(0.02, abs=0.008)
    assert hours.mean() == pytest.approx(0.002, abs=0.002)
