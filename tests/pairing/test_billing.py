"""What is billed and what lasted: frauds against rounding."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from .day import Day, Said

HOURS = 6.0


@pytest.fixture
def day():
    """Return a day with ordinary calls of three carriers."""
    day = Day()
    day.background(1500, hours=HOURS)
    return day


def carry(day: Day, calls: int, change: Callable, *, least_s: float = 1.0) -> set[str]:
    """Add answered calls of a fourth carrier.

    Args:
        day: Where to add them.
        calls: How many.
        change: Called with a generator and the true talk and ring; returns what the
            departure's record says instead, nothing for an honest one.
        least_s: The shortest talk.

    Returns:
        The departures whose record says something else.
    """
    rng = np.random.default_rng(2)
    changed = set()
    for at_s in np.sort(rng.uniform(0, HOURS * 3600, calls)):
        talk_s = max(float(np.ceil(rng.exponential(110))), least_s)
        ring_s = float(rng.uniform(14, 30))
        said = change(rng, talk_s, ring_s)
        departure, _ = day.call(
            float(at_s),
            talk_s=talk_s,
            ring_s=ring_s,
            calling=f"+37544{rng.integers(2_000_000, 9_999_999)}",
            called=f"+7926{rng.integers(2_000_000, 9_999_999)}",
            out="MSQ-4",
            into=str(rng.choice(["MOW-1", "MOW-2", "LED-1"])),
            departure=said,
        )
        if said:
            changed.add(departure)
    return changed


def check(said: Said, kind: str, planted: set[str], *, recall: float = 0.95) -> None:
    """Check that nearly all planted calls are named, and nobody else is accused."""
    named = {d for k, d, _ in said.accused if k == kind}
    assert len(named & planted) >= recall * len(planted)
    assert {d for _, d, _ in said.accused} <= planted


@pytest.mark.parametrize("increment_s", [60, 30, 6])
def test_a_carrier_that_rounds_up_is_not_stretching(day, tmp_path, increment_s):
    """Billing by whole increments is a habit of a carrier, not a stretch."""

    def rounded(_rng, talk_s, _ring_s):
        return {"billed_s": increment_s * math.ceil(talk_s / increment_s)}

    carry(day, 300, rounded)
    assert day.say(tmp_path).accused == []


def test_stretched_calls_of_one_carrier(day, tmp_path):
    """A carrier that goes on billing after the end is named, call by call."""

    def stretched(rng, talk_s, _ring_s):
        more = rng.random() < 0.4
        return {"talk_s": talk_s + float(rng.integers(20, 90))} if more else {}

    planted = carry(day, 300, stretched)
    check(day.say(tmp_path), "stretched", planted)


def test_stretching_by_a_carrier_that_also_rounds(day, tmp_path):
    """Beyond its whole minutes a rounding carrier may be stretching as well."""

    def both(rng, talk_s, _ring_s):
        more = float(rng.integers(120, 240)) if rng.random() < 0.4 else 0.0
        talk_s += more
        return {"talk_s": talk_s, "billed_s": 60 * math.ceil(talk_s / 60)}

    every = carry(day, 300, both)
    lasted = {
        row["record_id"].replace("a", "d"): float(row["duration_s"])
        for row in day.arrivals
    }
    billed = {row["record_id"]: float(row["duration_s"]) for row in day.departures}
    planted = {d for d in every if billed[d] - lasted[d] >= 60}
    check(day.say(tmp_path), "stretched", planted, recall=0.9)


def test_answered_at_departure_only(day, tmp_path):
    """Calls billed though nobody answered are named where a carrier has many."""
    rng = np.random.default_rng(7)
    planted = set()
    for at_s in np.sort(rng.uniform(0, HOURS * 3600, 60)):
        departure, _ = day.call(
            float(at_s),
            talk_s=0,
            ring_s=25,
            calling=f"+37544{rng.integers(2_000_000, 9_999_999)}",
            called=f"+7926{rng.integers(2_000_000, 9_999_999)}",
            out="MSQ-4",
            departure={"ring_s": 6, "talk_s": 19},
        )
        planted.add(departure)
    check(day.say(tmp_path), "false_answer", planted)


def test_answered_earlier_at_departure(day, tmp_path):
    """A recorded ringing tone billed before the true answer is a false answer."""

    def early(rng, talk_s, ring_s):
        return (
            {"ring_s": 3, "talk_s": talk_s + ring_s - 3} if rng.random() < 0.4 else {}
        )

    planted = carry(day, 150, early, least_s=5.0)
    check(day.say(tmp_path), "false_answer", planted)


def test_a_single_odd_record_is_no_fraud(day, tmp_path):
    """One call billed far too long, once in a day, is a slip."""
    row = next(r for r in day.departures if float(r["duration_s"]) > 0)
    row["duration_s"] = "3600"
    assert day.say(tmp_path).accused == []
