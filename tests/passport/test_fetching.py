"""What is fetched and when: spec/passport.md, "Fetching", one test for each rule.

Rules that need sockets are in tests/net/test_fetch.py, those that need a node in
tests/node/test_fetching.py.
"""

import re
from pathlib import Path

import pytest
from cryptography import x509

from spec_tables import cells_below
from tallystick.domains.calls.passport import CertificateStore, Places
from tallystick.domains.calls.passport.fetching import (
    MAX_FETCHED_LIST,
    Fetch,
    FetchLimits,
    FetchPlan,
)
from tallystick.domains.calls.passport.freshness import kept_for_s

from . import pki
from .pki import NOW_S
from .world import (
    INFO,
    MIDDLE_KEY,
    ROOT_KEY,
    field,
    judge,
    leaf,
    middle,
    root,
    trust,
)

TESTS = Path(__file__).parents[1]
SPEC = TESTS.parent / "spec" / "passport.md"
ELSEWHERE = ("net/test_fetch.py", "node/test_fetching.py")
CHAIN = pki.pem(leaf(), middle())


def url(number: int, host: str = "cert.example.org") -> str:
    return f"https://{host}/{number}.pem"


def plan(*, places: Places | None = None, lists=(), **limits) -> FetchPlan:
    places = places or Places()
    store = CertificateStore(trust=[trust()], places=places)
    return FetchPlan(store, places=places, lists=lists, limits=FetchLimits(**limits))


def wanted(of: FetchPlan, *urls: str, now_s: int = NOW_S) -> list[bool]:
    return [of.want(one, now_s=now_s) for one in urls]


def begun(of: FetchPlan, *, now_s: int = NOW_S) -> list[str]:
    found = []
    while (fetch := of.next(now_s=now_s)) is not None:
        found.append(fetch.url)
    return found


def fetched(of: FetchPlan, data: bytes = CHAIN, *, now_s: int = NOW_S, **headers: str):
    """Take the next fetch's data."""
    fetch = of.next(now_s=now_s)
    assert fetch is not None
    return of.take(fetch, data, headers, now_s=now_s)


def test_every_rule_has_its_test():
    """A row of the table is a test, and the other way round."""
    rows = [row[0].strip("`") for row in cells_below(SPEC.read_text(), "rule | what h")]
    files = [Path(__file__), *(TESTS / one for one in ELSEWHERE)]
    texts = "".join(one.read_text() for one in files)
    tests = re.findall(r"def test_rule_(\w+)\(", texts)
    assert sorted(rows) == sorted(one.replace("_", "-") for one in tests)


def test_rule_place():
    """Places that are not accepted are never asked."""
    names = Places(hosts=frozenset({"cert.example.org"}))
    away = ("https://other.example.org/1.pem", "http://cert.example.org/1.pem")
    assert wanted(plan(places=names), url(1), *away) == [True, False, False]
    assert wanted(plan(), "https://10.0.0.1/1.pem", url(1)) == [False, True]


def test_rule_once():
    """What waits or is under way is not taken in again; nor what is held."""
    of = plan()
    assert wanted(of, url(1), url(1)) == [True, False]
    fetch = of.next(now_s=NOW_S)
    assert fetch == Fetch(url(1), "cert.example.org")
    assert wanted(of, url(1)) == [False]
    assert of.take(fetch, CHAIN, {}, now_s=NOW_S) == ("fetched", 86_400)
    assert wanted(of, url(1)) == [False]


def test_rule_at_once():
    """Four under way, one from a host at a time, one begun a second after another."""
    of = plan()
    many = [url(n, f"cert{n}.example.org") for n in range(6)]
    wanted(of, url(1), url(2), *many)
    assert begun(of) == [url(1), *many[:3]]
    of.fail(Fetch(url(1), "cert.example.org"), "status", now_s=NOW_S)
    assert begun(of) == [many[3]]
    of.fail(Fetch(many[0], "cert0.example.org"), "status", now_s=NOW_S)
    assert begun(of, now_s=NOW_S + 1) == [url(2)]
    # A clock set back by an hour does not stop fetching for an hour.
    again = plan()
    wanted(again, url(1), url(2))
    (first,) = begun(again)
    again.fail(Fetch(first, "cert.example.org"), "status", now_s=NOW_S)
    assert begun(again, now_s=NOW_S - 3_600) == [url(2)]


def test_rule_queue():
    """So many wait, and no more; those turned away are counted."""
    of = plan(waiting=3)
    assert wanted(of, *map(url, range(5))) == [True, True, True, False, False]
    assert (of.waiting, of.turned_away) == (3, 2)
    begun(of)
    assert wanted(of, url(9)) == [True]


