"""What is kept of cases, as values."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

PAGE_MOST: Final = 500
GATHERING: Final = "gathering"
"""State of what is not large enough for a case yet."""
FOUND: Final = "found"
"""State of a case that nobody has raised yet."""
Sort = Literal[
    "last_ms",
    "first_ms",
    "crossings",
    "ms",
    "stake_ms",
    "money",
    "confidence_ppm",
    "due_ms",
    "actor",
    "kind",
    "state",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """A case in a list.

    Attributes:
        id: Its name.
        domain: Such as `calls`.
        kind: Of the case.
        departure: The party on whose side its crossings leave.
        arrival: The other one.
        actor: Who is asked about it.
        object: What it is about; "" for all of the actor's.
        nth: How often the problem came, counted from 1.
        state: `gathering`, `found`, or as read from its statements.
        turn: Whose turn it is, in the order of names.
        due_ms: Until when.
        outcome: What was decided.
        ended_ms: When it ended; None where it has not.
        crossings: How many.
        certain: How many of them are fit to be acted on one by one.
        ms: How long they lasted.
        stake_ms: How much of that was paid for in vain.
        confidence_ppm: Of its findings, on average, in millionths.
        money: What that cost, in hundredths of the currency's unit.
        currency: "" where no rates were given.
        first_ms: When the first began.
        last_ms: When the last began.
    """

    id: str
    domain: str
    kind: str
    departure: str
    arrival: str
    actor: str
    object: str
    nth: int
    state: str
    turn: tuple[str, ...]
    due_ms: int | None
    outcome: str
    ended_ms: int | None
    crossings: int
    certain: int
    ms: int
    stake_ms: int
    confidence_ppm: int
    money: int
    currency: str
    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A crossing that a case gathers; `handle` is how both sides name it."""

    handle: str
    case_id: str
    finding: str
    departure_id: str | None
    arrival_id: str | None
    arrival_side: str | None
    at_ms: int
    ms: int
    stake_ms: int
    confidence_ppm: int
    certain: bool
    departure_point: str | None
    departure_carrier: str | None
    arrival_point: str | None
    arrival_carrier: str | None
    departure_calling: str | None
    departure_called: str | None
    arrival_calling: str | None
    arrival_called: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A case's crossings of one day, counted from 1970."""

    day: int
    crossings: int
    ms: int
    stake_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseQuery:
    """Which cases are wanted, in which order.

    Attributes:
        states: Only these; none: all but what is only gathering.
        kinds: Only these.
        actor: Only this one's, as an operator may see its own.
        text: Only those whose actor, object or name holds this text.
        turn: Only those where it is this party's turn.
        overdue_ms: Only those whose time was up at this moment.
        sort: By what.
        descending: The largest first.
        page: Counted from 0.
        size: So many on a page, at most `PAGE_MOST`.
    """

    states: Sequence[str] = ()
    kinds: Sequence[str] = ()
    actor: str | None = None
    text: str = ""
    turn: str = ""
    overdue_ms: int | None = None
    sort: Sort = "last_ms"
    descending: bool = True
    page: int = 0
    size: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a list, and how many there are in all."""

    rows: Sequence[CaseRow] = field(default_factory=list)
    total: int = 0
