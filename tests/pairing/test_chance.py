"""Coincidences are not proofs; many of them in one place are."""

import numpy as np
import pytest

from .day import LOST, Day

SWITCHBOARD = "+74957770000"


def subscriber(rng, prefix="+37529"):
    return f"{prefix}{rng.integers(2_000_000, 9_999_999)}"


def test_a_busy_switchboard_is_no_proof(tmp_path):
    """Lost records leave strangers side by side at a busy number: none is accused."""
    day, rng = Day(), np.random.default_rng(3)
    day.background(900, hours=4)
    for at_s in np.sort(rng.uniform(0, 4 * 3600, 700)):
        chance = rng.random()
        day.call(
            float(at_s),
            talk_s=float(rng.choice([20, 30, 40, 60])),
            calling=subscriber(rng),
            called=SWITCHBOARD,
            departure=LOST if chance < 0.03 else None,
            arrival=LOST if chance > 0.97 else None,
        )
    said = day.say(tmp_path)
    altered = [f for f in said.accused if f[0].startswith(("calling", "called"))]
    assert altered == []


def test_a_single_coincidence_is_no_proof(tmp_path):
    """One lost departure and one lost arrival to the same number make no alteration."""
    day, rng = Day(), np.random.default_rng(4)
    day.background(600)
    called = "+79161110001"
    day.call(7200, talk_s=0, called=called, calling=subscriber(rng), arrival=LOST)
    day.call(7209, talk_s=0, called=called, calling=subscriber(rng), departure=LOST)
    said = day.say(tmp_path)
    assert said.accused == []


def test_a_carrier_that_alters_calling_numbers(tmp_path):
    """Where one carrier's calls arrive under other numbers, each is found again."""
    day, rng = Day(), np.random.default_rng(5)
    day.background(900, hours=6)
    refiled = [
        day.call(
            float(at_s),
            talk_s=float(rng.integers(20, 400)),
            calling=subscriber(rng),
            called=subscriber(rng, "+7916"),
            out="MSQ-3",
            into="LED-1",
            arrival={"calling": subscriber(rng, "+77012")},
        )
        for at_s in np.sort(rng.uniform(0, 6 * 3600, 60))
    ]
    said = day.say(tmp_path)
    right = [
        said.findings.filter(kind="calling_number_altered", departure_id=d)[
            "arrival_id"
        ].to_list()
        == [a]
        for d, a in refiled
    ]
    assert sum(right) >= 0.95 * len(refiled)
    assert {d for _, d, _ in said.accused} <= {d for d, _ in refiled}


class Bypass:
    """A day with one gateway of a few SIMs among ordinary domestic callers."""

    def __init__(self, folder) -> None:
        self.day = day = Day()
        self.rng = rng = np.random.default_rng(6)
        day.background(900, hours=6)
        self.people = [subscriber(rng, "+7916") for _ in range(300)]
        self.chatter(1500)
        self.bypassed = [self.bypass(n) for n in range(75)]
        # One honest departure whose record got lost, and somebody who happened to
        # ring the same number a moment later.
        self.honest, _ = day.call(
            9000, talk_s=55, called=self.people[0], arrival=LOST, out="MSQ-1"
        )
        self.stranger = self.local(9004, self.people[7], self.people[0], 190)
        self.said = day.say(folder)

    def local(self, at_s, calling, called, talk_s):
        """Add a domestic call; return its id."""
        return self.day.record(
            "domestic",
            f"l{len(self.day.domestic)}",
            at_s=at_s,
            talk_s=talk_s,
            calling=calling,
            called=called,
            trunk="",
            carrier="",
        )

    def chatter(self, calls):
        """Add ordinary domestic calls, also to those who are called from abroad."""
        for at_s in np.sort(self.rng.uniform(0, 6 * 3600, calls)):
            calling, called = self.rng.choice(self.people, 2, replace=False)
            talk_s = float(np.ceil(self.rng.exponential(90)))
            self.local(float(at_s), str(calling), str(called), talk_s)

    def bypass(self, number):
        """Send a call over MSQ-3 that a SIM delivers."""
        rng = self.rng
        at_s, talk_s = float(rng.uniform(600, 5.8 * 3600)), float(rng.integers(15, 300))
        called = str(rng.choice(self.people))
        left, _ = self.day.call(
            at_s,
            talk_s=talk_s,
            calling=subscriber(rng),
            called=called,
            out="MSQ-3",
            arrival=LOST,
        )
        sim = f"+7900555000{number % 3}"
        came = self.local(at_s + float(rng.uniform(3, 6)), sim, called, talk_s)
        return left, came


@pytest.fixture(scope="module")
def bypass(tmp_path_factory):
    return Bypass(tmp_path_factory.mktemp("bypass"))


def test_a_sim_box_is_found_by_the_support_of_its_sims(bypass):
    """Departures that arrive as domestic calls of three SIMs are each found again."""
    found = bypass.said.findings.filter(kind="domestic_arrival")
    pairs = set(found.select("departure_id", "arrival_id").rows())
    assert len(pairs & set(bypass.bypassed)) >= 0.95 * len(bypass.bypassed)
    assert pairs <= set(bypass.bypassed)
    assert set(found["arrival_side"]) == {"domestic"}


def test_a_stranger_who_rings_at_the_same_time_is_not_a_gateway(bypass):
    """One lost record and one chance caller are no bypass."""
    assert bypass.said.kind(bypass.honest) in {None, "unproven"}
    assert bypass.said.kind(bypass.stranger) is None
