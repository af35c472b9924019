"""Ranking and joining: nobody is blamed for a few calls, no count is lost."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.report.bins import bin_completeness, bin_hours, bin_width_ms, merge
from tallystick.report.clocks import rank_clocks
from tallystick.report.ranking import fold, interval, rank_carriers
from tallystick.report.result import (
    Carrier,
    Clock,
    Completeness,
    Hour,
    Input,
    Summary,
    Window,
)

HOUR_MS = 3_600_000


def summary(**parts):
    """Return a summary that holds only what a test is about."""
    empty = {
        "version": "0",
        "inputs": {"departures": Input(), "arrivals": Input()},
        "pairs": 0,
        "by_pass": {},
        "findings": 0,
        "accusing": 0,
        "by_kind": {},
        "completeness": {"departures": [], "arrivals": []},
        "gaps": [],
        "clocks": [],
        "window": Window(),
        "carriers": [],
        "routes": [],
        "hours": [],
        "steps": [],
        "seconds": 0.0,
        "memory_peak_mb": 0.0,
    }
    return Summary(**(empty | parts))


def carrier(name, bad, calls, trunk=None, kind="loop"):
    """Return a carrier with one kind of finding."""
    return Carrier(
        side="departures",
        carrier=name,
        trunk=trunk,
        calls=calls,
        findings={kind: interval(bad, calls)} if bad else {},
    )


def test_a_few_calls_do_not_make_a_bad_name():
    """One bad call of two ranks below a thousand of ten thousand."""
    rows = [carrier("small", 1, 2), carrier("large", 1000, 10_000)]
    ranking = rank_carriers(summary(carriers=rows), "departures", most=9)
    assert [row.carrier for row in ranking.rows] == ["large", "small"]


def test_unproven_blames_nobody():
    """A carrier whose calls are unproven does not rank above an honest one."""
    rows = [carrier("gap", 90, 100, kind="unproven"), carrier("bad", 5, 100)]
    ranking = rank_carriers(summary(carriers=rows), "departures", most=9)
    assert [row.carrier for row in ranking.rows] == ["bad", "gap"]
    assert ranking.kinds == ["loop", "unproven"]


def test_trunks_stand_in_where_no_carrier_is_summed():
    """A result with trunks only is joined by carrier."""
    rows = [carrier("one", 2, 10, trunk=name) for name in ("A", "B")]
    (row,) = rank_carriers(summary(carriers=rows), "departures", most=9).rows
    assert (row.carrier, row.calls, row.findings["loop"].count) == ("one", 20, 4)


@pytest.mark.property
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(50, 900)), min_size=1))
def test_fold_loses_nothing(counts):
    """The row of the others counts what its members count."""
    rows = [carrier(str(n), bad, calls) for n, (bad, calls) in enumerate(counts)]
    ranking = rank_carriers(summary(carriers=rows), "departures", most=3)
    shown = [*ranking.rows, *([ranking.others] if ranking.others else [])]
    assert len(rows) == len(ranking.rows) + ranking.folded
    assert sum(row.calls for row in shown) == sum(row.calls for row in rows)
    assert fold(shown).findings.get("loop", interval(0, 1)).count == sum(
        bad for bad, _ in counts
    )


@pytest.mark.property
@given(calls=st.integers(1, 10_000), data=st.data())
def test_interval_holds_its_share(calls, data):
    """The interval lies in 0..1 around the share and is never empty."""
    count = data.draw(st.integers(0, calls))
    near = interval(count, calls)
    assert 0 <= near.low <= near.share <= near.high <= 1
    assert near.low < near.high


def test_interval_agrees_with_the_textbook():
    """Clopper and Pearson: 0 of 10 gives 0 to 30.8 %, 5 of 10 gives 18.7 to 81.3 %."""
    assert interval(0, 10).high == pytest.approx(0.3085, abs=5e-5)
    assert interval(5, 10).low == pytest.approx(0.1871, abs=5e-5)
    assert interval(5, 10).high == pytest.approx(0.8129, abs=5e-5)
    assert interval(0, 0).high == 1


@pytest.mark.property
@settings(deadline=None)
@given(hours=st.integers(1, 2000), start=st.integers(480_000, 481_000))
def test_joined_hours_lose_nothing(hours, start):
    """However long the period, there are few bars and every call is in one."""
    rows = [
        Hour(hour=iso(start + n), departures=n, arrivals=1, paired=1, kinds={"loop": 2})
        for n in range(hours)
    ]
    bins = bin_hours(rows, bin_width_ms(summary(hours=rows)))
    assert len(bins) <= 97
    assert sum(one.departures for one in bins) == sum(range(hours))
    assert sum(one.kinds["loop"] for one in bins) == 2 * hours
    assert all(one.end_ms == two.start_ms for one, two in itertools.pairwise(bins))


def iso(hour):
    """Return an hour since 1970 as the summary writes it."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(hour * 3600, UTC).isoformat()


def test_joined_completeness_is_weighted():
    """A busy hour counts for more than a quiet one."""
    hours = [
        Completeness(hour=iso(480_000), expected=300, held=150, share=0.5, low=0.4),
        Completeness(hour=iso(480_001), expected=100, held=100, share=1.0, low=0.9),
        Completeness(hour=iso(480_002), expected=0),
    ]
    (held,) = bin_completeness(hours, 24 * HOUR_MS)
    assert held.share == pytest.approx(250 / 400)
    assert held.low == pytest.approx((300 * 0.4 + 100 * 0.9) / 400)


def test_gaps_are_merged():
    """Stretches that overlap or touch are one; empty ones are none."""
    assert merge([(5, 9), (1, 3), (3, 4), (8, 12), (20, 20)]) == [(1, 4), (5, 12)]


def test_whole_hours_are_taken_off_clocks():
    """A wrong time zone does not flatten the picture of all other clocks."""
    clocks = [
        Clock(side="departures", trunk="zone", offset_ms=3_600_250.0),
        Clock(side="departures", trunk="late", offset_ms=1_500_000.0),
        Clock(side="departures", trunk="good", offset_ms=-20.0),
    ]
    rows = {row.clock.trunk: row for row in rank_clocks(summary(clocks=clocks)).rows}
    assert (rows["zone"].hours, rows["zone"].rest_ms) == (1, 250.0)
    assert (rows["late"].hours, rows["late"].rest_ms) == (0, 1_500_000.0)
    assert (rows["good"].hours, rows["good"].rest_ms) == (0, -20.0)
