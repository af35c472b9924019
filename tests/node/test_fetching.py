"""A node that fetches signers' certificates after the calls that named them.

The server is real, with TLS; only the look-up of its name and the loopback are
allowed by the test, and only here.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest

from net.tls import HOST, Authority, Serve, answer, serving
from passport import pki
from passport.world import LEAF_KEY, MIDDLE_KEY, ORIGID, ROOT_KEY, signer
from tallystick.domains.calls.live import LiveCall
from tallystick.domains.calls.passport import sign_shaken
from tallystick.model import ConfigError
from tallystick.net.fetch import Fetcher
from tallystick.node.calls.certificates import Kept, KeptFiles
from tallystick.node.calls.fetching import Fetching
from tallystick.node.service import Node, now_ms

from .pair import agreed, node_of, send

A, B = "+375291234567", "+74951234567"
# A port that a URL may name; the address is this run's own.
PORT = 8443
URL = f"https://{HOST}:{PORT}/leaf.pem"
HERE = f"127.{time.time_ns() % 200 + 20}.{time.time_ns() // 1000 % 250}.7"


def settings(*, enabled: bool = True, more: str = "") -> str:
    return f"""
[[trust]]
country = "BY"
file = "anchors.pem"
codes = ["375"]
hosts = ["{HOST}"]
[fetch]
enabled = {str(enabled).lower()}
{more}
"""


@pytest.fixture
def chain(tmp_path: Path) -> bytes:
    """Put a root where the settings say, and return a signer's chain of two."""
    days = (now_ms() // 1000 - pki.NOW_S) // 86_400
    span = (days - 1, days + 2)
    usage = {"ca": True, "usage": pki.ISSUES, "days": span}
    root = pki.issue("root", ROOT_KEY, **usage)
    middle = pki.issue("middle", MIDDLE_KEY, issuer=(root, ROOT_KEY), **usage)
    leaf = pki.issue(
        "leaf", LEAF_KEY, issuer=(middle, MIDDLE_KEY), tn=pki.LIST, days=span
    )
    (tmp_path / "anchors.pem").write_bytes(pki.pem(root))
    agreed(tmp_path)
    return pki.pem(leaf, middle)


async def _here(host: str, port: int) -> list[str]:
    del host, port
    await asyncio.sleep(0)
    return [HERE]


def fetching(node: Node) -> Fetching:
    (found,) = [one for one in node.helpers if isinstance(one, Fetching)]
    return found


@contextlib.asynccontextmanager
async def running(folder: Path, authority: Authority | None, told: str = ""):
    node = node_of(folder, "RU", peer=None, more=told or settings())
    if authority is not None:
        fetching(node).fetcher = Fetcher(
            resolve=_here, is_public=HERE.__eq__, authorities=authority.file
        )
    await node.start()
    try:
        yield node
    finally:
        await node.stop()


@contextlib.asynccontextmanager
async def at_work(
    folder: Path, serve: Serve, told: str = ""
) -> AsyncGenerator[tuple[Node, list[bytes]], None]:
    """Run a node, and the server of the certificates."""
    authority = Authority(folder)
    async with (
        serving(serve, authority.server(HOST), host=HERE, port=PORT) as (_, asked),
        running(folder, authority, told) as node,
    ):
        yield node, asked


def said(node: Node, number: int, *, url: str = URL) -> str:
    """Ask about a signed call; return what its signature is worth."""
    identity = sign_shaken(
        signer(info=url),
        orig=A[1:],
        dest=(B[1:],),
        attest="A",
        origid=ORIGID,
        iat_s=now_ms() // 1000 - number,
    )
    call = LiveCall(
        call_id=f"call-{number}",
        at_ms=now_ms(),
        calling_number=A,
        called_number=B,
        identity=(identity,),
        priority="1",  # is answered at once
    )
    words: list[str] = []
    node.arrivals.ask(
        call, lambda one: words.append(one.evidence.identity), now_ms=now_ms()
    )
    (word,) = words
    return word


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():  # ruff: ignore[async-busy-wait]
            await asyncio.sleep(0.01)


def count(node: Node, result: str) -> float:
    return fetching(node).results.labels(result)._value.get()  # ruff: ignore[private-member-access]  -- of the metric


def test_rule_not_in_a_call(tmp_path, chain):
    """The first call is judged without; the fetch begins after; the second has it."""

    async def run():
        async with at_work(tmp_path, answer(chain)) as (node, asked):
            first = said(node, 1), len(asked)
            again = said(node, 2)
            await until(lambda: count(node, "fetched") == 1)
            return first, again, said(node, 3), len(asked)

    assert asyncio.run(run()) == (("unchecked", 0), "unchecked", "valid", 1)


def test_rule_off(tmp_path, chain):
    """Unless the settings say so, nothing works beside the calls."""
    del chain

    async def run():
        async with running(tmp_path, None, settings(enabled=False)) as node:
            return said(node, 1), [h for h in node.helpers if isinstance(h, Fetching)]

    assert asyncio.run(run()) == ("unchecked", [])


def test_only_hosts_of_the_list_are_asked(tmp_path, chain):
    """A caller who names another host gets nothing fetched."""

    async def run():
        async with at_work(tmp_path, answer(chain)) as (node, asked):
            word = said(node, 1, url=f"https://evil.example.com:{PORT}/x.pem")
            await asyncio.sleep(0.1)
            return word, asked, fetching(node).plan.waiting

    assert asyncio.run(run()) == ("unchecked", [], 0)


@pytest.mark.parametrize(
    ("serve", "why"),
    [
        (answer(b"<html>"), "malformed"),
        (answer(b"", status="302 Found", location="/x"), "status"),
        (answer(b"x" * 40_000), "size"),
    ],
)
def test_what_cannot_be_had_harms_no_call(tmp_path, chain, serve, why):
    """It is counted, calls go on as unchecked, and the URL is left alone."""
    del chain

    async def run():
        async with at_work(tmp_path, serve) as (node, asked):
            words = [said(node, 1)]
            await until(lambda: count(node, why) == 1)
            words.append(said(node, 2))
            await asyncio.sleep(0.1)
            _, text = await send(node, "GET", "/metrics")
            assert f'tally_fetches_total{{result="{why}"}} 1.0' in text.decode()
            assert HOST not in text.decode()
            return words, len(asked)

    assert asyncio.run(run()) == (["unchecked", "unchecked"], 1)


def test_rule_kept(tmp_path, chain):
    """After a restart it is there though its server is not; rubbish is passed over."""
    folder = tmp_path / "RU" / "certificates"

    async def run():
        async with at_work(tmp_path, answer(chain)) as (node, _):
            said(node, 1)
            await until(lambda: count(node, "fetched") == 1)
            await until(lambda: any(folder.glob("*.json")))
        (folder / "a.json").write_bytes(b"\xff{")
        (folder / "b.json").write_bytes(b"[]")
        (folder / "c.json").write_bytes(b" " * (3 << 20))
        async with running(tmp_path, None) as node:
            return said(node, 1)

    assert asyncio.run(run()) == "valid"
    assert not list(folder.glob("*.new"))


def test_strangers_cannot_fill_the_disk(tmp_path, chain):
    """A chain that nobody believes is not kept."""
    del chain
    stranger = pki.pem(pki.issue("x", pki.key_number(9), tn=pki.LIST, days=(0, 9999)))

    async def run():
        async with at_work(tmp_path, answer(stranger)) as (node, _):
            said(node, 1)
            await until(lambda: count(node, "refused") == 1)
            return said(node, 2)

    assert asyncio.run(run()) == "untrusted"
    assert not (tmp_path / "RU" / "certificates").exists()


def test_what_is_kept_too_long_is_deleted(tmp_path):
    """A certificate ends a day after its freshness; a revocation list does not."""
    files = KeptFiles(tmp_path / "kept")
    for number, is_list in enumerate((False, True)):
        files.write(
            Kept(
                url=f"https://a.example/{number}",
                is_list=is_list,
                fetched_s=1_000,
                keep_s=300,
                data=b"x",
            )
        )
    assert len(files.read(now_s=1_299 + 86_400)) == 2
    assert [one.is_list for one in files.read(now_s=1_300 + 86_400)] == [True]
    files.tidy(now_s=1_299 + 86_400)
    assert len(list(files.folder.iterdir())) == 2
    (files.folder / "x.json").write_bytes(b"rubbish")
    files.tidy(now_s=1_300 + 86_400)
    assert len(list(files.folder.iterdir())) == 1


def test_a_disk_that_takes_nothing_costs_only_the_restart(tmp_path, chain):
    """The certificate is in memory all the same."""
    (tmp_path / "RU").mkdir()
    (tmp_path / "RU" / "certificates").write_bytes(b"a file, not a folder")

    async def run():
        async with at_work(tmp_path, answer(chain)) as (node, _):
            said(node, 1)
            await until(lambda: count(node, "not-kept") == 1)
            return said(node, 2)

    assert asyncio.run(run()) == "valid"


@pytest.mark.parametrize("rubbish", [None, b"rubbish"])
def test_authorities_that_cannot_be_read_are_named(tmp_path, chain, rubbish):
    """In a sentence, before the node starts."""
    del chain
    if rubbish:
        (tmp_path / "ca.pem").write_bytes(rubbish)
    with pytest.raises(ConfigError, match=r"ca\.pem") as caught:
        node_of(tmp_path, "RU", peer=None, more=settings(more='authorities = "ca.pem"'))
    assert caught.value.code == "node-fetch"


@pytest.mark.parametrize(
    "more",
    [
        'hosts = ["Cert.example.org"]',
        'hosts = ["localhost"]',
        'revocation_lists = ["http://crl.example.org/x"]',
        'revocation_lists = ["https://10.0.0.1/x"]',
    ],
)
def test_settings_that_would_reach_inside_are_refused(tmp_path, chain, more):
    """A place that is none is named before the node starts."""
    del chain
    with pytest.raises(ConfigError, match="fetch"):
        node_of(tmp_path, "RU", peer=None, more=settings(more=more))
