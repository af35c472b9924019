"""What the home network's words mean, and for how long: tables, no sockets."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.agreement import FACTS, Decider, Evidence, default_rules
from tallystick.domains.calls.roaming import (
    MAX_QUESTIONS,
    RoamingBook,
    RoamingSettings,
    Whereabouts,
    parse_token,
    parse_whereabouts,
    question,
)

NOW_MS = 1_790_000_000_000  # 2026-09-21T14:13:20Z
NUMBER = 375291234567
HOME = b'{"lastStatusTime": "2026-09-21T14:13:00.5Z", "roaming": false}'
ABROAD = json.dumps(
    {
        "device": {"phoneNumber": "+1"},
        "lastStatusTime": "2026-09-21T17:13:00+03:00",
        "roaming": True,
        "countryCode": 250,
        "countryName": ["RU"],
    }
).encode()

BODIES = [
    (HOME, Whereabouts(False, NOW_MS - 19_500)),
    (ABROAD, Whereabouts(True, NOW_MS - 20_000)),
    (b"", None),
    (b"null", None),
    (b"[]", None),
    (b"{}", None),
    (b'{"roaming": false}', None),
    (b'{"lastStatusTime": "2026-09-21T14:13:00Z"}', None),
    (b'{"lastStatusTime": "2026-09-21T14:13:00", "roaming": false}', None),
    (b'{"lastStatusTime": "yesterday", "roaming": false}', None),
    (b'{"lastStatusTime": 1790000000, "roaming": false}', None),
    (b'{"lastStatusTime": "2026-09-21T14:13:00Z", "roaming": "false"}', None),
    (b'{"lastStatusTime": "2026-09-21T14:13:00Z", "roaming": null}', None),
    (b"\xff\xfe", None),
]


@pytest.mark.parametrize(("body", "said"), BODIES)
def test_bodies(body, said):
    """What is not as documented says nothing; a time without its zone is no time."""
    assert parse_whereabouts(body) == said


WORDS = [
    (False, 0, "home"),
    (True, 0, "abroad"),
    (False, 3_600_000, "home"),
    (False, 3_600_001, "stale"),
    (True, 3_600_001, "stale"),
    (False, -60_000, "home"),
    (False, -60_001, "unknown"),
    (True, -60_001, "unknown"),
]


@pytest.mark.parametrize(("is_abroad", "age_ms", "word"), WORDS)
def test_words(is_abroad, age_ms, word):
    """Knowledge has an age; what lies in the future is none."""
    said = Whereabouts(is_abroad, NOW_MS - age_ms)
    assert said.word(now_ms=NOW_MS, max_age_ms=3_600_000) == word
    assert word in FACTS["roaming"]


TOKENS = [
    (b'{"access_token":"abc","token_type":"Bearer","expires_in":600}', ("abc", 600)),
    (b'{"access_token":"abc","token_type":"bearer","x":1}', ("abc", 300)),
    (b'{"access_token":"abc","token_type":"mac"}', None),
    (b'{"access_token":"a\\r\\nx: y","token_type":"Bearer"}', None),
    (b'{"access_token":"","token_type":"Bearer"}', None),
    (b'{"access_token":"abc","token_type":"Bearer","expires_in":-1}', None),
    (b'{"access_token":"abc"}', None),
    (b"<html>", None),
]


@pytest.mark.parametrize(("body", "said"), TOKENS)
def test_tokens(body, said):
    """A token is one that can stand in a header field."""
    token = parse_token(body)
    assert (None if token is None else (token.text, token.lasts_s)) == said


def test_a_token_is_renewed_ahead():
    """At four fifths of its time, never more than once a second."""
    told = '{"access_token":"a","token_type":"Bearer","expires_in":%d}'
    assert parse_token((told % 600).encode()).renew_s == 480
    assert parse_token((told % 1).encode()).renew_s == 1


def test_a_question_names_one_number():
    """As E.164 with a plus."""
    assert question(NUMBER) == b'{"device":{"phoneNumber":"+375291234567"}}'


def asked(book: RoamingBook, status: int, body: bytes, *, now_ms: int = NOW_MS) -> str:
    assert book.may_ask(NUMBER, now_ms=now_ms)
    return book.take(NUMBER, status, body, now_ms=now_ms)


def test_an_answer_is_used_again_for_a_while():
    """Its age goes on growing meanwhile."""
    book = RoamingBook(RoamingSettings(max_age_ms=30_000, keep_ms=60_000))
    assert book.known(NUMBER, now_ms=NOW_MS) is None
    assert asked(book, 200, HOME) == "home"
    known = [book.known(NUMBER, now_ms=NOW_MS + s * 1000) for s in (0, 10, 11, 59, 60)]
    assert known == ["home", "home", "stale", "stale", None]
    assert book.known(NUMBER, now_ms=NOW_MS - 1) is None
    assert book.known(NUMBER + 1, now_ms=NOW_MS) is None


@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_number_of_which_the_network_says_nothing(status):
    """It is remembered as such, and is no failure of the network."""
    book = RoamingBook(RoamingSettings())
    body = b'{"status": 404, "code": "NOT_FOUND", "message": "x"}'
    for turn in range(20):
        assert asked(book, status, body, now_ms=NOW_MS + turn) == "unknown"
    assert book.known(NUMBER, now_ms=NOW_MS + 20) == "unknown"
    assert book.may_ask(NUMBER, now_ms=NOW_MS + 20)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, b""),
        (403, b""),
        (429, b""),
        (500, b""),
        (503, b""),
        (302, b""),
        (200, b"{}"),
    ],
)
def test_five_failures_in_ten_seconds_end_the_asking(status, body):
    """For a quarter of a minute; four, or five in more time, do not."""
    book = RoamingBook(RoamingSettings())
    for turn in range(4):
        assert asked(book, status, body, now_ms=NOW_MS + turn * 2_500) == "unknown"
    assert asked(book, status, body, now_ms=NOW_MS + 10_001) == "unknown"
    assert book.known(NUMBER, now_ms=NOW_MS + 10_001) is None
    last_ms = NOW_MS + 10_002
    assert asked(book, status, body, now_ms=last_ms) == "unknown"
    assert not book.may_ask(NUMBER, now_ms=last_ms)
    assert not book.may_ask(NUMBER, now_ms=last_ms + 14_999)
    assert book.may_ask(NUMBER, now_ms=last_ms + 15_000)


def test_questions_are_bounded():
    """One about a number, and so many in all."""
    book = RoamingBook(RoamingSettings())
    assert all(book.may_ask(n, now_ms=NOW_MS) for n in range(1, MAX_QUESTIONS + 1))
    assert not book.may_ask(NUMBER, now_ms=NOW_MS)
    book.fail(1, now_ms=NOW_MS)
    assert book.may_ask(NUMBER, now_ms=NOW_MS)
    assert not book.may_ask(NUMBER, now_ms=NOW_MS)


@given(status=st.integers(0, 999), body=st.binary(max_size=200) | st.just(HOME))
def test_only_a_whole_answer_accuses(status, body):
    """Whatever comes, `home` is said only of an answer that says so."""
    book = RoamingBook(RoamingSettings())
    word = asked(book, status, body)
    assert word in FACTS["roaming"]
    assert word != "home" or (status, body) == (200, HOME)


@pytest.mark.parametrize("word", ["unknown", "stale", "abroad"])
def test_silence_is_no_accusation(word):
    """By the default rules an own number of which nothing is known goes on."""
    evidence = Evidence(half="unproven", origin="own", roaming=word)
    assert Decider(default_rules()).decide(evidence).action == "pass"
