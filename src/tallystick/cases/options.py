"""What a party may say of a case now: what is offered here is never passed over.

Each kind of statement is weighed as the fold would weigh it, so that no page and no
program needs a rule of its own.

Source: spec/cases.md, "Reading the state".
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from tallystick.cases.course import ANSWERS, COURSES, Course, TermsAt
from tallystick.cases.state import State
from tallystick.cases.weighing import Heard, body_of, step_of, still_closed
from tallystick.proof import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A kind of statement that would count.

    Attributes:
        kind: Of the statement.
        choices: What of it would: answers, decisions, or the handles of crossings that
            may be opened; none where there is nothing to choose.
    """

    kind: str
    choices: tuple[str, ...]


def options(
    state: State, *, by: str, parties: tuple[str, str], terms: TermsAt, now_ms: int
) -> tuple[Option, ...]:
    """Return what a party may say now, in the order of the course.

    Args:
        state: Where the case stands.
        by: The party.
        parties: The two of the channel.
        terms: What they agreed.
        now_ms: The present time.
    """
    course = COURSES[state.about.partition("/")[0]]
    at_ms = max(now_ms, state.at_ms)
    held = terms.at(at_ms if state.state == "none" else state.since_ms)

    def counts(kind: str, body: Mapping[str, Any]) -> bool:
        said = Statement(
            channel="", by=by, at_ms=now_ms, about=state.about, kind=kind, body=body
        )
        heard = Heard(
            id="",
            said=said,
            body=body_of(said, parties),
            at_ms=at_ms,
            course=course,
            parties=parties,
            terms=held,
        )
        return step_of(state, heard)[0] is not None

    def found() -> Iterator[Option]:
        for kind in dict.fromkeys(step.kind for step in course.steps):
            tries = _TRIES[kind](state, course, by)
            fit = [choice for choice, body in tries if counts(kind, body)]
            if fit:
                yield Option(kind=kind, choices=tuple(one for one in fit if one))

    return tuple(found())


_Tries = Iterable[tuple[str, Mapping[str, Any]]]

_WORDS: Final[_Tries] = (("", {}),)
_TRIES: Final[Mapping[str, Callable[[State, Course, str], _Tries]]] = MappingProxyType(
    {
        "raised": lambda *_: (
            ("", {"domain": "any", "kind": "any", "departure": "", "arrival": ""}),
        ),
        "received": lambda *_: (("", {"domain": "any", "action": "any"}),),
        "asked": lambda _, __, by: (("", {"whom": by, "question": "any"}),),
        "answered": lambda *_: ((one, {"answer": one}) for one in ANSWERS),
        "opened": lambda state, _, by: (
            (one, {"halves": {one: {}}}) for one in sorted(still_closed(state, by))
        ),
        "decided": lambda _, course, __: (
            (one, {"decision": one}) for one in sorted(course.decisions)
        ),
        "appealed": lambda *_: _WORDS,
        "closed": lambda *_: _WORDS,
        "told": lambda *_: _WORDS,
    }
)
"""What is tried of each kind: each choice, and a body that makes it."""
