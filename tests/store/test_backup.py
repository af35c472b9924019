"""Backups: whole, of one moment, of either kind into either; or refused."""

import itertools
import re
import threading
import tracemalloc

import pytest
from sqlalchemy import insert, select, text

from cli.told import tally
from tallystick.model import (
    ConfigError,
    MalformedError,
    RefusedError,
    TallystickError,
    VerificationError,
)
from tallystick.store import AuditBook, open_store
from tallystick.store.backup import back_up, check_backup, copying, look_at, restore
from tallystick.store.opening import opening, revisions, upgrade
from tallystick.store.tables import AUDIT, CASES, FINDINGS

from .conftest import NUMBERS
from .filled import MOVED, everything, fill, row

NOW_MS = 1_790_000_000_000


def quiet(what, done, of):
    """Hear of progress; more is never done than there is."""
    assert 0 < done <= of, what


@pytest.fixture
def other(url, tmp_path, request):
    """Return the URL of an empty store of the other kind."""
    if url.startswith("postgresql"):
        return f"sqlite:///{tmp_path / 'other.db'}"
    import psycopg

    server = request.getfixturevalue("postgresql")
    name = f"store{next(NUMBERS)}"
    with psycopg.connect(server.format("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server.format(name)


def content(url):
    """Return all rows of a store."""
    with opening(url) as engine:
        with engine.connect() as connection:
            found = everything(connection)
        engine.dispose()
    return found


def filled(url, rows=60, revision=""):
    """Fill a store and return what it holds."""
    with opening(url) as engine:
        upgrade(engine, revision)
        with engine.begin() as connection:
            fill(connection, rows)
        engine.dispose()
    return content(url)


@pytest.mark.property
@pytest.mark.parametrize("rows", [0, 1, 2, 257])
def test_there_and_back_again_is_the_same(url, other, tmp_path, rows):
    """From one kind into the other, and back; new rows are numbered behind the old."""
    before = filled(url, rows) if rows else content_of_empty(url)
    there, back = tmp_path / "there", tmp_path / "back"
    copied = back_up(url, there, now_ms=NOW_MS, progress=quiet)
    assert copied.all_rows == sum(map(len, before.values()))
    restore(there, other, progress=quiet)
    assert content(other) == before
    store = open_store(other)
    AuditBook(store).note("today", "read", now_ms=1, who="w")
    with store.write() as connection:
        last = connection.execute(select(AUDIT.c.id).order_by(AUDIT.c.id.desc()))
        assert last.scalars().first() == rows + 1
        connection.execute(AUDIT.delete().where(AUDIT.c.id == rows + 1))
    store.close()
    back_up(other, back, now_ms=NOW_MS, progress=quiet)
    assert there.read_bytes() == back.read_bytes()
    assert there.stat().st_mode & 0o777 == 0o600


def content_of_empty(url):
    """Make an empty store and return what it holds."""
    open_store(url).close()
    return content(url)


@pytest.mark.parametrize("earlier", list(reversed(revisions())))
def test_a_backup_of_an_earlier_store_becomes_todays(url, other, tmp_path, earlier):
    """It is taken without changing it, and updated where it is restored."""
    before = filled(url, revision=earlier)
    back_up(url, tmp_path / "b", now_ms=NOW_MS, progress=quiet)
    assert look_at(url).today == (earlier == revisions()[0])
    restore(tmp_path / "b", other, progress=quiet)
    after = content(other)
    assert look_at(other).today
    for name, rows in before.items():
        assert len(after[MOVED.get(name, name)]) == len(rows)


def test_a_backup_is_of_one_moment(url, tmp_path):
    """Somebody writes rows that belong together all the while."""
    store = open_store(url)
    stop, pairs = threading.Event(), itertools.count()

    def write():
        while not stop.is_set():
            number = next(pairs)
            with store.write() as connection:
                case = row(CASES, number, {}) | {"id": f"{number:x}"}
                kept = {"cases": [case]}
                connection.execute(insert(CASES).values(case))
                connection.execute(insert(FINDINGS).values(row(FINDINGS, number, kept)))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            file = tmp_path / str(number)
            copied = back_up(url, file, now_ms=NOW_MS, progress=quiet)
            assert copied.rows["cases"] == copied.rows["findings"]
            assert check_backup(file, progress=quiet).rows == copied.rows
    finally:
        stop.set()
        writer.join(20)
        store.close()


def test_whoever_checks_a_backup_sees_how_far_it_is(tmp_path, monkeypatch):
    """Table by table, up to all that it holds."""
    monkeypatch.setattr(copying, "ROWS_MOST", 8)
    url, file = f"sqlite:///{tmp_path}/a.db", tmp_path / "b"
    filled(url)
    copied = back_up(url, file, now_ms=NOW_MS, progress=quiet)
    told = []
    check_backup(file, progress=lambda *one: told.append(one))
    assert {name: done for name, done, _ in told} == {
        name: rows for name, rows in copied.rows.items() if rows
    }
    assert all(of == copied.rows[name] for name, _, of in told)
    assert len(told) > len({name for name, *_ in told})


def test_a_store_that_holds_something_is_not_filled(url, other, tmp_path):
    """And stays as it is."""
    filled(url)
    back_up(url, tmp_path / "b", now_ms=NOW_MS, progress=quiet)
    before = filled(other, rows=1)
    with pytest.raises(RefusedError) as caught:
        restore(tmp_path / "b", other, progress=quiet)
    assert caught.value.code == "store-filled"
    assert content(other) == before


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the bytes of a backup that holds something of everything."""
    folder = tmp_path_factory.mktemp("whole")
    filled(f"sqlite:///{folder}/a.db", rows=600)
    back_up(f"sqlite:///{folder}/a.db", folder / "b", now_ms=NOW_MS, progress=quiet)
    return (folder / "b").read_bytes()


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda data: b"PK\3\4" + data, "backup-kind"),
        (lambda _: b"", "backup-kind"),
        (lambda data: data.replace(b" 1\n", b" 7\n", 1), "backup-version"),
        (lambda data: bytes(data[:-9]), "backup-unfinished"),
        (lambda data: data[: len(data) // 2], "backup-unfinished"),
        (lambda data: bytes(data[:21]), "backup-unfinished"),
        (lambda data: flipped(data, len(data) // 2), "backup-damaged"),
        (lambda data: flipped(data, len(data) - 2), "backup-damaged"),
        (lambda data: data + data[21:], "backup-damaged"),
    ],
)
def test_what_is_no_whole_backup_is_refused(tmp_path, whole, spoil, code):
    """With a sentence, and nothing of it is kept."""
    file, target = tmp_path / "b", f"sqlite:///{tmp_path}/b.db"
    file.write_bytes(spoil(whole))
    for use in (
        lambda: check_backup(file, progress=quiet),
        lambda: restore(file, target, progress=quiet),
    ):
        with pytest.raises(TallystickError) as caught:
            use()
        assert isinstance(caught.value, MalformedError | VerificationError)
        assert caught.value.code == code
    assert not any(content(target).values())


def flipped(data, at):
    """Return data in which a byte is another."""
    return data[:at] + bytes([data[at] ^ 0x40]) + data[at + 1 :]


def test_a_backup_of_a_newer_program_is_refused(tmp_path, monkeypatch):
    """It may hold what this one does not know."""
    source, target = (f"sqlite:///{tmp_path}/{name}.db" for name in "ab")
    filled(source)
    back_up(source, tmp_path / "b", now_ms=NOW_MS, progress=quiet)
    from tallystick.store.backup import copying

    monkeypatch.setattr(copying, "revisions", lambda: ["0001"])
    with pytest.raises(VerificationError) as caught:
        restore(tmp_path / "b", target, progress=quiet)
    assert caught.value.code == "backup-newer"


def test_a_file_that_is_there_is_not_written_over(url, tmp_path):
    """Nor is half a one left where there is no store."""
    filled(url)
    file = tmp_path / "b"
    file.write_text("mine")
    with pytest.raises(ConfigError):
        back_up(url, file, now_ms=NOW_MS, progress=quiet)
    assert file.read_text() == "mine"
    with pytest.raises(VerificationError) as caught:
        back_up(
            f"sqlite:///{tmp_path}/new.db", tmp_path / "c", now_ms=1, progress=quiet
        )
    assert caught.value.code == "store-empty"
    assert not (tmp_path / "c").exists()


def test_a_damaged_store_is_seen(tmp_path):
    """A page of its file overwritten, as a failing disk does."""
    url, path = f"sqlite:///{tmp_path}/s.db", tmp_path / "s.db"
    filled(url, rows=600)
    assert look_at(url).rows["cases"] == 600
    with opening(url) as engine:
        with engine.connect() as connection:
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        engine.dispose()
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 4096] = bytes(4096)
    path.write_bytes(data)
    with pytest.raises(TallystickError) as caught:
        look_at(url)
    assert caught.value.code in {"store-damaged", "store-unreachable"}


def test_memory_does_not_grow_with_the_store(tmp_path):
    """Eight times the rows take no more."""
    peaks = []
    for rows in (2_000, 16_000):
        url = f"sqlite:///{tmp_path}/{rows}.db"
        with opening(url) as engine:
            upgrade(engine)
            with engine.begin() as connection:
                every = (row(AUDIT, number, {}) for number in range(rows))
                for some in batched(every, 1_000):
                    connection.execute(insert(AUDIT), list(some))
            engine.dispose()
        tracemalloc.start()
        back_up(url, tmp_path / f"{rows}", now_ms=NOW_MS, progress=quiet)
        restore(tmp_path / f"{rows}", f"{url}.new", progress=quiet)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0] + 2_000_000, peaks


def batched(every, size):
    """Return portions."""
    while some := list(itertools.islice(every, size)):
        yield some


def test_the_commands(url, other, tmp_path, monkeypatch):
    """Back up, check, restore, check: with counts, and sentences where it fails."""
    before = filled(url)
    said = tally("store", "backup", "--store", url, "--out", "b", folder=tmp_path)
    assert (said.status, said.err) == (0, "")
    assert "rows" in said.out
    said = tally("store", "check", "--file", "b", folder=tmp_path)
    assert (said.status, said.err) == (0, "")
    assert "60  cases" in said.out
    monkeypatch.setenv("FORCE_COLOR", "1")  # as at a terminal
    said = tally("store", "check", "--file", "b", folder=tmp_path)
    assert said.status == 0
    assert re.search(r"accounts .*0:00:00", said.err)
    monkeypatch.undo()
    said = tally("store", "restore", "b", "--store", other, folder=tmp_path)
    assert said.status == 0
    assert content(other) == before
    said = tally("store", "check", "--store", other, folder=tmp_path)
    assert "60  cases" in said.out
    said = tally("store", "restore", "b", "--store", other, folder=tmp_path)
    assert said.status == 2
    assert "kept in that store already" in said.err
    assert tally("store", "check", folder=tmp_path).status == 2
