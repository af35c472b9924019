"""The newest verdicts that the node beside the console kept: rows of live figures."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import polars as pl
from starlette.responses import Response

from tallystick.agreement.rule import ACTIONS, MODES
from tallystick.console.tables.export import export
from tallystick.console.tables.frame import FrameListing, chosen
from tallystick.console.tables.table import (
    MOMENT,
    Column,
    Rows,
    Table,
    address,
    show,
)
from tallystick.console.visit import Handler, Visit, moment
from tallystick.engines.newest import FOUND, Newest, Span, newest
from tallystick.harm import NOTICED
from tallystick.node.kept.verdicts import KIND, SCHEMA
from tallystick.store import Ask, Found, Store
from tallystick.store.listing import Row

OUTCOMES: Final = ("paired", "altered", "no_departure", "repeated", "unproven")
_SECOND_MS: Final = 1_000
_YES_NO: Final = ("yes", "no")
_ACTED: Final = pl.col("action").is_in(NOTICED).alias("acted")


def _is(name: str, *, shown: bool = False) -> Column:
    return Column(name, "choice", choices=_YES_NO, words="is", shown=shown)


_CALL: Final = Column("call_id")
COLUMNS: Final = (
    Column("at_ms", "moment"),
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


def verdict_rows(
    visit: Visit, *, since_ms: int | None = None, **asked: str | None
) -> str:
    """Return where verdicts are that a number counts; empty: they cannot be shown.

    Unless it is said otherwise each call counts as it was answered first.

    Args:
        visit: Who looks.
        since_ms: From when it counts; None: from the beginning.
        asked: By the names of columns; `corrected` None where the last word counts.
    """
    if visit.desk.settings.verdicts is None:
        return ""
    since = None if since_ms is None else moment(since_ms).strftime(MOMENT)
    said = {"corrected": "no", **asked, "at_ms_from": since}
    return address("verdicts", **said)


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
            pick=lambda rows: rows.with_columns(_ACTED).filter(wanted),
            span=Span(ask.since.get("at_ms"), ask.until.get("at_ms")),
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
    shown = show(visit, table)
    looked = getattr(table.listing, "looked", None)
    return visit.page(
        "verdicts/verdicts.html.j2",
        table=shown,
        looked=looked,
        most=FOUND,
        further=_further(visit, looked),
    )


def _further(visit: Visit, looked: Newest | None) -> str:
    """Return where it goes on, with the same question; empty: nowhere."""
    if looked is None or looked.is_all or looked.since_ms is None:
        return ""
    # To the second: what is said twice is better than what is left out.
    until = moment(looked.since_ms + _SECOND_MS).strftime(MOMENT)
    asked = {n: v for n, v in visit.query.items() if n != "page"}
    return address("verdicts", **(asked | {"at_ms_to": until}))


def _export(visit: Visit) -> Response:
    return export(visit, _table(visit))


HANDLERS: Final[dict[str, Handler]] = {"read": _read, "export": _export}
