"""Fetching from hosts that strangers name: real TLS on the loopback.

Only here is the loopback an address that may be connected to, and names lead there.
"""

import asyncio
import gzip
import threading
import time

import pytest

from tallystick.domains.calls.passport import is_public_address
from tallystick.net import resolve as resolving
from tallystick.net.fetch import Fetched, Fetcher, FetchError
from tallystick.net.resolve import MAX_LOOKUPS, Resolver

from .tls import HOST, Authority, answer, serving

BODY = b"-----BEGIN CERTIFICATE-----"
LIMIT = 32_768


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


class Names:
    """Leads names where a test says; each time it is asked, to the next place."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        del port
        self.asked.append(host)
        found = self._answers[min(len(self.asked), len(self._answers)) - 1]
        if not found:
            raise OSError("no such name")
        return found


HERE = ["127.0.0.1"]


def is_allowed(address: str) -> bool:
    """Allow the loopback beside what everybody reaches."""
    return address == HERE[0] or is_public_address(address)


def fetch(
    authority: Authority,
    serve,
    *,
    tls=None,
    names: Names | None = None,
    host: str = HOST,
    path: str = "/leaf.pem",
    total_s: float = 3.0,
    is_public=is_allowed,
) -> tuple[Fetched | str, list[bytes]]:
    """Fetch from a server on the loopback.

    Returns:
        What came, or why not; and the requests.
    """

    async def run() -> tuple[Fetched | str, list[bytes]]:
        context = authority.server(HOST) if tls is None else tls
        async with serving(serve, context or None) as (port, asked):
            fetcher = Fetcher(
                resolve=names or Names(HERE),
                is_public=is_public,
                authorities=authority.file,
                total_s=total_s,
            )
            try:
                url = f"https://{host}:{port}{path}"
                return await fetcher.get(url, limit_bytes=LIMIT), asked
            except FetchError as error:
                return error.why, asked

    return asyncio.run(run())


def test_a_file_is_fetched(authority):
    """A server whose chain has two certificates below the root."""
    got, (asked,) = fetch(authority, answer(BODY, cache_control="max-age=600"))
    assert isinstance(got, Fetched)
    assert got.body == BODY
    assert got.headers["cache-control"] == "max-age=600"
    head = asked.decode().lower()
    assert head.startswith("get /leaf.pem http/1.1\r\n")
    assert f"\r\nhost: {HOST}:" in head
    assert "cookie" not in head


@pytest.mark.parametrize(
    "addresses",
    [
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["2002:7f00:1::"],
        ["fe80::1%lo"],
        [*HERE, "10.0.0.1"],
        ["8.8.8.8", "::127.0.0.1"],
        ["not an address"],
    ],
)
def test_rule_address(authority, addresses):
    """One address inside is enough: nothing is asked, not even of the others."""
    got, asked = fetch(authority, answer(BODY), names=Names(addresses))
    assert (got, asked) == ("address", [])


def test_the_loopback_is_refused_outside_of_these_tests(authority):
    """By the check that a node uses."""
    got, asked = fetch(authority, answer(BODY), is_public=is_public_address)
    assert (got, asked) == ("address", [])
    got, asked = fetch(
        authority, answer(BODY), is_public=is_public_address, host="127.0.0.1"
    )
    assert (got, asked) == ("address", [])


def test_rule_pinned(authority):
    """A name that leads elsewhere when asked again is not asked again."""
    names = Names(HERE, ["10.0.0.1"])
    got, asked = fetch(authority, answer(BODY), names=names)
    assert isinstance(got, Fetched)
    assert (names.asked, len(asked)) == ([HOST], 1)


@pytest.mark.parametrize("addresses", [[], ["8.8.8.8"] * 33])
def test_a_name_that_leads_nowhere(authority, addresses):
    """No address, or more than anybody has."""
    assert fetch(authority, answer(BODY), names=Names(addresses)) == ("resolve", [])


@pytest.mark.parametrize(
    ("hosts", "options"),
    [
        (("other.example.org",), {}),
        (("127.0.0.1",), {}),
        ((HOST,), {"days": (-9, -1)}),
        ((HOST,), {"days": (1, 9)}),
        ((HOST,), {"whole": False}),
    ],
    ids=["another", "address", "expired", "not-yet", "broken-chain"],
)
def test_rule_name(authority, hosts, options):
    """The name of the URL counts, not the address; the certificate must hold now."""
    tls = authority.server(*hosts, **options)
    assert fetch(authority, answer(BODY), tls=tls) == ("tls", [])


def test_an_authority_nobody_believes(authority, tmp_path):
    """A server that vouches for itself."""
    tls = Authority(tmp_path).server(HOST)
    assert fetch(authority, answer(BODY), tls=tls) == ("tls", [])


def test_a_server_without_tls(authority):
    """What takes a connection and speaks no TLS costs its time; nothing is asked."""

    assert fetch(authority, answer(BODY), tls=False, total_s=0.3) == ("timeout", [])


def test_an_address_in_the_url(authority):
    """A host that is an address is checked as one, and needs a certificate for it."""
    tls = authority.server("127.0.0.1")
    names = Names([])
    got, _ = fetch(authority, answer(BODY), tls=tls, host="127.0.0.1", names=names)
    assert isinstance(got, Fetched)
    assert names.asked == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 204, 206, 304, 404, 500])
def test_rule_redirect(authority, status):
    """Anything but 200 is a failure, and nothing is followed."""
    serve = answer(b"", status=f"{status} X", location=f"https://{HOST}/other")
    got, asked = fetch(authority, serve)
    assert (got, len(asked)) == ("status", 1)


def endless(head: bytes, piece: bytes):
    async def serve(_, writer):
        writer.write(head)
        for _ in range(1_000):
            writer.write(piece)
            await writer.drain()

    return serve


@pytest.mark.parametrize(
    "serve",
    [
        answer(b"x" * (LIMIT + 1)),
        endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 8_192),
        endless(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"1000\r\n" + b"x" * 4_096 + b"\r\n",
        ),
        endless(
            b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", b"x" * 8_192
        ),
    ],
    ids=["announced", "until-closed", "chunked", "lie"],
)
def test_rule_size(authority, serve):
    """A body ends at the limit, however it is sent; nothing beyond is kept."""
    assert fetch(authority, serve)[0] == "size"
    whole, _ = fetch(authority, answer(b"x" * LIMIT))
    assert isinstance(whole, Fetched)
    assert len(whole.body) == LIMIT


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "x"])
def test_rule_coding(authority, coding):
    """Nothing is unpacked."""
    serve = answer(gzip.compress(b"x" * 9_999_999), content_encoding=coding)
    assert fetch(authority, serve)[0] == "coding"


def trickle(head: bytes, piece: bytes):
    async def serve(_, writer):
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.05)

    return serve


@pytest.mark.parametrize(
    "serve",
    [
        trickle(b"", b""),
        trickle(b"HTTP/1.1 200 OK\r\nx: ", b"y"),
        trickle(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", b"y"),
        trickle(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["silent", "header", "body", "provisional"],
)
def test_rule_time(authority, serve):
    """However slowly it comes, the time is for all of it."""
    begin_s = time.monotonic()
    assert fetch(authority, serve, total_s=0.4)[0] == "timeout"
    assert time.monotonic() - begin_s < 2


def test_time_for_a_look_up_counts(authority):
    """A slow name server costs no more than the time of a fetch."""

    async def never(host, port):
        del host, port
        await asyncio.sleep(60)

    assert fetch(authority, answer(BODY), names=never, total_s=0.3)[0] == "timeout"


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 40_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
        b"\x00\xff" * 100 + b"\r\n\r\n",
        b"",
    ],
    ids=["nonsense", "headers", "negative", "cut", "binary", "nothing"],
)
def test_garbage_instead_of_http(authority, raw):
    """It ends in one word, never in anything else."""

    async def serve(_, writer):
        writer.write(raw)
        await writer.drain()
        writer.close()

    assert fetch(authority, serve)[0] == "protocol"


def test_a_second_address_is_tried(authority):
    """Where nobody listens at the first one."""
    names = Names(["127.0.0.2", HERE[0]])
    allowed = {"127.0.0.2", HERE[0]}.__contains__
    got, _ = fetch(authority, answer(BODY), names=names, is_public=allowed)
    assert isinstance(got, Fetched)
    none = Names(["127.0.0.2"])
    got, _ = fetch(authority, answer(BODY), names=none, is_public=allowed)
    assert got == "connect"


@pytest.mark.parametrize(
    "path",
    [
        "/a/../../etc/passwd",
        "/%2e%2e/x",
        "/a%20b",
        "/{x}|y^`",
        "//x//",
        "/" + "a" * 900,
    ],
)
def test_any_path_is_sent_as_one_request(authority, path):
    """What a stranger wrote into a path cannot become a second request."""
    got, asked = fetch(authority, answer(BODY), path=path)
    assert isinstance(got, Fetched)
    assert len(asked) == 1
    assert asked[0].split(b"\r\n")[0].count(b" ") == 2


def test_names_are_looked_up_as_they_stand(monkeypatch):
    """With a dot at the end, so that no search list is used."""
    asked = []

    def look_up(host, port, **_):
        asked.append(host)
        return [(0, 0, 0, "", ("8.8.8.8", port)), (0, 0, 0, "", ("8.8.8.8", port))]

    monkeypatch.setattr(resolving.socket, "getaddrinfo", look_up)
    assert asyncio.run(Resolver()(HOST, 443)) == ["8.8.8.8"]
    assert asked == [f"{HOST}."]


def test_slow_look_ups_take_no_more_than_their_share(monkeypatch):
    """Eight at most; a ninth fails at once, and the asker's time is kept."""
    done = threading.Event()
    monkeypatch.setattr(
        resolving.socket, "getaddrinfo", lambda *_, **__: done.wait(5) and []
    )

    async def run() -> None:
        resolver = Resolver()
        slow = [asyncio.wait_for(resolver(HOST, 443), 0.2) for _ in range(MAX_LOOKUPS)]
        said = await asyncio.gather(*slow, return_exceptions=True)
        assert {type(one) for one in said} == {TimeoutError}
        with pytest.raises(OSError, match="too many"):
            await resolver(HOST, 443)
        done.set()
        async with asyncio.timeout(5):
            while True:
                try:
                    await resolver(HOST, 443)
                    break
                except OSError:
                    await asyncio.sleep(0.01)

    asyncio.run(run())


def test_a_name_that_is_none_is_no_fault():
    """Of this machine's own resolver: it says so, and that is all."""
    with pytest.raises(OSError, match="no address"):
        asyncio.run(Resolver()("a" * 64 + ".invalid", 443))
