"""The guard: a live rule beyond its budget suspends itself, and no other one does."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tallystick.agreement.guard import (
    HOUR_MS,
    LEVEL,
    MINUTE_MS,
    NOW_MS,
    REASONS,
    Guard,
)
from tallystick.agreement.text import Harm

BUDGET = Harm(share=0.01, redress=1.0, change=5.0)
START = 1_795_348_800_000
WIDE = {"share": 1.0, "redress": 1_000_000.0, "change": 1_000.0}


def guard(**budget: float) -> Guard:
    """Return a guard of one rule that has only the budgets that are named."""
    return Guard({"missing": Harm(**(WIDE | budget))})


def test_a_rule_that_acts_on_too_many_crossings_stops():
    """Within the minute, with what it did and what it might."""
    watch = guard(share=0.01)
    for minute in range(30):
        trip = watch.tell(
            "missing", now_ms=START + minute * MINUTE_MS, crossings=100, acted=4
        )
        if trip:
            break
    assert trip.reason == "share"
    assert trip.counted / trip.of == pytest.approx(0.04)
    assert trip.least > trip.budget
    assert minute < 10
    assert "missing" in watch.suspended


def test_one_call_of_three_stops_nothing():
    """Small counts prove nothing."""
    watch = guard(share=0.01)
    assert watch.tell("missing", now_ms=START, crossings=3, acted=1) is None
    assert not watch.suspended


def test_upheld_objections_stop_a_rule():
    """Days later, too; with a budget of none the first one does."""
    watch = guard(redress=1.0)
    assert not watch.tell("missing", now_ms=START, crossings=100_000, acted=50)
    trips = [
        watch.tell("missing", now_ms=START + day * 24 * HOUR_MS, upheld=1)
        for day in range(1, 9)
    ]
    first = next(trip for trip in trips if trip)
    assert (first.reason, first.of) == ("redress", 100_000)
    assert first.counted > 2
    assert sum(trip is not None for trip in trips) == 1
    strict = guard(redress=0.0)
    assert strict.tell("missing", now_ms=START, crossings=10**6) is None
    assert strict.tell("missing", now_ms=START, upheld=1).reason == "redress"


def test_a_sudden_change_stops_a_rule_within_its_share():
    """Its own past is the measure."""
    watch = guard(share=0.5, change=5.0)
    for minute in range(24 * 60):
        now_ms = START + minute * MINUTE_MS
        acted = int(minute % 10 == 0)
        assert not watch.tell("missing", now_ms=now_ms, crossings=100, acted=acted)
    trips = [
        watch.tell(
            "missing", now_ms=START + (24 * 60 + m) * MINUTE_MS, crossings=100, acted=5
        )
        for m in range(10)
    ]
    first = next(trip for trip in trips if trip)
    assert first.reason == "change"
    assert first.least > 5


def test_a_suspended_rule_is_told_once_and_begins_anew_when_resumed():
    """What stopped it is not held against it twice."""
    watch = guard(share=0.01)
    told = [
        watch.tell("missing", now_ms=START, crossings=100, acted=50) for _ in range(3)
    ]
    assert [trip is None for trip in told] == [False, True, True]
    watch.resume("missing")
    assert watch.tell("missing", now_ms=START, crossings=100, acted=1) is None
    assert not watch.suspended


def test_what_it_counts_can_be_looked_at_in_its_own_times():
    """The last hour, thirty days, ten minutes; looking changes nothing."""
    one = guard(**WIDE)
    one.tell("missing", now_ms=START, crossings=1_000, acted=9, upheld=1)
    later = START + 50 * MINUTE_MS
    one.tell("missing", now_ms=later, crossings=100, acted=2)

    def counted(now_ms):
        return {t.reason: (t.counted, t.of) for t in one.look("missing", now_ms=now_ms)}

    hour = {"share": (11, 1_100), "redress": (1, 1_100), "change": (2, 100)}
    assert counted(later) == counted(later) == hour
    assert counted(later + 30 * MINUTE_MS) == hour | {
        "share": (2, 100),
        "change": (0, 0),
    }
    assert one.look("unknown", now_ms=later) == ()
    assert not one.suspended


def test_rules_without_a_budget_and_other_rules_are_left_alone():
    """One stopped rule stops no other."""
    watch = Guard({"missing": BUDGET, "special": BUDGET})
    assert watch.tell("missing", now_ms=START, crossings=1000, acted=900)
    assert not watch.tell("paired", now_ms=START, crossings=1000, acted=1000)
    assert not watch.tell("special", now_ms=START, crossings=1000, acted=3)
    assert set(watch.suspended) == {"missing"}


tells = st.lists(
    st.tuples(
        st.integers(0, 90 * MINUTE_MS),  # time since the last
        st.integers(0, 400),  # crossings
        st.floats(0, 1),  # the share acted on
        st.integers(0, 2),  # upheld
    ),
    max_size=30,
)


@pytest.mark.property
@settings(max_examples=200, deadline=None)
@given(
    tells,
    st.floats(0.001, 1),
    st.floats(0, 100_000),
    st.floats(1.1, 100),
)
def test_it_stops_only_for_what_was_counted_and_could_hardly_be_chance(
    story, share, redress, change
):
    """By a second count of the whole story, and the binomial tail from elsewhere."""
    watch = Guard({"missing": Harm(share=share, redress=redress, change=change)})
    now_ms, done = START, []
    for gap, crossings, part, upheld in story:
        now_ms += gap
        acted = round(crossings * part)
        done.append((now_ms, crossings, acted, upheld))
        trip = watch.tell(
            "missing", now_ms=now_ms, crossings=crossings, acted=acted, upheld=upheld
        )
        if trip:
            break
    else:
        return
    assert trip.reason in REASONS
    tail = (1 - LEVEL) / 2 * 1.001
    if trip.reason == "redress":
        assert (trip.counted, trip.of) == (
            sum(row[3] for row in done),
            sum(row[1] for row in done),
        ) or now_ms - START > 30 * 24 * HOUR_MS
        chance = stats.binom.sf(min(trip.counted, trip.of) - 1, trip.of, redress / 1e6)
    elif trip.reason == "share":
        hour = [row for row in done if row[0] > now_ms - HOUR_MS]
        assert trip.counted <= sum(row[2] for row in hour)
        assert trip.counted / trip.of > share
        chance = stats.binom.sf(trip.counted - 1, trip.of, share)
    else:
        recent = sum(row[2] for row in done if row[0] > now_ms - NOW_MS)
        assert trip.counted <= recent
        # Given all the times it acted, so many in the present would be this likely.
        present = trip.of * change
        past = sum(row[1] for row in done) - trip.of
        acted = sum(row[2] for row in done)
        if now_ms - done[0][0] > 24 * HOUR_MS:
            return
        chance = stats.binom.sf(trip.counted - 1, acted, present / (present + past))
    assert chance <= tail


@pytest.mark.property
@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32))
def test_a_rule_that_keeps_its_budget_is_left_alone(seed):
    """For a day of ten calls a second, at half of what it may do."""
    acted = np.random.default_rng(seed).binomial(600, 0.005, size=24 * 60)
    watch = Guard({"missing": BUDGET})
    for minute, times in enumerate(acted):
        now_ms = START + minute * MINUTE_MS
        assert not watch.tell("missing", now_ms=now_ms, crossings=600, acted=int(times))


@pytest.mark.property
@given(st.integers(1, 400), st.integers(1, 60))
def test_time_that_runs_back_changes_nothing(crossings, back):
    """It counts as the last moment that was told."""
    one, other = Guard({"missing": BUDGET}), Guard({"missing": BUDGET})
    for watch, now_ms in ((one, START), (other, START - back * MINUTE_MS)):
        watch.tell("missing", now_ms=START, crossings=crossings, acted=1)
        watch.tell("missing", now_ms=now_ms, crossings=1, acted=1)
    assert one.suspended == other.suspended
