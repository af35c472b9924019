"""Switches that ask by SIP over TLS, and those who may not."""

import asyncio
import contextlib
import ssl
from pathlib import Path

import pytest
import uvloop

from tallystick.model import ConfigError
from tallystick.net import sip_tls
from tallystick.net.sip_tls import names_of
from tallystick.node.service import Node

from .pair import agreed, node_of
from .test_switches import invite, status
from .tls import Signer

LOOPS = pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
LISTEN = """sips = "127.0.0.1:0"
sip_certificate = "node.pem"
sip_certificate_key = "node.key"
"""
NAMED = f'{LISTEN}sip_client_ca = "switches.pem"\n'
SWITCH = """
[[switches]]
name = "gateway"
networks = ["127.0.0.1"]
side = "arrivals"
{}
"""
ONLY_NAMED = 'certificate_names = ["SBC.example"]'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the keys of both parties and a certificate."""
    agreed(tmp_path)
    Signer(tmp_path, "authority").issue("node", "node.example")
    return tmp_path


@contextlib.asynccontextmanager
async def running(folder: Path, more: str = "", listens: str = LISTEN):
    node = node_of(folder, "RU", peer=None, listens=listens, more=SWITCH.format(more))
    await node.start()
    try:
        yield node
    finally:
        await node.stop()


def trusting(folder: Path, *pair: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=folder / "authority.pem")
    if pair:
        context.load_cert_chain(*pair)
    return context


def by_tls(data: bytes) -> bytes:
    return data.replace(b"SIP/2.0/UDP", b"SIP/2.0/TLS")


async def asked(
    node: Node, data: bytes, context: ssl.SSLContext, *, ends: bytes = b"\r\n\r\n"
) -> bytes:
    """Send bytes over TLS and return what comes, up to its end or the connection's."""
    reader, writer = await asyncio.open_connection(
        *node.addresses["sips"], ssl=context, server_hostname="node.example"
    )
    try:
        writer.write(data)
        async with asyncio.timeout(3):
            answer = b""
            while not answer.endswith(ends):
                piece = await reader.read(65_536)
                if not piece:
                    break
                answer += piece
        return answer
    finally:
        writer.transport.abort()


@LOOPS
def test_a_call_is_asked_over_tls(folder: Path, run):
    """An INVITE gets its final answer, with its own Via, on the same connection."""

    async def go():
        async with running(folder) as node:
            answer = await asked(node, by_tls(invite(1)), trusting(folder))
            assert status(answer) == 302
            assert b"Via: SIP/2.0/TLS 127.0.0.1:5060;branch=z9hG4bK-1" in answer
            assert node.verdicts.recent("1@gateway")["outcome"] == "unproven"

    run(go())


@LOOPS
def test_many_calls_on_one_connection_in_odd_pieces(folder: Path, run):
    """What comes along with the handshake, in halves, or together: nothing is lost."""

    async def go():
        async with running(folder) as node:
            data = b"".join(by_tls(invite(n, to="OPTIONS")) for n in range(50))
            reader, writer = await asyncio.open_connection(
                *node.addresses["sips"],
                ssl=trusting(folder),
                server_hostname="node.example",
            )
            for at in range(0, len(data), 777):
                writer.write(data[at : at + 777])
            answers = b""
            async with asyncio.timeout(5):
                while answers.count(b"SIP/2.0 200 OK") < 50:
                    answers += await reader.read(65_536)
            writer.transport.abort()
            assert node.switches.door.server.counts["options"] == 50

    run(go())


@LOOPS
def test_a_stranger_gets_no_handshake(folder: Path, run):
    """From an address that no switch has, not one byte comes back."""

    async def go():
        async with running(folder) as node:
            reader, writer = await asyncio.open_connection(
                *node.addresses["sips"], local_addr=("127.0.0.9", 0)
            )
            with contextlib.suppress(OSError):
                writer.write(b"\x16\x03\x01\x02\x00\x01")
                assert await asyncio.wait_for(reader.read(1), 3) == b""
            writer.transport.abort()

    run(go())


