"""The index of a log: made of the log alone, on either kind of store."""

import pytest

from tallystick.model import RefusedError, VerificationError
from tallystick.proof import (
    SALT_BYTES,
    Opening,
    SigningKey,
    Statement,
    sign_statement,
)
from tallystick.store import StatementBook
from tallystick.store.log import create_log, lay_in, open_log, ref_of, stop_log
from tallystick.store.log.waiting import FILES_LIMIT
from tallystick.store.logged import LoggedBook, LogStanding, kind_of

BY = SigningKey(party="BY", seed=b"b" * 32)
CHANNEL = "5b" * 32
ORIGIN = "tallystick/log/BY/test"


def said(number, about="case/3f2a", channel=CHANNEL):
    statement = Statement(
        channel=channel,
        by="BY",
        at_ms=number,
        about=about,
        kind="told",
        body={},
    )
    return sign_statement(statement, BY)


def opening(content, kind="case"):
    return Opening(kind=kind, salt=bytes(SALT_BYTES), content=content)


@pytest.fixture
def folder(tmp_path):
    create_log(tmp_path / "log", BY, origin=ORIGIN)
    return tmp_path / "log"


def test_the_index_follows_the_log_and_says_what_is_missing(store, folder):
    """Many entries; statements of this channel and of rooms that are logged."""
    book, statements = LoggedBook(store, CHANNEL), StatementBook(store, CHANNEL)
    every = [said(number) for number in range(1_200)]
    others = [said(1, channel="6c" * 32), said(2, about="channel/5b5b5b5b5b5b5b5b")]
    for one in (*every[-3:], *others):
        statements.keep(one, now_ms=one.statement.at_ms)
    kept = book.unlogged(ORIGIN, limit=2)
    assert [one.id for one in kept] == [one.id for one in every[-3:-1]]
    assert {kind_of(one) for one in kept} == {"case"}
    assert book.count_unlogged(ORIGIN) == 3
    with open_log(folder, BY) as log:
        log.append(opening(one.note.decode()) for one in every)
        log.append([opening('{"name":"counts:1"}', "counts"), opening("{}", "round")])
        assert book.catch_up(log) == 1_202
        assert book.catch_up(log) == 0
    assert not book.unlogged(ORIGIN)
    assert book.counts(ORIGIN) == {"case": 1_200, "counts": 1, "round": 1}
    refs = [every[7].id, every[1_199].id, "counts:1", "none"]
    places = {every[7].id: 7, every[1_199].id: 1_199, "counts:1": 1_200}
    assert book.places(ORIGIN, refs) == places
    assert book.places("another", refs) == {}
    assert len(book.places(ORIGIN, [one.id for one in every])) == 1_200
    assert book.count_unlogged("another") == 3


def test_an_older_copy_of_the_log_is_refused(store, folder):
    """By its size, and by what lies at the last place that is known."""
    book = LoggedBook(store, CHANNEL)
    with open_log(folder, BY) as log:
        log.append([opening('{"name":"a"}'), opening('{"name":"b"}')])
        book.catch_up(log)
    create_log(folder.parent / "older", BY, origin=ORIGIN)
    with open_log(folder.parent / "older", BY) as log:
        log.append([opening('{"name":"a"}')])
        with pytest.raises(VerificationError, match="an older copy"):
            book.catch_up(log)
        log.append([opening('{"name":"c"}')])
        with pytest.raises(VerificationError, match="an older copy"):
            book.catch_up(log)


def test_how_keeping_goes_is_written_down_for_each_channel(store):
    """The last word counts, and long sentences are cut."""
    book = LoggedBook(store, CHANNEL)
    assert book.standing() is None
    first = LogStanding(log=ORIGIN, size=3, cosigned=2, waiting=1, looked_ms=5)
    book.note(first)
    LoggedBook(store, "6c" * 32).note(LogStanding())
    assert book.standing() == first
    book.note(LogStanding(log=ORIGIN, size=3, stopped="x" * 5_000, looked_ms=6))
    assert book.standing().stopped == "x" * 1_024


@pytest.mark.parametrize(
    ("content", "ref"),
    [
        (said(1).note.decode(), said(1).id),
        ('{"name":"counts:1","more":2}', "counts:1"),
        ('{"name":""}', None),
        (f'{{"name":"{"x" * 65}"}}', None),
        ('{"name":"Ж"}', None),
        ('{"name":7}', None),
        ("tallystick/statement/1\nnone", None),
    ],
)
def test_what_names_an_entry(content, ref):
    """A statement's identifier, a name, or the digest: 64 characters at most."""
    found = ref_of(opening(content))
    assert found == ref if ref else len(found) == 64


def test_what_waits_is_bounded(folder, monkeypatch):
    """A node whose office is gone does not fill the disk."""
    assert FILES_LIMIT >= 24 * 365
    monkeypatch.setattr("tallystick.store.log.waiting.FILES_LIMIT", 3)
    for number in range(3):
        lay_in(folder, "counts", f'{{"name":"{number}"}}')
    with pytest.raises(RefusedError) as caught:
        lay_in(folder, "counts", "{}")
    assert caught.value.code == "log-waiting"


def test_a_stopped_log_takes_nothing_from_anybody(folder):
    """Until people have looked."""
    stop_log(folder, "It was forked.")
    with open_log(folder, BY) as log:
        with pytest.raises(RefusedError, match="It was forked"):
            log.append([opening("{}")])
        assert log.size == 0
        stop_log(folder, "")
        assert log.append([opening("{}")]) == range(1)
