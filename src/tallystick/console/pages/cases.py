"""Cases: all that there are, and one with its trend, its history and its crossings."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from tallystick.cases.letter import word
from tallystick.cases.state import State
from tallystick.console.pages.reasons import WHY_LENGTH, hidden, reason_problem
from tallystick.console.pages.sign_in import UNFIT
from tallystick.console.tables.export import export
from tallystick.console.tables.table import Column, Table, show
from tallystick.console.visit import Handler, Visit, moment
from tallystick.domains.calls.cases import RULES
from tallystick.proof import Signed, in_order
from tallystick.store import Ask, Listing
from tallystick.store.cases import (
    About,
    CaseBook,
    CaseDesk,
    Crossing,
    Day,
    case_listing,
)
from tallystick.store.listing import Row

SUREST: Final = 20
"""So many crossings of a case are shown."""
DAYS_MOST: Final = 366
"""Of a trend that is longer the last days are shown."""
HEIGHT: Final = 40
KINDS: Final = tuple(rule.kind for rule in RULES)
_TRUNK_KINDS: Final = tuple(r.kind for r in RULES if r.object == "departure_trunk")
STATES: Final = ("found", "open", "asked", "answered", "decided", "appealed", "done")
_YES_NO: Final = ("yes", "no")
_DAY_MS: Final = 86_400_000

COLUMNS: Final = (
    Column("id", link=lambda row: f"/cases/{row['id']}"),
    Column("kind", "choice", choices=KINDS, words="case"),
    Column("actor"),
    Column("object"),
    Column("state", "choice", choices=STATES, words="state"),
    Column("open", "choice", choices=_YES_NO, words="is", shown=False),
    Column("turn", filters=False),
    Column("due_ms", "time", filters=False),
    Column("overdue", "choice", choices=_YES_NO, words="is"),
    Column("crossings", "number", filters=False),
    Column("money", "money", filters=False),
    Column("currency", filters=False, shown=False),
    Column("confidence", "share", filters=False),
    Column("last_ms", "time", filters=False),
)


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


def count(visit: Visit) -> dict[str, int]:
    """Return how many cases are open and overdue, of those that somebody may see."""
    listing, store = _listing(visit), visit.desk.store
    asks = (
        Ask(equals={name: "yes"}, sort="id", size=1) for name in ("open", "overdue")
    )
    opened, overdue = (listing.find(store, ask).total for ask in asks)
    return {"open": opened, "overdue": overdue}


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


def _listing(visit: Visit) -> Listing:
    """Return the cases that somebody may see.

    An operator sees those about a trunk of its own, in which is no other's crossing.
    """
    about = None
    if visit.who.role == "operator":
        party = visit.desk.settings.party
        about = About(party, _TRUNK_KINDS, visit.who.trunks)
    return case_listing(now_ms=visit.now_ms, about=about)


def _table(visit: Visit) -> Table:
    return Table("cases", _listing(visit), COLUMNS, sort="last_ms", down=True)


def _read(visit: Visit) -> Response:
    return visit.page("cases/cases.html.j2", table=show(visit, _table(visit)))


def _export(visit: Visit) -> Response:
    return export(visit, _table(visit))


def _one(visit: Visit) -> Response:
    return _shown(visit, _case(visit))


def _open(visit: Visit) -> Response:
    """Show the numbers of a crossing, once it is written down who looks, and why.

    Raises:
        HTTPException: 404; the case, or the crossing in it, is not there for them.
    """
    case = _case(visit)
    name, why = visit.form.get("handle", ""), visit.form.get("why", "").strip()
    found = CaseBook(visit.desk.store, case["channel"]).named([name])
    crossing = next((one for one in found if one.case_id == case["id"]), None)
    if not name:
        return _shown(visit, case, problem="no_crossing")
    if crossing is None:
        raise HTTPException(404)
    problem = reason_problem(why)
    if problem:
        return _shown(visit, case, problem=problem)
    visit.note("open", record=f"{case['id']}/{name}", why=why)
    return _shown(visit, case, opened=crossing)


def _case(visit: Visit) -> Row:
    ask = Ask(equals={"id": visit.place["id"]}, sort="id", size=1)
    found = _listing(visit).find(visit.desk.store, ask)
    if not found.rows:
        raise HTTPException(404)
    return found.rows[0]


def _shown(
    visit: Visit, case: Row, *, opened: Crossing | None = None, problem: str = ""
) -> Response:
    store, ident = visit.desk.store, case["id"]
    book = CaseBook(store, case["channel"])
    desk = CaseDesk(
        store=store,
        channel=case["channel"],
        parties=(case["departure"], case["arrival"]),
        secret=b"",  # nothing is said here, and no name is made
        terms=visit.desk.settings.terms,
    )
    about = f"case/{ident}"
    state = desk.state(about, now_ms=visit.now_ms)
    days = book.trend(ident)
    return visit.page(
        "cases/case.html.j2",
        UNFIT if problem else 200,
        case=case,
        sentence=word(f"kind_{case['kind']}", visit.t.language),
        question=lambda code: word(f"question_{code}", visit.t.language),
        state=state,
        steps=steps(desk.said(about), state),
        bars=bars(days),
        height=HEIGHT,
        day_of=lambda day: visit.t.formats.day(moment(day * _DAY_MS)),
        crossings=_crossings(book, ident) if visit.may("cases", "crossings") else None,
        may_open=visit.may("cases", "open"),
        opened=opened,
        problem=problem,
        why_length=WHY_LENGTH,
    )


def _crossings(book: CaseBook, ident: str) -> list[dict[str, Any]]:
    """Return the surest crossings of a case, the surest first, numbers hidden."""
    names = book.surest(ident, most=SUREST)
    found = {one.handle: one for one in book.named(names)}
    return [_hidden(found[name]) for name in names if name in found]


def _hidden(crossing: Crossing) -> dict[str, Any]:
    plain = asdict(crossing)
    return {
        name: hidden(value) if name.endswith(("_calling", "_called")) else value
        for name, value in plain.items()
    }


HANDLERS: Final[dict[str, Handler]] = {
    "read": _read,
    "export": _export,
    "one": _one,
    "open": _open,
}
