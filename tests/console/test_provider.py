"""Sign-in by an identity provider: its way, its refusals, and attacks on it."""

import base64
import contextlib
import hmac
import re
import time
from dataclasses import replace
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pyotp
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from joserfc.jws import JWSRegistry
from sqlalchemy import select

from node.tls import Signer
from tallystick.console.desk import words
from tallystick.console.provider import ProviderSettings
from tallystick.model import ConfigError
from tallystick.store import People
from tallystick.store.tables import AUDIT, SIGN_INS

from .identity import CLIENT, SECRET, answer_of, provider
from .world import Clock, running

VERA = {"sub": "0001", "preferred_username": "Vera", "groups": ["tally-analysts"]}
AWAY = ("provider_away", 502)
ROLES = {
    "tally-heads": "administrator",
    "tally-analysts": "analyst",
    "carriers": "operator",
}


@pytest.fixture(scope="module")
def signer(tmp_path_factory):
    """Return who vouches for the provider."""
    folder = tmp_path_factory.mktemp("provider")
    return Signer(folder, "vouching")


@pytest.fixture(scope="module")
def running_identity(signer):
    """Return a provider that runs for all tests here."""
    pair = signer.issue("localhost", "localhost")
    with provider(*pair, signer.folder / "vouching.pem") as identity:
        yield identity


@pytest.fixture
def identity(running_identity):
    """Return a provider that is honest again."""
    one = running_identity
    one.user, one.spoil, one.more = dict(VERA), None, {}
    one.key = RSAKey.generate_key(parameters={"kid": "first", "use": "sig"})
    # ruff: ignore[hardcoded-password-string] (an algorithm)
    one.client.id_token_signed_response_alg = "RS256"
    one.codes.clear()
    one.answers.clear()
    one.thin, one.about, one.told = False, None, 0
    return one


def told(identity, **more):
    """Return what the console is told of the provider."""
    given = {
        "name": "Ministry",
        "issuer": identity.issuer,
        "client": CLIENT,
        "secret": SECRET,
        "roles": ROLES,
        "trunks_claim": "tally.trunks",
        "factors": frozenset({"otp", "mfa"}),
        "levels": frozenset({"gold"}),
        "authorities": identity.authorities,
    }
    return ProviderSettings(**given | more)


@pytest.fixture
def opened(store, certificate, identity):
    """Return a way to open a console that knows the provider."""
    with contextlib.ExitStack() as stack:

        def open_(**more):
            # ruff: ignore[banned-api] (the provider has the machine's clock)
            clock = Clock(int(time.time() * 1000))
            world = stack.enter_context(
                running(
                    store,
                    *certificate,
                    now_ms=clock,
                    provider=told(identity, **more),
                )
            )
            identity.client.back = f"{world.address}/sign-in/back"
            return world

        yield open_


@pytest.fixture
def console(opened):
    """Return such a console."""
    return opened()


def there(guest):
    """Send a browser to the provider; return the address."""
    sent = guest.get("/sign-in/provider")
    assert sent.status_code == 303, sent.text
    return sent.headers["location"]


def come(guest, identity, **user):
    """Sign in there and come back."""
    identity.user = {**VERA, **user}
    return guest.get(answer_of(identity, guest.http, there(guest)))


def is_in(guest):
    """Tell whether a browser is all the way in."""
    return guest.get("/account").status_code == 200


def leave(guest):
    """Sign out."""
    guest.get("/account")
    assert guest.post("/sign-out").headers["location"] == "/sign-in?done=out"


def refused(guest, why, status=422):
    """See that a sentence was said, and nobody is in."""
    page = guest.page
    said = words("en").say(f"refusal.{why}", until="")
    assert page.status_code == status, page.text
    assert said in page.text.replace("&#39;", "'")
    assert "state=" not in page.text
    assert not is_in(guest)


def noted(world):
    """Return what the audit log says of people."""
    with world.store.read() as connection:
        rows = connection.execute(
            select(AUDIT.c.page, AUDIT.c.action, AUDIT.c.who, AUDIT.c.why)
        )
        return [tuple(row) for row in rows]


