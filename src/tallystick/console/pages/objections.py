"""Callers' objections, for officers: all that there are, and one with its steps."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from tallystick.cases.course import ANSWERS, ASKS_MOST, OBJECTION, SILENCE
from tallystick.cases.letter import word
from tallystick.cases.state import State, overdue
from tallystick.console.pages.cases.views import steps
from tallystick.console.pages.sign_in import UNFIT
from tallystick.console.saying.words import (
    WORDS_MOST,
    chosen,
    reason_of,
    words_of,
)
from tallystick.console.tables.export import export
from tallystick.console.tables.table import Column, Table, show
from tallystick.console.visit import Handler, Visit, go
from tallystick.model import RefusedError
from tallystick.office import Side
from tallystick.store import Ask
from tallystick.store.cases import CaseDesk, objection_listing
from tallystick.store.listing import Row

QUESTION: Final = "was-sent"
"""What a peer can know of a call that was stopped: whether it was sent from there."""
STATES: Final = ("received", "asked", "answered", "decided", "told")
ACTIONS: Final = ("label", "mask", "divert", "reject")
OUTCOMES: Final = ("upheld", "dismissed")
_YES_NO: Final = ("yes", "no")

COLUMNS: Final = (
    Column("reference", link=lambda row: f"/objections/{row['reference']}"),
    Column("received_by"),
    Column("state", "choice", choices=STATES, words="state"),
    Column("open", "choice", choices=_YES_NO, words="is", shown=False),
    Column("turn", filters=False),
    Column("due_ms", "time", filters=False),
    Column("overdue", "choice", choices=_YES_NO, words="is"),
    Column("action", "choice", choices=ACTIONS, words="action"),
    Column("rule"),
    Column("received_ms", "time"),
    Column("outcome", "choice", choices=OUTCOMES, words="decision"),
)


@dataclass(frozen=True, slots=True)
class Form:
    """What somebody may say now.

    Attributes:
        kind: Of the statement.
        choices: What it may answer or decide; none where there is nothing to choose.
    """

    kind: str
    choices: tuple[str, ...] = ()


_CHOSEN: Final = MappingProxyType({"answered": "answer", "decided": "decision"})


def forms_of(state: State, *, own: str, now_ms: int) -> list[Form]:
    """Return what a party may say of an objection now, each with what it may choose.

    Args:
        state: Where it stands.
        own: The party.
        now_ms: The present time.
    """
    last = state.asked[-1] if state.asked else None
    is_asker = own == (last.by if last else state.begun_by)
    late = bool(overdue(state, now_ms))
    answer = (last.answer if last else "") or SILENCE
    decisions = tuple(sorted(OBJECTION.allows[answer], reverse=True))
    forms = {
        ("received", True): [Form("asked"), Form("decided", decisions)],
        ("asked", True): [Form("decided", decisions)] if late else [],
        ("answered", True): [Form("asked"), Form("decided", decisions)],
        ("decided", True): [Form("told")],
    }.get((state.state, is_asker), [])
    if state.state == "asked" and last is not None and last.whom == own:
        forms = [Form("answered", ANSWERS), *forms]
    enough = len(state.asked) >= ASKS_MOST
    return [one for one in forms if not (enough and one.kind == "asked")]


def _table(visit: Visit) -> Table:
    listing = objection_listing(now_ms=visit.now_ms)
    return Table("objections", listing, COLUMNS, sort="received_ms", down=True)


def _read(visit: Visit) -> Response:
    return visit.page("objections/objections.html.j2", table=show(visit, _table(visit)))


def _export(visit: Visit) -> Response:
    return export(visit, _table(visit))


def _one(visit: Visit) -> Response:
    return _shown(visit, _row(visit))


def _open(visit: Visit) -> Response:
    """Show which call it was, once it is written down who looks, and why."""
    row = _row(visit)
    try:
        why = reason_of(visit.form)
    except RefusedError as error:
        return _shown(visit, row, problem=error.why)
    visit.note("open", record=row["reference"], why=why)
    return _shown(visit, row, opened=True)


def _say(visit: Visit) -> Response:
    """Say something for the party, if it counts where the objection stands."""
    row, side = _row(visit), _side(visit)
    kind = visit.form.get("kind", "")
    desk, about = side.cases(), f"objection/{row['reference']}"
    state = desk.state(about, now_ms=visit.now_ms)
    offered = {
        one.kind: one for one in forms_of(state, own=side.party, now_ms=visit.now_ms)
    }
    if kind not in offered:
        return _shown(visit, row, problem="not_now")
    try:
        body: dict[str, Any] = {"text": words_of(visit.form, "text")}
        if kind in _CHOSEN:
            body[_CHOSEN[kind]] = chosen(visit.form, "choice", offered[kind].choices)
    except RefusedError as error:
        return _shown(visit, row, problem=error.why)
    if kind == "asked":
        body |= {"whom": side.peer, "question": QUESTION}
    try:
        desk.say(about, kind, body, key=side.key, now_ms=visit.now_ms)
    except RefusedError:
        return _shown(visit, row, problem="not_now")
    visit.note(kind, record=row["reference"])
    return go(f"/objections/{row['reference']}", done="said")


def _row(visit: Visit) -> Row:
    """Return the objection that the path names.

    Raises:
        HTTPException: 404; there is none.
    """
    ask = Ask(equals={"reference": visit.place["reference"]}, sort="reference", size=1)
    found = objection_listing(now_ms=visit.now_ms).find(visit.desk.store, ask)
    if not found.rows:
        raise HTTPException(404)
    return found.rows[0]


def _side(visit: Visit) -> Side:
    """Return what the party speaks from.

    Raises:
        HTTPException: 404; the console only shows.
    """
    if visit.desk.settings.side is None:
        raise HTTPException(404)
    return visit.desk.settings.side


def _desk(visit: Visit, row: Row) -> CaseDesk:
    """Return the desk at which an objection is read."""
    side = visit.desk.settings.side
    if side is not None and side.identifier == row["channel"]:
        return side.cases()
    return CaseDesk(
        store=visit.desk.store,
        channel=row["channel"],
        parties=(row["by"], ""),  # nothing is said here, and who else is not known
        secret=b"",
        terms=visit.desk.settings.terms,
    )


def _shown(
    visit: Visit, row: Row, *, opened: bool = False, problem: str = ""
) -> Response:
    about, side = f"objection/{row['reference']}", visit.desk.settings.side
    said, state = _desk(visit, row).read(about, now_ms=visit.now_ms)
    may_say = side is not None and visit.may("objections", "say")
    own = side.party if side is not None and may_say else ""
    return visit.page(
        "objections/objection.html.j2",
        UNFIT if problem else 200,
        row=row,
        state=state,
        steps=steps(said, state),
        question=lambda code: word(f"question_{code}", visit.t.language),
        forms=forms_of(state, own=own, now_ms=visit.now_ms) if own else [],
        peer=side.peer if side is not None else "",
        may_open=visit.may("objections", "open"),
        opened=opened,
        problem=problem,
        text_length=WORDS_MOST,
    )


HANDLERS: Final[dict[str, Handler]] = {
    "read": _read,
    "export": _export,
    "one": _one,
    "open": _open,
    "say": _say,
}
