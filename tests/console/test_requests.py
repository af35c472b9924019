"""Requests that another site makes a browser send, and headers of every answer."""

import http.client
import re
import ssl

import pytest

from tallystick.console.people.rights import RIGHTS
from tallystick.console.security.limits import ADDRESSES, Buckets

POSTS = [one for one in RIGHTS if one.method == "POST" and one.stage == "in"]
WANTED = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "strict-transport-security": "max-age=31536000",
}


@pytest.fixture
def admin(world):
    """Return a browser of an administrator."""
    return world.visitor("anna", "administrator")


@pytest.mark.parametrize("right", POSTS, ids=lambda one: f"{one.page}-{one.action}")
def test_a_form_that_is_not_ours_changes_nothing(world, admin, right):
    """Without a token, with another's or an older one, from elsewhere: 403."""
    other = world.visitor("vera")
    foreign = other.token()
    before = world.accounts().people.all()
    target = world.accounts().people.named("vera")
    path = re.sub(r"\{\w+\}", target.id, right.path)
    admin.get("/account")
    own = admin.token()
    fields = {"name": "intruder", "role": "analyst"}

    def tried(token, **headers):
        return admin.post(path, fields, token=token, **headers).status_code

    assert tried("") == 403
    assert tried("0" * 64) == 403
    assert tried(foreign) == 403
    assert tried(own, origin="https://evil.example") == 403
    assert tried(own, origin="null") == 403
    assert tried(own, origin=world.address.replace("https", "http")) == 403
    assert tried(own, **{"sec-fetch-site": "cross-site"}) == 403
    assert tried(own, **{"sec-fetch-site": "same-site"}) == 403
    # Without an origin it is no browser of this age.
    answer = admin.http.post(path, data=fields | {"token": own})
    assert answer.status_code == 403
    assert world.accounts().people.all() == before


def test_a_token_of_an_earlier_session_does_not_fit(world, admin):
    """It ends with the session."""
    admin.get("/account")
    old = admin.token()
    admin.post("/sign-out")
    admin.sign_in(world.person("boris", "administrator"))
    assert admin.post("/people", {"name": "x1"}, token=old).status_code == 403


def test_signing_somebody_in_from_elsewhere_is_refused_as_well(world, guest):
    """A stranger cannot put a visitor into the stranger's account."""
    vera = world.person("vera")
    said = {"name": "vera", "password": vera.password}
    guest.get("/sign-in")
    assert guest.post("/sign-in", said, token="").status_code == 403
    guest.get("/sign-in")
    assert guest.post("/sign-in", said, origin="https://x.example").status_code == 403


def test_a_token_in_the_address_is_no_token(admin):
    """Only a form carries it."""
    admin.get("/account")
    path = f"/people?token={admin.token()}"
    assert admin.post(path, {"name": "x1"}, token="").status_code == 403


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b'{"name": "x"}', "application/json", 415),
        (b"name=x", "text/plain", 415),
        (b"name=%ff", "application/x-www-form-urlencoded", 400),
        (b"\xff\xfe", "application/x-www-form-urlencoded", 400),
        (
            b"&".join(b"a%d=1" % n for n in range(99)),
            "application/x-www-form-urlencoded",
            400,
        ),
        (b"a=" + b"x" * 70_000, "application/x-www-form-urlencoded", 413),
        (b"", "", 403),
    ],
)
def test_what_is_no_form_is_refused(world, guest, body, kind, status):
    """With a page, not with a fault."""
    headers = {"origin": world.address} | ({"content-type": kind} if kind else {})
    answer = guest.http.post("/sign-in", content=body, headers=headers)
    assert answer.status_code == status


def test_headers_of_every_answer(world, admin):
    """Pages, refusals, faults, files and redirections alike."""
    seen = []
    stranger = world.guest()
    for path in ("/", "/account", "/people", "/people.csv", "/audit", "/nowhere"):
        seen += [admin.get(path), stranger.get(path)]
    seen += [admin.post("/people", {}, token=""), admin.http.put("/people")]
    seen += [stranger.get("/sign-in"), stranger.get("/static/console.css")]
    for answer in seen:
        for name, value in WANTED.items():
            assert answer.headers[name] == value, (answer.url, name)
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "default-src 'none'" in policy
        assert "server" not in answer.headers
        is_file = answer.url.path.startswith("/static/")
        assert ("no-store" in answer.headers["cache-control"]) != is_file


def test_pages_hold_nothing_inline(admin):
    """No script or style that the policy would have to allow."""
    for path in ("/", "/account", "/people", "/settings", "/sign-in"):
        text = admin.get(path).text
        assert " style=" not in text
        assert "<style" not in text
        assert " onclick" not in text
        assert "<script>" not in text
        assert "javascript:" not in text


def test_another_host_is_refused(world):
    """A name that somebody else points here gets no page."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    for host in ("evil.example", "", f"{world.settings.host}.evil.example"):
        line = http.client.HTTPSConnection(
            world.settings.host, context=context, timeout=10
        )
        line.putrequest("GET", "/sign-in", skip_host=True)
        if host:
            line.putheader("Host", host)
        line.endheaders()
        answer = line.getresponse()
        assert answer.status in {400, 421}
        line.close()


def test_what_is_typed_is_shown_as_text(admin):
    """Markup in a name, a filter or a path stays text."""
    evil = '"><script>alert(1)</script>'
    admin.get("/people")
    pages = [
        admin.post("/people", {"name": evil, "role": evil, "trunks": evil}),
        admin.get("/people?" + "name=%22%3E%3Cscript%3Ealert(1)%3C/script%3E"),
        admin.get("/%22%3E%3Cscript%3Ealert(1)%3C/script%3E"),
        admin.get("/account?done=%3Cscript%3Ealert(1)%3C/script%3E"),
    ]
    for page in pages:
        assert "<script>alert" not in page.text


def test_an_address_that_floods_is_told_to_wait(world, guest):
    """And is answered again a moment later; the clock of the test stands still."""
    seen = {guest.get("/sign-in").status_code for _ in range(230)}
    assert seen == {200, 429}
    world.clock.pass_s(10)
    assert guest.get("/sign-in").status_code == 200


def test_buckets_fill_again_and_do_not_grow_without_end():
    """Each address has its own; those longest gone are forgotten."""
    buckets = Buckets(per_s=1, at_most=2)
    assert [buckets.take("a", now_ms=0) for _ in range(3)] == [True, True, False]
    assert buckets.take("b", now_ms=0)
    assert buckets.take("a", now_ms=1_000)
    assert not buckets.take("a", now_ms=1_000)
    assert not buckets.take("a", now_ms=0)
    for n in range(ADDRESSES + 1):
        buckets.take(str(n), now_ms=2_000)
    assert len(buckets) == ADDRESSES
