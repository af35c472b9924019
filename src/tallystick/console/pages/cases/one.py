"""One case: where it stands, its history, its crossings, and what may be said now."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from tallystick.cases.letter import word
from tallystick.cases.options import Option
from tallystick.cases.state import State
from tallystick.console.numbers import WHY_LENGTH, hidden
from tallystick.console.pages.cases import views
from tallystick.console.pages.cases.listing import case_of
from tallystick.console.pages.routes import date_of
from tallystick.console.pages.sign_in import UNFIT
from tallystick.console.saying.cases import SAYINGS, Matter
from tallystick.console.saying.field import Field, as_typed
from tallystick.console.saying.words import reason_of, seen_of
from tallystick.console.tables.table import address
from tallystick.console.visit import Handler, Visit, moment
from tallystick.model import RefusedError
from tallystick.office import Side
from tallystick.office.papers import DOSSIERS, LETTERS
from tallystick.proof import Signed
from tallystick.report.texts import LANGUAGE_NAMES
from tallystick.store.cases import CaseBook, CaseDesk
from tallystick.store.listing import Row

_DAY_MS: Final = 86_400_000
BUNDLE: Final = "bundle"
FORMS: Final = (*DOSSIERS, BUNDLE)
"""What all that is held of a case may be taken as."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A case as it stands while a page is made.

    Attributes:
        case: Its row.
        desk: Where it is kept.
        side: Who may say something of it; None: nobody, here.
        said: Everything said about it.
        state: Where it stands.
        now_ms: When.
    """

    case: Row
    desk: CaseDesk
    side: Side | None
    said: Sequence[Signed]
    state: State
    now_ms: int

    @property
    def name(self) -> str:
        """Of the case."""
        return str(self.case["id"])

    @property
    def is_late(self) -> bool:
        """Whether whose turn it is has let its time pass."""
        return self.state.due_ms is not None and self.now_ms > self.state.due_ms

    @property
    def stamp(self) -> str:
        """What changes when something was said, or a time is over."""
        state = self.state
        # A statement that is dated ahead is there before it counts.
        counted = len(state.steps) + len(state.passed_over)
        return f"{seen_of(self.said)}-{counted}{'-late' if self.is_late else ''}"

    @property
    def matters(self) -> dict[str, Matter]:
        """What may be said now, by kind."""
        if self.side is None:
            return {}
        offered = self.desk.options(self.state, by=self.side.party, now_ms=self.now_ms)
        return {one.kind: self._matter(self.side, one) for one in offered}

    def _matter(self, side: Side, option: Option) -> Matter:
        return Matter(
            side=side, desk=self.desk, name=self.name, state=self.state, option=option
        )


def look(visit: Visit, case: Row) -> Look:
    """Look where a case stands."""
    side = visit.desk.settings.side
    if side is not None and side.identifier == case["channel"]:
        desk = side.cases()
    else:
        side, desk = None, _bare(visit, case)
    said, state = desk.read(f"case/{case['id']}", now_ms=visit.now_ms)
    return Look(
        case=case,
        desk=desk,
        side=side,
        said=said,
        state=state,
        now_ms=visit.now_ms,
    )


def _bare(visit: Visit, case: Row) -> CaseDesk:
    """Return a desk at which nothing is said: no name is made there."""
    return CaseDesk(
        store=visit.desk.store,
        channel=case["channel"],
        parties=(case["departure"], case["arrival"]),
        secret=b"",
        terms=visit.desk.settings.terms,
    )


def shown(
    visit: Visit, case: Row, *, opened: views.Pair | None = None, problem: str = ""
) -> Response:
    """Show a case.

    Args:
        visit: Who looks.
        case: Its row.
        opened: A crossing with its numbers, to be shown as well.
        problem: Code of what could not be done.
    """
    found = look(visit, case)
    book, ident = CaseBook(visit.desk.store, case["channel"]), case["id"]
    days = book.trend(ident)
    sees = visit.may("cases", "crossings")
    return visit.page(
        "cases/case.html.j2",
        UNFIT if problem else 200,
        **_live_values(visit, found, found.stamp),
        offers=_offers(visit, found),
        sentence=word(f"kind_{case['kind']}", visit.t.language),
        bars=views.bars(days),
        height=views.HEIGHT,
        day_of=lambda day: visit.t.formats.day(moment(day * _DAY_MS)),
        day_rows=lambda day: address(
            "findings", case_id=ident, at_ms_from=date_of(day), at_ms_to=date_of(day)
        ),
        crossings=views.crossings(book, ident) if sees else None,
        pairs=list(views.opened_pairs(book, case, found.state)) if sees else [],
        hidden=hidden,
        may_open=visit.may("cases", "open"),
        opened=opened,
        problem=problem,
        why_length=WHY_LENGTH,
        letter_languages=LANGUAGE_NAMES.items(),
        letter_forms=tuple(LETTERS),
        dossier_forms=FORMS if found.side else tuple(DOSSIERS),
    )


def _live_values(visit: Visit, found: Look, page: str) -> dict[str, object]:
    """Return what changes when something was said.

    Args:
        visit: Who looks.
        found: The case.
        page: Its stamp when the page was made on which the forms stand.
    """
    speaks = found.side and any(visit.may("cases", kind) for kind in SAYINGS)
    return {
        "case": found.case,
        "look": found,
        "state": found.state,
        "steps": views.steps(found.said, found.state),
        "page_stamp": page,
        "has_moved": speaks and page != found.stamp,
        "question": lambda code: word(f"question_{code}", visit.t.language),
    }


def _offers(visit: Visit, found: Look) -> dict[str, Sequence[Field]]:
    """Return the fields of what somebody may say now, by kind."""
    may = {
        kind: SAYINGS[kind].fields(matter)
        for kind, matter in found.matters.items()
        if visit.may("cases", kind)
    }
    offers = {kind: fields for kind, fields in may.items() if fields}
    return as_typed(offers, visit.form)


def _one(visit: Visit) -> Response:
    return shown(visit, case_of(visit))


def _live(visit: Visit) -> Response:
    """Answer a page that asks whether anything is new."""
    found = look(visit, case_of(visit))
    if visit.query.get("stamp") == found.stamp:
        return Response(status_code=204)
    page = visit.query.get("page", "")
    return visit.page("cases/live.html.j2", **_live_values(visit, found, page))


def _open(visit: Visit) -> Response:
    """Show the numbers of a crossing, once it is written down who looks, and why.

    Raises:
        HTTPException: 404; the case, or the crossing in it, is not there for them.
    """
    case = case_of(visit)
    name, state = visit.form.get("handle", ""), look(visit, case).state
    if not name:
        return shown(visit, case, problem="no_crossing")
    named = CaseBook(visit.desk.store, case["channel"]).named([name])
    kept = next((one for one in named if one.case_id == case["id"]), None)
    if kept is None and not any(name in halves for halves in state.opened.values()):
        raise HTTPException(404)
    try:
        why = reason_of(visit.form)
    except RefusedError as error:
        return shown(visit, case, problem=error.why)
    visit.note("open", record=f"{case['id']}/{name}", why=why)
    return shown(visit, case, opened=views.pair_of(case, state, name, kept))


HANDLERS: Final[dict[str, Handler]] = {"one": _one, "open": _open, "live": _live}
