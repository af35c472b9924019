"""References that were given, and objections by them, on both databases."""

import pytest

from tallystick.cases.course import Terms
from tallystick.cases.reference import make_reference
from tallystick.proof import SigningKey
from tallystick.store import Ask
from tallystick.store.cases import CaseDesk, ObjectionRow, objection_listing

CHANNEL = "5b" * 32
START = 1_795_348_800_000
KEYS = {
    party: SigningKey(party=party, seed=party.encode() * 16) for party in ("BY", "RU")
}
BODY = {"domain": "calls", "action": "reject", "rule": "theirs", "text": "No."}


@pytest.fixture
def desk(store):
    """Return BY's desk."""
    told = {"channel": CHANNEL, "parties": ("BY", "RU"), "secret": b"s" * 32}
    return CaseDesk(store=store, terms=Terms(), **told)


def row(call_id, *, rule="missing", at_ms=START):
    """Return what a node gave."""
    return ObjectionRow(
        reference=make_reference(b"k" * 32, call_id),
        verdict=call_id,
        action="reject",
        rule=rule,
        verdict_ms=at_ms,
    )


def say(desk, one, kind, by="BY", at_ms=START, **body):
    """Say something of an objection."""
    about = f"objection/{one.reference}"
    desk.say(about, kind, body, key=KEYS[by], now_ms=at_ms)


def test_given_twice_is_given_once_and_many_are_given_at_once(desk):
    """A node's files are read again after each start of the office."""
    rows = [row(f"call-{number}", at_ms=START + number) for number in range(1_234)]
    desk.objections.give(*rows)
    say(desk, rows[0], "received", **BODY)
    desk.objections.give(*rows[::-1], row("long" * 200))
    assert desk.objections.find(rows[0].reference).state == "received"
    assert desk.objections.find(rows[7].reference) == rows[7]
    assert desk.objections.forget(before_ms=START + 1_000) == 1_000
    assert desk.objections.find(rows[7].reference) is None
    assert desk.objections.find(rows[0].reference) is not None
    assert desk.objections.find(rows[1_000].reference) is not None


def test_what_was_said_before_it_was_known_here_is_completed(desk):
    """As after a store was lost, and the peer has sent everything again."""
    one = row("call-1")
    say(desk, one, "received", **BODY)
    found = desk.objections.find(one.reference)
    assert (found.verdict, found.rule, found.by) == ("", "theirs", "BY")
    desk.objections.give(one)
    found = desk.objections.find(one.reference)
    assert (found.verdict, found.rule, found.state) == ("call-1", "missing", "received")


def test_only_what_was_upheld_of_our_own_rules_counts(desk):
    """In order of decisions, from a moment on; dismissed and the peer's do not."""
    mine, second, dismissed, theirs = (row(f"call-{number}") for number in range(4))
    desk.objections.give(mine, second, dismissed)
    for one in (mine, second, dismissed, theirs):
        say(desk, one, "received", **BODY)
    asked = {"whom": "RU", "question": "was-sent"}
    say(desk, dismissed, "asked", **asked)
    say(desk, dismissed, "answered", by="RU", answer="confirmed")
    say(desk, dismissed, "decided", decision="dismissed")
    for late, one in enumerate((second, mine, theirs)):
        say(desk, one, "decided", at_ms=START + 10 - late, decision="upheld")
    say(desk, mine, "told", at_ms=START + 99, text="Sorry.")
    upheld = desk.objections.upheld(since_ms=START)
    assert upheld == [("missing", START + 9), ("missing", START + 10)]
    assert desk.objections.upheld(since_ms=START + 10) == upheld[1:]


def test_the_list_has_what_was_received_and_filters(desk, store):
    """References by which nobody objected are in no list."""
    first, second, silent = (row(f"call-{number}") for number in range(3))
    desk.objections.give(first, second, silent)
    say(desk, first, "received", **BODY)
    say(desk, second, "received", at_ms=START + 1, **BODY)
    say(desk, second, "decided", at_ms=START + 2, decision="upheld")
    say(desk, second, "told", at_ms=START + 3, text="")

    def found(now_ms=START, **equals):
        listing = objection_listing(now_ms=now_ms)
        ask = Ask(equals=equals, sort="received_ms")
        return [one["reference"] for one in listing.find(store, ask).rows]

    assert found() == [first.reference, second.reference]
    assert found(open="yes") == [first.reference]
    assert found(state="told") == [second.reference]
    assert found(overdue="yes") == []
    late_ms = START + 15 * 86_400_000
    assert found(now_ms=late_ms, overdue="yes") == [first.reference]
