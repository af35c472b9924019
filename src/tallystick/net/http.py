"""A small HTTP/1.1 server for answers that must come within milliseconds.

httptools reads the requests; nothing stands between it and the handler. Answers may
come later and in any order: they leave in the order of the requests, as HTTP/1.1 asks
of a connection on which several are under way.

Source: RFC 9112.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from typing import Final, cast

import httptools

from tallystick.net.exchange import Exchange

MAX_BODY: Final = 1 << 20
MAX_HEAD: Final = 1 << 14
MAX_WAITING: Final = 256  # requests of one connection that are under way
MAX_CONNECTIONS: Final = 1_024
PIECE: Final = 1 << 13  # bytes read in one turn, so that others get theirs
IDLE_S: Final = 75.0
REQUEST_S: Final = 10.0  # from the first byte of a request to its last

Handle = Callable[[Exchange], None]


class Connections:
    """All clients' connections of one port.

    Attributes:
        handle: Answers an exchange, at once or later; must not block.
        failed: Called where `handle` raised, from within the handling of it.
        refused: Called for what is no request, or too much of one, and where a
            client is gone whose requests were not all read.
        behind: Connections of which something may be unread, by the turn since when.

    Bounds: `MAX_CONNECTIONS`.
    """

    def __init__(
        self,
        handle: Handle,
        loop: asyncio.AbstractEventLoop,
        *,
        failed: Callable[[], None] = lambda: None,
        refused: Callable[[], None] = lambda: None,
    ) -> None:
        """Have none yet."""
        self.handle = handle
        self.failed = failed
        self.refused = refused
        self.loop = loop
        self.open: set[Connection] = set()
        self.behind: dict[Connection, int] = {}
        self.turn = 0

    def next_turn(self) -> int:
        """Begin a turn of the node; return since which one something may be unread.

        The present one, if all that clients had sent before it has been read.
        """
        self.turn += 1
        for one in [one for one in self.behind if one.is_rested()]:
            del self.behind[one]
        return min(self.behind.values(), default=self.turn)

    def close(self) -> None:
        """End every connection, once what is answered is sent."""
        for one in list(self.open):
            one.close()

    def __call__(self) -> "Connection":
        """Return what a new connection is served by."""
        return Connection(self)


class Connection(asyncio.Protocol):
    """One client's connection.

    Bounds: `MAX_WAITING` requests under way, one of them not yet whole; reading stops
        while there are more, or while the client takes no answers.
    """

    def __init__(self, all_of: Connections) -> None:
        """Answer requests as `all_of` says."""
        self._all = all_of
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._waiting: deque[Exchange] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._heard_s = all_of.loop.time()
        self._began_s: float | None = None
        self._unread = bytearray()
        self._read_turn = self._rest_turn = 0
        self._full = self._broken = self._ended = self._working = False
        self._feeding = False
        self._start()

    def _start(self) -> None:
        self._url = b""
        self._headers: dict[bytes, bytes] = {}
        self._body: list[bytes] = []
        self._size = 0
        self._in_head = True
        self._head_size = 0

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, unless there are too many."""
        self._transport = cast("asyncio.Transport", transport)
        self._all.open.add(self)
        if len(self._all.open) > MAX_CONNECTIONS:
            self._refuse(503)
            return
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """End; answers still to come go nowhere."""
        del exc
        self._all.open.discard(self)
        self._transport = None
        self._waiting.clear()
        half_read = bool(self._unread) or self._began_s is not None or self._is_behind()
        self._all.behind.pop(self, None)
        if half_read and not self._broken:
            self._all.refused()
        self._parser = _NO_PARSER  # it and this hold each other
        if self._timer is not None:
            self._timer.cancel()

    def close(self) -> None:
        """End, once what is answered is sent."""
        if self._transport is not None:
            self._transport.close()

    def eof_received(self) -> bool:
        """Stay open for answers to a client that says no more."""
        self._ended = True
        return bool(self._waiting or self._unread)

    def pause_writing(self) -> None:
        """Read no more while the client takes no answers."""
        self._full = True

    def resume_writing(self) -> None:
        """Read on."""
        self._full = False
        self._work()

    def data_received(self, data: bytes) -> None:
        """Read on; whatever is no HTTP is refused and the connection closed."""
        self._heard_s = self._all.loop.time()
        self._read_turn = self._all.turn
        usual = len(data) <= PIECE and not (self._unread or self._broken)
        if usual and not self._is_busy():
            self._feed(data)
            if self._unread or self._is_busy():
                self._work()
            return
        self._unread += data
        if not self._working:
            self._work()

    def _work(self) -> None:
        """Read a piece, and come back for the next one."""
        self._working = False
        transport = self._transport
        if transport is None or self._broken:
            self._unread.clear()
            return
        if self._is_busy():
            transport.pause_reading()
            self._note_behind()
            return
        piece = bytes(self._unread[:PIECE])
        del self._unread[:PIECE]
        if piece:
            self._feed(piece)
        if self._unread or self._is_busy():
            transport.pause_reading()
        else:
            transport.resume_reading()
        self._note_behind()
        if self._unread and not self._is_busy():
            self._working = True
            self._all.loop.call_soon(self._work)

    def is_rested(self) -> bool:
        """Tell whether the loop has come around since the last byte was read."""
        return not self._is_behind() and self._all.turn - self._rest_turn > 1

    def _is_behind(self) -> bool:
        return bool(self._unread) or self._is_busy()

    def _note_behind(self) -> None:
        """Say since when something may be unread.

        Whatever had come was taken in at the last reading; while reading is paused,
        more may lie in the kernel, and does not show before the loop comes around.
        """
        behind = self._all.behind
        if self._is_behind():
            behind.setdefault(self, self._read_turn)
        elif self in behind:
            behind[self] = self._read_turn
            self._rest_turn = self._all.turn

    def _is_busy(self) -> bool:
        return self._full or len(self._waiting) >= MAX_WAITING

    def _feed(self, piece: bytes) -> None:
        if self._began_s is None:
            self._began_s = self._heard_s
        self._feeding = True
        try:
            self._parser.feed_data(piece)
        except httptools.HttpParserUpgrade as asked:
            # HTTP/1.1 is what is spoken here (RFC 9110, 7.8): the request counts, its
            # wish does not.
            self._parser = httptools.HttpRequestParser(self)
            self._unread[:0] = self._without_upgrade() + piece[asked.args[0] :]
        except httptools.HttpParserError as error:
            if not self._broken:
                self._refuse(_status(error))
        else:
            self._head_size += len(piece)
            if self._in_head and self._head_size > MAX_HEAD + PIECE:
                self._refuse(431)
        self._feeding = False
        if self._waiting:
            self.flush()

    def _without_upgrade(self) -> bytes:
        """Write the head of the present request anew."""
        method = self._method
        gone = {b"upgrade", b"connection", b"http2-settings"}
        lines = [
            b"%b: %b\r\n" % (name, value)
            for name, value in self._headers.items()
            if name not in gone
        ]
        return b"%b %b HTTP/1.1\r\n%b\r\n" % (method, self._url, b"".join(lines))

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Forget the last request."""
        self._began_s = self._all.loop.time()
        self._start()

    def on_url(self, url: bytes) -> None:
        """Take the target of the request, in pieces."""
        self._url += url
        self._count(len(url), MAX_HEAD, 431)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header.

        Raises:
            _RefusedError: They are too long together.
        """
        value = value or b""
        self._size += len(name) + len(value)
        if self._size > MAX_HEAD:
            raise _RefusedError(431)
        self._headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        """Count the content from here on; encourage a client that waits for it.

        Raises:
            _RefusedError: It asks for a tunnel.
        """
        self._size = 0
        self._in_head = False
        self._method = self._parser.get_method()
        if self._method == b"CONNECT":
            raise _RefusedError(405)  # what follows would be no HTTP at all
        if b"expect" in self._headers:
            self._encourage()

    def _encourage(self) -> None:
        expects = self._headers[b"expect"].lower() == b"100-continue"
        if expects and not self._waiting and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """Take a piece of the content."""
        self._count(len(body), MAX_BODY, 413)
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Hand the request over.

        Raises:
            _RefusedError: The target is none.
        """
        self._began_s = None
        if self._parser.should_upgrade():
            return  # it comes again, without that wish
        path, query = _target(self._url)
        body = self._body
        keep_alive = self._parser.should_keep_alive()
        self._broken = not keep_alive  # what follows is not read (RFC 9112, 9.6)
        exchange = Exchange(
            self._method.decode("ascii", "replace"),
            path,
            query,
            self._headers,
            body[0] if len(body) == 1 else b"".join(body),
            self.flush,
            keep_alive=keep_alive,
        )
        self._waiting.append(exchange)
        try:
            self._all.handle(exchange)
        except Exception:  # ruff: ignore[blind-except] (a mistake of ours must not end the server)
            self._all.failed()
            exchange.answer(500)

    def flush(self) -> None:
        """Send the answers that are next in line; those of one piece together."""
        transport, waiting = self._transport, self._waiting
        if transport is None or self._feeding:
            return
        ready: list[bytes] = []
        close = False
        was_busy = self._is_busy()
        while waiting and waiting[0].reply is not None:
            exchange = waiting.popleft()
            ready.append(exchange.reply or b"")
            close = close or not exchange.keep_alive
        if ready:
            transport.write(b"".join(ready))
        if close or (self._ended and not waiting and not self._unread):
            transport.close()
        elif was_busy and not self._is_busy() and not self._working:
            self._working = True
            self._all.loop.call_soon(self._work)

    def _count(self, more: int, most: int, status: int) -> None:
        self._size += more
        if self._size > most:
            raise _RefusedError(status)

    def _refuse(self, status: int) -> None:
        """Say what is wrong once earlier answers are out, and close."""
        self._broken = True
        self._all.refused()
        last = Exchange("", "", "", {}, b"", self.flush, keep_alive=False)
        self._waiting.append(last)
        last.answer(status)

    def _watch(self) -> None:
        """Close the connection once nothing has come for long; look again until then.

        One timer for as long as nothing comes costs less than one for each request.
        """
        now_s, transport = self._all.loop.time(), self._transport
        if transport is None:
            return
        idle = now_s - self._heard_s >= IDLE_S and (self._full or not self._waiting)
        slow = self._began_s is not None and now_s - self._began_s >= REQUEST_S
        if idle or (slow and not self._unread):
            transport.abort()
            return
        self._timer = self._all.loop.call_later(1.0, self._watch)


_NO_PARSER: Final = httptools.HttpRequestParser(object())


def _status(error: Exception) -> int:
    """Return how to refuse what cannot be read."""
    # What a callback raises comes as the cause of the parser's own error.
    cause = error.__context__
    return cause.status if isinstance(cause, _RefusedError) else 400


@lru_cache(maxsize=64)
def _target(url: bytes) -> tuple[str, str]:
    """Return path and query of a target.

    Raises:
        _RefusedError: It is none.
    """
    try:
        parsed = httptools.parse_url(url)
        path = (parsed.path or b"/").decode("ascii")
        return path, (parsed.query or b"").decode("ascii")
    except (httptools.HttpParserInvalidURLError, UnicodeDecodeError):
        raise _RefusedError(400) from None


class _RefusedError(Exception):
    """A request is refused with this status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status