def test_rule_back_off():
    """After failures a URL is left alone: 300, 600, ... 3,600 s, until one success."""
    of = plan()
    now_s = NOW_S
    for pause_s in (300, 600, 1_200, 2_400, 3_600, 3_600):
        assert wanted(of, url(1), now_s=now_s) == [True]
        fetch = of.next(now_s=now_s)
        of.fail(fetch, "status", now_s=now_s)
        assert wanted(of, url(1), now_s=now_s + pause_s - 1) == [False]
        now_s += pause_s
    wanted(of, url(1), now_s=now_s)
    fetched(of, now_s=now_s)
    late_s = now_s + 86_400
    wanted(of, url(1), now_s=late_s)
    of.fail(of.next(now_s=late_s), "status", now_s=late_s)
    assert wanted(of, url(1), now_s=late_s + 299) == [False]
    assert wanted(of, url(1), now_s=late_s + 300) == [True]


@pytest.mark.parametrize("why", ["resolve", "address", "connect", "tls", "timeout"])
def test_rule_host_pause(why):
    """What cannot be reached is left alone with all its URLs, what waits is dropped."""
    of = plan()
    other = url(1, "other.example.org")
    wanted(of, url(1), url(2), other)
    of.fail(of.next(now_s=NOW_S), why, now_s=NOW_S)
    assert of.waiting == 1
    assert wanted(of, url(3), now_s=NOW_S + 59) == [False]
    assert begun(of, now_s=NOW_S + 59) == [other]
    assert wanted(of, url(3), now_s=NOW_S + 60) == [True]
    assert begun(of, now_s=NOW_S + 60) == [url(3)]


def test_strangers_cannot_keep_back_what_is_in_use():
    """Neither a shut port of its host, nor failures there, stop a certificate."""
    of = plan()
    wanted(of, url(1))
    fetched(of)
    soon_s = NOW_S + 86_400 - 60
    shut = "https://cert.example.org:8443/1.pem"
    wanted(of, shut, url(2), now_s=soon_s)
    of.fail(of.next(now_s=soon_s), "connect", now_s=soon_s)
    assert wanted(of, shut, now_s=soon_s + 1) == [False]
    of.fail(of.next(now_s=soon_s + 1), "timeout", now_s=soon_s + 1)
    assert wanted(of, url(3), now_s=soon_s + 2) == [False]
    of.store.find(url(1), now_s=soon_s + 2)
    of.look_ahead(now_s=soon_s + 2)
    assert begun(of, now_s=soon_s + 2) == [url(1)]


@pytest.mark.parametrize("why", ["status", "size", "coding", "protocol"])
def test_a_host_that_answers_is_asked_for_other_urls(why):
    """One bad URL says nothing of the others."""
    of = plan()
    wanted(of, url(1), url(2))
    of.fail(of.next(now_s=NOW_S), why, now_s=NOW_S)
    assert begun(of, now_s=NOW_S + 1) == [url(2)]


FRESH = [
    ({}, 86_400),
    ({"cache-control": "max-age=600"}, 600),
    ({"cache-control": "public, Max-Age=600 , x=y"}, 600),
    ({"cache-control": 'max-age="600"'}, 600),
    ({"cache-control": "max-age=600", "age": "100"}, 500),
    ({"cache-control": "max-age=600", "age": "700"}, 0),
    ({"cache-control": "max-age=nonsense"}, 0),
    ({"cache-control": "max-age=" + "9" * 5_000}, 999_999_999),
    ({"cache-control": "no-store, max-age=600"}, 0),
    ({"cache-control": "no-cache"}, 0),
    ({"cache-control": "max-age=600", "expires": "0"}, 600),
    ({"expires": "0"}, 0),
    ({"expires": "Mon, 21 Sep 2026 14:26:40 GMT"}, 800),
    ({"expires": "Mon, 21 Sep 2026 13:13:20 GMT"}, 0),
    (
        {
            "expires": "Mon, 21 Sep 2026 14:26:40 GMT",
            "date": "Mon, 21 Sep 2026 14:23:20 GMT",
        },
        200,
    ),
    ({"expires": "Mon, 21 Sep 2026 14:26:40 GMT", "date": "x"}, 800),
    ({"expires": "Mon, 99 Sep 2026 14:26:40 GMT"}, 0),
    ({"expires": "Mon, 21 Sep 999999999999 14:26:40 GMT"}, 0),
]


@pytest.mark.parametrize(("headers", "keep_s"), FRESH)
def test_words_of_http(headers, keep_s):
    """What Cache-Control, Age, Expires and Date mean, and what nonsense means."""
    assert kept_for_s(headers, usual_s=86_400, now_s=NOW_S) == keep_s


@pytest.mark.parametrize(
    ("told", "keep_s"), [("0", 300), ("600", 600), ("999999", 86_400)]
)
def test_rule_freshness(told, keep_s):
    """HTTP says how long, within bounds."""
    of = plan()
    wanted(of, url(1))
    said = fetched(of, **{"cache-control": f"max-age={told}"})
    assert said == ("fetched", keep_s)
    assert wanted(of, url(1), now_s=NOW_S + keep_s - 1) == [False]
    assert wanted(of, url(1), now_s=NOW_S + keep_s) == [True]


