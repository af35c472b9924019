"""Coming in, tried by somebody who should not."""

import re
import statistics
import time

import pytest
from sqlalchemy import select

from tallystick.console.people.entry import LIMITS, session_hash
from tallystick.console.security.forgery import token_of
from tallystick.store.tables import ACCOUNTS, ATTEMPTS, AUDIT, RECOVERY_CODES, SESSIONS

from .world import PASSWORD, SESSION, Person

MINUTE_S = 60


def enter(guest, name, password):
    """Type a name and a password."""
    guest.get("/sign-in")
    return guest.post("/sign-in", {"name": name, "password": password})


def is_in(guest):
    """Tell whether a page of data is shown."""
    return guest.get("/account").status_code == 200


def column(world, what):
    """Return all values of a column."""
    with world.store.read() as connection:
        return [row[0] for row in connection.execute(select(what))]


def test_nothing_secret_is_kept_as_it_is(world, guest):
    """No password, session id or recovery code can be read out of the store."""
    vera = world.person("vera")
    guest.sign_in(vera)
    ident = guest.http.cookies[SESSION]
    assert len(ident) == 43
    assert session_hash(ident) in column(world, SESSIONS.c.hash)
    said = repr(
        [column(world, c) for t in (ACCOUNTS, SESSIONS, ATTEMPTS, AUDIT) for c in t.c]
    )
    said += repr(column(world, RECOVERY_CODES.c.hash))
    for secret in (vera.password, ident, *vera.codes):
        assert secret not in said
    assert column(world, ACCOUNTS.c.password)[0].startswith("$argon2id$")


def test_the_cookie_goes_to_this_host_only_and_to_no_script(guest):
    """Strict name, Secure, HttpOnly, SameSite, no Domain."""
    said = guest.get("/sign-in").headers["set-cookie"]
    assert said.startswith(f"{SESSION}=")
    assert {"secure", "httponly", "path=/", "samesite=lax"} <= {
        part.strip().lower() for part in said.split(";")
    }
    assert "domain" not in said.lower()


def test_each_step_gives_a_new_session(world, guest):
    """What somebody planted before sign-in is worth nothing after it."""
    vera = world.person("vera")
    guest.get("/sign-in")
    planted = guest.http.cookies[SESSION]
    guest.post("/sign-in", {"name": "vera", "password": vera.password})
    half = guest.http.cookies[SESSION]
    guest.get("/sign-in/code")
    world.clock.pass_s(30)
    guest.post("/sign-in/code", {"code": vera.code(world.clock.ms)})
    whole = guest.http.cookies[SESSION]
    assert len({planted, half, whole}) == 3
    for old in (planted, half):
        other = world.guest()
        other.http.cookies.set(SESSION, old)
        assert not is_in(other)
    assert is_in(guest)


@pytest.mark.parametrize(
    "forged", ["", "x", "A" * 43, "' OR 1=1 --", "A" * 4_000, "a%00b"]
)
def test_forged_sessions_are_nobodys(world, forged):
    """Whatever stands in the cookie, it is no account."""
    world.person("vera")
    other = world.guest(cookie=f"{SESSION}={forged}")
    assert other.get("/account").status_code == 303
    assert other.page.headers["location"] == "/sign-in"


def test_a_hash_out_of_the_store_is_no_session(world, guest):
    """Who reads the store cannot come in by what is in it."""
    guest.sign_in(world.person("vera"))
    other = world.guest()
    other.http.cookies.set(SESSION, column(world, SESSIONS.c.hash)[0][:43])
    assert not is_in(other)


def test_password_alone_shows_nothing(world, guest):
    """Between password and code there is one page only."""
    vera = world.person("vera")
    enter(guest, "vera", vera.password)
    for path in ("/", "/account", "/today/live", "/sign-in/enrol"):
        assert guest.get(path).headers["location"] == "/sign-in/code", path


