"""A decider with a guard: the same verdicts, until a rule has gone too far."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.agreement import Decider, Evidence, decide
from tallystick.agreement.guard import Guard
from tallystick.agreement.text import parse_text

from .agreed import live, text

AGREED = parse_text(live(text()))
TABLE = AGREED.table()
START = 1_795_348_800_000
HONEST = Evidence(half="paired", covered=True, origin="peer")
MISSING = Evidence(half="no_departure", covered=True, origin="peer")


def guarded() -> Decider:
    """Return a decider by the agreed budgets."""
    return Decider(TABLE, Guard(AGREED.budgets))


calls = st.lists(
    st.tuples(st.booleans(), st.integers(0, 100_000)), min_size=1, max_size=60
)


@pytest.mark.property
@settings(max_examples=100, deadline=None)
@given(calls)
def test_verdicts_are_those_of_the_table_until_a_rule_is_stopped(story):
    """And then those of the table with that rule as a dry run, from the next call."""
    decider, now_ms, table = guarded(), START, TABLE
    for is_missing, gap_ms in story:
        now_ms += gap_ms
        evidence = MISSING if is_missing else HONEST
        verdict = decider.decide(evidence)
        assert verdict == decide(evidence, table)
        decider.count(verdict, now_ms=now_ms)
        assert decider.guard is not None
        for rule in decider.guard.suspended:
            table = TABLE.with_mode(rule, "dry-run")


def test_every_crossing_counts_once():
    """Also those on which no rule acts, between two acts."""
    decider = guarded()
    for call in range(2_000):
        verdict = decider.decide(MISSING if call % 500 == 499 else HONEST)
        decider.count(verdict, now_ms=START + call * 100)
    assert not decider.guard.suspended
    for call in range(200):
        decider.count(decider.decide(MISSING), now_ms=START + 200_000 + call)
    (trip,) = decider.guard.suspended.values()
    assert trip.of - trip.counted == 1_996
    assert trip.counted < 100


def test_what_was_stopped_stays_stopped_for_the_next_decider():
    """By the same budgets; by others it begins anew."""
    decider = guarded()
    for _ in range(50):
        decider.count(decider.decide(MISSING), now_ms=START)
    assert decider.decide(MISSING).mode == "dry-run"
    following = guarded()
    following.inherit(decider)
    assert following.decide(MISSING) == decider.decide(MISSING)
    other = parse_text(live(text()).replace("share = 0.01", "share = 0.5"))
    anew = Decider(other.table(), Guard(other.budgets))
    anew.inherit(decider)
    assert anew.decide(MISSING).mode == "live"


def test_without_a_guard_nothing_is_counted():
    """As with a rule file."""
    decider = Decider(TABLE)
    for _ in range(50):
        decider.count(decider.decide(MISSING), now_ms=START)
    assert decider.decide(MISSING).mode == "live"
