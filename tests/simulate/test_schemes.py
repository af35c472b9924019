"""Each way of bringing a kind about does to the records what it is said to do."""

import polars as pl
import pytest

from tallystick.simulate.calls import Plant
from tallystick.simulate.calls.plant import HOWS

from .worlds import PERFECT

START, ANSWER = "started_at", "answered_at"
RELEASE, DURATION = "released_at", "duration_s"


@pytest.fixture(scope="module")
def planted(make_day):
    """Return a function: the records of crossings of one kind, otherwise perfect."""

    def make(kind: str, how: str, **rest: object) -> pl.DataFrame:
        plant = Plant(kind=kind, how=how, share=0.03, **rest)
        made = make_day((plant,), calls=6000, **PERFECT)
        halves = made.halves(kind)
        assert len(halves) >= 0.02 * 6000
        assert set(halves["how"]) == {how}
        return halves

    return make


@pytest.mark.parametrize("how", HOWS["domestic_arrival"])
def test_bypass(planted, how: str) -> None:
    """The call appears as a domestic one: same called number, time and duration."""
    halves = planted("domestic_arrival", how)
    assert halves["arrival_id"].is_null().all()
    same = pl.col("departure_called_number") == pl.col("domestic_called_number")
    assert halves.filter(~same).is_empty()
    late = halves[f"domestic_{START}"] - halves[f"departure_{START}"]
    assert late.is_between(0, 20_000).all()
    longer = halves[f"departure_{DURATION}"] - halves[f"domestic_{DURATION}"]
    assert longer.abs().max() < 3
    differs = pl.col("departure_calling_number") != pl.col("domestic_calling_number")
    assert halves.filter(differs).height == halves.height
    per_sim = halves.group_by("domestic_calling_number").len()["len"].mean()
    assert (per_sim > 25) == (how == "naive")


def test_a_sim_makes_one_call_at_a_time(planted) -> None:
    """No SIM lands two calls at once."""
    halves = planted("domestic_arrival", "naive").sort(f"domestic_{START}")
    until = pl.col(f"domestic_{RELEASE}").shift().over("domestic_calling_number")
    overlap = halves.filter(pl.col(f"domestic_{START}") < until)
    assert overlap.is_empty()


def test_sims_make_ordinary_calls_too(make_day) -> None:
    """In mimicry the SIMs also make and receive calls of their own."""
    plant = Plant(kind="domestic_arrival", how="mimicry", share=0.03)
    made = make_day((plant,), calls=6000, **PERFECT)
    landed = made.halves("domestic_arrival")
    sims = landed["domestic_calling_number"].unique().implode()
    landed_ids = landed["domestic_id"].implode()
    others = made.records("domestic").filter(~pl.col("record_id").is_in(landed_ids))
    own = others.filter(pl.col("calling_number").str.slice(-7).is_in(sims))
    received = others.filter(pl.col("called_number").str.slice(-7).is_in(sims))
    assert len(own) > 20
    assert len(received) > 10


@pytest.mark.parametrize("how", HOWS["calling_number_altered"])
def test_refiling(planted, how: str) -> None:
    """Only the calling number differs."""
    halves = planted("calling_number_altered", how)
    same = pl.col("departure_called_number") == pl.col("arrival_called_number")
    other = pl.col("departure_calling_number") != pl.col("arrival_calling_number")
    assert halves.filter(same & other).height == halves.height
    numbers = halves["arrival_calling_number"].n_unique()
    assert (numbers == 1) == (how == "fixed")


@pytest.mark.parametrize("how", HOWS["calling_number_removed"])
def test_removal(planted, how: str) -> None:
    """No calling number arrives; it may pretend that the caller withheld it."""
    halves = planted("calling_number_removed", how)
    assert (halves["arrival_calling_number"].str.len_bytes() == 0).all()
    assert (halves["departure_calling_number"].str.len_bytes() == 7).all()
    hidden = (halves["arrival_presentation"] == "restricted").all()
    assert hidden == (how == "hidden")


