"""The newest verdicts that the node beside the console kept: rows of live figures."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import polars as pl
from starlette.responses import Response

from tallystick.agreement.rule import ACTIONS, MODES
from tallystick.console.tables.export import export
from tallystick.console.tables.frame import FrameListing, chosen
from tallystick.console.tables.table import Column, Rows, Table, show
from tallystick.console.visit import Handler, Visit
from tallystick.engines.newest import FOUND, Newest, newest
from tallystick.harm import NOTICED
from tallystick.node.kept.verdicts import KIND, SCHEMA
from tallystick.store import Ask, Found, Store
from tallystick.store.listing import Row

OUTCOMES: Final = ("paired", "altered", "no_departure", "repeated", "unproven")
_YES_NO: Final = ("yes", "no")
_ACTED: Final = pl.col("action").is_in(NOTICED).alias("acted")


def _is(name: str, *, shown: bool = False) -> Column:
    return Column(name, "choice", choices=_YES_NO, words="is", shown=shown)


_CALL: Final = Column("call_id")
COLUMNS: Final = (
    Column("at_ms", "time"),
    _CALL,
    Column("trunk", "name", heading="column.point"),
    Column("carrier", "name"),
    Column("outcome", "choice", choices=OUTCOMES, words="outcome"),
    Column("action", "choice", choices=ACTIONS, words="action"),
    _is("acted"),
    Column("rule", "name"),
    Column("mode", "choice", choices=MODES, words="mode"),
    Column("would", "choice", choices=ACTIONS, words="action", shown=False),
    Column("acting", "name", shown=False),
    Column("reasons", filters=False, shown=False),
    Column("why", filters=False, shown=False),
    _is("covered"),
    Column("waited_ms", "span", filters=False),
    Column("offset_ms", "offset", filters=False, shown=False),
    _is("corrected", shown=True),
    _is("watched"),
)


_KINDS: Final = pl.DataFrame(SCHEMA.empty_table()).with_columns(_ACTED).schema
_NOTHING: Final = FrameListing(pl.DataFrame(schema=_KINDS), ("at_ms",))


class VerdictListing:
    """The newest verdicts that somebody may see, as a listing.

    Attributes:
        counted: So many are found at most.
        looked: How far was looked for those that were found last; None: not yet.
    """

    counted: Final = FOUND

    def __init__(self, folder: Path, trunks: Sequence[str] | None) -> None:
        """List what a node keeps in a folder.

        Args:
            folder: It lies there, or below.
            trunks: Only calls by these; None: all.
        """
        self.looked: Newest | None = None
        self._folder, self._trunks = folder, trunks

    def find(self, store: Store, ask: Ask) -> Found:
        """Return one page of what is asked."""
        return self._look(ask).find(store, ask)

    def every(self, store: Store, ask: Ask) -> Iterator[Row]:
        """Return all that are found."""
        return self._look(ask).every(store, ask)

    def _look(self, ask: Ask) -> FrameListing:
        wanted = chosen(ask, _KINDS)
        if self._trunks is not None:
            wanted &= pl.col("trunk").is_in(self._trunks)
        self.looked = newest(
            self._folder,
            KIND,
            schema=SCHEMA,
            wanted=wanted,
            more=[_ACTED],
            until_ms=ask.until.get("at_ms"),
        )
        return FrameListing(self.looked.rows, ("at_ms", "call_id", "corrected"))


def _table(visit: Visit) -> Table:
    """Return the verdicts that somebody may see.

    A call's id is the switch's own, which may hold anything: whoever sees no numbers
    sees none.
    """
    folder, is_operator = visit.desk.settings.verdicts, visit.who.role == "operator"
    listing: Rows = _NOTHING
    if folder is not None:
        listing = VerdictListing(folder, visit.who.trunks if is_operator else None)
    may = visit.may("verdicts", "calls")
    columns = tuple(one for one in COLUMNS if may or one is not _CALL)
    return Table("verdicts", listing, columns, sort="at_ms", down=True)


def _read(visit: Visit) -> Response:
    table = _table(visit)
    return visit.page(
        "verdicts/verdicts.html.j2",
        table=show(visit, table),
        looked=getattr(table.listing, "looked", None),
        most=FOUND,
    )


def _export(visit: Visit) -> Response:
    return export(visit, _table(visit))


HANDLERS: Final[dict[str, Handler]] = {"read": _read, "export": _export}
