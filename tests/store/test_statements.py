"""Statements are kept once, found by what they are about, and sent until taken."""

from tallystick.proof import SigningKey, Statement, sign_statement
from tallystick.store import StatementBook, open_store

CHANNEL = "5b" * 32
KEY = SigningKey(party="BY", seed=b"b" * 32)


def said(number, about="case/1"):
    statement = Statement(
        channel=CHANNEL,
        by="BY",
        at_ms=number,
        about=about,
        kind="noted",
        body={"n": number},
    )
    return sign_statement(statement, KEY)


def test_a_statement_is_kept_once(store):
    """It comes back as it was, to the byte, and a second time changes nothing."""
    book, one = StatementBook(store, CHANNEL), said(1)
    assert book.keep(one, now_ms=10)
    assert not book.keep(one, now_ms=20)
    (kept,) = book.about("case/1")
    assert (kept.id, kept.note, kept.taken_ms) == (one.id, one.note, 10)
    assert (kept.by, kept.about, kept.kind, kept.at_ms) == ("BY", "case/1", "noted", 1)


def test_what_the_peer_has_not_taken_is_known(store):
    """Until it has, over a restart, too."""
    book = StatementBook(store, CHANNEL)
    for number in range(3):
        book.keep(said(number), now_ms=number)
    book.mark_sent(book.unsent()[0].id, now_ms=99)
    assert [one.at_ms for one in book.unsent()] == [1, 2]
    assert [one.at_ms for one in book.unsent(limit=1)] == [1]
    book.keep(said(9), now_ms=9, from_peer=True)
    assert [one.at_ms for one in book.unsent()] == [1, 2]


def test_what_the_peer_lost_is_sent_again(store):
    """All of it, its own statements, too."""
    book = StatementBook(store, CHANNEL)
    for number in range(3):
        book.keep(said(number), now_ms=number, from_peer=number == 1)
    book.mark_sent(said(0).id, now_ms=99)
    assert book.send_again() == 2
    assert [one.at_ms for one in book.unsent()] == [0, 1, 2]


def test_statements_of_the_last_days_are_counted(store):
    """By party, so that a flood is noticed."""
    book = StatementBook(store, CHANNEL)
    for number in range(5):
        book.keep(said(number), now_ms=number)
    assert book.taken_since(3, by="BY") == 2
    assert book.taken_since(0, by="RU") == 0


def test_channels_and_things_are_apart(store):
    """What is said of one is not found at another."""
    book = StatementBook(store, CHANNEL)
    book.keep(said(1, "case/1"), now_ms=1)
    book.keep(said(2, "case/2"), now_ms=1)
    assert [one.at_ms for one in book.about("case/2")] == [2]
    assert StatementBook(store, "00" * 32).about("case/2") == []


def test_a_store_is_the_same_when_it_is_opened_again(url):
    """Nothing is lost, and nothing is made twice."""
    first = open_store(url)
    StatementBook(first, CHANNEL).keep(said(1), now_ms=1)
    first.close()
    again = open_store(url)
    assert len(StatementBook(again, CHANNEL).about("case/1")) == 1
    again.close()
