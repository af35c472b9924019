"""All cases that somebody may see, and one of them."""

from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from tallystick.console.tables.export import export
from tallystick.console.tables.table import Column, Table, address, show
from tallystick.console.visit import Handler, Visit
from tallystick.domains.calls.cases import RULES
from tallystick.store import Ask, Listing
from tallystick.store.cases import About, case_listing
from tallystick.store.listing import Row

KINDS: Final = tuple(rule.kind for rule in RULES)
_TRUNK_KINDS: Final = tuple(r.kind for r in RULES if r.object == "departure_trunk")
STATES: Final = ("found", "open", "asked", "answered", "decided", "appealed", "done")
_YES_NO: Final = ("yes", "no")

COLUMNS: Final = (
    Column("id", link=lambda row: f"/cases/{row['id']}"),
    Column("kind", "choice", choices=KINDS, words="case"),
    Column("actor"),
    Column("object"),
    Column("departure"),
    Column("state", "choice", choices=STATES, words="state"),
    Column("open", "choice", choices=_YES_NO, words="is", shown=False),
    Column("turn", filters=False),
    Column("due_ms", "time", filters=False),
    Column("overdue", "choice", choices=_YES_NO, words="is"),
    Column(
        "crossings",
        "number",
        filters=False,
        link=lambda row: address("findings", case_id=row["id"]),
    ),
    Column("money", "money", filters=False),
    Column("currency", filters=False, shown=False),
    Column("confidence", "share", filters=False),
    Column("last_ms", "time", filters=False),
)


def count(visit: Visit) -> dict[str, int]:
    """Return how many cases are open and overdue, of those that somebody may see."""
    listing, store = _listing(visit), visit.desk.store
    asks = (
        Ask(equals={name: "yes"}, sort="id", size=1) for name in ("open", "overdue")
    )
    opened, overdue = (listing.find(store, ask).total for ask in asks)
    return {"open": opened, "overdue": overdue}


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


def case_of(visit: Visit) -> Row:
    """Return the case that is asked for.

    Raises:
        HTTPException: 404; there is none for them.
    """
    ask = Ask(equals={"id": visit.place["id"]}, sort="id", size=1)
    found = _listing(visit).find(visit.desk.store, ask)
    if not found.rows:
        raise HTTPException(404)
    return found.rows[0]


HANDLERS: Final[dict[str, Handler]] = {"read": _read, "export": _export}
