"""A case's history, its trend and its crossings, as a page shows them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from tallystick.cases.state import State
from tallystick.console.numbers import hidden
from tallystick.proof import Signed, in_order
from tallystick.store.cases import CaseBook, Crossing, Day
from tallystick.store.listing import Row

SUREST: Final = 20
"""So many crossings of a case are shown."""
OPENED_MOST: Final = 200
"""Of crossings that a party opened, at most so many are shown."""
DAYS_MOST: Final = 366
"""Of a trend that is longer the last days are shown."""
HEIGHT: Final = 40


@dataclass(frozen=True, slots=True)
class Step:
    """One signed statement of a case's history.

    Attributes:
        id: Of the statement.
        at_ms: When it was made, as its maker says.
        by: The party that made it.
        kind: What it does.
        said: Codes that it holds, each with what they are the codes of.
        text: Its own words.
        crossings: How many it names.
        passed_over: Why it does not count; empty: it does.
    """

    id: str
    at_ms: int
    by: str
    kind: str
    said: Mapping[str, str]
    text: str
    crossings: int
    passed_over: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A day of the trend, as it is drawn.

    Attributes:
        x: Days from the first that is drawn.
        height: At most `HEIGHT`.
        day: Of it.
    """

    x: int
    height: float
    day: Day


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """One half of a crossing.

    Attributes:
        calling: Who called, as its keeper says.
        called: Who was called.
        trunk: Where it left or came.
        record: Its keeper's own name of it.
        is_opened: Whether its keeper opened it to the other side.
    """

    calling: str = ""
    called: str = ""
    trunk: str = ""
    record: str = ""
    is_opened: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """A crossing with both of its halves, as far as they are known here.

    Attributes:
        handle: Its name on both sides.
        at_ms: When it began; None: neither side says.
        departure: Where it left.
        arrival: Where it came.
    """

    handle: str
    at_ms: int | None
    departure: End
    arrival: End


def bars(days: Sequence[Day]) -> list[Bar]:
    """Return a trend as it is drawn, its last `DAYS_MOST` days."""
    drawn = [one for one in days if one.day > days[-1].day - DAYS_MOST]
    most = max((one.crossings for one in drawn), default=1)
    return [
        Bar(one.day - drawn[0].day, round(HEIGHT * one.crossings / most, 2), one)
        for one in drawn
    ]


def steps(said: Sequence[Signed], state: State) -> list[Step]:
    """Return the history that statements are, in their order."""
    over, counted = dict(state.passed_over), set(state.steps)
    return [
        _step(one, over.get(one.id, "" if one.id in counted else "later"))
        for one in in_order(said)
    ]


def _step(one: Signed, passed_over: str) -> Step:
    said, body = one.statement, one.statement.body
    codes = {name: body.get(name) for name in ("question", "answer", "decision")}
    text = body.get("text")
    return Step(
        id=one.id,
        at_ms=said.at_ms,
        by=said.by,
        kind=said.kind,
        said={name: code for name, code in codes.items() if isinstance(code, str)},
        text=text if isinstance(text, str) else "",
        crossings=_many(body.get("halves" if said.kind == "opened" else "crossings")),
        passed_over=passed_over,
    )


def _many(value: object) -> int:
    """Return how many something is, or holds; a statement may say anything."""
    if isinstance(value, int):
        return value
    return len(value) if isinstance(value, (list, dict)) else 0


def crossings(book: CaseBook, ident: str) -> list[dict[str, Any]]:
    """Return the surest crossings of a case, the surest first, numbers hidden."""
    names = book.surest(ident, most=SUREST)
    found = {one.handle: one for one in book.named(names)}
    return [_hidden(found[name]) for name in names if name in found]


def pair_of(case: Row, state: State, handle: str, kept: Crossing | None) -> Pair:
    """Put the halves of a crossing side by side, numbers in the clear.

    What a party opened goes before what is kept here.

    Args:
        case: The case.
        state: Where it stands.
        handle: Of the crossing.
        kept: What is kept of it here; None: nothing.
    """
    ends, at_ms = {}, kept.at_ms if kept else None
    for side in ("departure", "arrival"):
        half = state.opened.get(case[side], {}).get(handle)
        if half is not None:
            ends[side] = End(
                **{name: _said(half, name) for name in _SAID}, is_opened=True
            )
            said = half.get("at_ms")
            at_ms = at_ms or (said if isinstance(said, int) else None)
        elif kept is not None:
            ends[side] = End(
                calling=getattr(kept, f"{side}_calling") or "",
                called=getattr(kept, f"{side}_called") or "",
                trunk=getattr(kept, f"{side}_point") or "",
                record=getattr(kept, f"{side}_id") or "",
            )
    return Pair(handle, at_ms, ends.get("departure", End()), ends.get("arrival", End()))


def opened_pairs(book: CaseBook, case: Row, state: State) -> Iterator[Pair]:
    """Put the halves that a party opened beside the others.

    Yields:
        Crossings, in order of their handles.
    """
    named = sorted({one for halves in state.opened.values() for one in halves})
    some = named[:OPENED_MOST]
    kept = {one.handle: one for one in book.named(some) if one.case_id == case["id"]}
    for handle in some:
        yield pair_of(case, state, handle, kept.get(handle))


_SAID: Final = ("calling", "called", "trunk", "record")


def _said(half: Mapping[str, Any], name: str) -> str:
    value = half.get(name)
    return "" if value is None else str(value)


def _hidden(crossing: Crossing) -> dict[str, Any]:
    plain = asdict(crossing)
    return {
        name: hidden(value) if name.endswith(("_calling", "_called")) else value
        for name, value in plain.items()
    }
