"""A peer that has the right keys and says what it likes."""

import asyncio
import contextlib
from collections.abc import Iterator

from tallystick.channel import (
    Answering,
    Data,
    DepartureRecord,
    EpochNotice,
    Frame,
    FrameReader,
    Heartbeat,
    Position,
    Resumed,
    Standing,
    encode_frame,
)
from tallystick.channel.codec import seal
from tallystick.channel.frame import Kind
from tallystick.channel.wire import encode_calls
from tallystick.node.service import Node, now_ms

STREAM = b"of-liars"


class Liar:
    """Listens as a publisher and sends every subscriber the same bytes.

    Attributes:
        sessions: How many subscribers it has proved itself to.
    """

    def __init__(self, node: Node) -> None:
        """Speak with the keys of a node that is not started."""
        own = node.secrets
        self._standing = Standing(agreement=own.signed, own=own.signing)
        self._own = own
        self.sessions = 0
        self.lies: list[bytes] = []

    async def open(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    async def close(self) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader, writer):
        answering, frames = Answering(self._standing, nonce=bytes(32)), FrameReader()
        with contextlib.suppress(OSError):
            hello = await _frame(reader, frames)
            writer.write(answering.receive_hello(hello, now_ms=now_ms()))
            answering.receive_proof(await _frame(reader, frames))
            self.sessions += 1
            for lie in self.lies:
                writer.write(lie)
                await writer.drain()
            await reader.read()
        writer.close()

    def begin(self, at_ms: int) -> bytes:
        """Return what a session begins with."""
        terms = self._own.signed.terms
        index = terms.epoch_index(at_ms)
        resumed = Resumed(Position(STREAM, 1), 1, at_ms - 60_000)
        notice = EpochNotice(
            index, terms.epoch(index).starts_ms, self._own.check(index)
        )
        return encode_frame(resumed) + encode_frame(notice)

    def flood(self, frames: int, at_ms: int) -> Iterator[bytes]:
        """Yield frames of a thousand departures of one number, with ends of them."""
        epoch = self._own.signed.terms.epoch_index(at_ms)
        one = b"t" * 16
        for number in range(frames):
            first = 1_024 * number + 1
            frame = Data(
                number=number + 1,
                first=first,
                from_ms=at_ms - 60_000,
                watermark_ms=at_ms,
                epoch=epoch,
                departures=(),
                closings=tuple((first, 1, 5, 5, 16) for _ in range(512)),
            )
            rows = [
                DepartureRecord(first + n, at_ms, n.to_bytes(16), one, one, 17, 0)
                for n in range(1_024)
            ]
            yield seal(Kind.DATA, encode_calls(frame, rows))


async def _frame(reader: asyncio.StreamReader, frames: FrameReader) -> Frame:
    """Return the next frame; the subscriber sends one at a time."""
    while True:
        data = await reader.read(4_096)
        if not data:
            raise ConnectionError
        if got := frames.feed(data):
            return got[0]


def promise(frame: int, departure: int, at_ms: int) -> bytes:
    """Return a heartbeat."""
    return encode_frame(Heartbeat(frame, departure, at_ms - 60_000, at_ms, now_ms()))
