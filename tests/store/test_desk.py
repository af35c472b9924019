"""Two parties, each with its own store and key, bring a case from found to done."""

import polars as pl
import pytest

from stores import new_store
from tallystick.cases.course import Terms
from tallystick.cases.grouping import SORTED_SCHEMA
from tallystick.cases.reference import make_reference
from tallystick.cases.state import overdue
from tallystick.model import RefusedError, TallystickError
from tallystick.proof import SigningKey, Statement, sign_statement
from tallystick.store import StatementBook
from tallystick.store.cases import CaseDesk, CaseQuery, ObjectionRow

from .simulated import CHANNEL, SECRET, take

DAY = 86_400_000
T0 = 1_795_348_800_000
KEYS = {party: SigningKey(party=party, seed=party.encode() * 32) for party in "AB"}
PUBLIC = tuple(key.public() for key in KEYS.values())
STRETCHED = {
    "finding": "stretched",
    "arrival_id": None,
    "arrival_side": "arrivals",
    "ms": 90_000,
    "stake_ms": 30_000,
    "confidence": 0.998,
    "certain": True,
    "actor": "Elm",
    "object": "BY-118",
    "toward": "7495",
    "departure_calling": "+37529*****67",
    "case": "stretched-trunk",
    "why": None,
}


def findings(many, at_ms=T0, first=0):
    """Return findings of one trunk."""
    empty = dict.fromkeys([*SORTED_SCHEMA, "case", "why"])
    schema = {**SORTED_SCHEMA, "case": pl.String, "why": pl.String}
    rows = [
        {**empty, **STRETCHED, "departure_id": f"D{n}", "at_ms": at_ms + n}
        for n in range(first, first + many)
    ]
    return pl.DataFrame(rows, schema=schema)


@pytest.fixture
def desks(store, tmp_path):
    """Return the two desks: one on each kind of store, the other on SQLite."""
    other = new_store(tmp_path / "other.db")
    yield {
        party: CaseDesk(
            store=one,
            channel=CHANNEL,
            parties=("A", "B"),
            secret=SECRET,
            terms=Terms(),
        )
        for party, one in (("A", store), ("B", other))
    }
    other.close()


def tell(desks, by, about, kind, body, day):
    """Let a party say something and the other hear it."""
    now_ms = T0 + int(day * DAY)
    signed = desks[by].say(about, kind, body, key=KEYS[by], now_ms=now_ms)
    for party in {"A", "B"} - {by}:
        desks[party].hear(signed.note, keys=PUBLIC, now_ms=now_ms + 1000)
    return signed


def raised(row):
    return {
        "domain": row.domain,
        "kind": row.kind,
        "departure": row.departure,
        "arrival": row.arrival,
        "actor": row.actor,
        "object": row.object,
        "crossings": row.crossings,
    }


def test_a_case_from_found_to_done_by_signed_statements(desks):
    """One finding's problem: both stores read the same state all the way."""
    take(desks["A"].store, findings(12))
    (row,) = desks["A"].cases.find(CaseQuery()).rows
    assert (row.state, row.crossings, row.stake_ms) == ("found", 12, 360_000)
    about = f"case/{row.id}"
    named = desks["A"].cases.surest(row.id, most=2)
    asked = {"whom": "B", "question": "as-answered", "crossings": list(named)}
    steps = [
        ("A", "raised", raised(row), "open"),
        ("A", "asked", asked, "asked"),
        ("B", "opened", {"halves": {named[0]: {"ms": 60_000}}}, "asked"),
        ("B", "answered", {"answer": "confirmed"}, "answered"),
        ("A", "decided", {"decision": "confirmed"}, "decided"),
        ("B", "closed", {"text": "the trunk is repaired"}, "done"),
    ]
    for day, (by, kind, body, state) in enumerate(steps):
        tell(desks, by, about, kind, body, day)
        now_ms = T0 + int((day + 0.5) * DAY)
        both = [desk.state(about, now_ms=now_ms) for desk in desks.values()]
        assert both[0] == both[1]
        assert both[0].state == state
        shown = [desk.cases.case(row.id) for desk in desks.values()]
        assert [one.state for one in shown] == [state, state]
        assert overdue(both[0], now_ms) == ()
    assert shown[1].outcome == "confirmed"
    unsent = StatementBook(desks["A"].store, CHANNEL).unsent()
    assert [one.kind for one in unsent] == ["raised", "asked", "decided"]


def test_what_a_clock_that_is_ahead_has_dated_stands_in_the_lists(desks):
    """At once, as nothing more may come; the course counts it in its time."""
    take(desks["A"].store, findings(12))
    row = desks["A"].cases.find(CaseQuery()).rows[0]
    about = f"case/{row.id}"
    tell(desks, "A", about, "raised", raised(row), 31)
    asked = {"whom": "A", "question": "as-answered", "crossings": []}
    now_ms = T0 + 32 * DAY
    ahead = desks["B"].say(about, "asked", asked, key=KEYS["B"], now_ms=now_ms + 60_000)
    heard = desks["A"].hear(ahead.note, keys=PUBLIC, now_ms=now_ms)
    assert heard.state == "asked"
    assert desks["A"].cases.case(row.id).state == "asked"
    said, state = desks["A"].read(about, now_ms=now_ms)
    assert (len(said), state.state) == (2, "open")
    assert desks["A"].read(about, now_ms=now_ms + 60_000).state == heard