def test_rule_ahead():
    """What calls use is fetched again when a tenth is left, first of all."""
    of = plan()
    store = of.store
    for number in (1, 2):
        wanted(of, url(number), now_s=NOW_S + number)
        fetched(of, now_s=NOW_S + number)
    soon_s = NOW_S + 1 + 86_400 - 8_640
    store.find(url(1), now_s=soon_s - 2)
    of.look_ahead(now_s=soon_s - 1)
    assert of.waiting == 0
    wanted(of, url(3), now_s=soon_s)
    of.look_ahead(now_s=soon_s)
    of.look_ahead(now_s=soon_s)
    assert begun(of, now_s=soon_s) == [url(1)]
    assert store.find(url(1), now_s=soon_s).countries == ("BY",)
    of.fail(Fetch(url(1), "cert.example.org"), "status", now_s=soon_s)
    of.look_ahead(now_s=soon_s + 299)
    assert begun(of, now_s=soon_s + 299) == [url(2)]
    assert store.find(url(1), now_s=soon_s + 299).countries == ("BY",)


def test_nobody_asks_for_what_no_call_uses():
    """A day after its last call a certificate is not fetched again."""
    of = plan()
    wanted(of, url(1))
    fetched(of)
    of.look_ahead(now_s=NOW_S + 86_400)
    assert of.waiting == 0


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>",
        b"-----BEGIN CERTIFICATE-----\nrubbish\n",
        b"\x30\x80\x00",
        b"0" * 40_000,
    ],
)
def test_rule_garbage(data):
    """What cannot be read is a failure, and does not push out what is held."""
    of = plan()
    wanted(of, url(1))
    assert fetched(of, data)[0] == "malformed"
    assert wanted(of, url(1), now_s=NOW_S + 299) == [False]
    held = plan()
    wanted(held, INFO)
    fetched(held)
    late_s = NOW_S + 86_400
    wanted(held, INFO, now_s=late_s)
    assert fetched(held, data, now_s=late_s)[0] == "malformed"
    assert held.store.find(INFO, now_s=late_s).countries == ("BY",)


def test_a_chain_that_is_not_believed_is_told_apart():
    """It was fetched, and says something; what it says is not believed."""
    of = plan()
    wanted(of, url(1))
    stranger = pki.issue("x", pki.key_number(7), tn=pki.LIST)
    assert fetched(of, pki.pem(stranger))[0] == "refused"
    assert wanted(of, url(1)) == [False]


def point(*, url: str = "https://crl.example.org/1.crl", issuer=None):
    """Return the extension that names where revocations are told."""
    name = [x509.UniformResourceIdentifier(url)]
    above = None if issuer is None else [x509.DirectoryName(issuer)]
    points = [x509.DistributionPoint(name, None, None, above)]
    return x509.CRLDistributionPoints(points), False


def test_rule_lists():
    """Lists of the settings and of believed certificates are fetched, and revoke."""
    told = "https://crl.example.org/own.crl"
    of = plan(lists=[told], at_once=9)
    signer = leaf(extensions=[point()])
    wanted(of, INFO)
    fetched(of, pki.pem(signer, middle()))
    assert judge(field(), store=of.store).is_passed
    of.look_ahead(now_s=NOW_S)
    first = of.next(now_s=NOW_S)
    assert first == Fetch(told, "crl.example.org", is_list=True)
    assert first.limit_bytes == MAX_FETCHED_LIST
    other = pki.revoke((root(), ROOT_KEY), leaf())
    assert of.take(first, other, {}, now_s=NOW_S) == ("fetched", 86_400)
    second = of.next(now_s=NOW_S + 1)
    assert second.url == "https://crl.example.org/1.crl"
    revoked = pki.revoke((middle(), MIDDLE_KEY), signer)
    of.take(second, revoked, {}, now_s=NOW_S + 1)
    assert judge(field(), store=of.store).rule == "certificate-revoked"
    of.look_ahead(now_s=NOW_S + 86_399)
    assert begun(of, now_s=NOW_S + 86_399) == [INFO]
    of.look_ahead(now_s=NOW_S + 86_400)
    assert begun(of, now_s=NOW_S + 86_400) == [told]


@pytest.mark.parametrize(
    "extension",
    [
        point(url="http://crl.example.org/1.crl"),
        point(url="https://10.0.0.1/1.crl"),
        point(url="ldap://crl.example.org/cn=x"),
        point(issuer=root().subject),
    ],
)
def test_lists_elsewhere_are_not_fetched(extension):
    """A place that is not accepted, or a list of another issuer."""
    of = plan()
    wanted(of, INFO)
    assert fetched(of, pki.pem(leaf(extensions=[extension]), middle()))[0] == "fetched"
    of.look_ahead(now_s=NOW_S)
    assert of.waiting == 0


def test_a_list_that_cannot_be_read_is_tried_again_later():
    """It revokes nothing, and is left alone for a while."""
    told = "https://crl.example.org/own.crl"
    of = plan(lists=[told])
    of.look_ahead(now_s=NOW_S)
    assert fetched(of, b"rubbish")[0] == "malformed"
    of.look_ahead(now_s=NOW_S + 299)
    assert of.waiting == 0
    of.look_ahead(now_s=NOW_S + 300)
    assert of.waiting == 1
