"""A case as a workbook: itself, its days, its crossings."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import xlsxwriter

from tallystick.report.cases.dossier import Dossier


def dossier_xlsx(dossier: Dossier, *, at_ms: int) -> bytes:
    """Return a case as XLSX. Text stays text: nothing in it is taken as a formula.

    Args:
        dossier: The case.
        at_ms: When it was written.
    """
    written = BytesIO()
    safe = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(written, safe) as book:
        book.set_properties({"created": datetime.fromtimestamp(at_ms / 1000, UTC)})
        bold = book.add_format({"bold": True})
        whole = {**dossier.case, **_simple(dossier.state)}
        sheet = book.add_worksheet("case")
        for row, (name, value) in enumerate(whole.items()):
            sheet.write(row, 0, name, bold)
            sheet.write(row, 1, _cell(value))
        sheet.set_column(0, 1, 24)
        for name, rows in (("days", dossier.days), ("crossings", dossier.crossings)):
            _table(book.add_worksheet(name), rows, bold)
    return written.getvalue()


def _table(
    sheet: "xlsxwriter.worksheet.Worksheet",
    rows: Sequence[Mapping[str, Any]],
    bold: "xlsxwriter.format.Format",
) -> None:
    for column, name in enumerate(rows[0] if rows else ()):
        sheet.write(0, column, name, bold)
        for line, row in enumerate(rows, start=1):
            sheet.write(line, column, _cell(row[name]))
    sheet.freeze_panes(1, 0)


def _simple(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a state fits into one cell each."""
    kinds = (str, int, float, type(None))
    return {name: one for name, one in state.items() if isinstance(one, kinds)}


def _cell(value: object) -> object:
    if isinstance(value, tuple | list):
        return " ".join(map(str, value))
    return value