def test_what_the_peer_raised_is_the_case_of_ones_own_findings(desks):
    """Whoever gathers later: the two have one name for one problem."""
    take(desks["A"].store, findings(12))
    (row,) = desks["A"].cases.find(CaseQuery()).rows
    tell(desks, "A", f"case/{row.id}", "raised", raised(row), 0)
    there = desks["B"].cases.case(row.id)
    assert (there.crossings, there.actor) == (0, "Elm")
    take(desks["B"].store, findings(12))
    assert desks["B"].cases.case(row.id).crossings == 12


def test_what_comes_back_after_the_end_is_another_case(desks):
    """And what belongs to the time before joins the old one."""
    take(desks["A"].store, findings(12))
    (row,) = desks["A"].cases.find(CaseQuery()).rows
    tell(desks, "A", f"case/{row.id}", "raised", raised(row), 1)
    tell(desks, "A", f"case/{row.id}", "closed", {}, 2)
    take(desks["A"].store, findings(3, first=20))
    assert desks["A"].cases.case(row.id).crossings == 15
    take(desks["A"].store, findings(12, at_ms=T0 + 3 * DAY))
    rows = desks["A"].cases.find(CaseQuery(sort="first_ms", descending=False)).rows
    assert [(one.nth, one.crossings) for one in rows] == [(1, 15), (2, 12)]


def test_what_was_decided_as_lawful_is_kept_when_the_case_has_ended(desks):
    """On both sides, with its time; an appeal would still have changed it."""
    take(desks["A"].store, findings(12))
    (row,) = desks["A"].cases.find(CaseQuery()).rows
    about = f"case/{row.id}"
    lawful = {"covers": "both", "from_ms": T0, "until_ms": T0 + 30 * DAY}
    tell(desks, "A", about, "raised", raised(row), 0)
    tell(desks, "A", about, "asked", {"whom": "B", "question": "as-answered"}, 1)
    tell(desks, "B", about, "answered", {"answer": "explained", "text": "test"}, 2)
    decided = {"decision": "lawful", "text": "billed by minutes", "lawful": lawful}
    tell(desks, "A", about, "decided", decided, 3)
    assert desks["B"].cases.lawful() == []
    tell(desks, "B", about, "closed", {}, 4)
    for desk in desks.values():
        (kept,) = desk.cases.lawful()
        assert (kept.actor, kept.object, kept.until_ms) == (
            "Elm",
            "BY-118",
            T0 + 30 * DAY,
        )
    taken = take(
        desks["A"].store,
        findings(12, at_ms=T0 + 10 * DAY),
        lawful=desks["A"].cases.lawful(),
    )
    assert (taken.new, taken.left["why"].to_list()) == (0, ["explained"])
    taken = take(
        desks["A"].store,
        findings(12, at_ms=T0 + 31 * DAY),
        lawful=desks["A"].cases.lawful(),
    )
    assert (taken.new, len(taken.opened)) == (12, 1)


def test_what_does_not_count_is_not_said(desks):
    """The store stays as it was, and the sentence says why."""
    take(desks["A"].store, findings(12))
    (row,) = desks["A"].cases.find(CaseQuery()).rows
    about = f"case/{row.id}"
    tell(desks, "A", about, "raised", raised(row), 0)
    tell(desks, "A", about, "asked", {"whom": "B", "question": "as-answered"}, 1)
    for by, kind, body in (
        ("A", "answered", {"answer": "confirmed"}),
        ("A", "decided", {"decision": "confirmed"}),
        ("B", "opened", {"halves": {"0" * 24: {"ms": 1}}}),
        ("B", "raised", {"domain": 7}),
        ("B", "told", {}),
    ):
        with pytest.raises(RefusedError, match="Nothing was said: ") as caught:
            tell(desks, by, about, kind, body, 2)
        assert caught.value.code == "case-step"
    assert len(desks["A"].said(about)) == len(desks["B"].said(about)) == 2


def test_a_case_under_a_false_name_is_not_listed(desks):
    """A peer cannot begin a case whose name is not that of its problem."""
    take(desks["A"].store, findings(12))
    (row,) = desks["A"].cases.find(CaseQuery()).rows
    body = {**raised(row), "actor": "Oak"}
    signed = sign_statement(
        Statement(
            channel=CHANNEL,
            by="B",
            at_ms=T0,
            about="case/0123456789ABCDEF",
            kind="raised",
            body=body,
        ),
        KEYS["B"],
    )
    desks["A"].hear(signed.note, keys=PUBLIC, now_ms=T0)
    assert [one.id for one in desks["A"].cases.find(CaseQuery()).rows] == [row.id]


def test_an_objection_from_the_refusal_to_the_caller_told(desks):
    """By the reference that the caller was given."""
    reference = make_reference(SECRET, "call-77@switch")
    book = desks["A"].objections
    given = ObjectionRow(
        reference=reference,
        verdict="call-77@switch",
        action="reject",
        rule="missing",
        verdict_ms=T0,
    )
    book.give(given)
    book.give(given)
    assert book.objection(reference).state == "given"
    assert book.every() == []
    about = f"objection/{reference}"
    steps = [
        ("A", "received", {"domain": "calls", "action": "reject", "rule": "missing"}),
        ("A", "asked", {"whom": "B", "question": "was-sent"}),
        ("B", "answered", {"answer": "explained"}),
        ("A", "decided", {"decision": "upheld"}),
        ("A", "told", {}),
    ]
    for day, (by, kind, body) in enumerate(steps):
        tell(desks, by, about, kind, body, day)
    (row,) = book.every()
    assert (row.state, row.outcome, row.received_ms) == ("told", "upheld", T0)
    with pytest.raises(TallystickError) as caught:
        book.objection(make_reference(SECRET, "another"))
    assert caught.value.code == "reference-unknown"
