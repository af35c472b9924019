"""Wrong clocks neither keep halves apart nor accuse anybody."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from .day import Clock, Day

HOUR_MS = 3_600_000


def offsets(said, side: str) -> dict[str, float]:
    """Return by how much each trunk's clock is reported to be off, in ms."""
    return {
        c["trunk"]: c["offset_ms"] for c in said.summary["clocks"] if c["side"] == side
    }


def test_a_trunk_an_hour_off_still_pairs(tmp_path):
    """A trunk whose clock is a whole hour fast loses no pair and is named as such."""
    day = Day(clocks={"MOW-2": Clock(fast_s=3600)})
    calls = day.background(300)
    said = day.say(tmp_path)
    assert {d: said.partner(d) for d, _ in calls} == dict(calls)
    assert said.findings.is_empty()
    off = offsets(said, "arrivals")
    assert off["MOW-2"] - off["MOW-1"] == pytest.approx(HOUR_MS, abs=1000)


def test_seconds_off_are_measured(tmp_path):
    """Clocks seconds off are told apart trunk by trunk, and the window is tight."""
    day = Day(clocks={"MSQ-1": Clock(fast_s=-7), "LED-1": Clock(fast_s=4.5)})
    calls = day.background(300)
    said = day.say(tmp_path)
    assert {d: said.partner(d) for d, _ in calls} == dict(calls)
    assert said.findings.is_empty()
    assert said.summary["window"]["ms"] < 2000
    there, here = offsets(said, "departures"), offsets(said, "arrivals")
    assert there["MSQ-1"] - there["MSQ-2"] == pytest.approx(-7000, abs=300)
    assert here["LED-1"] - here["MOW-1"] == pytest.approx(4500, abs=300)


@dataclass
class Summertime(Clock):
    """A clock that is put forward by an hour without saying so."""

    at: datetime = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)

    def write(self, moment: datetime) -> str:
        return Clock(fast_s=3600 if moment >= self.at else 0).write(moment)


def test_a_clock_put_forward_in_the_night(tmp_path):
    """A trunk that goes over to summer time in the middle pairs before and after."""
    day = Day(
        start=datetime(2026, 3, 28, 21, 0, tzinfo=UTC), clocks={"MOW-1": Summertime()}
    )
    calls = day.background(1500, hours=8)
    said = day.say(tmp_path)
    assert said.accused == []
    paired = sum(said.partner(d) == a for d, a in calls)
    assert paired >= 0.98 * len(calls)


def test_a_zone_is_not_a_wrong_clock(tmp_path):
    """The same moments written in different zones are the same moments."""
    day = Day(clocks={"MSQ-1": Clock(zone_h=3), "MOW-1": Clock(zone_h=-4)})
    calls = day.background(200)
    said = day.say(tmp_path)
    assert {d: said.partner(d) for d, _ in calls} == dict(calls)
    assert all(abs(c["offset_ms"]) < 1000 for c in said.summary["clocks"])
