"""Laws of the fold, whatever is said in whatever order."""

import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.cases.course import ANSWERS, ASKS_MOST, CASE
from tallystick.cases.fold import fold
from tallystick.cases.options import options
from tallystick.cases.state import overdue
from tallystick.proof import latest

from .parties import DAY, HANDLES, PARTIES, RAISED, T0, TERMS, read, say

OTHER = {"BY": "RU", "RU": "BY"}
halves = st.dictionaries(st.sampled_from(HANDLES), st.just({"ms": 1}), min_size=1)
BODIES = {
    "raised": st.just(RAISED),
    "asked": st.fixed_dictionaries(
        {
            "whom": st.sampled_from([*PARTIES, "KZ"]),
            "question": st.just("as-answered"),
            "crossings": st.lists(st.sampled_from(HANDLES), max_size=3),
        }
    ),
    "answered": st.fixed_dictionaries(
        {
            "answer": st.sampled_from(
                ["confirmed", "explained", "contested", "no-evidence", "silence"]
            )
        }
    ),
    "opened": halves.map(lambda some: {"halves": some}),
    "decided": st.fixed_dictionaries(
        {"decision": st.sampled_from(["confirmed", "lawful", "unproven", "guilty"])}
    ),
    "appealed": st.just({}),
    "closed": st.just({}),
    "told": st.just({}),
    "nonsense": st.just({}),
}


