"""The state of a case, read from what both parties said about it.

Pure, and the same on both sides whatever came first: a statement that does not count
where it stands is passed over and named, and changes nothing.

Source: spec/cases.md, "Reading the state".
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from tallystick.cases.course import CASE, COURSES, DAY_MS, Course, Step, TermsAt
from tallystick.cases.state import Asked, State
from tallystick.cases.weighing import Heard, body_of, step_of, who_of
from tallystick.proof import Signed, in_order


def fold(
    about: str,
    statements: Collection[Signed],
    *,
    parties: tuple[str, str],
    terms: TermsAt,
    now_ms: int,
) -> State:
    """Read where a case or an objection stands.

    Args:
        about: `case/…` or `objection/…`.
        statements: What was said about it, in any order; signatures were checked.
        parties: The two of the channel.
        terms: What they agreed; what held when it began counts to its end.
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


def _next(
    state: State,
    signed: Signed,
    course: Course,
    parties: tuple[str, str],
    terms: TermsAt,
) -> State:
    """Return the state after a statement, which may be passed over."""
    said = signed.statement
    at_ms = max(said.at_ms, state.at_ms)
    heard = Heard(
        id=signed.id,
        said=said,
        body=body_of(said, parties),
        # A clock that lags, or is said to, wins nothing: no step is before the last.
        at_ms=at_ms,
        course=course,
        parties=parties,
        # So an agreement that is amended changes no deadline that runs.
        terms=terms.at(at_ms if state.state == "none" else state.since_ms),
    )
    step, why = step_of(state, heard)
    if step is None:
        return replace(state, passed_over=(*state.passed_over, (signed.id, why)))
    return _taken(step, state, heard)


def _taken(step: Step, state: State, heard: Heard) -> State:
    """Return the state after a step that counts."""
    after = replace(
        _EFFECTS[step.kind](state, heard),
        at_ms=heard.at_ms,
        steps=(*state.steps, heard.id),
    )
    if not step.to:
        return after
    # Of two decisions after an appeal the second has settled it.
    if after.state == state.state:
        after = replace(after, state=step.to)
    return _timed(after, heard, restart=after.state != state.state)


def _timed(state: State, heard: Heard, *, restart: bool) -> State:
    """Note whose turn it is and until when."""
    if state.state not in heard.course.due:
        return replace(state, turn=(), due_ms=None, appeal_ms=None)
    term, role = heard.course.due[state.state]
    turn = tuple(sorted(who_of(role, state, heard.parties)))
    if not restart:
        return replace(state, turn=turn)
    due_ms = heard.at_ms + getattr(heard.terms, term) * DAY_MS
    appeal_ms = None
    if state.state == "decided" and heard.course is CASE and not state.appealed_by:
        appeal_ms = heard.at_ms + heard.terms.appeal * DAY_MS
        due_ms += heard.terms.appeal * DAY_MS
    return replace(state, turn=turn, due_ms=due_ms, appeal_ms=appeal_ms)


def _begun(state: State, heard: Heard) -> State:
    what = {**heard.said.body, "by": heard.by}
    return replace(state, kind=heard.body.kind, what=what, since_ms=heard.at_ms)


def _asked(state: State, heard: Heard) -> State:
    question = Asked(
        id=heard.id,
        by=heard.by,
        whom=heard.body.whom,
        operator=heard.body.operator,
        question=heard.body.question,
        crossings=tuple(heard.body.crossings),
    )
    return replace(state, asked=(*state.asked, question))


def _answered(state: State, heard: Heard) -> State:
    *before, last = state.asked
    last = replace(last, answer=heard.body.answer, text=heard.body.text)
    return replace(state, asked=(*before, last))


def _opened(state: State, heard: Heard) -> State:
    mine = {**state.opened.get(heard.by, {}), **heard.body.halves}
    return replace(state, opened={**state.opened, heard.by: mine})


def _decided(state: State, heard: Heard) -> State:
    """Note a decision; after an appeal it stands once both parties have decided."""
    decision, reason = heard.body.decision, heard.body.text
    if not state.appealed_by:
        return replace(state, outcome=decision, reason=reason, decided_by=heard.by)
    said = {**state.said, heard.by: decision}
    if len(said) < len(heard.parties):
        return replace(state, said=said)
    agreed = set(said.values())
    outcome = agreed.pop() if len(agreed) == 1 else heard.course.final
    return replace(state, said=said, state="decided", outcome=outcome, reason=reason)


def _appealed(state: State, heard: Heard) -> State:
    return replace(state, appealed_by=heard.by)


def _closed(state: State, heard: Heard) -> State:
    if state.state == "decided":
        return state
    if state.state == "appealed":
        return replace(state, outcome=heard.course.final)
    own = heard.by in who_of("asker", state, heard.parties)
    return replace(state, outcome="withdrawn" if own else "lapsed")


def _told(state: State, heard: Heard) -> State:
    del heard
    return state


_EFFECTS: Final[Mapping[str, Callable[[State, Heard], State]]] = MappingProxyType(
    {
        "raised": _begun,
        "received": _begun,
        "asked": _asked,
        "answered": _answered,
        "opened": _opened,
        "decided": _decided,
        "appealed": _appealed,
        "closed": _closed,
        "told": _told,
    }
)
"""What each kind of statement changes besides the state and whose turn it is."""
