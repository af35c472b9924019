"""The state of a case, read from what both parties said about it.

Pure, and the same on both sides whatever came first: a statement that does not count
where it stands is passed over and named, and changes nothing.

Source: spec/cases.md, "Reading the state".
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

import msgspec

from tallystick.cases.bodies import BODIES, AskedBody, DecidedBody
from tallystick.cases.course import (
    ASKS_MOST,
    CASE,
    COURSES,
    DAY_MS,
    SILENCE,
    Course,
    Step,
    Terms,
)
from tallystick.cases.state import Asked, State
from tallystick.proof import Signed, Statement, in_order


def fold(
    about: str,
    statements: Collection[Signed],
    *,
    parties: tuple[str, str],
    terms: Terms,
    now_ms: int,
) -> State:
    """Read where a case or an objection stands.

    Args:
        about: `case/…` or `objection/…`.
        statements: What was said about it, in any order; signatures were checked.
        parties: The two of the channel.
        terms: What they agreed.
        now_ms: The present time. What is said for later does not count yet.

    Returns:
        Its state; `none` where nobody began it.
    """
    course = COURSES[about.partition("/")[0]]
    here = {one.id: one for one in statements if one.statement.about == about}
    come = [one for one in here.values() if one.statement.at_ms <= now_ms]
    state = State(about=about)
    for signed in in_order(come):
        state = _next(state, signed, course, parties, terms)
    return state


def allowed_decisions(state: State, now_ms: int) -> frozenset[str]:
    """Return what may be decided now, whoever's turn it is."""
    course = COURSES[state.about.partition("/")[0]]
    if state.state == "asked" and now_ms <= (state.due_ms or 0):
        return frozenset()
    return _decisions(state, course)


def _next(
    state: State,
    signed: Signed,
    course: Course,
    parties: tuple[str, str],
    terms: Terms,
) -> State:
    """Return the state after a statement, or the same with the statement passed over."""
    said = signed.statement
    # A clock that lags, or is said to, wins nothing: no step is before the last.
    at_ms = max(said.at_ms, state.at_ms)
    body = _body(said, parties)
    why = "party" if said.by not in parties else "body" if body is None else ""
    if body is not None and not why:
        steps = [
            step
            for step in course.steps
            if step.kind == said.kind and state.state in step.states
        ]
        why = "state" if not steps else ""
        for step in steps:
            why = _refused(step, state, said, body, at_ms, course, parties, terms)
            if not why:
                return _taken(step, state, signed, body, at_ms, course, parties, terms)
    return replace(state, passed_over=(*state.passed_over, (signed.id, why)))


def _body(said: Statement, parties: tuple[str, str]) -> Any | None:
    """Return what a statement says, None where it does not say what its kind needs."""
    try:
        body = msgspec.convert(said.body, BODIES[said.kind])
    except (KeyError, msgspec.ValidationError):
        return None
    if isinstance(body, AskedBody) and body.whom not in parties:
        return None
    return body


def _refused(
    step: Step,
    state: State,
    said: Statement,
    body: Any,
    at_ms: int,
    course: Course,
    parties: tuple[str, str],
    terms: Terms,
) -> str:
    """Return why a step does not count; "" where it does."""
    if step.who != "either" and said.by not in _who(step.who, state, parties):
        return "turn"
    for name in step.unless:
        if _UNLESS[name](state, said, body, at_ms, course, parties, terms):
            return name
    return ""


def _who(role: str, state: State, parties: tuple[str, str]) -> tuple[str, ...]:
    """Return the parties that have a role."""
    last = state.asked[-1] if state.asked else None
    match role:
        case "asker":
            return (last.by if last else state.begun_by,)
        case "asked":
            return (last.whom,) if last else ()
        case "decider":
            return (state.decided_by,)
        case "other":
            return tuple(one for one in parties if one != state.decided_by)
        case "waiting":
            left = tuple(one for one in parties if one not in state.turn)
            return left or parties
        case _:  # undecided
            return tuple(one for one in parties if one not in state.said)


def _decisions(state: State, course: Course) -> frozenset[str]:
    answer = (state.asked[-1].answer if state.asked else "") or SILENCE
    allowed = course.allows[answer]
    if course is CASE and answer == "contested" and _both_opened(state):
        allowed |= {"confirmed"}
    return allowed


def _both_opened(state: State) -> bool:
    """Tell whether there is a crossing of which both halves are open."""
    halves = [set(opened) for opened in state.opened.values()]
    return len(halves) == 2 and bool(halves[0] & halves[1])


def _named(state: State) -> set[str]:
    return {one for asked in state.asked for one in asked.crossings}


