"""The steps that a case may take, as tables.

Whoever reads the state of a case walks these tables; there is no rule elsewhere.

Source: spec/cases.md, "Steps" and "Decisions".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol

from tallystick.agreement.text.value import Deadlines
from tallystick.model import ConfigError

DAY_MS: Final = 86_400_000
ASKS_MOST: Final = 3
CROSSINGS_MOST: Final = 1000
"""So many crossings one request may name."""
SILENCE: Final = "silence"
"""What stands in the place of an answer where none came in time. It is never one."""
ANSWERS: Final = ("confirmed", "explained", "contested", "no-evidence")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Days that a step may take, as the parties agreed.

    Attributes:
        ask: From the beginning until somebody is asked.
        answer: From the question until its answer.
        decide: From the answer, or an appeal, until the decision.
        appeal: After a decision, in which the other side may appeal.
        close: After that, until what was decided is done.
        redress: Each step of an objection: until somebody is asked, answers, decides,
            and until the caller can read it.
    """

    ask: int = 14
    answer: int = 30
    decide: int = 14
    appeal: int = 14
    close: int = 30
    redress: int = 14

    def at(self, at_ms: int) -> "Terms":
        """Return the days that hold for what begins at a moment: always the same."""
        del at_ms
        return self


class TermsAt(Protocol):
    """What knows the days that hold for what begins at a moment."""

    def at(self, at_ms: int) -> Terms:
        """Return them; for the same moment, always and on both sides the same."""


class AgreedTerms:
    """The terms that an agreement, or several, gave; each moment is looked up once."""

    def __init__(self, look_up: Callable[[int], Terms]) -> None:
        """Look moments up by a function that returns the same for the same one."""
        self._look_up, self._known = look_up, dict[int, Terms]()

    def at(self, at_ms: int) -> Terms:
        """Return the days that hold for what begins at a moment."""
        if at_ms not in self._known:
            self._known[at_ms] = self._look_up(at_ms)
        return self._known[at_ms]


def agreed_terms(deadlines: Deadlines) -> Terms:
    """Return the days that an agreement gives the steps of a case."""
    return Terms(
        ask=deadlines.answer_days,
        answer=deadlines.answer_days,
        decide=deadlines.decision_days,
        appeal=deadlines.appeal_days,
        close=deadlines.decision_days,
        redress=deadlines.redress_days,
    )


