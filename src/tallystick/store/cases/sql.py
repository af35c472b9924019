"""What both databases are told alike: adding to rows, and asking in portions."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

PORTION: Final = 900
"""So many names are asked for at once; SQLite takes some thousands."""


def portions(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Cut a long list of names into portions.

    Yields:
        At most `PORTION` of them.
    """
    for start in range(0, len(names), PORTION):
        yield names[start : start + PORTION]


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
