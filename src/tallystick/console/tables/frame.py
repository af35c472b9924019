"""Rows of a table that lie in memory and not in the store."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from tallystick.store import Ask, Found, Store
from tallystick.store.listing import COUNTED, Row


@dataclass(frozen=True, slots=True)
class FrameListing:
    """A frame that is looked through as a listing of the store is.

    Attributes:
        frame: All rows; columns are text, whole or other numbers, or yes and no.
        ties: Columns that break ties.
        counted: Rows are counted up to here.
    """

    frame: pl.DataFrame
    ties: Sequence[str]
    counted: int = COUNTED

    def find(self, store: Store, ask: Ask) -> Found:
        """Return one page of what is asked."""
        del store
        rows = self._rows(ask)
        page = rows.slice(ask.page * ask.size, ask.size)
        return Found(page.to_dicts(), rows.height)

    def every(self, store: Store, ask: Ask) -> Iterator[Row]:
        """Return all rows that are asked for, whatever the page."""
        del store
        return self._rows(ask).iter_rows(named=True)

    def _rows(self, ask: Ask) -> pl.DataFrame:
        by = dict.fromkeys((ask.sort, *self.ties))
        rows = self.frame.filter(chosen(ask, self.frame.schema))
        return rows.sort(*by, descending=ask.down, nulls_last=True)


def chosen(ask: Ask, schema: Mapping[str, Any]) -> pl.Expr:
    """Return what holds of the rows that are asked for.

    Args:
        ask: What is asked.
        schema: The kinds of the columns, by name.
    """
    parts = [
        *(_text(n).str.contains(v, literal=True) for n, v in ask.contains.items()),
        *(_equal(n, v, schema) for n, v in ask.equals.items()),
        *(pl.col(n) >= v for n, v in ask.since.items()),
        *(pl.col(n) < v for n, v in ask.until.items()),
    ]
    return pl.all_horizontal(parts) if parts else pl.lit(value=True)


def _equal(name: str, value: str, schema: Mapping[str, Any]) -> pl.Expr:
    column = pl.col(name)
    if schema[name] == pl.Boolean:
        return column.fill_null(value=False) == (value == "yes")
    return column == value if value else column.is_null() | (column == value)


def _text(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String)
