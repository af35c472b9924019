"""Rows for any table, of every type that tables use, which refer to one another."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    insert,
    select,
)

from tallystick.store.backup.copying import known_tables

MOVED = {"case_findings": "findings"}
"""Tables of earlier stores, and where their rows are in today's."""
WORDS = ("", "x", "Ўзор ✓", "'; DROP TABLE cases; --", "%_\\", "two\nlines")
NUMBERS = (0, 1, -1, 2**53)


def fill(connection, rows, *, only=None):
    """Put rows into each table, or into those named, as they are there."""
    kept = {}
    for table in known_tables(connection):
        if only is not None and table.name not in only:
            kept[table.name] = list(connection.execute(select(table)).mappings())
            continue
        made = [row(table, number, kept) for number in range(rows)]
        connection.execute(insert(table), made)
        kept[table.name] = made


def row(table, number, kept):
    """Return the row of a number; another number makes another key."""
    return {
        column.name: referred(column, number, kept)
        if column.foreign_keys
        else value(column, number)
        for column in table.columns
    }


def referred(column, number, kept):
    """Return a value that a row of another table has."""
    there = next(iter(column.foreign_keys)).column
    others = kept[there.table.name]
    return others[number % len(others)][there.name]


def value(column, number):
    """Return a value of a column's type, of each kind in turn."""
    table = column.table
    groups = [one.columns for one in table.indexes if one.unique]
    groups += [
        one.columns for one in table.constraints if isinstance(one, UniqueConstraint)
    ]
    unique = column.primary_key or any(
        column.name in one.keys()  # ruff: ignore[in-dict-keys] (no mapping)
        for one in groups
    )
    if column.nullable and number % 3 == 1 and not unique:
        return None
    kind = column.type
    if isinstance(kind, Boolean):
        return bool(number % 2)
    if isinstance(kind, BigInteger | Integer):
        if unique:
            return number + 1
        large = isinstance(kind, BigInteger)
        return NUMBERS[number % len(NUMBERS)] if large else number % 7
    if isinstance(kind, LargeBinary):
        return bytes(range(number % 256))
    assert isinstance(kind, String | Text), kind
    if unique:
        return f"{number:x}"
    return WORDS[number % len(WORDS)][: kind.length]


def everything(connection):
    """Return all rows, by table."""
    return {
        table.name: sorted(
            (
                tuple(sorted(one.items()))
                for one in connection.execute(select(table)).mappings()
            ),
            key=repr,
        )
        for table in known_tables(connection)
    }