@pytest.mark.parametrize("how", HOWS["called_number_altered"])
def test_called_number(make_day, how: str) -> None:
    """Another called number arrives, or a malformed one."""
    plant = Plant(kind="called_number_altered", how=how, share=0.03)
    made = make_day((plant,), calls=6000, **PERFECT)
    ids = made.truth.filter(pl.col("kind") == plant.kind)["arrival_id"].implode()
    arrived = made.records("arrivals").filter(pl.col("record_id").is_in(ids))
    malformed = arrived["called_number"].str.contains(r"70\d{10}$")
    assert malformed.all() == (how == "malformed")


@pytest.mark.parametrize("how", HOWS["loop"])
def test_loop(planted, how: str) -> None:
    """The same call crosses 2 to 10 times within a minute, overlapping itself."""
    halves = planted("loop", how)
    calls = halves.group_by("call_id").agg(
        pl.len(),
        pl.col("departure_id").is_not_null().sum().alias("departures"),
        (pl.col(f"arrival_{START}").max() - pl.col(f"arrival_{START}").min()).alias(
            "ms"
        ),
        pl.col("arrival_called_number").n_unique().alias("numbers"),
    )
    assert calls["len"].is_between(2, 10).all()
    assert calls["ms"].max() < 60_000
    assert (calls["numbers"] == 1).all()
    once = (calls["departures"] == 1).all()
    assert once == (how == "arrivals")


@pytest.mark.parametrize("how", HOWS["false_answer"])
def test_false_answer(planted, how: str) -> None:
    """Departure is answered; arrival never, or only later."""
    halves = planted("false_answer", how)
    assert (halves[f"departure_{DURATION}"] > 0).all()
    answered = halves.filter(pl.col(f"arrival_{DURATION}") > 0)
    early = answered[f"arrival_{ANSWER}"] - answered[f"departure_{ANSWER}"]
    assert early.len() == 0 or early.min() > 2_000
    assert answered.is_empty() == (how == "recorded_ring")


def test_stretched(planted) -> None:
    """Departure is billed 5 to 60 seconds longer than arrival."""
    halves = planted("stretched", "late_release")
    longer = halves[f"departure_{DURATION}"] - halves[f"arrival_{DURATION}"]
    assert longer.min() > 3
    assert longer.max() < 62
    assert longer.mean() == pytest.approx(32.5, abs=6)


@pytest.mark.parametrize("how", HOWS["no_departure"])
def test_spoofing(planted, how: str) -> None:
    """There is an arrival and no departure; numbers are few or real."""
    halves = planted("no_departure", how)
    assert halves["departure_id"].is_null().all()
    numbers = halves["arrival_calling_number"].n_unique()
    assert (numbers <= 8) == (how == "few_numbers")
    if how == "wangiri":
        assert halves[f"arrival_{DURATION}"].median() == 0


@pytest.mark.parametrize("how", HOWS["no_arrival"])
def test_vanishing(planted, how: str) -> None:
    """Departure is answered and billed; nothing arrives."""
    halves = planted("no_arrival", how)
    assert halves["arrival_id"].is_null().all()
    assert (halves[f"departure_{DURATION}"] > 0).all()
    called = halves["departure_called_number"].n_unique()
    assert (called <= 12) == (how == "irsf")


def test_hours_and_trunks(planted) -> None:
    """A scheme keeps to its hours and trunks."""
    halves = planted(
        "no_arrival",
        "ott",
        hours=((20.0, 2.0), (8.0, 16.0)),
        trunks=("BY-101", "BY-102"),
    )
    hour = halves["at"].dt.offset_by("3h").dt.hour()
    assert not set(hour) & {*range(2, 8), *range(16, 20)}
    assert set(halves["departure_trunk"]) == {"BY-101", "BY-102"}


def test_concentrated_or_spread(make_day) -> None:
    """One carrier on one trunk, or everybody."""
    few, all_ = (
        make_day((Plant(kind="stretched", share=0.02, carriers=n),), **PERFECT).halves(
            "stretched"
        )["departure_trunk"]
        for n in (1, 0)
    )
    assert few.n_unique() == 1
    assert all_.n_unique() > 15
    named = make_day(
        (Plant(kind="stretched", share=0.02, carriers=("Birch",)),), **PERFECT
    )
    assert set(named.halves("stretched")["departure_carrier"]) == {"Birch"}


def test_surfaces(planted) -> None:
    """Altered calls come out where the scheme says."""
    halves = planted("calling_number_altered", "fixed", surfaces=2)
    assert halves["arrival_trunk"].n_unique() <= 2