def test_whoever_has_a_group_comes_in_as_what_it_says(console, identity):
    """With an account of their own, again and again, and a line in the audit log."""
    guest = console.guest()
    assert "/sign-in/provider" in guest.get("/sign-in").text
    sent = dict(parse_qsl(urlsplit(there(guest)).query))
    assert sent["response_type"] == "code"
    assert sent["code_challenge_method"] == "S256"
    assert len({sent["state"], sent["nonce"], sent["code_challenge"]}) == 3
    assert min(map(len, (sent["state"], sent["nonce"]))) >= 43
    come(guest, identity, amr=["pwd", "otp"])
    assert guest.page.headers["location"] == "/"
    assert is_in(guest)
    (account,) = People(console.store).all()
    assert (account.name, account.role, account.subject) == ("vera", "analyst", "0001")
    assert (account.issuer, account.password) == (identity.issuer, None)
    leave(guest)
    assert not is_in(guest)
    come(guest, identity, acr="gold")
    assert is_in(guest)
    assert len(People(console.store).all()) == 1
    assert ("people", "add", "(provider)", "analyst") in noted(console)
    assert [one for one in noted(console) if one[:2] == ("sign_in", "in")] == [
        ("sign_in", "in", "vera", "")
    ] * 2
    with console.store.read() as connection:
        # Of one who was sent there and did not come back.
        assert len(connection.execute(select(SIGN_INS)).all()) == 1