_Unless = Callable[[State, Statement, Any, int, Course, tuple[str, str], Terms], bool]
_UNLESS: Final[Mapping[str, _Unless]] = MappingProxyType(
    {
        "asked-enough": lambda state, *_: len(state.asked) >= ASKS_MOST,
        "not-named": lambda state, said, body, *_: (
            not (
                body.halves.keys()
                <= _named(state) - state.opened.get(said.by, {}).keys()
            )
        ),
        # Before its time is up an answer may still come: silence is no answer yet.
        "not-due": lambda state, _said, _body, at_ms, *_: (
            state.state == "asked" and at_ms <= (state.due_ms or 0)
        ),
        "not-allowed": lambda state, _said, body, _at, course, *_: (
            body.decision not in _decisions(state, course)
        ),
        "appeal-over": lambda state, _said, _body, at_ms, *_: (
            state.appeal_ms is None or at_ms > state.appeal_ms
        ),
        # Who might appeal may say that it will not, by closing.
        "appeal-open": lambda state, said, _body, at_ms, *_: (
            state.appeal_ms is not None
            and at_ms <= state.appeal_ms
            and said.by == state.decided_by
        ),
        "said-already": lambda state, said, *_: said.by in state.said,
        "not-overdue": lambda state, _said, _body, at_ms, *_: (
            state.due_ms is None or at_ms <= state.due_ms
        ),
    }
)
"""Why a step may not count although its state and its party are right."""


def _taken(
    step: Step,
    state: State,
    signed: Signed,
    body: Any,
    at_ms: int,
    course: Course,
    parties: tuple[str, str],
    terms: Terms,
) -> State:
    """Return the state after a step that counts."""
    said = signed.statement
    after = _EFFECTS[step.kind](state, signed, body, at_ms)
    after = replace(
        after,
        state=step.to or state.state,
        at_ms=at_ms,
        steps=(*state.steps, signed.id),
    )
    if step.kind == "decided":
        after = _decided(after, said.by, body, parties, course)
    if not step.to:
        return after
    return _timed(after, at_ms, course, parties, terms, restart=step.to != state.state)


def _decided(
    state: State,
    by: str,
    body: DecidedBody,
    parties: tuple[str, str],
    course: Course,
) -> State:
    """Note a decision; after an appeal it stands once both parties have decided."""
    if not state.appealed_by:
        return replace(state, outcome=body.decision, reason=body.text, decided_by=by)
    said = {**state.said, by: body.decision}
    if len(said) < len(parties):
        return replace(state, said=said)
    agreed = set(said.values())
    outcome = agreed.pop() if len(agreed) == 1 else course.final
    return replace(state, said=said, state="decided", outcome=outcome, reason=body.text)


def _timed(
    state: State,
    at_ms: int,
    course: Course,
    parties: tuple[str, str],
    terms: Terms,
    *,
    restart: bool,
) -> State:
    """Note whose turn it is and until when."""
    if state.state not in course.due:
        return replace(state, turn=(), due_ms=None, appeal_ms=None)
    term, role = course.due[state.state]
    turn = _who(role, state, parties)
    if state.state == "appealed" and not restart:
        return replace(state, turn=turn)
    due_ms = at_ms + getattr(terms, term) * DAY_MS
    appeal_ms = None
    if state.state == "decided" and course is CASE and not state.appealed_by:
        appeal_ms = at_ms + terms.appeal * DAY_MS
        due_ms += terms.appeal * DAY_MS
    return replace(state, turn=turn, due_ms=due_ms, appeal_ms=appeal_ms)


def _begun(state: State, signed: Signed, body: Any, at_ms: int) -> State:
    what = {**signed.statement.body, "by": signed.statement.by}
    return replace(state, kind=body.kind, what=what, since_ms=at_ms)


def _asked(state: State, signed: Signed, body: Any, at_ms: int) -> State:
    del at_ms
    question = Asked(
        id=signed.id,
        by=signed.statement.by,
        whom=body.whom,
        operator=body.operator,
        question=body.question,
        crossings=tuple(body.crossings),
    )
    return replace(state, asked=(*state.asked, question))


def _answered(state: State, signed: Signed, body: Any, at_ms: int) -> State:
    del signed, at_ms
    *before, last = state.asked
    last = replace(last, answer=body.answer, text=body.text)
    return replace(state, asked=(*before, last))


def _opened(state: State, signed: Signed, body: Any, at_ms: int) -> State:
    del at_ms
    by = signed.statement.by
    mine = {**state.opened.get(by, {}), **body.halves}
    return replace(state, opened={**state.opened, by: mine})


def _appealed(state: State, signed: Signed, body: Any, at_ms: int) -> State:
    del body, at_ms
    return replace(state, appealed_by=signed.statement.by, said={})


def _closed(state: State, signed: Signed, body: Any, at_ms: int) -> State:
    del body, at_ms
    if state.state == "decided":
        return state
    if state.state == "appealed":
        return replace(state, outcome=CASE.final)
    (asker,) = _who("asker", state, ("", ""))
    own = signed.statement.by == asker
    return replace(state, outcome="withdrawn" if own else "lapsed")


def _same(state: State, signed: Signed, body: Any, at_ms: int) -> State:
    del signed, body, at_ms
    return state


_EFFECTS: Final[Mapping[str, Callable[[State, Signed, Any, int], State]]] = (
    MappingProxyType(
        {
            "raised": _begun,
            "received": _begun,
            "asked": _asked,
            "answered": _answered,
            "opened": _opened,
            "decided": _same,
            "appealed": _appealed,
            "closed": _closed,
            "told": _same,
        }
    )
)
