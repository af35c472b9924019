"""The state of a case, read from what both parties said about it.

Pure, and the same on both sides whatever came first: a statement that does not count
where it stands is passed over and named, and changes nothing.

Source: spec/cases.md, "Reading the state".
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

import msgspec

from tallystick.cases.bodies import BODIES, AskedBody
from tallystick.cases.course import (
    ASKS_MOST,
    CASE,
    COURSES,
    DAY_MS,
    SILENCE,
    Course,
    Step,
    Terms,
    TermsAt,
)
from tallystick.cases.state import Asked, State
from tallystick.proof import Signed, Statement, in_order


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


def allowed_decisions(state: State, now_ms: int) -> frozenset[str]:
    """Return what may be decided now, whoever's turn it is."""
    course = COURSES[state.about.partition("/")[0]]
    if state.state == "asked" and now_ms <= (state.due_ms or 0):
        return frozenset()
    return _decisions(state, course)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    """A statement as it is weighed, with all that weighing it needs.

    Attributes:
        id: Of the statement.
        said: What it says.
        body: Its body, as its kind has it; None where it has not.
        at_ms: When it counts.
        course: The steps that there are.
        parties: The two of the channel.
        terms: What they agreed.
    """

    id: str
    said: Statement
    body: Any
    at_ms: int
    course: Course
    parties: tuple[str, str]
    terms: Terms

    @property
    def by(self) -> str:
        """Who said it."""
        return self.said.by


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
    heard = _Heard(
        id=signed.id,
        said=said,
        body=_body(said, parties),
        # A clock that lags, or is said to, wins nothing: no step is before the last.
        at_ms=at_ms,
        course=course,
        parties=parties,
        # So an agreement that is amended changes no deadline that runs.
        terms=terms.at(at_ms if state.state == "none" else state.since_ms),
    )
    step, why = _step(state, heard)
    if step is None:
        return replace(state, passed_over=(*state.passed_over, (signed.id, why)))
    return _taken(step, state, heard)


def _body(said: Statement, parties: tuple[str, str]) -> object | None:
    """Return what a statement says, None where it does not say what its kind needs."""
    try:
        body: object = msgspec.convert(said.body, BODIES[said.kind])
    except (KeyError, msgspec.ValidationError):
        return None
    if isinstance(body, AskedBody) and body.whom not in parties:
        return None
    return body


def _step(state: State, heard: _Heard) -> tuple[Step | None, str]:
    """Return the step that a statement is; None, and why, where it does not count."""
    if heard.by not in heard.parties:
        return None, "party"
    if heard.body is None:
        return None, "body"
    why = "state"
    for step in heard.course.steps:
        if step.kind == heard.said.kind and state.state in step.states:
            why = _refused(step, state, heard)
            if not why:
                return step, ""
    return None, why


def _refused(step: Step, state: State, heard: _Heard) -> str:
    """Return why a step does not count; "" where it does."""
    if step.who != "either" and heard.by not in _who(step.who, state, heard.parties):
        return "turn"
    return next((name for name in step.unless if _UNLESS[name](state, heard)), "")


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


def _may_open(state: State, by: str) -> set[str]:
    """Return the crossings that were asked about and of which a half is not open."""
    named = {one for asked in state.asked for one in asked.crossings}
    return named - state.opened.get(by, {}).keys()


def _is_over(until_ms: int | None, at_ms: int) -> bool:
    return until_ms is not None and at_ms > until_ms


_UNLESS: Final[Mapping[str, Callable[[State, _Heard], bool]]] = MappingProxyType(
    {
        "asked-enough": lambda state, _: len(state.asked) >= ASKS_MOST,
        "not-named": lambda state, heard: (
            not (heard.body.halves.keys() <= _may_open(state, heard.by))
        ),
        # Before its time is up an answer may still come: silence is no answer yet.
        "not-due": lambda state, heard: (
            state.state == "asked" and not _is_over(state.due_ms, heard.at_ms)
        ),
        "not-allowed": lambda state, heard: (
            heard.body.decision not in _decisions(state, heard.course)
        ),
        "appeal-over": lambda state, heard: (
            state.appeal_ms is None or heard.at_ms > state.appeal_ms
        ),
        # Who might appeal may say that it will not, by closing.
        "appeal-open": lambda state, heard: (
            state.appeal_ms is not None
            and heard.at_ms <= state.appeal_ms
            and heard.by == state.decided_by
        ),
        "said-already": lambda state, heard: heard.by in state.said,
        "not-overdue": lambda state, heard: not _is_over(state.due_ms, heard.at_ms),
    }
)
"""Why a step may not count although its state and its party are right."""


def _taken(step: Step, state: State, heard: _Heard) -> State:
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


def _timed(state: State, heard: _Heard, *, restart: bool) -> State:
    """Note whose turn it is and until when."""
    if state.state not in heard.course.due:
        return replace(state, turn=(), due_ms=None, appeal_ms=None)
    term, role = heard.course.due[state.state]
    turn = tuple(sorted(_who(role, state, heard.parties)))
    if not restart:
        return replace(state, turn=turn)
    due_ms = heard.at_ms + getattr(heard.terms, term) * DAY_MS
    appeal_ms = None
    if state.state == "decided" and heard.course is CASE and not state.appealed_by:
        appeal_ms = heard.at_ms + heard.terms.appeal * DAY_MS
        due_ms += heard.terms.appeal * DAY_MS
    return replace(state, turn=turn, due_ms=due_ms, appeal_ms=appeal_ms)


def _begun(state: State, heard: _Heard) -> State:
    what = {**heard.said.body, "by": heard.by}
    return replace(state, kind=heard.body.kind, what=what, since_ms=heard.at_ms)


def _asked(state: State, heard: _Heard) -> State:
    question = Asked(
        id=heard.id,
        by=heard.by,
        whom=heard.body.whom,
        operator=heard.body.operator,
        question=heard.body.question,
        crossings=tuple(heard.body.crossings),
    )
    return replace(state, asked=(*state.asked, question))


def _answered(state: State, heard: _Heard) -> State:
    *before, last = state.asked
    last = replace(last, answer=heard.body.answer, text=heard.body.text)
    return replace(state, asked=(*before, last))


def _opened(state: State, heard: _Heard) -> State:
    mine = {**state.opened.get(heard.by, {}), **heard.body.halves}
    return replace(state, opened={**state.opened, heard.by: mine})


def _decided(state: State, heard: _Heard) -> State:
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


def _appealed(state: State, heard: _Heard) -> State:
    return replace(state, appealed_by=heard.by)


def _closed(state: State, heard: _Heard) -> State:
    if state.state == "decided":
        return state
    if state.state == "appealed":
        return replace(state, outcome=heard.course.final)
    own = heard.by in _who("asker", state, heard.parties)
    return replace(state, outcome="withdrawn" if own else "lapsed")


def _told(state: State, heard: _Heard) -> State:
    del heard
    return state


_EFFECTS: Final[Mapping[str, Callable[[State, _Heard], State]]] = MappingProxyType(
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