def parse_days(text: str) -> Terms:
    """Read the days of steps, as people write them.

    Args:
        text: Such as `ask=14,answer=30`; what it leaves out is as in `Terms`.

    Raises:
        ConfigError: "case-days".
    """
    pairs = [one.partition("=") for one in text.split(",") if one]
    known = Terms.__slots__
    if all(name in known and value.isdecimal() for name, _, value in pairs):
        return Terms(**{name: int(value) for name, _, value in pairs})
    raise ConfigError(
        "case-days",
        "The days of the steps cannot be read.",
        advice=f"Give them as {','.join(f'{name}=14' for name in known)}.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A statement that counts in some states.

    Attributes:
        kind: Of the statement.
        states: In which it counts.
        who: Who may say it: `either`; `asker`, who asked last (or began); `asked`, of
            whom an answer is due; `other`, who did not decide; `waiting`, whose turn
            it is not, or anybody where it is everybody's.
        to: The state after it.
        unless: Reason why it may still not count, by name; see `fold`.
    """

    kind: str
    states: tuple[str, ...]
    who: str
    to: str
    unless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How things of one kind begin, go on and end.

    Attributes:
        about: What statements about them are about, before the stroke.
        steps: In which one matches first.
        due: The name of the term that runs in a state, and whose turn it is.
        allows: What may be decided after an answer, and after silence.
        final: What is left where nobody, or not both, decided.
    """

    about: str
    steps: tuple[Step, ...]
    due: Mapping[str, tuple[str, str]]
    allows: Mapping[str, frozenset[str]]
    final: str

    @property
    def decisions(self) -> frozenset[str]:
        """Everything that may be decided."""
        return frozenset[str]().union(*self.allows.values())


CASE: Final = Course(
    about="case",
    steps=(
        Step(kind="raised", states=("none",), who="either", to="open"),
        Step(kind="asked", states=("open",), who="either", to="asked"),
        Step(
            kind="asked",
            states=("answered",),
            who="asker",
            to="asked",
            unless=("asked-enough",),
        ),
        Step(kind="answered", states=("asked",), who="asked", to="answered"),
        Step(
            kind="opened",
            states=("asked", "answered", "decided", "appealed"),
            who="either",
            to="",
            unless=("not-named",),
        ),
        Step(
            kind="decided",
            states=("asked", "answered"),
            who="asker",
            to="decided",
            unless=("not-due", "not-allowed"),
        ),
        Step(
            kind="appealed",
            states=("decided",),
            who="other",
            to="appealed",
            unless=("appeal-over",),
        ),
        Step(
            kind="decided",
            states=("appealed",),
            who="either",
            to="appealed",
            unless=("said-already", "not-allowed"),
        ),
        Step(
            kind="closed",
            states=("open", "asked", "answered"),
            who="asker",
            to="done",
        ),
        Step(
            kind="closed",
            states=("decided",),
            who="either",
            to="done",
            unless=("appeal-open",),
        ),
        Step(
            kind="closed",
            states=("open", "asked", "answered", "appealed"),
            who="waiting",
            to="done",
            unless=("not-overdue",),
        ),
    ),
    due=MappingProxyType(
        {
            "open": ("ask", "asker"),
            "asked": ("answer", "asked"),
            "answered": ("decide", "asker"),
            "decided": ("close", "decider"),
            "appealed": ("decide", "undecided"),
        }
    ),
    allows=MappingProxyType(
        {
            "confirmed": frozenset({"confirmed", "lawful", "unproven"}),
            "explained": frozenset({"lawful", "unproven"}),
            "contested": frozenset({"lawful", "unproven"}),
            "no-evidence": frozenset({"unproven"}),
            SILENCE: frozenset({"unproven"}),
        }
    ),
    final="unproven",
)
"""A case. Where an answer contests, `confirmed` may still be decided on a crossing of
which both sides opened their halves (spec/cases.md, "Decisions")."""

OBJECTION: Final = Course(
    about="objection",
    steps=(
        Step(kind="received", states=("none",), who="either", to="received"),
        Step(
            kind="asked",
            states=("received", "answered"),
            who="asker",
            to="asked",
            unless=("asked-enough",),
        ),
        Step(kind="answered", states=("asked",), who="asked", to="answered"),
        Step(
            kind="opened",
            states=("asked", "answered"),
            who="either",
            to="",
            unless=("not-named",),
        ),
        Step(
            kind="decided",
            states=("received", "asked", "answered"),
            who="asker",
            to="decided",
            unless=("not-due", "not-allowed"),
        ),
        Step(kind="told", states=("decided",), who="asker", to="told"),
    ),
    due=MappingProxyType(
        {
            "received": ("redress", "asker"),
            "asked": ("redress", "asked"),
            "answered": ("redress", "asker"),
            "decided": ("redress", "asker"),
        }
    ),
    allows=MappingProxyType(
        {
            "confirmed": frozenset({"dismissed", "upheld"}),
            "explained": frozenset({"upheld"}),
            "contested": frozenset({"upheld"}),
            "no-evidence": frozenset({"upheld"}),
            SILENCE: frozenset({"upheld"}),
        }
    ),
    final="upheld",
)
"""A caller's objection. It is dismissed only where the answer confirms that the call
was rightly acted on: silence and doubt are for the caller."""

COURSES: Final = MappingProxyType({one.about: one for one in (CASE, OBJECTION)})
ENDED: Final = frozenset({"done", "told"})
