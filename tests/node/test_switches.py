"""Switches that ask by SIP, on UDP and TCP, against two running nodes."""

import asyncio
import re
from pathlib import Path

import pytest

from tallystick.node.service import Node

from .pair import both
from .test_two_nodes import A, B, C, warm

LISTENS = 'sip = "127.0.0.1:0"\n'
SIP = """
[[switches]]
name = "gateway"
networks = ["127.0.0.1"]
side = "{side}"
dialect = "{dialect}"
"""


URGENT = (b"Priority: emergency", b"Resource-Priority: esnet.0")


def invite(
    number: int, *, calling: str = A, called: str = B, to: str = "INVITE"
) -> bytes:
    """Return a request as a gateway writes it."""
    return (
        f"{to} sip:{called}@127.0.0.1;user=phone SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK-{number};rport\r\n"
        "Max-Forwards: 69\r\n"
        f"From: <sip:{calling}@127.0.0.1;user=phone>;tag=a{number}\r\n"
        f"To: <sip:{called}@127.0.0.1;user=phone>\r\n"
        f"Call-ID: {number}@gateway\r\n"
        f"CSeq: 1 {to}\r\n"
        "Content-Length: 0\r\n\r\n"
    ).encode()


class Gateway(asyncio.DatagramProtocol):
    """A switch that keeps what it is answered."""

    def __init__(self) -> None:
        """Start with no answer."""
        self.answers: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Keep an answer."""
        del addr
        self.answers.put_nowait(data)


async def ask(node: Node, data: bytes) -> bytes:
    """Send a request by UDP and return the first final answer."""
    loop = asyncio.get_running_loop()
    transport, gateway = await loop.create_datagram_endpoint(
        Gateway, remote_addr=node.addresses["sip"]
    )
    try:
        transport.sendto(data)
        async with asyncio.timeout(3):
            while True:
                answer = await gateway.answers.get()
                if not answer.startswith(b"SIP/2.0 1"):
                    return answer
    finally:
        transport.close()


def status(answer: bytes) -> int:
    """Return the status of an answer."""
    found = re.match(rb"SIP/2\.0 (\d{3}) ", answer)
    assert found
    return int(found[1])


def sip(side: str, dialect: str) -> str:
    """Return the settings of a switch."""
    return SIP.format(side=side, dialect=dialect)


@pytest.mark.parametrize(
    ("dialect", "goes_on"), [("redirect", 302), ("next-route", 404)]
)
def test_a_call_told_and_asked_by_sip_goes_on(tmp_path: Path, dialect, goes_on):
    """The departing switch's INVITE is told to the peer, whose switch then asks."""

    async def run():
        nodes = both(
            tmp_path,
            by=sip("departures", dialect),
            ru=sip("arrivals", dialect),
            listens=LISTENS,
        )
        async with nodes as (by, ru):
            await warm(by, ru)
            assert status(await ask(by, invite(1))) == goes_on
            assert status(await ask(ru, invite(1))) == goes_on
            assert ru.verdicts.recent("1@gateway")["outcome"] == "paired"
            assert status(await ask(ru, invite(2, calling=C))) == goes_on
            assert ru.verdicts.recent("2@gateway")["outcome"] == "no_departure"

    asyncio.run(run())


def test_health_is_asked_by_options_and_strangers_get_silence(tmp_path: Path):
    """OPTIONS is answered to a known switch only."""

    async def run():
        nodes = both(
            tmp_path, ru=sip("arrivals", "redirect"), listens='sip = "127.0.0.1:0"\n'
        )
        async with nodes as (by, ru):
            assert status(await ask(ru, invite(1, to="OPTIONS"))) == 200
            with pytest.raises(TimeoutError):
                await ask(by, invite(1, to="OPTIONS"))

    asyncio.run(run())


def test_a_live_rule_refuses_what_nobody_sent_and_passes_the_rest(tmp_path: Path):
    """With a rule that both sides made live, an invented call is refused with 603."""
    (tmp_path / "rules.toml").write_text(
        'format = "tallystick-rules/1"\nname = "test"\nversion = 1\n'
        '[[rules]]\nid = "missing"\nwhen = { half = ["no_departure"] }\n'
        'action = "reject"\nmode = "live"\n',
        encoding="utf-8",
    )

    async def run():
        nodes = both(
            tmp_path,
            ru_first='rules = "rules.toml"\n',
            by=sip("departures", "redirect"),
            ru=sip("arrivals", "redirect"),
            listens=LISTENS,
        )
        async with nodes as (by, ru):
            await warm(by, ru)
            await ask(by, invite(1))
            assert status(await ask(ru, invite(1))) == 302
            assert status(await ask(ru, invite(2, calling=C))) == 603
            # What a caller writes of its own urgency changes nothing.
            for number, stated in enumerate(URGENT, 10):
                urgent = invite(number, calling=C)
                urgent = urgent.replace(b"Max-Forwards", stated + b"\r\nMax-Forwards")
                assert status(await ask(ru, urgent)) == 603
            await by.door.close()
            await asyncio.sleep(0.3)
            assert status(await ask(ru, invite(3, calling=C))) == 302

    asyncio.run(run())


def test_a_switch_may_ask_by_tcp(tmp_path: Path):
    """Two requests in one piece on one connection are both answered."""

    async def run():
        nodes = both(
            tmp_path, ru=sip("arrivals", "redirect"), listens='sip = "127.0.0.1:0"\n'
        )
        async with nodes as (_, ru):
            reader, writer = await asyncio.open_connection(*ru.addresses["sip"])
            data = invite(1, to="OPTIONS") + invite(2, to="OPTIONS")
            writer.write(data.replace(b"SIP/2.0/UDP", b"SIP/2.0/TCP"))
            answers = b""
            async with asyncio.timeout(3):
                while answers.count(b"SIP/2.0 200") < 2:
                    answers += await reader.read(65_536)
            writer.close()

    asyncio.run(run())
