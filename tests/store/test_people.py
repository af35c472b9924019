"""Accounts, sessions, attempts and the audit log, on both kinds of store."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tallystick.model import ConfigError
from tallystick.store import (
    AUDIT_LOG,
    Account,
    Ask,
    Attempts,
    AuditBook,
    People,
    Session,
    Sessions,
)


def account(name, role="analyst", **more):
    """Return an account."""
    given = {"id": name.ljust(32, "0"), "name": name, "role": role, "made_ms": 1}
    return Account(**given | more)


def test_an_account_comes_back_as_it_was_kept(store):
    """By name, id and provider; a name is taken once."""
    people, one = (
        People(store),
        account("vera", trunks=("T1", "T2"), issuer="i", subject="s"),
    )
    people.add(one)
    assert (
        people.named("vera") == people.by_id(one.id) == people.known_to("i", "s") == one
    )
    assert people.named("nobody") is None
    with pytest.raises(ConfigError) as caught:
        people.add(account("vera", id="f" * 32))
    assert caught.value.code == "account-name"
    assert people.all() == [one]


def test_codes_are_used_once_even_by_two_at_once(store):
    """Steps go up only; of eight that come together one is taken."""
    people, one = People(store), account("vera")
    people.add(one)
    people.set_codes(one.id, ["a" * 64, "b" * 64])
    with ThreadPoolExecutor(8) as pool:
        steps = list(pool.map(lambda _: people.use_step(one.id, 7), range(8)))
        codes = list(
            pool.map(lambda _: people.use_code(one.id, "a" * 64, now_ms=1), range(8))
        )
    assert steps.count(True) == codes.count(True) == 1
    assert not people.use_step(one.id, 6)
    assert people.use_step(one.id, 8)
    assert people.codes_left(one.id) == 1
    assert not people.use_code("x" * 32, "b" * 64, now_ms=1)


def test_two_administrators_cannot_undo_each_other_at_once(store):
    """One stays, whoever is first."""
    people = People(store)
    ones = [account(name, "administrator") for name in ("anna", "boris")]
    for one in ones:
        people.add(one)

    def demote(one):
        return people.change_unless_last(one.id, "administrator", role="analyst")

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(demote, ones)) == [False, True]
    assert [one.role for one in people.all()].count("administrator") == 1


def test_a_reset_forgets_codes_and_sessions(store):
    """And leaves those of others."""
    people, sessions = People(store), Sessions(store)
    for name in ("vera", "boris"):
        people.add(account(name, totp="S", totp_step=3))
        ident = name.ljust(32, "0")
        people.set_codes(ident, [name.ljust(64, "c")])
        given = {"offer": None, "made_ms": 1, "seen_ms": 1, "stage": "in"}
        sessions.begin(Session(hash=name.ljust(64, "5"), account=ident, **given))
    people.reset("vera".ljust(32, "0"), "new", until_ms=9)
    vera = people.named("vera")
    assert (vera.password, vera.password_until_ms, vera.totp) == ("new", 9, None)
    assert people.codes_left(vera.id) == sessions.count(vera.id) == 0
    boris = people.named("boris")
    assert people.codes_left(boris.id) == sessions.count(boris.id) == 1


def test_attempts_are_counted_in_a_window(store):
    """Older ones do not count, nor those for somebody else."""
    attempts = Attempts(store)
    assert attempts.note("a", now_ms=100, since_ms=0) == (1, 100)
    assert attempts.note("a", now_ms=200, since_ms=0) == (2, 100)
    assert attempts.note("b", now_ms=200, since_ms=0) == (1, 200)
    assert attempts.note("a", now_ms=300, since_ms=150) == (2, 200)
    attempts.forget("a")
    assert attempts.note("a", now_ms=400, since_ms=0) == (1, 400)


def test_the_audit_log_is_looked_through(store):
    """Filtered and sorted the same way on both; ties keep their order."""
    book = AuditBook(store)
    for number in range(7):
        book.note("today", "read", now_ms=number // 2, who=f"w{number}_%")
    book.note("x", "y", now_ms=9, who="z" * 99, record="r" * 999, why="w" * 999)
    pages = [
        AUDIT_LOG.find(store, Ask(sort="at_ms", down=True, page=page, size=3))
        for page in range(3)
    ]
    assert {one.total for one in pages} == {8}
    seen = [row["who"] for one in pages for row in one.rows]
    assert seen[1:] == [f"w{number}_%" for number in reversed(range(7))]
    found = AUDIT_LOG.find(store, Ask(contains={"who": "_%"}, sort="who"))
    assert found.total == 7
    assert AUDIT_LOG.find(store, Ask(equals={"page": "x"}, sort="who")).total == 1
    between = Ask(since={"at_ms": 1}, until={"at_ms": 3}, sort="who")
    assert len(list(AUDIT_LOG.every(store, between))) == 4
    with pytest.raises(KeyError):
        AUDIT_LOG.find(store, Ask(sort="id"))
