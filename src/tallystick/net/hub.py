"""A party's log for several processes of one machine, without any store.

The parent of the processes puts what they say into one order and tells it to all. Each
has one end of a socket pair, so nobody else can speak there.

Source: spec/log.md, "A log between processes".
"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Iterable
from itertools import starmap
from struct import Struct
from typing import Final, cast

from tallystick.cluster import Place
from tallystick.cluster.codec import BATCH_BYTES
from tallystick.net.log import Ends, LineState

ENTRY: Final = Struct(">IQQ")
"""Length, time and turn of an entry, before its bytes."""

LENGTH: Final = Struct(">I")
BEHIND_LIMIT: Final = 64 << 20
"""Bytes a process may be behind; one that is further behind is parted with."""


class Hub:
    """Keeps the log of all processes.

    Bounds: entries of `keep_ms`, and `BEHIND_LIMIT` for each process.
    """

    def __init__(self, name: bytes, *, keep_ms: int, now_ms: Callable[[], int]) -> None:
        """Begin a log.

        Args:
            name: 8 random bytes.
            keep_ms: How long entries are kept for processes that begin.
            now_ms: Tells the time.
        """
        self._name = name
        self._keep_ms = keep_ms
        self._now_ms = now_ms
        self._entries: deque[tuple[Place, bytes]] = deque()
        self._last = Place(0, 0)
        self._lines: set[asyncio.Transport] = set()

    def __len__(self) -> int:
        return len(self._entries)

    async def connect(self) -> socket.socket:
        """Return the end of a new line for a process."""
        ours, theirs = socket.socketpair()
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: _HubLine(self), sock=ours)
        return theirs

    def join(self, line: asyncio.Transport) -> None:
        """Tell a process all that is kept, and what comes."""
        line.write(self._name)
        line.writelines(list(starmap(_packed, self._entries)))
        self._lines.add(line)

    def part(self, line: asyncio.Transport) -> None:
        """Tell a process no more."""
        self._lines.discard(line)

    def take(self, data: bytes) -> None:
        """Put a batch into the order and tell it to all."""
        at_ms = max(self._now_ms(), self._last.at_ms)
        turn = self._last.turn + 1 if at_ms == self._last.at_ms else 0
        self._last = Place(at_ms, turn)
        self._entries.append((self._last, data))
        while self._entries[0][0].at_ms < at_ms - self._keep_ms:
            self._entries.popleft()
        packed = _packed(self._last, data)
        for line in list(self._lines):
            line.write(packed)
            if line.get_write_buffer_size() > BEHIND_LIMIT:
                self.part(line)
                line.abort()


class _HubLine(asyncio.Protocol):
    """One process's line, at the hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._data = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._hub.join(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self._transport is not None:
            self._hub.part(self._transport)

    def data_received(self, data: bytes) -> None:
        self._data += data
        start, held = 0, len(self._data)
        while held - start >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._data, start)
            end = start + LENGTH.size + length
            if end > held:
                break
            self._hub.take(bytes(self._data[start + LENGTH.size : end]))
            start = end
        del self._data[:start]


class HubLine:
    """A process's line to the hub.

    Attributes:
        state: How it stands.
    """

    def __init__(self, end: socket.socket) -> None:
        """Take the end that the parent gave."""
        self.state = LineState()
        self._end = end
        self._writer: asyncio.StreamWriter | None = None

    def append(self, batches: Iterable[bytes]) -> None:
        """Append batches in their order."""
        if self._writer is not None:
            parts = [LENGTH.pack(len(batch)) + batch for batch in batches]
            self._writer.writelines(parts)

    async def follow(self, ends: Ends) -> None:
        """Read until the parent ends; then this process has no log, and says so."""
        reader, self._writer = await asyncio.open_connection(
            sock=self._end, limit=2 * BATCH_BYTES
        )
        try:
            await self._read(reader, ends)
        except (asyncio.IncompleteReadError, OSError):
            self.state.failure = "The process that keeps the log has ended."
        finally:
            self.state.connected = False
            ends.closed()
            self._writer.close()

    async def _read(self, reader: asyncio.StreamReader, ends: Ends) -> None:
        name = await reader.readexactly(8)
        self.state.connected = True
        ends.opened(name)
        while True:
            head = await reader.readexactly(ENTRY.size)
            length, at_ms, turn = ENTRY.unpack(head)
            ends.taken(Place(at_ms, turn), await reader.readexactly(length))


def _packed(place: Place, data: bytes) -> bytes:
    return ENTRY.pack(len(data), *place) + data
