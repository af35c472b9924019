"""SIP over UDP, TCP and TLS: bytes to the redirect server, and its answers back.

Source: RFC 3261 section 18; spec/sip.md.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterable
from typing import Final, cast

from tallystick.domains.calls.sip import (
    Ask,
    Decision,
    Output,
    Passed,
    RedirectServer,
    Send,
    Source,
    StreamReader,
    Withdrawn,
)
from tallystick.net.listen import listen_on_both
from tallystick.net.sip_tls import TlsListener, names_of

SOURCES_KEPT: Final = 4_096
CONNECTIONS_LIMIT: Final = 1_024
RECEIVED_BYTES: Final = 4 << 20
"""Datagrams that wait while the node is busy: a second of calls, if the system lets."""
LINE_IDLE_S: Final = 600.0
"""A switch that keeps its connection says something more often (RFC 5626, 4.4.1)."""

TICK_S: Final = (0.005, 0.05)  # least and most between two looks at the timers

Asked = Callable[[Ask], None]


class SipDoor:
    """Listens for switches; tells of the calls they ask about.

    Bounds: those of the redirect server, and `CONNECTIONS_LIMIT` connections.
    """

    def __init__(
        self,
        server: RedirectServer,
        now_ms: Callable[[], int],
        *,
        asked: Asked,
        passed: Callable[[Passed], None],
        withdrawn: Callable[[Withdrawn], None],
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare to listen.

        Args:
            server: Decides what is said.
            now_ms: Tells the time.
            asked: Called for each call that wants a verdict; `answer` gives it.
            passed: Called for each call that went on unasked.
            withdrawn: Called where a verdict is not wanted any more.
            failed: Called where a turn met a fault of the program.
        """
        self.server = server
        self._now_ms = now_ms
        self._asked, self._passed, self._withdrawn = asked, passed, withdrawn
        self._failed = failed
        self._udp: asyncio.DatagramTransport | None = None
        self._servers: list[asyncio.Server] = []
        self._tls: TlsListener | None = None
        self._sources: dict[tuple[str, int], Source] = {}
        self._lines: dict[int, asyncio.Transport] = {}
        self._next_line = 1
        self._timer: asyncio.TimerHandle | None = None

    async def open(
        self, host: str, port: int, *, shared: bool | None = None
    ) -> tuple[str, int]:
        """Begin to listen on UDP and TCP and return where.

        Args:
            host: The address.
            port: The port; 0: any.
            shared: Whether other processes listen on the same port. Datagrams of one
                sender go to one of them, as long as none begins or ends.
        """
        self._udp, server = await listen_on_both(
            host, port, lambda: _Datagrams(self), lambda: _Line(self), shared=shared
        )
        self._servers.append(server)
        self._begin()
        made = self._udp.get_extra_info("socket")
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVED_BYTES)
        name = self._udp.get_extra_info("sockname")
        return str(name[0]), int(name[1])

    async def open_tls(
        self, host: str, port: int, tls: ssl.SSLContext
    ) -> tuple[str, int]:
        """Begin to listen on TLS and return where."""
        self._tls = TlsListener(
            host, port, tls, admits=self._admits, line=lambda: _Line(self)
        )
        self._begin()
        return self._tls.address

    async def close(self) -> None:
        """Stop listening."""
        if self._timer is not None:
            self._timer.cancel()
        if self._udp is not None:
            self._udp.close()
        for server in self._servers:
            server.close()
        if self._tls is not None:
            await self._tls.close()
        for line in list(self._lines.values()):
            line.close()
        for server in self._servers:
            await server.wait_closed()

    def answer(self, ask_id: int, decision: Decision) -> None:
        """Give the verdict that was asked for."""
        self._carry_out(self.server.answer(ask_id, decision, self._now_ms()))

    def datagram(self, data: bytes, address: tuple[str, int]) -> None:
        """Take in a datagram."""
        source = self._sources.get(address)
        if source is None:
            if len(self._sources) >= SOURCES_KEPT:
                self._sources.clear()
            source = self._sources[address] = Source("udp", *address)
        self.message(data, source)

    def message(self, data: bytes, source: Source) -> None:
        """Take in one message; after a fault, its call goes on at the deadline."""
        try:
            self._carry_out(self.server.receive(data, source, self._now_ms()))
        except Exception:  # ruff: ignore[blind-except] (the others are to be answered)
            self._failed()

    def connect(self, transport: asyncio.Transport) -> Source | None:
        """Remember a connection; None for strangers, or where there are too many."""
        host, port = transport.get_extra_info("peername")[:2]
        source = Source("tcp", host, port, connection=self._next_line)
        if transport.get_extra_info("ssl_object") is not None:
            names = names_of(transport.get_extra_info("peercert"))
            source = source._replace(transport="tls", certificate_names=names)
        full = len(self._lines) >= CONNECTIONS_LIMIT
        if full or not self.server.is_known(source):
            return None
        self._next_line += 1
        self._lines[source.connection] = transport
        return source

    @property
    def handshakes(self) -> int:
        """How many connections have not ended their TLS handshake."""
        return 0 if self._tls is None else self._tls.handshakes

    def disconnect(self, source: Source) -> None:
        """Forget a connection."""
        self._lines.pop(source.connection, None)

    def _carry_out(self, outputs: Iterable[Output]) -> None:
        for one in outputs:
            match one:
                case Send():
                    self._send(one)
                case Ask():
                    self._asked(one)
                case Passed():
                    self._passed(one)
                case Withdrawn():
                    self._withdrawn(one)

    def _send(self, one: Send) -> None:
        if one.to.is_stream:
            line = self._lines.get(one.to.connection)
            if line is not None:
                line.write(one.data)
        elif self._udp is not None:
            # What no datagram can hold is lost; the switch asks again.
            with contextlib.suppress(OSError):
                self._udp.sendto(one.data, (one.to.host, one.to.port))

    def _admits(self, host: str, handshakes: int) -> bool:
        """Tell whether somebody may begin a handshake."""
        held = len(self._lines) + handshakes
        return held < CONNECTIONS_LIMIT and self.server.is_listed(host)

    def _begin(self) -> None:
        if self._timer is None:
            self._wake()

    def _wake(self) -> None:
        """Do what is due, and come back when the next thing is."""
        now_ms = self._now_ms()
        least_s, most_s = TICK_S
        wait_s = least_s
        try:
            self._carry_out(self.server.tick(now_ms))
            due_ms = self.server.next_timer_ms()
            wait_s = most_s if due_ms is None else (due_ms - now_ms) / 1000
        except Exception:  # ruff: ignore[blind-except] (the next turn must come)
            self._failed()
        wait_s = min(max(wait_s, least_s), most_s)
        self._timer = asyncio.get_running_loop().call_later(wait_s, self._wake)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, door: SipDoor) -> None:
        self._door = door

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._door.datagram(data, addr[:2])

    def error_received(self, exc: Exception) -> None:
        """Pass over what one client's network says; the others go on."""


class _Line(asyncio.Protocol):
    """One switch's connection."""

    def __init__(self, door: SipDoor) -> None:
        self._door = door
        self._reader = StreamReader()
        self._source: Source | None = None
        self._transport: asyncio.Transport | None = None
        self._idle: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._idle = _end_if_idle(self._transport)
        self._source = self._door.connect(self._transport)
        if self._source is None:
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self._idle is not None:
            self._idle.cancel()
        if self._source is not None:
            self._door.disconnect(self._source)

    def pause_writing(self) -> None:
        """Read no more while the switch takes no answers."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        if self._source is None or self._transport is None or self._idle is None:
            return
        self._idle.cancel()
        self._idle = _end_if_idle(self._transport)
        for message in self._reader.feed(data):
            self._door.message(message, self._source)
        if self._reader.is_broken:
            self._transport.close()


def _end_if_idle(transport: asyncio.Transport) -> asyncio.TimerHandle:
    """End the connection if nothing comes for long, whether or not it is read."""
    loop = asyncio.get_running_loop()
    return loop.call_later(LINE_IDLE_S, transport.abort)
