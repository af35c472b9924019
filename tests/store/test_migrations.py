"""Earlier tables become today's: with rows in them, beside others, after a kill."""

import signal
import subprocess  # ruff: ignore[suspicious-subprocess-import] (our own program)
import sys

import pytest
from sqlalchemy import insert, inspect, text

from tallystick.store import open_store
from tallystick.store.backup.copying import known_tables
from tallystick.store.opening import opening, revision_of, revisions, upgrade
from tallystick.store.tables import METADATA, STATEMENTS

from .filled import MOVED, everything, fill

EARLIER = list(reversed(revisions()))
MANY = 40
MADE = {"findings", "finding_days"}
"""Tables that are made with rows in them, of what was there."""

KILLED = """
import os, signal, sys
from alembic import op
from tallystick.store import open_store
from tallystick.store.backup.copying import known_tables
plain, left = op.create_index, [int(sys.argv[2])]
def create_index(*words, **more):
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    plain(*words, **more)
op.create_index = create_index
open_store(sys.argv[1])
"""


@pytest.mark.parametrize("earlier", EARLIER)
def test_rows_of_every_earlier_store_survive(url, earlier):
    """Each table's, column by column."""
    with opening(url) as engine:
        upgrade(engine, earlier)
        with engine.begin() as connection:
            assert revision_of(connection) == earlier
            fill(connection, MANY)
        with engine.connect() as connection:
            before = everything(connection)
        engine.dispose()
    assert before
    store = open_store(url)
    with store.read() as connection:
        after = everything(connection)
        assert revision_of(connection) == EARLIER[-1]
    store.close()
    assert set(after) == set(METADATA.tables)
    for name, rows in before.items():
        columns = {column for column, _ in rows[0]}
        now = after[MOVED.get(name, name)]
        same = [tuple(one for one in row if one[0] in columns) for row in now]
        assert sorted(same, key=repr) == rows, name


def test_rows_put_in_at_each_version_are_all_there_at_the_end(url):
    """A store that has been updated every time."""
    seen = set()
    with opening(url) as engine:
        for number, version in enumerate(EARLIER):
            upgrade(engine, version)
            with engine.begin() as connection:
                new = set(everything(connection)) - seen - MADE
                fill(connection, MANY, only=new)
                seen |= new
                late = {**dict.fromkeys(STATEMENTS.c.keys(), "n"), "note": b"n"}
                late |= dict.fromkeys(("at_ms", "taken_ms", "sent_ms"), number)
                late["id"] = f"late-{number}"
                connection.execute(insert(STATEMENTS).values(late))
        with engine.connect() as connection:
            counted = {name: len(rows) for name, rows in everything(connection).items()}
        engine.dispose()
    assert counted.pop("statements") == MANY + len(EARLIER)
    assert counted.pop("finding_days") > MANY
    assert set(counted.values()) == {MANY}


@pytest.mark.parametrize("earlier", EARLIER)
def test_no_table_of_an_earlier_store_is_forgotten_by_backups(tmp_path, earlier):
    """Whatever a migration once made is known, also if a later one took it away."""
    with opening(f"sqlite:///{tmp_path}/s.db") as engine:
        upgrade(engine, earlier)
        with engine.connect() as connection:
            known = {one.name for one in known_tables(connection)}
            there = set(inspect(connection).get_table_names())
        engine.dispose()
    assert there - known == {"alembic_version"}


@pytest.mark.parametrize("at", [1, 5, 9])
def test_a_program_killed_while_it_changes_tables_leaves_them_as_they_were(url, at):
    """And the next one does all of it."""
    with opening(url) as engine:
        upgrade(engine, EARLIER[0])
        with engine.begin() as connection:
            fill(connection, MANY)
        with engine.connect() as connection:
            before = everything(connection)
        engine.dispose()
    killed = subprocess.run(
        (sys.executable, "-c", KILLED, url, str(at)), timeout=60, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    with opening(url) as engine:
        with engine.connect() as connection:
            assert revision_of(connection) == EARLIER[0]
            assert everything(connection) == before
        engine.dispose()
    store = open_store(url)
    with store.read() as connection:
        assert everything(connection)["statements"] == before["statements"]
    store.close()


def test_processes_that_open_a_store_at_once_do_not_disturb_one_another(url):
    """A node starts its office and its console together."""
    words = (sys.executable, "-c", "import sys; from tallystick.store import *; ")
    words = (*words[:2], f"{words[2]}open_store(sys.argv[1])", url)
    every = [subprocess.Popen(words) for _ in range(3)]
    assert [one.wait(60) for one in every] == [0, 0, 0]


def test_references_hold_again_afterwards(url):
    """They are looked away from only while tables are made anew."""
    store = open_store(url)
    with store.read() as connection:
        if store.engine.dialect.name == "sqlite":
            assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
    store.close()
