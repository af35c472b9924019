"""All rows of a table as a file, whatever page is looked at."""

import csv
import io
from collections.abc import Iterator
from itertools import islice
from typing import Final

from starlette.responses import Response, StreamingResponse

from tallystick.console.tables.table import TIMES, UNITS, Table, read_ask
from tallystick.console.visit import Visit, moment
from tallystick.store.listing import Row

_BEGINS_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_AT_ONCE: Final = 500
"""Lines that are handed over together: each time costs a turn of a thread."""
_BOM: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"


def export(visit: Visit, table: Table) -> Response:
    """Return the rows that are asked for as CSV; the audit log keeps that they were."""
    visit.note("export", record=table.name)
    ask = read_ask(table, visit.query)
    rows = table.listing.every(visit.desk.store, ask)
    name = f'attachment; filename="{table.name}.csv"'
    return StreamingResponse(
        _lines(table, rows),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": name},
    )


def _lines(table: Table, rows: Iterator[Row]) -> Iterator[str]:
    names = [one.name.removesuffix("_ms") for one in table.columns]
    # Without the mark, spreadsheets take Cyrillic for something else.
    yield _BOM + _text([names])
    lines = ([_plain(one.kind, row[one.name]) for one in table.columns] for row in rows)
    while some := list(islice(lines, _AT_ONCE)):
        yield _text(some)


def _text(lines: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(lines)
    return out.getvalue()


def _plain(kind: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if kind in TIMES:
        at = moment(int(str(value)))
        return at.date().isoformat() if kind == "day" else at.isoformat("T", "seconds")
    if UNITS.get(kind, 1) > 1:
        return str(int(str(value)) / UNITS[kind])
    text = str(value)
    # A spreadsheet would compute it.
    return f"'{text}" if text.startswith(_BEGINS_FORMULA) else text
