"""From a store into a file, and from a file into an empty store."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

import msgspec
from sqlalchemy import Connection, Engine, MetaData, Table, func, insert, select, text
from sqlalchemy import inspect as looked_into

from tallystick.model import MalformedError, RefusedError, VerificationError
from tallystick.store.backup.file import (
    PIECE_BYTES,
    ROWS_MOST,
    Head,
    Piece,
    Progress,
    Row,
    reading,
    writing,
)
from tallystick.store.opening import (
    alone,
    migrate,
    opening,
    revision_of,
    revisions,
)
from tallystick.store.tables import FORMER, METADATA

VERSION_TABLE: Final = "alembic_version"


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied.

    Attributes:
        revision: Which tables the store had.
        rows: How many, by table.
    """

    revision: str
    rows: dict[str, int]

    @property
    def all_rows(self) -> int:
        """How many there are in all."""
        return sum(self.rows.values())


def back_up(url: str, path: Path, *, now_ms: int, progress: Progress) -> Copied:
    """Write all that a store holds at one moment into a file.

    Nobody waits for it: who works with the store goes on, and what they change
    meanwhile is in the next backup. Older tables are taken as they are.

    Args:
        url: Of the store.
        path: The file; nothing may be there.
        now_ms: The present time.
        progress: Is told what is copied, how much is done, and of how much.

    Returns:
        What was copied.

    Raises:
        VerificationError: "store-empty": nothing was ever kept there.

    A store that is newer or out of reach is refused as in `open_store`.
    """
    with opening(url) as engine:
        with _still(engine) as connection:
            revision = revision_of(connection)
            if revision is None:
                raise VerificationError(
                    "store-empty",
                    "There is no store at that URL.",
                    advice="See that the URL is right.",
                )
            tables = known_tables(connection)
            rows = {str(one.name): count(connection, one) for one in tables}
            head = Head(revision=revision, made_ms=now_ms, rows=rows)
            with writing(path) as writer:
                writer.head(head)
                for table in tables:
                    done = 0
                    for piece in _pieces(connection, table):
                        writer.piece(piece)
                        done += len(piece.rows)
                        progress(table.name, done, rows[table.name])
        engine.dispose()
    return Copied(revision, rows)


def restore(path: Path, url: str, *, progress: Progress) -> Copied:
    """Fill an empty store with what a file holds, wholly or not at all.

    A backup of older tables is filled into such, which then become today's.

    Args:
        path: The file.
        url: Of the store.
        progress: Is told what is copied, how much is done, and of how much.

    Returns:
        What was copied.

    Raises:
        RefusedError: "store-filled": something is kept there.
        VerificationError: "backup-newer": a newer program's store.
        MalformedError: "backup-strange": its tables are not those that it names.

    A file that is damaged or unfinished is refused as by `reading`.
    """
    with opening(url) as engine, reading(path) as (head, pieces):
        if head.revision not in revisions():
            raise VerificationError(
                "backup-newer",
                f"{path.name} holds a store of a newer program than this one.",
                advice="Update this program; nothing was changed.",
            )
        with alone(engine) as connection:
            _clear(connection)
            migrate(connection, head.revision)
            tables = {one.name: one for one in known_tables(connection)}
            done = dict.fromkeys(head.rows, 0)
            for piece in pieces:
                _fill(connection, tables, piece, path)
                done[piece.table] += len(piece.rows)
                progress(piece.table, done[piece.table], head.rows[piece.table])
            if done != dict(head.rows):
                _refuse_strange(path)
            _go_on_counting(connection, tables.values())
            migrate(connection, "head")
        engine.dispose()
    return Copied(head.revision, done)


def known_tables(connection: Connection) -> Sequence[Table]:
    """Return the tables of a store as they are there, those referred to first."""
    there = set(looked_into(connection).get_table_names())
    found = MetaData()
    found.reflect(connection, only=sorted(there & {*METADATA.tables, *FORMER}))
    return found.sorted_tables


def count(connection: Connection, table: Table) -> int:
    """Return how many rows a table has."""
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


@contextmanager
def _still(engine: Engine) -> Generator[Connection]:
    """Lend a connection that sees the store as it was at one moment.

    Yields:
        It.
    """
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            # A reader of a write-ahead log sees one state; Python's driver would
            # otherwise begin anew with every question.
            connection.exec_driver_sql("BEGIN")
        else:
            connection = connection.execution_options(  # ruff: ignore[redefined-loop-name]
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        try:
            yield connection
        finally:
            connection.rollback()


def _pieces(connection: Connection, table: Table) -> Iterator[Piece]:
    """Read a table in the order of its key, a few rows at a time.

    Yields:
        Them; no piece is much longer than `PIECE_BYTES`.
    """
    columns = [str(one.name) for one in table.columns]
    chosen = select(table).order_by(*table.primary_key.columns)
    found = connection.execution_options(stream_results=True).execute(
        chosen, execution_options={"yield_per": ROWS_MOST // 4}
    )
    rows: list[Row] = []
    size = 0
    for row in found:
        values = tuple(row)
        rows.append(values)
        size += len(msgspec.msgpack.encode(values))
        if size >= PIECE_BYTES or len(rows) == ROWS_MOST:
            yield Piece(table=str(table.name), columns=columns, rows=rows)
            rows, size = [], 0
    if rows:
        yield Piece(table=str(table.name), columns=columns, rows=rows)


def _clear(connection: Connection) -> None:
    """Take away empty tables, so that older ones can be made.

    Raises:
        RefusedError: "store-filled".
    """
    tables = known_tables(connection)
    if any(count(connection, one) for one in tables):
        raise RefusedError(
            "store-filled",
            "Something is kept in that store already.",
            advice="Give the URL of an empty database or of a file that is not there; "
            "nothing was changed.",
        )
    for one in reversed(tables):
        one.drop(connection)
    connection.execute(text(f"DROP TABLE IF EXISTS {VERSION_TABLE}"))


def _fill(
    connection: Connection, tables: dict[str, Table], piece: Piece, path: Path
) -> None:
    table = tables.get(piece.table)
    if table is None or not set(piece.columns) <= set(table.columns.keys()):
        _refuse_strange(path)
    rows = [dict(zip(piece.columns, row, strict=True)) for row in piece.rows]
    connection.execute(insert(table), rows)


def _go_on_counting(connection: Connection, tables: Iterable[Table]) -> None:
    """Let PostgreSQL number new rows behind those that were filled in."""
    if connection.dialect.name != "postgresql":
        return
    for table in tables:
        for column in table.primary_key.columns:
            if column.server_default is not None:
                named = f"pg_get_serial_sequence('{table.name}', '{column.name}')"
                last = select(func.max(column)).scalar_subquery()
                found = connection.execute(
                    select(
                        func.setval(
                            text(named), func.coalesce(last, 1), last.is_not(None)
                        )
                    )
                )
                found.scalar_one()


def _refuse_strange(path: Path) -> NoReturn:
    raise MalformedError(
        "backup-strange",
        f"{path.name} does not hold the tables that its head names.",
        advice="Take another copy; nothing of this one was taken.",
    ) from None
