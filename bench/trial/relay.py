"""Somebody on the line between two nodes: delays, cuts, reorders, repeats, forges.

A relay of TCP connections, so it needs no privileges. TLS is off in these trials, or
nobody on the line could do more than delay and cut.
"""

import asyncio
import contextlib
import random
import zlib
from collections.abc import Callable
from struct import Struct

_HEAD = Struct(">2sBBI")
HELD = 400
"""Frames kept to be sent again."""

Forge = Callable[[list[bytes]], list[bytes]]
"""Takes whole frames of the publisher, returns what the subscriber is to get."""


class Relay:
    """Listens for the subscriber and connects to the publisher.

    Attributes:
        address: Where the subscriber connects to.
        delay_s: How long everything takes in each direction.
        loss: Share of pieces that are lost once: all behind them waits for the
            second attempt, as TCP does.
        is_cut: Whether nothing gets through, and nobody hears that.
        forge: What is done to the publisher's frames; None: nothing.
    """

    def __init__(self, to: tuple[str, int]) -> None:
        """Prepare to pass on to the publisher."""
        self.to = to
        self.address = ("127.0.0.1", 0)
        self.delay_s = 0.0
        self.loss = 0.0
        self.is_cut = False
        self.forge: Forge | None = None
        self._random = random.Random(1)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.address = self._server.sockets[0].getsockname()[:2]

    async def close(self) -> None:
        """End all connections."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            there, back = await asyncio.open_connection(*self.to)
        except OSError:
            writer.transport.abort()
            return
        for task in (
            asyncio.ensure_future(self._pass(reader, back, forged=False)),
            asyncio.ensure_future(self._pass(there, writer, forged=True)),
        ):
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        forged: bool,
    ) -> None:
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        sender = asyncio.ensure_future(self._send(queue, writer))
        loop = asyncio.get_running_loop()
        rest, not_before = b"", 0.0
        try:
            while data := await reader.read(65_536):
                if forged:
                    data, rest = self._forged(rest + data)
                not_before = max(not_before, loop.time() + self._wait_s())
                queue.put_nowait((not_before, data))
        except OSError:
            pass
        finally:
            while self.is_cut:
                await asyncio.sleep(0.02)
            sender.cancel()
            with contextlib.suppress(OSError):
                writer.transport.abort()

    def _forged(self, data: bytes) -> tuple[bytes, bytes]:
        """Return what goes on, and what is no whole frame yet."""
        frames, rest = split_frames(data)
        return b"".join(self.forge(frames) if self.forge else frames), rest

    def _wait_s(self) -> float:
        lost = self._random.random() < self.loss
        return self.delay_s + (0.2 + 2 * self.delay_s if lost else 0)

    async def _send(
        self, queue: "asyncio.Queue[tuple[float, bytes]]", writer: asyncio.StreamWriter
    ) -> None:
        loop = asyncio.get_running_loop()
        while True:
            at, data = await queue.get()
            while self.is_cut or loop.time() < at:
                await asyncio.sleep(0.002)
            writer.write(data)
            await writer.drain()


def split_frames(data: bytes) -> tuple[list[bytes], bytes]:
    """Return whole frames, and what is left."""
    frames = []
    while len(data) >= _HEAD.size:
        size = _HEAD.size + _HEAD.unpack_from(data)[3] + 4
        if len(data) < size:
            break
        frames.append(data[:size])
        data = data[size:]
    return frames, data


def kind_of(frame: bytes) -> int:
    """Return the kind of a frame; 5 is data, 6 a heartbeat."""
    return frame[3]


def sealed(kind: int, payload: bytes, *, says: int | None = None) -> bytes:
    """Return a frame with a right checksum, whatever it holds.

    Args:
        kind: Of the frame.
        payload: Its content.
        says: The length it names, where that is not the true one.
    """
    length = len(payload) if says is None else says
    head = _HEAD.pack(b"TY", 1, kind, length)
    return head + payload + zlib.crc32(head + payload).to_bytes(4)


def reorder(frames: list[bytes]) -> list[bytes]:
    """Turn frames around, but for the greeting."""
    return frames[::-1] if all(kind_of(one) in {5, 6} for one in frames) else frames


class HoldBack:
    """Holds every other data frame back until the next one has passed."""

    def __init__(self) -> None:
        self._held: list[bytes] = []

    def __call__(self, frames: list[bytes]) -> list[bytes]:
        out: list[bytes] = []
        for one in frames:
            if kind_of(one) == 5 and not self._held:
                self._held.append(one)
            else:
                out += [one, *self._held]
                self._held.clear()
        return out


class Replay:
    """Sends frames again, of the running channel session and of earlier ones."""

    def __init__(self) -> None:
        self._seen: list[bytes] = []
        self._random = random.Random(2)

    def __call__(self, frames: list[bytes]) -> list[bytes]:
        out = []
        for one in frames:
            out.append(one)
            if kind_of(one) in {5, 6, 7, 9}:
                if self._seen:
                    out.append(self._random.choice(self._seen))
                self._seen = [*self._seen[-HELD:], one]
        return out


class Spoil:
    """Changes a bit in every hundredth frame."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, frames: list[bytes]) -> list[bytes]:
        out = []
        for one in frames:
            self._count += 1
            spoilt = bytearray(one)
            if self._count % 100 == 0:
                spoilt[self._count % len(spoilt)] ^= 1 << self._count // 100 % 8
            out.append(bytes(spoilt))
        return out


class Promise:
    """Promises what has not come yet: every watermark is far ahead."""

    def __init__(self, ahead_ms: int) -> None:
        self._ahead_ms = ahead_ms

    def __call__(self, frames: list[bytes]) -> list[bytes]:
        return [self._lie(one) for one in frames]

    def _lie(self, frame: bytes) -> bytes:
        if kind_of(frame) not in {5, 6}:
            return frame
        payload = bytearray(frame[_HEAD.size : -4])
        watermark = int.from_bytes(payload[24:32])
        if watermark:
            payload[24:32] = (watermark + self._ahead_ms).to_bytes(8)
        return sealed(kind_of(frame), bytes(payload))


class Oversize:
    """Puts a frame that is too long, or says it is, behind every fiftieth."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, frames: list[bytes]) -> list[bytes]:
        out = []
        for one in frames:
            self._count += 1
            out.append(one)
            if self._count % 50 == 0:
                lies = (
                    sealed(5, bytes(200_000)),
                    sealed(5, b"", says=0xFFFFFFFF),
                    sealed(6, bytes(64_561)),
                )
                out.append(lies[self._count // 50 % len(lies)])
        return out


class Flood:
    """Says every frame many times over, as fast as the line takes it."""

    def __init__(self, times: int) -> None:
        self._times = times

    def __call__(self, frames: list[bytes]) -> list[bytes]:
        return [
            copy
            for one in frames
            for copy in [one] * (self._times if kind_of(one) in {5, 6, 7} else 1)
        ]
