"""The same calls again, asked about by SIP: a switch that tries every way."""

import asyncio
import time
from typing import cast

from trial.nodes import NodeProcess
from trial.traffic import SPOOFED, Traffic, numbers_of

_INVITE = (
    "INVITE sip:{called}@{host}:{port};user=phone SIP/2.0\r\n"
    "Via: SIP/2.0/UDP {own}:{own_port};branch=z9hG4bK{number}{copy}\r\n"
    "From: <sip:{calling}@{own};user=phone>;tag={number}\r\n"
    "To: <sip:{called}@{host};user=phone>\r\n"
    "Call-ID: {call_id}\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n"
    "Content-Length: 0\r\n\r\n"
)


class SipSwitch(asyncio.DatagramProtocol):
    """Sends an INVITE as often as it is told, and counts what comes of it."""

    def __init__(self, node: NodeProcess, traffic: Traffic) -> None:
        """Ask a node; refusals of honest calls are counted in `traffic`."""
        self._node, self._traffic = node, traffic
        self._asked: dict[str, tuple[int, int, float]] = {}
        self._transport: asyncio.DatagramTransport | None = None
        self.finals = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def error_received(self, exc: Exception) -> None:
        """Pass over what the network says: the node may be gone."""

    def ask(self, kind: int, number: int, *, call_id: str, times: int) -> None:
        """Send the INVITE of a call, the same bytes each time."""
        transport, where = self._transport, self._node.where.sip
        if transport is None or where is None:
            return
        calling, called = numbers_of(kind, number)
        own, own_port = transport.get_extra_info("sockname")
        text = _INVITE.format(
            calling=calling,
            called=called,
            host=where[0],
            port=where[1],
            own=own,
            own_port=own_port,
            number=number,
            copy=self._node.party,
            call_id=call_id,
        )
        self._asked[call_id] = (kind, number, time.perf_counter())
        for _ in range(times):
            transport.sendto(text.encode(), where)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Acknowledge a final answer, and count it."""
        status = int(data[8:11])
        if status < 200 or self._transport is None:
            return
        lines = data.decode("latin-1").split("\r\n")
        named = {
            line.partition(":")[0].lower(): line.partition(":")[2].strip()
            for line in lines[1:]
        }
        kept = "\r\n".join(
            f"{name}: {named[name]}" for name in ("via", "from", "to", "call-id")
        )
        ack = f"ACK sip:n SIP/2.0\r\n{kept}\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n"
        self._transport.sendto(ack.encode(), addr)
        asked = self._asked.pop(named["call-id"], None)
        if asked is None:
            return
        self.finals += 1
        kind, number, since = asked
        if self._node.party == "RU":
            took_s = time.perf_counter() - since
            acted = status == 603
            self._traffic.note(kind, number, took_s, f"sip {status}", acted=acted)


async def sip_switches(
    by: NodeProcess, ru: NodeProcess, traffic: Traffic
) -> tuple[SipSwitch, SipSwitch]:
    """Let every call of the traffic be told and asked by SIP as well, twice each."""
    loop = asyncio.get_running_loop()
    pair = []
    for node in (by, ru):
        _, one = await loop.create_datagram_endpoint(
            lambda node=node: SipSwitch(node, traffic), local_addr=("127.0.0.1", 0)
        )
        pair.append(cast("SipSwitch", one))

    def also(kind: int, number: int, *, leaves: bool) -> None:
        if leaves and kind != SPOOFED:
            pair[0].ask(kind, number, call_id=f"d{number}", times=2)
        elif not leaves:
            pair[1].ask(kind, number, call_id=f"a{number}", times=2)

    traffic.also = also
    return pair[0], pair[1]