@pytest.mark.parametrize(
    ("hosts", "answered"),
    [
        (("sbc.example",), True),
        (("other.example", "SBC.EXAMPLE"), True),
        (("other.example",), False),
        ((), False),  # its common name is another one
        (None, False),  # shows no certificate
    ],
)
def test_who_needs_a_name_shows_it(folder: Path, hosts, answered):
    """The certificate of a switch must name it, in any of its names."""
    switches = Signer(folder, "switches")
    pair = () if hosts is None else switches.issue("switch", *hosts)

    async def go():
        async with running(folder, ONLY_NAMED, NAMED) as node:
            context = trusting(folder, *pair)
            answer = b""
            with contextlib.suppress(OSError):
                answer = await asked(node, by_tls(invite(1)), context)
            assert (answer[:11] == b"SIP/2.0 302") == answered
            assert bool(answer) == answered

    asyncio.run(go())


def test_a_certificate_that_somebody_else_signed_is_none(folder: Path):
    """It has the right name, and the handshake fails all the same."""
    Signer(folder, "switches")
    pair = Signer(folder, "impostor").issue("switch", "sbc.example")

    async def go():
        async with running(folder, ONLY_NAMED, NAMED) as node:
            with contextlib.suppress(OSError):  # TLS 1.3 may tell of it by closing only
                assert not await asked(node, by_tls(invite(1)), trusting(folder, *pair))
            assert not node.switches.door.server.counts["asked"]

    asyncio.run(go())


def test_old_versions_are_refused(folder: Path):
    """TLS 1.1 gets no connection, 1.2 does."""

    async def go():
        async with running(folder) as node:
            context = trusting(folder)
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            assert status(await asked(node, by_tls(invite(1)), context)) == 302
            with pytest.warns(DeprecationWarning, match="TLSv1_1"):
                context.minimum_version = ssl.TLSVersion.TLSv1_1
            with pytest.warns(DeprecationWarning, match="TLSv1_1"):
                context.maximum_version = ssl.TLSVersion.TLSv1_1
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await asked(node, by_tls(invite(2)), context)

    asyncio.run(go())


@LOOPS
def test_a_handshake_that_does_not_end_is_ended(folder: Path, run, monkeypatch):
    """Neither silence nor rubbish holds a connection, and others are served."""
    monkeypatch.setattr(sip_tls, "HANDSHAKE_S", 0.3)

    async def go():
        async with running(folder) as node:
            rubbish = (b"", b"\x16\x03\x01", b"INVITE sip:1@2 SIP/2.0\r\n\r\n")
            for number, data in enumerate(rubbish):
                reader, writer = await asyncio.open_connection(*node.addresses["sips"])
                writer.write(data)
                call = by_tls(invite(number))
                assert status(await asked(node, call, trusting(folder))) == 302
                with contextlib.suppress(OSError):
                    async with asyncio.timeout(3):
                        while await reader.read(4_096):
                            pass
                writer.transport.abort()
            assert not node.switches.door.handshakes

    run(go())


@pytest.mark.parametrize(
    ("certificate", "names"),
    [
        ({}, ()),
        (None, ()),
        ({"subjectAltName": (("DNS", "A.example"), ("DNS", "b"))}, ("a.example", "b")),
        ({"subjectAltName": (("URI", "sip:C.example:5061;x=y"),)}, ("c.example",)),
        ({"subjectAltName": (("URI", "sip:alice@c.example"),)}, ()),
        ({"subjectAltName": (("IP Address", "192.0.2.1"),)}, ()),
        ({"subject": ((("commonName", "D.example"),),)}, ("d.example",)),
        (
            {
                "subject": ((("commonName", "d.example"),),),
                "subjectAltName": (("DNS", "e.example"),),
            },
            ("e.example",),
        ),
    ],
)
def test_names_of_a_certificate(certificate, names):
    """Hosts of SIP URIs and of the DNS; the common name where there are none."""
    assert names_of(certificate) == names


@pytest.mark.parametrize(
    ("listens", "more", "says"),
    [
        ('sips = "127.0.0.1:0"\n', "", "needs sip_certificate"),
        (f'{LISTEN}sip_client_ca = "node.key"\n', "", "node.key"),
        (LISTEN.replace("node.pem", "node.key"), "", "by TLS with"),
        (LISTEN.replace("node.key", "gone.key"), "", "gone.key"),
        (LISTEN, ONLY_NAMED, "needs listen.sips and"),
        ("", 'refusal = "608"', "needs redress"),
    ],
)
def test_what_cannot_be_used_is_named(folder: Path, listens, more, says):
    """Before the node starts, in a sentence."""
    with pytest.raises(ConfigError, match=says):
        node_of(folder, "RU", peer=None, listens=listens, more=SWITCH.format(more))
