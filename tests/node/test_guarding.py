"""What the guards of several processes count together, and what a start remembers."""

import itertools
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agreement.agreed import live, text
from tallystick.agreement import Decider, Evidence
from tallystick.agreement.guard import HOUR_MS, Counts, Guard
from tallystick.agreement.text import parse_text
from tallystick.node.guarding import Guarding, write_upheld

AGREED = parse_text(live(text()))
TABLE = AGREED.table()
GENEROUS = parse_text(
    re.sub(
        r"harm = .*", "harm = {share = 1.0, redress = 1e6, change = 1e3}", live(text())
    )
)
START = 1_795_348_800_000
HONEST = Evidence(half="paired", covered=True, origin="peer")
MISSING = Evidence(half="no_departure", covered=True, origin="peer")
RULE = Decider(TABLE).decide(MISSING).acting
_RUNS = itertools.count()


class Process:
    """One process of a node: a decider, and its part in the common count."""

    def __init__(self, folder: Path, name: str, agreed=AGREED) -> None:
        self.decider = Decider(TABLE, Guard(agreed.budgets))
        self.guarding = Guarding(folder, name, f"run-{next(_RUNS)}")

    def answer(self, evidence: Evidence, now_ms: int) -> None:
        self.decider.count(self.decider.decide(evidence), now_ms=now_ms)

    def look(self, now_ms: int) -> None:
        self.guarding.take(self.decider, self.guarding.read(), now_ms=now_ms)
        self.guarding.write()

    @property
    def stopped(self) -> dict[str, str]:
        return {rule: one.reason for rule, one in self.decider.guard.suspended.items()}


def counted(decider: Decider) -> Counts:
    """Return all that its guard was told of the rule."""
    watched = decider.guard._watched  # ruff: ignore[private-member-access] (what is compared)
    return watched[RULE].minutes.totals[-1]


@pytest.mark.property
@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=60))
def test_several_processes_count_as_one(tmp_path_factory, calls):
    """Whoever answers which call, each guard has counted what a single one would."""
    folder = tmp_path_factory.mktemp("guard")
    several = [Process(folder, f"worker-{n}", GENEROUS) for n in range(3)]
    alone = Decider(TABLE, Guard(GENEROUS.budgets))
    for one in several * 2:
        one.look(START)
    for place, (number, is_missing) in enumerate(calls):
        evidence = MISSING if is_missing else HONEST
        several[number].answer(evidence, START)
        alone.count(alone.decide(evidence), now_ms=START)
        if place % 7 == 0:
            several[number].look(START)
    minute_over = START + 60_000
    for one in (*(each.decider for each in several), alone):
        one.count(one.decide(HONEST), now_ms=minute_over)
    for _ in several[1:]:
        alone.count(alone.decide(HONEST), now_ms=minute_over)
    alone.hear(0, {}, {RULE: 1}, now_ms=minute_over)
    write_upheld(folder, [(RULE, minute_over)])
    for one in several * 2:
        one.look(minute_over)
    wanted = counted(alone)
    assert wanted.crossings == len(calls) + len(several)
    assert [counted(one.decider) for one in several] == [wanted] * 3


def test_what_several_did_together_stops_the_rule_in_each(tmp_path):
    """None of them has acted on too many by itself."""
    first, second = (Process(tmp_path, name) for name in ("worker-1", "worker-2"))
    for one in (first, second, first, second):
        one.look(START)
    for one in (first, second):
        for _ in range(2):
            one.answer(MISSING, START)
        assert not one.stopped
    for one in (first, second, first):
        one.look(START + 1_000)
    assert second.stopped == first.stopped == {RULE: "share"}
    assert second.decider.decide(MISSING).mode == "dry-run"


def test_calls_of_all_processes_stand_against_what_was_upheld(tmp_path):
    """Two of 20,000 are too many for a budget of ten in a million, and of more not."""
    for calls, stops in ((20, True), (400_000, False)):
        folder = tmp_path / str(calls)
        first, second = (Process(folder, name) for name in ("worker-1", "worker-2"))
        for one in (first, second, first, second):
            one.look(START)
        first.decider.crossings += calls
        for one in (first, second):
            one.look(START + 60_000)
        write_upheld(folder, [(RULE, START + 61_000)] * 2)
        for one in (first, second):
            one.answer(HONEST, START + 120_000)
            one.look(START + 121_000)
        assert {bool(one.stopped) for one in (first, second)} == {stops}


def test_a_node_that_starts_again_remembers(tmp_path):
    """What was upheld before, and among how many; nothing is counted twice."""
    before = Process(tmp_path, "node")
    before.look(START)
    before.decider.crossings += 60
    before.look(START + 1_000)
    write_upheld(tmp_path, [(RULE, START + HOUR_MS)])
    before.look(START + HOUR_MS)
    assert not before.stopped
    again = Process(tmp_path, "node")
    for turn in range(3):
        again.look(START + 2 * HOUR_MS + turn)
    again.answer(HONEST, START + 2 * HOUR_MS + 5)
    assert not again.stopped
    write_upheld(tmp_path, [(RULE, START + HOUR_MS), (RULE, START + 3 * HOUR_MS)])
    again.look(START + 3 * HOUR_MS)
    assert again.stopped == {RULE: "redress"}
    assert again.decider.guard.suspended[RULE].of >= 61


def test_a_rule_that_both_resumed_begins_anew_also_after_a_start(tmp_path):
    """What had stopped it is not held against it twice."""
    one = Process(tmp_path, "node")
    one.look(START)
    one.decider.crossings += 20
    one.look(START + 1_000)
    write_upheld(tmp_path, [(RULE, START + 2_000)] * 3)
    one.look(START + 2_000)
    assert one.stopped == {RULE: "redress"}
    one.decider.guard.resume(RULE)
    one.guarding.resume(RULE, now_ms=START + 3_000)
    one.look(START + 4_000)
    assert not one.stopped
    again = Process(tmp_path, "node")
    for turn in range(2):
        again.look(START + 5_000 + turn)
    again.answer(HONEST, START + 120_000)
    assert not again.stopped


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"upheld": [1]}', b"\xff"])
def test_damaged_files_say_nothing_and_stop_nothing(tmp_path, damage):
    """A half-written disk must not keep calls from their answers."""
    for name in ("upheld.json", "worker-2.json", "node.json"):
        (tmp_path / name).write_bytes(damage)
    one = Process(tmp_path, "node")
    for turn in range(2):
        one.look(START + turn)
    assert not one.stopped
