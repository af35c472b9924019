"""The life of a case and of an objection, step by step."""

import pytest

from tallystick.cases.state import overdue

from .parties import ASKED, DAY, HANDLES, RAISED, T0, TERMS, read, story

OPEN = [("BY", "raised", RAISED, 0), ("BY", "asked", ASKED, 1)]
RECEIVED = {"domain": "calls", "action": "reject", "rule": "missing"}


def answered(answer, day=2):
    return [*OPEN, ("RU", "answered", {"answer": answer}, day)]


def decided(decision, by="BY", day=3):
    return (by, "decided", {"decision": decision}, day)


def test_a_case_runs_from_raised_to_done():
    """Each step counts, and says whose turn it is and until when."""
    said = story(*answered("confirmed"), decided("confirmed"), ("RU", "closed", {}, 4))
    states = [read(said[:n]) for n in range(6)]
    assert [one.state for one in states] == [
        "none",
        "open",
        "asked",
        "answered",
        "decided",
        "done",
    ]
    assert [one.turn for one in states] == [(), ("BY",), ("RU",), ("BY",), ("BY",), ()]
    assert states[2].due_ms == T0 + (1 + TERMS.answer) * DAY
    assert states[5].outcome == "confirmed"
    assert states[5].passed_over == ()


def test_overdue_is_seen_by_whoever_looks():
    """The day after the time is up, and not on the day."""
    state = read(story(*OPEN))
    assert overdue(state, T0 + 6 * DAY) == ()
    assert overdue(state, T0 + 6 * DAY + 1) == ("RU",)


@pytest.mark.parametrize(
    ("answer", "bears"),
    [
        ("confirmed", {"confirmed", "lawful", "unproven"}),
        ("explained", {"lawful", "unproven"}),
        ("contested", {"lawful", "unproven"}),
        ("no-evidence", {"unproven"}),
    ],
)
def test_an_answer_bears_some_decisions_only(answer, bears):
    """What is not borne is passed over, and the case stays where it was."""
    for decision in ("confirmed", "lawful", "unproven", "upheld", "guilty"):
        state = read(story(*answered(answer), decided(decision)))
        assert (state.state == "decided") == (decision in bears)
        if decision not in bears:
            assert state.passed_over[0][1] == "not-allowed"
            assert (state.state, state.outcome) == ("answered", "")


def test_silence_is_no_answer():
    """Before its time is up nothing is decided, and after it nothing is confirmed."""
    assert read(story(*OPEN, decided("unproven", day=6))).state == "asked"
    assert read(story(*OPEN, decided("confirmed", day=9))).state == "asked"
    late = read(story(*OPEN, decided("unproven", day=9)))
    assert (late.state, late.outcome) == ("decided", "unproven")


def test_against_a_contest_only_open_halves_count():
    """`confirmed` needs one crossing of which both sides opened their half."""
    half = {"ms": 61_000, "answered": True}
    one = ("BY", "opened", {"halves": {HANDLES[0]: half}}, 2.1)
    other = ("RU", "opened", {"halves": {HANDLES[1]: half}}, 2.2)
    same = ("RU", "opened", {"halves": {HANDLES[0]: half}}, 2.3)
    contested = answered("contested")
    assert read(story(*contested, one, other, decided("confirmed"))).outcome == ""
    state = read(story(*contested, one, other, same, decided("confirmed")))
    assert state.outcome == "confirmed"
    assert state.opened["RU"] == {HANDLES[1]: half, HANDLES[0]: half}


def test_only_named_crossings_are_opened():
    """A half of another crossing, or with one among them, is passed over whole."""
    halves = {HANDLES[0]: {"ms": 1}, HANDLES[5]: {"ms": 2}}
    state = read(story(*OPEN, ("RU", "opened", {"halves": halves}, 2)))
    assert (dict(state.opened), state.passed_over[0][1]) == ({}, "not-named")


def test_an_appeal_is_decided_by_both():
    """What both decide stands; where they differ, nothing is proven; once only."""
    first = [*answered("confirmed"), decided("confirmed")]
    appeal = ("RU", "appealed", {"text": "our trunk was renumbered"}, 4)
    agreed = [decided("lawful", "RU", 5), decided("lawful", "BY", 5.5)]
    state = read(story(*first, appeal, *agreed))
    assert (state.state, state.outcome) == ("decided", "lawful")
    differ = [decided("lawful", "RU", 5), decided("confirmed", "BY", 5.5)]
    state = read(story(*first, appeal, *differ))
    assert (state.state, state.outcome) == ("decided", "unproven")
    again = read(story(*first, appeal, *differ, ("RU", "appealed", {}, 6)))
    assert again.passed_over[0][1] == "appeal-over"
    assert read(story(*first, appeal, *differ, ("BY", "closed", {}, 6))).has_ended


def test_an_appeal_has_its_time():
    """The decider waits for it, the other may waive it, and then it is over."""
    first = [*answered("confirmed"), decided("confirmed")]
    assert read(story(*first, ("BY", "closed", {}, 6))).state == "decided"
    assert read(story(*first, ("RU", "closed", {}, 3.1))).state == "done"
    assert read(story(*first, ("BY", "closed", {}, 7.1))).state == "done"
    assert read(story(*first, ("RU", "appealed", {}, 7.1))).state == "decided"


def test_who_is_late_does_not_end_a_case():
    """The one that waited may: nothing is then confirmed."""
    assert read(story(*OPEN, ("RU", "closed", {}, 9))).state == "asked"
    idle = story(*answered("confirmed"), ("RU", "closed", {}, 5.1))
    state = read(idle)
    assert (state.state, state.outcome) == ("done", "lapsed")
    assert read(story(*answered("confirmed"), ("RU", "closed", {}, 4.9))).outcome == ""


def test_an_objection_ends_with_the_caller_told():
    """Received, asked, answered, decided, told."""
    about = "objection/K7QF-2M9X-T4C3"
    told = [
        ("RU", "received", RECEIVED, 0),
        ("RU", "asked", {"whom": "BY", "question": "was-sent"}, 1),
        ("BY", "answered", {"answer": "explained"}, 2),
        ("RU", "decided", {"decision": "upheld"}, 3),
        ("RU", "told", {}, 4),
    ]
    said = story(*told, about=about)
    states = [read(said[:n], about=about).state for n in range(1, 6)]
    assert states == ["received", "asked", "answered", "decided", "told"]
    assert read(said, about=about).outcome == "upheld"


@pytest.mark.parametrize("answer", [None, "explained", "contested", "no-evidence"])
def test_an_objection_is_dismissed_on_a_confirming_answer_only(answer):
    """Silence and doubt are for the caller."""
    about = "objection/K7QF-2M9X-T4C3"
    told = [
        ("RU", "received", RECEIVED, 0),
        ("RU", "asked", {"whom": "BY", "question": "was-sent"}, 1),
    ]
    if answer:
        told.append(("BY", "answered", {"answer": answer}, 2))
    for decision, state in (("dismissed", told), ("upheld", told)):
        said = story(*state, ("RU", "decided", {"decision": decision}, 9), about=about)
        assert read(said, about=about).outcome == (
            "upheld" if decision == "upheld" else ""
        )
