"""Somebody on the line: passes bytes on, keeps them, and changes what he likes."""

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

from tallystick.channel.codec import CHECKSUM, ENVELOPE

Change = Callable[[bytes], bytes]


def unchanged(data: bytes) -> bytes:
    return data


@dataclass
class Relay:
    """Stands between a subscriber and its publisher.

    Attributes:
        host: Where the publisher listens.
        to_publisher: Changes what the subscriber says.
        to_subscriber: Changes what the publisher says.
        frames: Whether changes see one frame after the other, or pieces as they come.
        own: TLS that it speaks to the subscriber itself; None: bytes as they are.
        onward: TLS that it speaks to the publisher itself.
        passing: Cleared, it holds everything back.
        said: All that the subscriber said, by connection; told: the publisher.
    """

    host: str
    port: int
    to_publisher: Change = unchanged
    to_subscriber: Change = unchanged
    frames: bool = False
    own: ssl.SSLContext | None = None
    onward: ssl.SSLContext | None = None
    passing: asyncio.Event = field(default_factory=asyncio.Event)
    said: list[bytearray] = field(default_factory=list)
    told: list[bytearray] = field(default_factory=list)

    async def open(self) -> str:
        """Begin to listen and return where."""
        self.passing.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", 0, ssl=self.own
        )
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    async def close(self) -> None:
        self._server.close()
        self.passing.set()
        for writer in self._writers:  # a reader's task that is cancelled complains
            writer.transport.abort()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=1)
        await self._server.wait_closed()

    async def _serve(self, reader, writer):
        self._tasks.add(asyncio.current_task())
        self._writers.append(writer)
        try:
            there = await asyncio.open_connection(self.host, self.port, ssl=self.onward)
        except OSError:
            writer.close()
            return
        self._writers.append(there[1])
        for kept in (self.said, self.told):
            kept.append(bytearray())
        one = self._pass(reader, there[1], self.said[-1], self.to_publisher)
        two = self._pass(there[0], writer, self.told[-1], self.to_subscriber)
        try:
            await asyncio.gather(one, two)
        finally:
            writer.close()
            there[1].close()

    async def _pass(self, reader, writer, kept, change):
        waiting = b""
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                await self.passing.wait()
                kept += data
                pieces, waiting = cut(waiting + data) if self.frames else ([data], b"")
                writer.write(b"".join(map(change, pieces)))
                await writer.drain()
        with contextlib.suppress(OSError):
            writer.close()

    @property
    def capture(self) -> bytes:
        """Everything that crossed the line."""
        return b"".join(self.said + self.told)


def cut(data: bytes) -> tuple[list[bytes], bytes]:
    """Return whole frames, and what is left."""
    found = []
    while len(data) >= ENVELOPE.size:
        size = ENVELOPE.size + ENVELOPE.unpack_from(data)[3] + CHECKSUM.size
        if len(data) < size:
            break
        found.append(data[:size])
        data = data[size:]
    return found, data
