"""Whether a statement counts where a case stands, and why not.

Whoever reads the state weighs each statement here, and so does whoever wants to know
what may be said next: what is offered is then never passed over.

Source: spec/cases.md, "Reading the state".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import msgspec

from tallystick.cases.bodies import BODIES, AskedBody
from tallystick.cases.course import ASKS_MOST, CASE, SILENCE, Course, Step, Terms
from tallystick.cases.state import State
from tallystick.proof import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
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


def body_of(said: Statement, parties: tuple[str, str]) -> object | None:
    """Return what a statement says, None where it does not say what its kind needs."""
    try:
        body: object = msgspec.convert(said.body, BODIES[said.kind])
    except (KeyError, msgspec.ValidationError):
        return None
    if isinstance(body, AskedBody) and body.whom not in parties:
        return None
    return body


def step_of(state: State, heard: Heard) -> tuple[Step | None, str]:
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


def _refused(step: Step, state: State, heard: Heard) -> str:
    """Return why a step does not count; "" where it does."""
    if step.who != "either" and heard.by not in who_of(step.who, state, heard.parties):
        return "turn"
    return next((name for name in step.unless if _UNLESS[name](state, heard)), "")


def who_of(role: str, state: State, parties: tuple[str, str]) -> tuple[str, ...]:
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


def decisions_of(state: State, course: Course) -> frozenset[str]:
    """Return what the last answer, or silence, lets be decided."""
    answer = (state.asked[-1].answer if state.asked else "") or SILENCE
    allowed = course.allows[answer]
    if course is CASE and answer == "contested" and _both_opened(state):
        allowed |= {"confirmed"}
    return allowed


def _both_opened(state: State) -> bool:
    """Tell whether there is a crossing of which both halves are open."""
    halves = [set(opened) for opened in state.opened.values()]
    return len(halves) == 2 and bool(halves[0] & halves[1])


def still_closed(state: State, by: str) -> set[str]:
    """Return the crossings that were asked about and of which a half is not open."""
    named = {one for asked in state.asked for one in asked.crossings}
    return named - state.opened.get(by, {}).keys()


def _is_over(until_ms: int | None, at_ms: int) -> bool:
    return until_ms is not None and at_ms > until_ms


_UNLESS: Final[Mapping[str, Callable[[State, Heard], bool]]] = MappingProxyType(
    {
        "asked-enough": lambda state, _: len(state.asked) >= ASKS_MOST,
        "not-named": lambda state, heard: (
            not (heard.body.halves.keys() <= still_closed(state, heard.by))
        ),
        # Before its time is up an answer may still come: silence is no answer yet.
        "not-due": lambda state, heard: (
            state.state == "asked" and not _is_over(state.due_ms, heard.at_ms)
        ),
        "not-allowed": lambda state, heard: (
            heard.body.decision not in decisions_of(state, heard.course)
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
