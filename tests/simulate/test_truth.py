"""Conservation: what the truth says was recorded is in the files, unless lost."""

import polars as pl
import pytest

SIDES = {"departures": "departure", "arrivals": "arrival", "domestic": "domestic"}


@pytest.mark.parametrize(("side", "name"), SIDES.items())
def test_every_record_is_known_and_every_held_half_is_there(
    day, side: str, name: str
) -> None:
    """Record ids of files and truth are the same, apart from what was lost."""
    held = set(day.records(side)["record_id"])
    made = day.truth.filter(pl.col(f"{name}_id").is_not_null())
    ids = made.select(
        f"{name}_lost",
        pl.concat_str(f"{name}_id", f"{name}_also", separator=";", ignore_nulls=True)
        .str.split(";")
        .alias("id"),
    ).explode("id")
    assert not held & set(ids.filter(pl.col(f"{name}_lost"))["id"])
    known = set(ids["id"])
    if side != "domestic":  # ordinary domestic calls are no crossings
        assert held <= known
    alive = ids.filter(~pl.col(f"{name}_lost"))
    assert len(held & known) > 0.99 * len(alive)
    whole = made.filter(~pl.col(f"{name}_lost") & pl.col(f"{name}_also").is_null())
    assert set(whole[f"{name}_id"]) <= held


def test_an_id_belongs_to_one_crossing(day) -> None:
    """No record stands for two crossings."""
    for name in SIDES.values():
        ids = day.truth[f"{name}_id"].drop_nulls()
        assert ids.n_unique() == len(ids)
    assert day.truth["crossing_id"].n_unique() == len(day.truth)


def test_kinds_decide_which_records_are_made(day) -> None:
    """Bypass leaves a domestic record, phantoms one half, everything else both."""
    made = {name: pl.col(f"{name}_id").is_not_null() for name in SIDES.values()}
    counts = (
        day.truth.filter(~pl.col("in_outage"))
        .with_columns(**made)
        .filter(pl.col("benign").is_null())
        .group_by("kind")
        .agg(pl.col("departure", "arrival", "domestic").mean())
    )
    shares = {kind: tuple(rest) for kind, *rest in counts.iter_rows()}
    assert shares["domestic_arrival"] == (1, 0, 1)
    assert shares["no_departure"] == (0, 1, 0)
    assert shares["no_arrival"] == (1, 0, 0)
    for kind in ("calling_number_altered", "false_answer", "stretched", "honest"):
        assert shares[kind] == (1, 1, 0)


def test_planted_shares(day) -> None:
    """Each kind is planted as often as the plant file says."""
    counts = dict(day.truth["kind"].value_counts().iter_rows())
    assert set(counts) == {
        *("honest", "domestic_arrival", "calling_number_altered", "loop"),
        *("calling_number_removed", "called_number_altered", "false_answer"),
        *("stretched", "no_departure", "no_arrival"),
    }
    assert counts["domestic_arrival"] == pytest.approx(0.008 * 30_000, rel=0.05)
    assert counts["stretched"] == pytest.approx(0.006 * 30_000, rel=0.05)
    assert counts["no_departure"] == pytest.approx(0.008 * 30_000, rel=0.05)


def test_outage_and_loss(day) -> None:
    """Arrivals in the outage are lost; besides, half a percent of either side is."""
    truth = day.truth
    outage = truth.filter(pl.col("arrival_lost") & (pl.col("lost_why") == "outage"))
    begin = 1773090000 + int(14.25 * 3600)
    seconds = outage["at"].dt.epoch("s")
    assert seconds.is_between(begin - 60, begin + 1201).all()
    assert len(outage) > 300
    other = truth.filter(~pl.col("in_outage"))
    for name in ("departure", "arrival"):
        made = other.filter(pl.col(f"{name}_id").is_not_null())
        assert made[f"{name}_lost"].mean() == pytest.approx(0.005, abs=0.002)


def test_trunk_outage_by_release(make_day) -> None:
    """An outage of one trunk loses only its records, by release time if asked."""
    from tallystick.simulate.calls import Outage

    made = make_day(
        outages=(Outage(side="departures", start_h=10, minutes=240, trunk="BY-101"),),
        outage_by="release",
        loss_share=0.0,
    )
    lost = made.truth.filter(pl.col("departure_lost"))
    assert 20 < len(lost) < 400
    assert set(lost["lost_why"]) <= {"outage", "edge"}
    assert lost.filter(pl.col("lost_why") == "outage")["in_outage"].all()


def test_edges_separate_halves(make_day) -> None:
    """The cut at midnight leaves halves whose partner is in another day's file."""
    made = make_day(calls=20_000, loss_share=0.0, outages=(), clock_hour_share=0.3)
    edge = made.truth.filter(pl.col("lost_why") == "edge")
    assert len(edge) > 10
    assert (edge["departure_lost"] != edge["arrival_lost"]).any()


def test_lost_parts_and_hung_records_are_named(make_day) -> None:
    """Honest calls with odd records say so in the truth."""
    made = make_day(
        calls=20_000,
        partial_share=1.0,
        partial_s=120.0,
        loss_share=0.02,
        hung_share=0.01,
        repeated_share=0.02,
    )
    reasons = dict(made.truth["benign"].value_counts().iter_rows())
    assert reasons["hung"] > 100
    assert reasons["partial_lost"] > 50
    also = made.truth.filter(pl.col("departure_also").is_not_null())
    assert len(also) > 1000
    departures = made.records("departures")
    assert departures["record_id"].n_unique() < len(departures)  # repeats, old id
