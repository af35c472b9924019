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


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty store of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    import psycopg

    server = request.getfixturevalue("postgresql")
    name = f"store{next(NUMBERS)}"
    at = server.format("postgres")
    with psycopg.connect(at, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server.format(name)


@pytest.fixture
def store(url: str) -> Generator[Store]:
    """Return an empty store of each kind."""
    opened = open_store(url)
    yield opened
    opened.close()
