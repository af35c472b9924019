"""Opening a store, and bringing its tables to today's."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from tallystick.model import ConfigError, UnavailableError, VerificationError

MIGRATIONS: Final = Path(__file__).parent / "migrations"
BUSY_MS: Final = 10_000
"""How long one writer of a SQLite file waits for another."""
_LOCK: Final = 0x7461_6C6C
"""Which of PostgreSQL's locks keeps two processes from changing tables at once."""
KINDS: Final = ("sqlite", "postgresql+psycopg")


@dataclass(frozen=True, slots=True)
class Store:
    """An open store.

    Attributes:
        engine: Its connections.
    """

    engine: Engine

    @contextmanager
    def write(self) -> Generator[Connection]:
        """Lend a connection.

        Yields:
            One whose changes are kept together, or not at all.
        """
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Generator[Connection]:
        """Lend a connection.

        Yields:
            One that changes nothing.
        """
        with self.engine.connect() as connection:
            yield connection

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()


def open_store(url: str) -> Store:
    """Open a store, made or brought to today's tables where needed.

    Args:
        url: `sqlite:///PATH`, or `postgresql+psycopg://…` (also `postgresql://…`).

    Raises:
        ConfigError: "store-url".
        UnavailableError: "store-unreachable", or "store-package" where the package for
            PostgreSQL is not installed.
        VerificationError: "store-newer" when a newer program wrote it.
    """
    with opening(url) as engine:
        upgrade(engine)
    return Store(engine)


@contextmanager
def opening(url: str) -> Generator[Engine]:
    """Lend the connections of a store whose tables are nobody's yet.

    Args:
        url: As for `open_store`.

    Yields:
        Them; where the body fails they are let go of.

    Raises:
        UnavailableError: "store-unreachable".
    """
    engine = _engine(url)
    try:
        yield engine
    except SQLAlchemyError as error:
        engine.dispose()
        raise UnavailableError(
            "store-unreachable",
            f"The store cannot be opened: {_reason(error)}.",
            advice="See that the database runs, that the URL is right and that this "
            "user may write there.",
        ) from None
    except BaseException:
        engine.dispose()
        raise


def _engine(url: str) -> Engine:
    try:
        place = make_url(url)
    except ArgumentError:
        place = None
    if place is not None and place.drivername == "postgresql":
        place = place.set(drivername="postgresql+psycopg")
    if place is None or place.drivername not in KINDS:
        raise ConfigError(
            "store-url",
            "The store's URL is none that this program knows.",
            advice="Give sqlite:///PATH or postgresql://USER@HOST/DATABASE.",
        )
    try:
        # What is kept may hold numbers: no error repeats it.
        engine = create_engine(place, hide_parameters=True)
    except (ModuleNotFoundError, NoSuchModuleError):
        raise UnavailableError(
            "store-package",
            "The store is a PostgreSQL database, and psycopg is not installed.",
            advice="pip install 'tallystick[postgresql]'.",
        ) from None
    if place.drivername == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    else:
        event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, record: object) -> None:
    """Let readers go on while one writes, and let references hold."""
    del record
    for pragma in (
        "journal_mode = WAL",
        "cache_size = -65536",  # KiB; indexes of a million crossings stay in memory
        "synchronous = FULL",
        "secure_delete = ON",  # what is let go of is written over
        "foreign_keys = ON",
        f"busy_timeout = {BUSY_MS}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _prepare_postgresql(connection: Any, record: object) -> None:  # ruff: ignore[any-type] (psycopg may not be installed)
    """Compile no queries, which takes longer than a page; group in memory."""
    del record
    connection.execute("SET jit = off")
    connection.execute("SET work_mem = '32MB'")
    connection.commit()


def revision_of(connection: Connection) -> str | None:
    """Return which tables a store has; None: it has none yet.

    Raises:
        VerificationError: "store-newer".
    """
    present = MigrationContext.configure(connection).get_current_revision()
    if present is not None and present not in revisions():
        raise VerificationError(
            "store-newer",
            "The store was written by a newer program than this one.",
            advice="Update this program; nothing was changed.",
        )
    return present


@cache
def revisions() -> tuple[str, ...]:
    """Return the names of all sets of tables that there were, today's first."""
    known = ScriptDirectory(str(MIGRATIONS)).walk_revisions()
    return tuple(one.revision for one in known)


def upgrade(engine: Engine, to: str = "") -> None:
    """Bring a store's tables to today's, wholly or not at all.

    Args:
        engine: Its connections.
        to: Earlier tables instead, in a store that has none yet.

    Raises:
        VerificationError: "store-newer".
    """
    to = to or revisions()[0]
    with engine.connect() as connection:
        if revision_of(connection) == to:
            return
    with alone(engine) as connection:
        # Another process may have done it meanwhile.
        if revision_of(connection) != to:
            migrate(connection, to)


def migrate(connection: Connection, to: str) -> None:
    """Run the migrations on a connection that nobody disturbs."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, to)


@contextmanager
def alone(engine: Engine) -> Generator[Connection]:
    """Lend a connection while no other process changes tables.

    Yields:
        One whose changes, those of tables too, are kept together, or not at all.
    """
    sqlite = engine.dialect.name == "sqlite"
    with engine.connect() as connection:
        if sqlite:
            # A table that is made anew is dropped first; its name is all that counts.
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            # Python's driver begins before rows are changed, not before tables are.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        try:
            yield connection
            connection.commit()
        finally:
            connection.rollback()
            if sqlite:
                connection.exec_driver_sql("PRAGMA foreign_keys = ON")


def _reason(error: SQLAlchemyError) -> str:
    cause = str(getattr(error, "orig", None) or error).strip()
    return cause.splitlines()[0].rstrip(".") if cause else type(error).__name__
