"""Secrets of authenticators are sealed in the store; what happens without the key."""

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from tallystick.console.people.codes import new_secret
from tallystick.console.people.sealing import (
    Sealer,
    is_sealed,
    key_place,
    open_sealer,
)
from tallystick.model import ConfigError, TallystickError, VerificationError
from tallystick.store import Account, People
from tallystick.store.tables import ACCOUNTS, SESSIONS

from .world import PASSWORD, SEALER

IDS = st.text("0123456789abcdef", min_size=32, max_size=32)


@pytest.mark.property
@given(IDS, IDS, st.binary(min_size=32, max_size=32))
def test_a_sealed_secret_opens_for_its_own_account_under_its_own_key(one, other, key):
    """And for nothing else; it fits the column, and never looks like a plain one."""
    secret, sealer = new_secret(), Sealer(key)
    kept = sealer.seal(secret, one)
    assert is_sealed(kept)
    assert not is_sealed(secret)
    assert len(kept) == ACCOUNTS.c.totp.type.length == SESSIONS.c.offer.type.length
    assert secret not in kept
    assert sealer.open(kept, one) == secret
    assert sealer.seal(secret, one) != kept
    if other != one:
        with pytest.raises(VerificationError):
            sealer.open(kept, other)
    with pytest.raises(VerificationError):
        Sealer(bytes(32 * [key[0] ^ 1])).open(kept, one)


def test_nothing_in_the_store_shows_a_secret(world, guest):
    """From the offer at enrolment on; the authenticator fits all the same."""
    _, given = world.accounts().add("vera", "analyst")
    guest.get("/sign-in")
    guest.post("/sign-in", {"name": "vera", "password": given})
    page = guest.get("/sign-in/enrol").text
    shown = page.partition('class="secret">')[2].partition("<")[0].replace(" ", "")
    with world.store.read() as connection:
        offer = connection.execute(select(SESSIONS.c.offer)).scalar_one()
    code = pyotp.TOTP(shown).at(world.clock.ms // 1000)
    fields = {"password": PASSWORD, "again": PASSWORD, "code": code}
    assert guest.post("/sign-in/enrol", fields).status_code == 200
    account = People(world.store).named("vera")
    assert is_sealed(offer)
    assert is_sealed(account.totp)
    assert SEALER.open(account.totp, account.id) == shown


def accounts(store, *secrets):
    """Put accounts with authenticators into a store."""
    people = People(store)
    for number, secret in enumerate(secrets):
        ident = f"{number:032x}"
        people.add(
            Account(id=ident, name=f"p{number}", role="analyst", made_ms=1, totp=secret)
        )
    return people


def test_secrets_of_before_are_sealed_when_the_console_opens(store, tmp_path):
    """With a key that is made once, for its owner only."""
    secrets, path = (new_secret(), new_secret()), tmp_path / "store.db.key"
    people = accounts(store, *secrets, None)
    assert path == key_place(None, f"sqlite:///{tmp_path / 'store.db'}")
    open_sealer(path, people)
    assert path.stat().st_mode & 0o777 == 0o600
    again = open_sealer(path, people)
    for one, secret in zip(people.all(), secrets, strict=False):
        assert is_sealed(one.totp)
        assert again.open(one.totp, one.id) == secret
    assert people.all()[2].totp is None
    assert [one.name for one in tmp_path.iterdir() if "key" in one.name] == [path.name]


def test_without_the_key_it_is_said_and_resetting_is_a_way_out(store, tmp_path):
    """The program does not make another key over what it cannot open."""
    path, people = tmp_path / "k", accounts(store, new_secret(), new_secret())
    open_sealer(path, people)
    path.rename(tmp_path / "elsewhere")
    with pytest.raises(TallystickError, match="account reset NAME") as caught:
        open_sealer(path, people)
    assert caught.value.code == "console-secrets-lost"
    assert not path.exists()
    for one in people.all():
        people.reset(one.id, "hash", until_ms=9)
    open_sealer(path, people)
    assert path.exists()


@pytest.mark.parametrize(
    ("text", "mode", "code"),
    [
        ("", 0o600, "console-secrets-other"),
        ("not base 64!", 0o600, "console-secrets-other"),
        ("A" * 43 + "=", 0o600, "console-secrets-other"),
        (None, 0o644, "console-secrets-open"),
    ],
)
def test_a_key_that_is_not_the_one_is_refused(store, tmp_path, text, mode, code):
    """And nothing is changed in the store."""
    path, people = tmp_path / "k", accounts(store, new_secret())
    open_sealer(path, people)
    before = people.all()
    if text is not None:
        path.write_text(text)
    path.chmod(mode)
    with pytest.raises(TallystickError) as caught:
        open_sealer(path, people)
    assert caught.value.code == code
    assert people.all() == before


def test_a_database_needs_to_be_told_where_the_key_lies(tmp_path):
    """There is no folder beside it."""
    with pytest.raises(ConfigError, match="--secrets FILE"):
        key_place(None, "postgresql://tally@/tally")
    assert key_place(tmp_path, "postgresql://tally@/tally") == tmp_path
