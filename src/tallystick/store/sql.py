"""What both databases are told alike: adding to rows, and asking in portions."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

ROWS: Final = 20_000
PORTION: Final = 900
"""So many names are asked for at once; SQLite takes some thousands."""


def portions(names: Sequence[str], most: int = PORTION) -> Iterator[Sequence[str]]:
    """Cut a long list of names into portions.

    Yields:
        At most `most` of them.
    """
    for start in range(0, len(names), most):
        yield names[start : start + most]


def insert_many(
    connection: Connection, table: Table, rows: Iterable[tuple[object, ...]]
) -> None:
    """Insert very many rows in the quickest way that each database has.

    Args:
        connection: Of a store that is being written.
        table: Of plain values only: nothing is converted on the way.
        rows: Values in the order of its columns.
    """
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    if connection.dialect.name == "postgresql":
        cursor = connection.connection.cursor()
        with cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)
        return
    places = ", ".join("?" * len(table.columns))
    statement = f'INSERT INTO "{table.name}" ({names}) VALUES ({places})'
    for portion in _cut(rows):
        connection.exec_driver_sql(statement, portion)


def _cut(rows: Iterable[tuple[object, ...]]) -> Iterator[list[tuple[object, ...]]]:
    every = iter(rows)
    while portion := list(islice(every, ROWS)):
        yield portion


def add_to(
    connection: Connection,
    table: Table,
    rows: Sequence[dict[str, Any]],
    *,
    adding: Sequence[str],
) -> None:
    """Insert rows; where a key is there, add to its columns instead.

    Args:
        connection: Of a store that is being written.
        table: With a primary key.
        rows: All with the same columns; no key twice.
        adding: Columns whose values are added up.
    """
    if not rows:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    wanted = dialect.insert(table)
    wanted = wanted.on_conflict_do_update(
        index_elements=[column.name for column in table.primary_key.columns],
        set_={name: table.c[name] + wanted.excluded[name] for name in adding},
    )
    connection.execute(wanted, rows)