def test_a_session_ends_without_use_and_in_any_case(world, guest):
    """Half an hour idle, twelve hours whatever somebody does."""
    vera = world.person("vera")
    guest.sign_in(vera)
    world.clock.pass_s(29 * MINUTE_S)
    assert is_in(guest)
    world.clock.pass_s(31 * MINUTE_S)
    assert not is_in(guest)
    guest.sign_in(vera)
    for _ in range(12 * 60 // 25):
        world.clock.pass_s(25 * MINUTE_S)
        assert is_in(guest)
    world.clock.pass_s(25 * MINUTE_S)
    assert not is_in(guest)


def test_half_a_sign_in_ends_soon(world, guest):
    """Ten minutes from password to code."""
    enter(guest, "vera", world.person("vera").password)
    world.clock.pass_s(10 * MINUTE_S)
    assert guest.get("/sign-in/code").headers["location"] == "/sign-in"


def test_signing_out_ends_the_session_itself(world, guest):
    """A copy of the cookie is worth nothing afterwards."""
    guest.sign_in(world.person("vera"))
    copied = guest.http.cookies[SESSION]
    guest.post("/sign-out")
    other = world.guest()
    other.http.cookies.set(SESSION, copied)
    assert not is_in(other)


@pytest.mark.parametrize("path", ["/account/everywhere", "/account/password"])
def test_other_sessions_end_too(world, path):
    """By signing out everywhere, and by a new password."""
    vera, first, second = world.person("vera"), world.guest(), world.guest()
    first.sign_in(vera)
    second.sign_in(vera)
    new = "another stick, longer than the first"
    first.get("/account")
    first.post(path, {"old": vera.password, "password": new, "again": new})
    assert first.page.status_code == 303
    assert not is_in(second)
    assert is_in(first) == (path == "/account/password")


def test_a_code_is_used_once(world, guest):
    """Not twice in its half minute, neither by its owner nor by who saw it."""
    vera, other = world.person("vera"), world.guest()
    world.clock.pass_s(30)
    code = vera.code(world.clock.ms)
    for one, comes_in in ((guest, True), (other, False)):
        enter(one, "vera", vera.password)
        one.get("/sign-in/code")
        one.post("/sign-in/code", {"code": code})
        assert is_in(one) == comes_in
        if comes_in:
            one.post("/sign-out")
    assert guest.http.cookies[SESSION]


def test_an_earlier_code_than_the_last_used_is_refused(world, guest):
    """Though clocks may be wrong by a step."""
    vera = world.person("vera")
    world.clock.pass_s(60)
    guest.sign_in(vera)
    guest.post("/sign-out")
    enter(guest, "vera", vera.password)
    guest.get("/sign-in/code")
    guest.post("/sign-in/code", {"code": vera.code(world.clock.ms - 30_000)})
    assert guest.page.status_code == 422


def test_a_recovery_code_is_used_once_and_is_its_owners(world, guest):
    """In any spelling."""
    vera, boris = world.person("vera"), world.person("boris")
    code = vera.codes[0]
    for person, given, comes_in in (
        (boris, code, False),
        (vera, f" {code.upper().replace('-', ' ')}", True),
        (vera, code, False),
        (vera, vera.codes[1], True),
    ):
        enter(guest, person.name, person.password)
        guest.get("/sign-in/code")
        guest.post("/sign-in/code", {"code": given})
        assert is_in(guest) == comes_in
        guest.http.cookies.clear()


def test_new_recovery_codes_replace_the_old(world, guest):
    """And they are shown to who knows the password only."""
    vera = world.person("vera")
    guest.sign_in(vera)
    guest.post("/account/recovery", {"old": "not the password"})
    assert guest.page.status_code == 422
    guest.post("/account/recovery", {"old": vera.password})
    codes = re.findall(r"<li><code>([a-z2-7-]+)</code>", guest.page.text)
    assert len(codes) == 10
    guest.get("/account")
    guest.post("/sign-out")
    for code, comes_in in ((vera.codes[0], False), (codes[0], True)):
        enter(guest, "vera", vera.password)
        guest.get("/sign-in/code")
        guest.post("/sign-in/code", {"code": code})
        assert is_in(guest) == comes_in
        guest.http.cookies.clear()


def test_after_too_many_attempts_even_the_right_password_waits(world, guest):
    """With a sentence and a time; afterwards it comes in."""
    vera = world.person("vera")
    for _ in range(LIMITS["account at address"]):
        assert enter(guest, "vera", "wrong").status_code == 422
    refused = enter(guest, "vera", vera.password)
    assert refused.status_code == 429
    assert "Try again after" in refused.text
    world.clock.pass_s(16 * MINUTE_S)
    assert enter(guest, "vera", vera.password).status_code == 303


def test_guessing_codes_is_limited_as_well(world, guest):
    """The password known does not open a way to try a million codes."""
    vera = world.person("vera")
    world.clock.pass_s(30)
    enter(guest, "vera", vera.password)
    guest.get("/sign-in/code")
    seen = [
        guest.post("/sign-in/code", {"code": "000000"}).status_code
        for _ in range(LIMITS["account at address"] + 2)
    ]
    assert seen[0] == 422
    assert seen[-1] == 429
    right = guest.post("/sign-in/code", {"code": vera.code(world.clock.ms)})
    assert right.status_code == 429


def test_names_that_nobody_has_are_limited_and_answered_alike(world, guest):
    """The same words, status and limit: nobody learns who has an account."""
    world.person("vera")
    locked = world.person("boris")
    world.accounts().lock(world.accounts().people.named("boris"))
    said = {}
    for name, password in (
        ("vera", "wrong"),
        ("nobody", "wrong"),
        (locked.name, locked.password),
    ):
        answers = [
            enter(guest, name, password)
            for _ in range(LIMITS["account at address"] + 1)
        ]
        said[name] = [
            (one.status_code, re.sub(r"[0-9a-f]{64}", "", one.text)) for one in answers
        ]
    assert said["vera"] == said["nobody"] == said["boris"]
    assert said["vera"][-1][0] == 429


def test_names_that_nobody_has_take_as_long():
    """The hash is computed for them as well."""
    from tallystick.console.people.passwords import hash_password, is_password

    kept = hash_password(PASSWORD)

    def took_s(hashed):
        began = time.perf_counter()
        assert not is_password(hashed, "wrong")
        return time.perf_counter() - began

    pairs = [(took_s(kept), took_s(None)) for _ in range(9)]
    known, unknown = (statistics.median(one) for one in zip(*pairs, strict=True))
    assert 0.5 < known / unknown < 2
    assert unknown > 0.005


def test_another_address_is_not_kept_out_by_it(world):
    """A stranger who fails for a name does not lock its owner out at once."""
    entry = world.person("vera"), world.settings
    from tallystick.console.people.entry import Entered, Entry, Refusal

    door = Entry(world.store, entry[1])
    for _ in range(LIMITS["account at address"] + 3):
        last = door.take_password(
            "vera", "wrong", address="198.51.100.7", now_ms=world.clock.ms
        )
    assert isinstance(last, Refusal)
    assert last.until_ms is not None
    owner = door.take_password(
        "vera", PASSWORD, address="192.0.2.9", now_ms=world.clock.ms
    )
    assert isinstance(owner, Entered)


def test_one_address_may_not_try_many_names(world, guest):
    """Whoever tries a common password on everybody is stopped."""
    from tallystick.store import Attempts

    world.person("vera")
    from tallystick.console.people.entry import _subject

    for _ in range(LIMITS["address"]):
        Attempts(world.store).note(
            _subject("address", "127.0.0.1"), now_ms=world.clock.ms, since_ms=0
        )
    assert enter(guest, "vera", PASSWORD).status_code == 429


def test_a_given_password_is_replaced_in_time(world, guest):
    """After three days it is worth nothing; before, it leads to enrolment only."""
    _, given = world.accounts().add("vera", "analyst")
    enter(guest, "vera", given)
    assert guest.page.headers["location"] == "/sign-in/enrol"
    assert guest.get("/account").headers["location"] == "/sign-in/enrol"
    world.clock.pass_s(72 * 3600)
    assert enter(guest, "vera", given).status_code == 422


@pytest.mark.parametrize(
    ("password", "again", "says"),
    [
        ("short", "short", "too short"),
        ("x" * 300, "x" * 300, "too long"),
        ("aaaaaaaaaaaaaa", "aaaaaaaaaaaaaa", "easily guessed"),
        ("vera and a stick", "vera and a stick", "easily guessed"),
        (PASSWORD, PASSWORD + "x", "differ"),
    ],
)
def test_a_poor_password_is_not_taken(world, guest, password, again, says):
    """With what is wrong with it."""
    _, given = world.accounts().add("vera", "analyst")
    enter(guest, "vera", given)
    guest.get("/sign-in/enrol")
    guest.post("/sign-in/enrol", {"password": password, "again": again, "code": "1"})
    assert guest.page.status_code == 422
    assert says in guest.page.text


def test_the_given_password_cannot_be_kept(world, guest):
    """Who gave it knows it."""
    _, given = world.accounts().add("vera", "analyst")
    enter(guest, "vera", given)
    guest.get("/sign-in/enrol")
    guest.post("/sign-in/enrol", {"password": given, "again": given, "code": "1"})
    assert "a password of your own" in guest.page.text


def test_enrolment_needs_a_code_of_the_secret_that_was_shown(world, guest):
    """Of another's authenticator it is refused, and nothing is kept."""
    _, given = world.accounts().add("vera", "analyst")
    enter(guest, "vera", given)
    guest.get("/sign-in/enrol")
    stranger = Person("x", "analyst", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    fields = {"password": PASSWORD, "again": PASSWORD}
    guest.post("/sign-in/enrol", fields | {"code": stranger.code(world.clock.ms)})
    assert guest.page.status_code == 422
    assert column(world, ACCOUNTS.c.totp) == [None]


def test_a_lock_ends_sessions_at_once(world, guest):
    """Not at the next sign-in."""
    guest.sign_in(world.person("vera"))
    accounts = world.accounts()
    accounts.lock(accounts.people.named("vera"))
    assert not is_in(guest)


def test_every_coming_and_going_is_in_the_audit_log(world, guest):
    """Also what was refused; and not what was typed."""
    vera = world.person("vera")
    enter(guest, "my-secret-in-the-wrong-field", "wrong")
    guest.sign_in(vera)
    guest.post("/sign-out")
    with world.store.read() as connection:
        rows = connection.execute(
            select(AUDIT.c.who, AUDIT.c.action, AUDIT.c.address).where(
                AUDIT.c.page == "sign_in"
            )
        ).all()
    assert [tuple(row) for row in rows] == [
        ("", "refused", "127.0.0.1"),
        ("vera", "in", "127.0.0.1"),
        ("vera", "out", "127.0.0.1"),
    ]


def test_tokens_follow_from_sessions_and_not_the_other_way():
    """Whoever sees a form's token knows no session."""
    assert token_of("a") != token_of("b")
    assert token_of("a") != session_hash("a")
