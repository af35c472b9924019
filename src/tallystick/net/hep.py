"""HEP over UDP and TCP: captures in, nothing out.

Source: spec/hep.md.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Final, cast

from tallystick.domains.calls.hep import PacketReader
from tallystick.net.listen import listen_on_both

CONNECTIONS_LIMIT: Final = 64
LINE_IDLE_S: Final = 600.0
RECEIVE_BYTES: Final = 8 << 20
"""Asked of the system for datagrams that wait: a burst of some thousand calls."""


class HepDoor:
    """Takes captures.

    Bounds: `CONNECTIONS_LIMIT` connections, each with one packet in the making.
    """

    def __init__(
        self,
        take: Callable[[bytes, str], None],
        *,
        admits: Callable[[str], bool],
        failed: Callable[[], None],
    ) -> None:
        """Prepare to listen.

        Args:
            take: Takes a packet, and the address that sent it.
            admits: Tells whether an address may send any.
            failed: Called where a packet met a fault of the program.
        """
        self._take = take
        self._admits = admits
        self._failed = failed
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None
        self._lines: set[asyncio.Transport] = set()

    async def open(self, host: str, port: int) -> tuple[str, int]:
        """Begin to listen on UDP and TCP and return where."""
        self._udp, self._tcp = await listen_on_both(
            host, port, lambda: _Datagrams(self), lambda: _Line(self)
        )
        one: socket.socket | None = self._udp.get_extra_info("socket")
        if one is not None:
            with contextlib.suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        name = self._udp.get_extra_info("sockname")
        return str(name[0]), int(name[1])

    async def close(self) -> None:
        """Stop listening."""
        if self._udp is not None:
            self._udp.close()
        if self._tcp is not None:
            self._tcp.close()
            for line in list(self._lines):
                line.abort()
            await self._tcp.wait_closed()

    def packet(self, data: bytes, host: str) -> None:
        """Take in one packet."""
        try:
            self._take(data, host)
        except Exception:  # ruff: ignore[blind-except] (the next packet must come)
            self._failed()

    def connect(self, transport: asyncio.Transport, host: str) -> bool:
        """Remember a connection; False for strangers, or where there are too many."""
        if len(self._lines) >= CONNECTIONS_LIMIT or not self._admits(host):
            return False
        self._lines.add(transport)
        return True

    def disconnect(self, transport: asyncio.Transport) -> None:
        """Forget a connection."""
        self._lines.discard(transport)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, door: HepDoor) -> None:
        self._door = door

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._door.packet(data, addr[0])

    def error_received(self, exc: Exception) -> None:
        """Pass over it: nothing is ever sent."""


class _Line(asyncio.Protocol):
    """One sender's connection."""

    def __init__(self, door: HepDoor) -> None:
        self._door = door
        self._reader = PacketReader()
        self._host = ""
        self._transport: asyncio.Transport | None = None
        self._idle: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        line = cast("asyncio.Transport", transport)
        self._host = line.get_extra_info("peername")[0]
        if self._door.connect(line, self._host):
            self._transport = line
            self._idle = _end_if_idle(line)
        else:
            line.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self._idle is not None:
            self._idle.cancel()
        if self._transport is not None:
            self._door.disconnect(self._transport)

    def data_received(self, data: bytes) -> None:
        if self._transport is None or self._idle is None:
            return
        self._idle.cancel()
        self._idle = _end_if_idle(self._transport)
        for packet in self._reader.feed(data):
            self._door.packet(packet, self._host)
        if self._reader.is_broken:
            self._transport.abort()


def _end_if_idle(transport: asyncio.Transport) -> asyncio.TimerHandle:
    loop = asyncio.get_running_loop()
    return loop.call_later(LINE_IDLE_S, transport.abort)
