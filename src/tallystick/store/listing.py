"""A table, as somebody looks through it: filtered, sorted, a page at a time."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Select,
    func,
    select,
    true,
)

from tallystick.store.opening import Store


class Row(Protocol):
    """A row, its values by the names of columns."""

    def __getitem__(self, name: str, /) -> Any:  # ruff: ignore[any-type] (as kept)
        """Return a value."""


COUNTED: Final = 100_000
"""Rows are counted up to here; beyond, an exact count would take too long."""
EXPORTED: Final = 100_000
_CHUNK: Final = 1_000
_TOTAL: Final = "all rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is asked of a table.

    Attributes:
        contains: Text that a column must contain, by its name; case counts as the
            database has it.
        equals: The value that a column must have.
        since: The earliest time of a column, UTC milliseconds.
        until: The first time after the latest.
        sort: The column to go by.
        down: From the highest.
        page: From 0.
        size: Rows of a page.
    """

    contains: Mapping[str, str] = field(default_factory=dict)
    equals: Mapping[str, str] = field(default_factory=dict)
    since: Mapping[str, int] = field(default_factory=dict)
    until: Mapping[str, int] = field(default_factory=dict)
    sort: str
    down: bool = False
    page: int = 0
    size: int = 50


@dataclass(frozen=True, slots=True)
class Found:
    """Rows of one page.

    Attributes:
        rows: By the names of their columns.
        total: Rows of all pages, at most one more than are counted.
    """

    rows: Sequence[Row]
    total: int


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows that can be looked through.

    Attributes:
        columns: What may be asked for and shown, by name.
        key: Breaks ties, so that no row is on two pages or on none.
        only: What holds of all its rows; other rows of the table are none of it.
        ties: Break them before the key does.
        counted: Rows are counted up to here.
        names: Columns whose one value few rows have: these are found first, and then
            sorted.
        few: Whether `only` leaves so few rows that no other column is to be gone by.
        at_once: Whether rows are counted while a page of them is read, as making them
            takes longest.
    """

    columns: Mapping[str, ColumnElement[Any]]
    key: ColumnElement[Any]
    only: ColumnElement[bool] = field(default_factory=true)
    ties: Sequence[ColumnElement[Any]] = ()
    counted: int = COUNTED
    names: Collection[str] = ()
    few: bool = False
    at_once: bool = False

    def find(self, store: Store, ask: Ask) -> Found:
        """Return one page of what is asked.

        Raises:
            KeyError: a column is asked for that the listing does not have.
        """
        chosen = self._select(ask)
        rows = chosen.limit(ask.size).offset(ask.page * ask.size)
        if self.at_once:
            rows = rows.add_columns(func.count().over().label(_TOTAL))
            with store.read() as connection:
                found = connection.execute(rows).mappings().all()
            return Found(found, found[0][_TOTAL] if found else 0)
        some = self._where(select(self.key), ask).limit(self.counted + 1)
        counted = select(func.count()).select_from(some.subquery())
        with store.read() as connection:
            total = connection.execute(counted).scalar_one()
            return Found(connection.execute(rows).mappings().all(), total)

    def every(self, store: Store, ask: Ask) -> Iterator[Row]:
        """Yield all rows that are asked for, at most `EXPORTED`, whatever the page.

        Yields:
            Rows by the names of their columns.
        """
        chosen = self._select(ask).limit(EXPORTED)
        with store.read() as connection:
            found = connection.execution_options(yield_per=_CHUNK).execute(chosen)
            yield from found.mappings()

    def _select(self, ask: Ask) -> Select[Any]:
        by = self._at(ask.sort)
        if not self.ties or by is not self.ties[0]:
            named = any(name in self.names for name in ask.equals)
            by = func.coalesce(by, by) if named else by
        last = (one for one in (*self.ties, self.key) if one is not by)
        order = [one.desc() if ask.down else one.asc() for one in (by, *last)]
        shown = (column.label(name) for name, column in self.columns.items())
        return self._where(select(*shown), ask).order_by(*order)

    def _where(self, chosen: Select[Any], ask: Ask) -> Select[Any]:
        at = self._at
        return chosen.where(
            self.only,
            *(at(n).contains(v, autoescape=True) for n, v in ask.contains.items()),
            *(_equal(at(n), v) for n, v in ask.equals.items()),
            *(at(n) >= v for n, v in ask.since.items()),
            *(at(n) < v for n, v in ask.until.items()),
        )

    def _at(self, name: str) -> ColumnElement[Any]:
        """Return a column to go by; where rows are few, as what is in no index."""
        column = self.columns[name]
        return func.coalesce(column, column) if self.few else column


def _equal(column: ColumnElement[Any], value: str) -> ColumnElement[bool]:
    if isinstance(column.type, Boolean):
        return column.is_(value == "yes")
    return column == value
