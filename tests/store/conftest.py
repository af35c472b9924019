"""The stores that all tests of this folder run on: SQLite, and a real PostgreSQL."""

import itertools
import os
import shutil
import subprocess  # ruff: ignore[suspicious-subprocess-import] (Debian's programs)
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import NoReturn

import pytest

from stores import new_store
from tallystick.store import Store, open_store

NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def postgresql(lacks: Callable[[str], NoReturn]) -> Generator[str]:
    """Start a PostgreSQL on a socket in a folder of ours; return how to reach it."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        lacks("initdb is not installed (Debian: apt-get install postgresql)")
    programs = found[-1].parent
    # Not below pytest's own folder, which every run closes to other users again.
    folder = Path(tempfile.mkdtemp(prefix="tally-postgresql-"))
    as_user: tuple[str, ...] = ()
    if os.geteuid() == 0:
        # It refuses to run as root.
        as_user = ("runuser", "-u", "postgres", "--")
        shutil.chown(folder, "postgres")
    data = folder / "data"

    def run(program: str, *more: str) -> None:
        subprocess.run(
            (*as_user, programs / program, "-D", data, *more),
            check=True,
            timeout=60,
            stdout=subprocess.DEVNULL,
            cwd="/",
        )

    run("initdb", "-U", "tally", "-A", "trust", "-N", "--locale=C", "-E", "UTF8")
    given = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
    run("pg_ctl", "-w", "-o", given, "-l", str(folder / "log"), "start")
    try:
        yield f"postgresql://tally@/{{}}?host={folder}"
    finally:
        run("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def prepared(postgresql: str) -> str:
    """Make a PostgreSQL database that has the tables, to be copied; return its name."""
    import psycopg

    with psycopg.connect(postgresql.format("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE prepared")
    open_store(postgresql.format("prepared")).close()
    return "prepared"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of a store of each kind; it has tables where `store` is taken."""
    has_tables = "store" in request.fixturenames
    if request.param == "sqlite":
        path = tmp_path / "store.db"
        if has_tables:
            new_store(path).close()
        return f"sqlite:///{path}"
    import psycopg

    server = request.getfixturevalue("postgresql")
    name = f"store{next(NUMBERS)}"
    template = request.getfixturevalue("prepared") if has_tables else "template1"
    at = server.format("postgres")
    with psycopg.connect(at, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    return server.format(name)


@pytest.fixture
def store(url: str) -> Generator[Store]:
    """Return an empty store of each kind."""
    opened = open_store(url)
    yield opened
    opened.close()
