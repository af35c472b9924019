"""A switch's connections to a node: requests go out, answers come back.

As little as possible is done for a call, so that two cores are left to the nodes.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from typing import Final, cast

AGAIN_S: Final = 0.05
Take = Callable[[int, float, bytes], None]
"""Told whose answer came, how long it took, and its content; empty: none came."""


class Pool:
    """Connections to one node, each with one request under way: as switches do it.

    An answer that waits for the other side keeps nobody else waiting then.

    Attributes:
        waited: Requests that found every connection taken and waited for one.
    """

    def __init__(self, address: tuple[str, int], *, size: int) -> None:
        """Prepare `size` connections to `address`."""
        self.take: Take = lambda *_: None
        self.waited = 0
        self.idle: list[Line] = []
        self._waiting: deque[tuple[int, bytes, float]] = deque()
        self._lines = [Line(address, self) for _ in range(size)]

    @property
    def is_open(self) -> bool:
        """Whether any connection is there."""
        return any(line.is_open for line in self._lines)

    def open(self) -> None:
        """Begin to connect, and go on trying."""
        for line in self._lines:
            line.open()

    def close(self) -> None:
        """End all."""
        for line in self._lines:
            line.close()

    def say(self, token: int, head: bytes, body: bytes) -> bool:
        """Send a request, now or as soon as a connection is free.

        Returns:
            Whether there is a connection at all.
        """
        request = b"%bcontent-length: %d\r\n\r\n%b" % (head, len(body), body)
        if self.idle:
            self.idle.pop().send(token, request, time.perf_counter())
            return True
        if not self.is_open:
            return False
        self.waited += 1
        self._waiting.append((token, request, time.perf_counter()))
        return True

    def free(self, line: "Line") -> None:
        """Take a connection back, or give it who waits."""
        if self._waiting:
            line.send(*self._waiting.popleft())
        else:
            self.idle.append(line)

    def lost(self, line: "Line") -> None:
        """Do without a connection; who waits for one waits no more if all are gone."""
        if line in self.idle:
            self.idle.remove(line)
        if not self.is_open:
            waiting, self._waiting = self._waiting, deque()
            now = time.perf_counter()
            for token, _, since in waiting:
                self.take(token, now - since, b"")


class Line(asyncio.Protocol):
    """One connection; opened again for as long as it is wanted."""

    def __init__(self, address: tuple[str, int], pool: Pool) -> None:
        """Belong to a pool."""
        self.address, self._pool = address, pool
        self._asked: tuple[int, float] | None = None
        self._rest = b""
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether the node can be spoken to."""
        return self._transport is not None

    def open(self) -> None:
        """Begin to connect, and go on trying."""
        self._task = asyncio.ensure_future(self._connect())

    def close(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
        self._task = None
        if self._transport is not None:
            self._transport.abort()

    def send(self, token: int, request: bytes, since: float) -> None:
        """Send a request; the connection must be idle."""
        self._asked = (token, since)
        if self._transport is not None:
            self._transport.write(request)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._pool.free(self)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._transport, self._rest = None, b""
        self._pool.lost(self)
        asked, self._asked = self._asked, None
        if asked is not None:
            self._pool.take(asked[0], time.perf_counter() - asked[1], b"")
        if self._task is not None:
            self.open()

    def data_received(self, data: bytes) -> None:
        """Take a whole answer."""
        data = self._rest + data if self._rest else data
        end = data.find(b"\r\n\r\n")
        at = data.find(b"content-length: ", 0, max(end, 0)) + 16
        if end < 0 or len(data) < end + 4 + int(data[at : data.find(b"\r", at)]):
            self._rest = data
            return
        self._rest = b""
        asked, self._asked = self._asked, None
        if asked is not None:
            self._pool.take(asked[0], time.perf_counter() - asked[1], data[end + 4 :])
            self._pool.free(self)

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        while self._transport is None:
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await loop.create_connection(lambda: self, *self.address)
                return
            await asyncio.sleep(AGAIN_S)