def test_without_a_second_factor_there_our_own_is_asked(console, identity):
    """It is connected at first, without a password, and asked for afterwards."""
    guest = console.guest()
    come(guest, identity, amr=["pwd"])
    assert guest.page.headers["location"] == "/sign-in/enrol"
    page = guest.get("/sign-in/enrol").text
    assert 'name="password"' not in page
    assert not is_in(guest)
    guest.get("/sign-in/enrol")
    shown = re.search(r'class="secret">([A-Z2-7 ]+)<', guest.page.text)[1]
    totp = pyotp.TOTP(shown.replace(" ", ""))
    guest.post("/sign-in/enrol", {"code": totp.at(console.clock.ms // 1000)})
    assert guest.page.status_code == 200
    assert is_in(guest)
    leave(guest)
    console.clock.pass_s(30)
    come(guest, identity)
    assert guest.page.headers["location"] == "/sign-in/code"
    assert not is_in(guest)
    guest.get("/sign-in/code")
    guest.post("/sign-in/code", {"code": totp.at(console.clock.ms // 1000)})
    assert is_in(guest)
    accounts = console.accounts()
    assert accounts.reset(accounts.people.named("vera")) == ""
    assert not is_in(guest)
    account = accounts.people.named("vera")
    assert (account.totp, account.password) == (None, None)
    guest.get("/sign-in")
    guest.post("/sign-in", {"name": "vera", "password": ""})
    assert guest.page.status_code == 422


def test_roles_follow_the_groups_up_and_down(console, identity):
    """At once, other sessions end; without a group there is no way in."""
    first, second = console.guest(), console.guest()
    come(first, identity, amr=["mfa"])
    come(second, identity, amr=["mfa"], groups=["x", "tally-heads", "tally-analysts"])
    assert not is_in(first)
    assert second.get("/people").status_code == 200
    come(first, identity, amr=["mfa"], groups="tally-analysts")
    assert not is_in(second)
    assert first.get("/people").status_code == 403
    leave(first)
    for groups in ([], ["tally-headsx"], [["tally-heads"]], {"tally-heads": 1}, 7):
        come(first, identity, amr=["mfa"], groups=groups)
        refused(first, "provider_unknown")


def test_what_the_id_token_leaves_out_is_asked_for(console, identity):
    """Of the user-info endpoint: name, groups and trunks, and nothing else."""
    guest = console.guest()
    come(guest, identity, amr=["mfa"], tally={"trunks": ["T1"]})
    assert (is_in(guest), identity.told) == (True, 0)
    leave(guest)
    identity.thin, identity.about = True, {**VERA, "groups": ["carriers"]}
    identity.about["tally"] = {"trunks": ["T7"]}
    come(guest, identity, amr=["mfa"])
    assert (is_in(guest), identity.told) == (True, 1)
    assert People(console.store).named("vera").trunks == ("T7",)
    leave(guest)
    # A second factor that only it speaks of was not asked for.
    identity.about["amr"] = ["mfa"]
    come(guest, identity)
    assert guest.page.headers["location"] == "/sign-in/enrol"


@pytest.mark.parametrize(
    ("about", "more", "refusal"),
    [
        ({**VERA, "sub": "0002"}, {}, ("provider_answer",)),
        ({"groups": ["tally-heads"]}, {}, ("provider_answer",)),
        ({"sub": "0001"}, {}, ("provider_unknown",)),
        (["sub", "0001"], {}, AWAY),
        (VERA, {"userinfo_endpoint": "https://localhost:1/"}, AWAY),
    ],
)
def test_a_user_info_endpoint_that_cannot_be_believed(
    console, identity, about, more, refusal
):
    """Lets nobody in; nor does one who is somebody else there."""
    identity.thin, identity.about, identity.more = True, about, more
    guest = console.guest()
    come(guest, identity, amr=["mfa"])
    refused(guest, *refusal)


def test_a_user_info_endpoint_without_tls_is_none(console, identity):
    """The whole provider is not spoken with."""
    identity.more = {"userinfo_endpoint": "http://localhost/"}
    guest = console.guest()
    guest.get("/sign-in")
    guest.get("/sign-in/provider")
    refused(guest, *AWAY)


def test_operators_see_the_trunks_that_the_provider_says(console, identity):
    """Without trunks, or with such as cannot be, they stay out."""
    guest = console.guest()
    given = {"groups": ["carriers"], "amr": ["mfa"]}
    come(guest, identity, **given, tally={"trunks": ["T1", "T2"]})
    assert is_in(guest)
    assert People(console.store).named("vera").trunks == ("T1", "T2")
    leave(guest)
    for tally in ({}, {"trunks": ["T 1"]}, {"trunks": "a,b"}):
        come(guest, identity, **given, tally=tally)
        refused(guest, "provider_trunks")


def test_without_a_table_accounts_are_made_beforehand(opened, identity):
    """And nobody else comes in; whose it is is decided once."""
    world = opened(roles={})
    guest = world.guest()
    come(guest, identity, amr=["mfa"])
    refused(guest, "provider_unknown")
    assert world.accounts().add("vera", "officer", issuer=identity.issuer)[1] == ""
    come(guest, identity, amr=["mfa"])
    assert is_in(guest)
    assert People(world.store).named("vera").role == "officer"
    leave(guest)
    # Somebody else who is called the same there.
    come(guest, identity, amr=["mfa"], sub="0002")
    refused(guest, "provider_unknown")


def test_an_account_of_the_same_name_is_not_taken_over(console, identity):
    """Who has a password here is not who has that name there."""
    boss = console.person("vera", "administrator")
    guest = console.guest()
    for name in ("vera", " VERA "):
        come(guest, identity, preferred_username=name, amr=["mfa"])
        refused(guest, "provider_name")
    for name in ("", 7, None, "ё", "x" * 99):
        come(guest, identity, preferred_username=name, amr=["mfa"])
        refused(guest, "provider_name")
    assert People(console.store).named("vera").issuer is None
    guest.sign_in(boss)


def test_who_is_locked_stays_out(console, identity):
    """Also an account that waits for its owner."""
    guest = console.guest()
    come(guest, identity, amr=["mfa"])
    accounts = console.accounts()
    accounts.lock(accounts.people.named("vera"))
    assert not is_in(guest)
    come(guest, identity, amr=["mfa"])
    refused(guest, "provider_locked")
    accounts.add("olga", "analyst", issuer=identity.issuer)
    accounts.lock(accounts.people.named("olga"))
    come(guest, identity, amr=["mfa"], sub="0003", preferred_username="olga")
    refused(guest, "provider_locked")


def test_an_answer_is_taken_once_in_time_and_in_its_browser(console, identity):
    """Replayed, late, or sent to somebody else it signs nobody in."""
    guest, victim = console.guest(), console.guest()
    back = answer_of(identity, guest.http, there(guest))
    victim.get("/sign-in")
    victim.get(back)
    refused(victim, "provider_state")
    guest.get(back)
    refused(guest, "provider_state")
    back = answer_of(identity, guest.http, there(guest))
    guest.get(back)
    come(guest, identity, amr=["mfa"])
    used = answer_of(identity, victim.http, there(victim))
    victim.get(used)
    assert victim.get(used).headers["location"] == "/"
    leave(victim)
    victim.get(used)
    refused(victim, "provider_state")
    late = answer_of(identity, victim.http, there(victim))
    console.clock.pass_s(601)
    victim.get(late)
    refused(victim, "provider_state")
    for query in ("", "?state=", "?code=x", "?code=x&state=y", "?state=%00&code=%ff"):
        victim.get(f"/sign-in/back{query}")
        refused(victim, "provider_state")


def forged(**more):
    """Return a way to sign other claims by the provider's own key."""

    def spoil(text, identity):
        claims = jwt.decode(text, identity.key, ["RS256"]).claims
        claims = {
            name: value
            for name, value in {**claims, **more}.items()
            if value is not None
        }
        return jwt.encode({"alg": "RS256", "kid": "first"}, claims, identity.key)

    return spoil


def unsigned(text, identity):
    """Say that there is no signature."""
    del identity
    head = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    return f"{head}.{text.split('.')[1]}."


def by_public_key(text, identity):
    """Sign with HMAC, the key being what everybody sees."""

    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    head = part(b'{"alg":"HS256","kid":"first"}')
    signed = head + b"." + text.split(".")[1].encode()
    shown = identity.key.as_pem(private=False)
    return (signed + b"." + part(hmac.digest(shown, signed, "sha256"))).decode()


def by_client_secret(text, identity):
    """Sign with HMAC, as some providers do, under the client's secret."""
    claims = jwt.decode(text, identity.key, ["RS256"]).claims
    header = {"alg": "HS256", "kid": "first"}
    return jwt.encode(header, claims, OctKey.import_key(SECRET), ["HS256"])


def by_stranger(text, identity):
    """Sign by a key of the same name."""
    claims = jwt.decode(text, identity.key, ["RS256"]).claims
    other = RSAKey.generate_key(parameters={"kid": "first"})
    return jwt.encode({"alg": "RS256", "kid": "first"}, claims, other)


def by_own_key(text, identity):
    """Bring the key along, in the header."""
    claims = jwt.decode(text, identity.key, ["RS256"]).claims
    other = RSAKey.generate_key()
    header = {"alg": "RS256", "jwk": other.as_dict(private=False)}
    return jwt.encode(
        header, claims, other, registry=JWSRegistry(strict_check_header=False)
    )


def tampered(text, identity):
    """Change a letter of what was signed."""
    del identity
    head, body, sign = text.split(".")
    return f"{head}.{body[:20]}{'A' if body[20] != 'A' else 'B'}{body[21:]}.{sign}"


NOW_S = int(time.time())  # ruff: ignore[banned-api] (the provider has the machine's)
LIES = {
    "nonce": forged(nonce="another"),
    "no-nonce": forged(nonce=None),
    "aud": forged(aud="somebody-else"),
    "two-auds": forged(aud=[CLIENT, "somebody-else"], azp="somebody-else"),
    "no-aud": forged(aud=None),
    "iss": forged(iss="https://localhost:1"),
    "no-iss": forged(iss=None),
    "expired": forged(exp=NOW_S - 3600, iat=NOW_S - 7200),
    "no-exp": forged(exp=None),
    "exp-word": forged(exp="tomorrow"),
    "not-yet": forged(nbf=NOW_S + 3600),
    "from-tomorrow": forged(iat=NOW_S + 86_400),
    "at-hash": forged(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "no-sub": forged(sub=None),
    "empty-sub": forged(sub=""),
    "list-sub": forged(sub=["0001"]),
    "none": unsigned,
    "public-key": by_public_key,
    "client-secret": by_client_secret,
    "stranger": by_stranger,
    "own-key": by_own_key,
    "tampered": tampered,
    "empty": lambda *_: "",
    "no-token": lambda *_: None,
    "number": lambda *_: 7,
    "rubbish": lambda *_: "a.b.c",
}


def test_no_lie_signs_anybody_in(console, identity):
    """Every one of them is refused with the same sentence; the honest one comes in."""
    guest = console.guest()
    for name, lie in LIES.items():
        identity.spoil = lie
        come(guest, identity, amr=["mfa"])
        assert identity.answers[-1] == 200, name
        refused(guest, "provider_answer")
    assert People(console.store).all() == []
    identity.spoil = None
    come(guest, identity, amr=["mfa"])
    assert is_in(guest)
    refusals = [one for one in noted(console) if one[1] == "refused"]
    assert refusals == [("sign_in", "refused", "", "provider_answer")] * len(LIES)


@pytest.mark.parametrize(
    "change",
    [
        {"code": "another"},
        {"code": ""},
        {"iss": "https://somebody-else.example"},
    ],
)
def test_another_code_or_another_providers_answer(console, identity, change):
    """The code is worth nothing, or is not even handed in."""
    guest = console.guest()
    back = urlsplit(answer_of(identity, guest.http, there(guest)))
    said = {name: one[0] for name, one in parse_qs(back.query).items()} | change
    guest.get(f"{back.path}?{urlencode(said)}")
    refused(guest, "provider_answer")
    assert identity.answers == ([] if "iss" in change else [400])


def test_a_code_of_another_browser_is_worth_nothing(console, identity):
    """It was asked for with another proof (PKCE)."""
    thief, owner = console.guest(), console.guest()
    stolen = parse_qs(urlsplit(answer_of(identity, owner.http, there(owner))).query)
    back = urlsplit(answer_of(identity, thief.http, there(thief)))
    said = {"code": stolen["code"][0], "state": parse_qs(back.query)["state"][0]}
    thief.get(f"{back.path}?{urlencode(said)}")
    refused(thief, "provider_answer")


def test_who_says_no_at_the_provider_is_told(console, identity):
    """By RFC 6749's error."""
    guest = console.guest()
    identity.user = None
    url = there(guest)
    state = parse_qs(urlsplit(url).query)["state"][0]
    guest.get(f"/sign-in/back?error=access_denied&state={state}")
    refused(guest, "provider_refused")


def test_keys_may_change(console, identity):
    """They are fetched once more, and not for every stranger's key."""
    guest = console.guest()
    come(guest, identity, amr=["mfa"])
    leave(guest)
    identity.turn_keys()
    console.clock.pass_s(61)
    come(guest, identity, amr=["mfa"])
    assert is_in(guest)
    leave(guest)
    identity.turn_keys()
    come(guest, identity, amr=["mfa"])
    refused(guest, "provider_answer")
    console.clock.pass_s(61)
    come(guest, identity, amr=["mfa"])
    assert is_in(guest)


@pytest.mark.parametrize(
    "more",
    [
        {"issuer": "https://127.0.0.1:1"},
        {"issuer": "{issuer}/elsewhere"},
        {"authorities": None},
    ],
)
def test_a_provider_that_is_away_is_said(opened, identity, more):
    """And a password lets people in all the same."""
    more = {
        name: value.format(issuer=identity.issuer) if value else value
        for name, value in more.items()
    }
    world = opened(**more)
    guest = world.guest()
    guest.get("/sign-in/provider")
    refused(guest, *AWAY)
    guest.sign_in(world.person("boris"))


@pytest.mark.parametrize(
    "more",
    [
        {"issuer": "https://localhost:1"},
        {"authorization_endpoint": "http://localhost/authorize"},
        {"token_endpoint": None},
        {"jwks_uri": "file:///etc/passwd"},
    ],
)
def test_a_provider_that_says_strange_things_of_itself_is_not_used(
    console, identity, more
):
    """Another issuer than the one we were told, or places without TLS."""
    identity.more = more
    guest = console.guest()
    guest.get("/sign-in/provider")
    refused(guest, *AWAY)


def test_without_a_provider_there_is_no_such_page(guest):
    """Nor a link to it."""
    assert "/sign-in/provider" not in guest.get("/sign-in").text
    assert guest.get("/sign-in/provider").status_code == 404
    assert guest.get("/sign-in/back?state=x").status_code == 404


@pytest.mark.parametrize(
    "more",
    [
        {"issuer": "http://localhost"},
        {"client": ""},
        {"roles": {"x": "king"}},
        {"roles": {"x": "operator"}, "trunks_claim": ""},
        {"algorithms": ()},
        {"algorithms": ("HS256",)},
        {"algorithms": ("none", "RS256")},
    ],
)
def test_settings_that_could_let_somebody_in_by_mistake(identity, more):
    """Are refused in a sentence."""
    with pytest.raises(ConfigError) as caught:
        replace(told(identity), **more)
    assert caught.value.code == "console-oidc"
    assert SECRET not in repr(told(identity))