@st.composite
def sayings(draw):
    """Return what two parties said, each following some of what came before."""
    order = ["raised", "asked", "answered", "decided", "appealed", "decided", "decided"]
    said, at_ms, place = [], T0, 0
    for _ in range(draw(st.integers(1, 14))):
        if place < len(order) and draw(st.integers(0, 3)):
            kind, place = order[place], place + 1
        else:
            kind = draw(st.sampled_from(sorted(BODIES)))
        at_ms += draw(st.sampled_from([1, DAY // 3, DAY, 4 * DAY, 9 * DAY]))
        by, body = draw(st.sampled_from(PARTIES)), draw(BODIES[kind])
        seen = draw(st.sampled_from([1, 1, 2, 3])) if said else 0
        said.append((by, kind, body, at_ms, seen))
    return said


def signed(told):
    """Sign them; each follows the one so many before it."""
    said = []
    for by, kind, body, at_ms, seen in told:
        after = said[-seen : len(said) - seen + 1] if 0 < seen <= len(said) else []
        said.append(say(by, kind, body, at_ms, *after))
    return said


@pytest.mark.property
@settings(deadline=None)
@given(sayings(), st.randoms(use_true_random=False))
def test_any_order_of_arrival_reads_the_same(told, chance):
    """And what comes twice changes nothing."""
    said = signed(told)
    mixed = [*said, *chance.sample(said, len(said) // 2)]
    chance.shuffle(mixed)
    assert read(mixed) == read(said)
    assert read(mixed, parties=PARTIES[::-1]) == read(said)


@pytest.mark.property
@settings(deadline=None)
@given(sayings())
def test_silence_never_confirms(told):
    """`confirmed` rests on an answer, or on a crossing that both opened."""
    state = read(signed(told))
    if state.outcome == "confirmed":
        both = [set(some) for some in state.opened.values()]
        shown = len(both) == 2 and both[0] & both[1]
        answer = state.asked[-1].answer
        assert answer == "confirmed" or (answer == "contested" and shown)


@pytest.mark.property
@settings(deadline=None)
@given(sayings())
def test_swapped_sides_read_the_same_with_swapped_names(told):
    """Neither side has a right that the other has not."""
    swapped = [(OTHER[by], kind, swap(body), *rest) for by, kind, body, *rest in told]
    one, other = read(signed(told)), read(signed(swapped))
    kept = [f.name for f in dataclasses.fields(one)]
    for name in set(kept) - {"steps", "passed_over", "asked"}:
        assert as_names(swap(getattr(one, name))) == as_names(getattr(other, name))
    assert [why for _, why in one.passed_over] == [why for _, why in other.passed_over]
    assert [(OTHER[a.by], OTHER[a.whom], a.answer) for a in one.asked] == [
        (a.by, a.whom, a.answer) for a in other.asked
    ]


@pytest.mark.property
@settings(deadline=None)
@given(sayings(), st.integers(0, 40))
def test_nothing_counts_before_its_time(told, day):
    """What is said for later is as if it were not said."""
    said = signed(told)
    come = [one for one in said if one.statement.at_ms <= T0 + day * DAY]
    assert read(said, day) == read(come, day) == read(come, day)


@pytest.mark.property
@settings(deadline=None)
@given(sayings(), st.sampled_from(PARTIES))
def test_every_path_ends_though_the_other_side_is_silent(told, alone):
    """One party alone brings each case to its end, by waiting and its own steps."""
    said = signed(told)
    now_ms = said[-1].statement.at_ms
    for _ in range(8):
        state = read(said, day=(now_ms - T0) / DAY)
        if state.has_ended or state.state == "none":
            break
        now_ms = max(now_ms, (state.due_ms or 0)) + DAY
        for kind, body in (
            ("answered", {"answer": "no-evidence"}),
            ("decided", {"decision": "unproven"}),
            ("closed", {}),
        ):
            more = say(alone, kind, body, now_ms, *said[-1:])
            if more.id in read([*said, more], day=(now_ms - T0) / DAY + 1).steps:
                said.append(more)
                break
    else:
        pytest.fail(f"still {state.state}")


@pytest.mark.property
@settings(deadline=None)
@given(sayings())
def test_a_path_is_short(told):
    """At most so many questions, one appeal, and an end."""
    said = signed([*told, *told])
    state = read(said)
    assert len(state.asked) <= ASKS_MOST
    opened = [one for one in said if one.statement.kind == "opened"]
    steps = set(state.steps) - {one.id for one in opened}
    assert len(steps) <= 1 + 2 * ASKS_MOST + 1 + 1 + 2 + 1
    assert not (state.has_ended and (state.turn or overdue(state, 2**60)))


def swap(value):
    """Return a value with the two names exchanged."""
    if isinstance(value, str):
        return OTHER.get(value, value)
    if isinstance(value, tuple | list):
        return [swap(one) for one in value]
    if hasattr(value, "items"):
        return {swap(key): swap(one) for key, one in value.items()}
    return value


def as_names(value):
    """Return a value so that order among equals does not count."""
    if isinstance(value, tuple | list):
        value = sorted(value, key=str)
    return json.dumps(value, sort_keys=True, default=dict)


@pytest.mark.property
@settings(deadline=None)
@given(sayings(), st.sampled_from(PARTIES), st.integers(0, 20))
def test_what_may_be_said_counts_and_nothing_else_does(told, by, days):
    """What is offered to a party is what the fold takes from it, choice by choice."""
    said = signed(told)
    now_ms = said[-1].statement.at_ms + days * DAY
    told_of = {"parties": PARTIES, "terms": TERMS, "now_ms": now_ms}
    state = fold("case/C1", said, **told_of)
    ends = [one for one in said if one.id in latest(said)]
    offered = {
        (one.kind, choice)
        for one in options(state, by=by, **told_of)
        for choice in one.choices or ("",)
    }
    named = {one for asked in state.asked for one in asked.crossings}
    tried = {
        ("raised", ""): RAISED,
        ("asked", ""): {"whom": "BY", "question": "as-answered"},
        ("appealed", ""): {},
        ("closed", ""): {},
        **{("answered", one): {"answer": one} for one in ANSWERS},
        **{("decided", one): {"decision": one} for one in CASE.decisions},
        **{("opened", one): {"halves": {one: {}}} for one in {*HANDLES, *named}},
    }
    for (kind, choice), body in tried.items():
        more = say(by, kind, body, now_ms, *ends)
        counts = more.id in fold("case/C1", [*said, more], **told_of).steps
        assert counts == ((kind, choice) in offered), (kind, choice)
    assert offered <= tried.keys()
