"""Where a case stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tallystick.cases.course import ENDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question that was asked.

    Attributes:
        id: Of the statement that asked it.
        by: The party that asks.
        whom: The party of whom the answer is due.
        operator: Whose knowledge is wanted, where that is not the party itself.
        question: A code of the domain.
        crossings: The handles of the crossings it names, and of no others.
        answer: One of `ANSWERS`; "" while none has come.
        text: What the answer says besides.
    """

    id: str
    by: str
    whom: str
    operator: str
    question: str
    crossings: tuple[str, ...]
    answer: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where a case stands, the same on both sides at the same moment.

    Attributes:
        about: Its kind, a stroke, its name.
        state: `none`, `open` or `received`, `asked`, `answered`, `decided`,
            `appealed`, `done` or `told`.
        kind: Of the case, such as `stretched-trunk`.
        what: What it began with: the body of its first statement.
        since_ms: When it began; 0 where it has not.
        at_ms: When its last step counted.
        turn: Whose turn it is.
        due_ms: Until when; None where nobody's.
        appeal_ms: Until when the other side may appeal; None where it may not.
        asked: Every question, in order.
        opened: Of each party, the halves it opened, by the crossing's handle.
        outcome: What was decided, `withdrawn` or `lapsed`; "" before.
        reason: What the decision says besides.
        decided_by: Who decided.
        appealed_by: Who appealed; "" where nobody did.
        said: After an appeal, what each party decides.
        steps: Identifiers of the statements that counted, in order.
        passed_over: Identifiers of those that did not, with the reason.
    """

    about: str
    state: str = "none"
    kind: str = ""
    what: Mapping[str, Any] = field(default_factory=dict)
    since_ms: int = 0
    at_ms: int = 0
    turn: tuple[str, ...] = ()
    due_ms: int | None = None
    appeal_ms: int | None = None
    asked: tuple[Asked, ...] = ()
    opened: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    outcome: str = ""
    reason: str = ""
    decided_by: str = ""
    appealed_by: str = ""
    said: Mapping[str, str] = field(default_factory=dict)
    steps: tuple[str, ...] = ()
    passed_over: tuple[tuple[str, str], ...] = ()

    @property
    def has_ended(self) -> bool:
        """Whether nothing more can be said."""
        return self.state in ENDED

    @property
    def begun_by(self) -> str:
        """The party that began it, "" where none has."""
        return str(self.what.get("by", ""))


def overdue(state: State, now_ms: int) -> tuple[str, ...]:
    """Return whose turn has lasted too long; nobody's, mostly.

    Args:
        state: Where a case stands.
        now_ms: The present time.
    """
    late = state.due_ms is not None and now_ms > state.due_ms
    return state.turn if late else ()
