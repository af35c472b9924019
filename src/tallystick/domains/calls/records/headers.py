"""Finds the header of a table by the columns it must have."""

import re
from collections.abc import Callable

from tallystick.domains.calls.records.head import SEPARATORS, Head


def first_row(head: Head, separator: str) -> list[str]:
    """Return the first row, or nothing."""
    rows = head.rows(separator)
    return rows[0] if rows else []


def with_columns(*needed: str) -> Callable[[Head], tuple[list[str], str] | None]:
    """Return a finder of headers that have all of the `needed` columns.

    It returns the names and the separator, or None.
    """

    def find(head: Head) -> tuple[list[str], str] | None:
        for separator in SEPARATORS:
            names = first_row(head, separator)
            if {name.strip().lower() for name in names}.issuperset(needed):
                return names, separator
        return None

    return find


def sources(names: list[str], **columns: str) -> dict[str, tuple[str | int, ...]]:
    """Return those columns whose source is in the header."""
    known = {name.strip().lower(): name for name in names}
    return {
        column: (known[source],)
        for column, source in columns.items()
        if source in known
    }


def quote_of(head: Head, separator: str) -> str:
    """Return the quotation mark: a tab-separated dump of MySQL quotes nothing."""
    text = "\n".join(head.text_lines())
    quoted = re.search(r'(^|\t)"[^\t]*"(\t|$)', text, re.MULTILINE)
    return '"' if separator != "\t" or quoted else ""
