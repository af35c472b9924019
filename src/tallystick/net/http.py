"""A small HTTP/1.1 server for answers that must come within milliseconds.

httptools reads the requests; nothing stands between it and the handler. Answers may
come later and in any order: they leave in the order of the requests, as HTTP/1.1 asks
of a connection on which several are under way.

Source: RFC 9112.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, cast

import httptools

JSON: Final = b"application/json"
TEXT: Final = b"text/plain; charset=utf-8"
MAX_BODY: Final = 1 << 20
MAX_HEAD: Final = 1 << 14
MAX_WAITING: Final = 256  # requests of one connection that are under way
IDLE_S: Final = 75.0

_REASONS: Final = {
    200: b"OK",
    202: b"Accepted",
    204: b"No Content",
    400: b"Bad Request",
    401: b"Unauthorized",
    403: b"Forbidden",
    404: b"Not Found",
    405: b"Method Not Allowed",
    409: b"Conflict",
    413: b"Content Too Large",
    415: b"Unsupported Media Type",
    422: b"Unprocessable Content",
    431: b"Request Header Fields Too Large",
    500: b"Internal Server Error",
    503: b"Service Unavailable",
}


@dataclass(slots=True, eq=False)
class Exchange:
    """One request, and the answer it is to get.

    Attributes:
        method: For example `POST`.
        path: Without the query.
        query: What follows the question mark; empty if nothing does.
        headers: By name in lower case; of several the last.
        body: The content; at most `MAX_BODY` bytes.
        keep_alive: Whether the connection stays open behind the answer.
        reply: The answer as it will be sent, once there is one.
    """

    method: str
    path: str
    query: str
    headers: dict[bytes, bytes]
    body: bytes
    keep_alive: bool
    _connection: "Connection"
    reply: bytes | None = field(default=None, init=False)

    def answer(self, status: int, body: bytes = b"", *, kind: bytes = JSON) -> None:
        """Answer, now or later; only the first answer counts."""
        if self.reply is not None:
            return
        close = b"" if self.keep_alive else b"connection: close\r\n"
        head = b"HTTP/1.1 %d %b\r\ncontent-type: %b\r\ncontent-length: %d\r\n%b\r\n" % (
            status,
            _REASONS.get(status, b"Status"),
            kind,
            len(body),
            close,
        )
        self.reply = head + body
        self._connection.flush()


Handle = Callable[[Exchange], None]


class Connection(asyncio.Protocol):
    """One client's connection.

    Bounds: `MAX_WAITING` requests under way, one of them not yet whole.
    """

    __slots__ = (
        "_body",
        "_broken",
        "_failed",
        "_handle",
        "_headers",
        "_heard_s",
        "_idle",
        "_loop",
        "_parser",
        "_size",
        "_transport",
        "_url",
        "_waiting",
    )

    def __init__(
        self,
        handle: Handle,
        loop: asyncio.AbstractEventLoop,
        *,
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        """Answer requests by calling `handle` with each.

        Args:
            handle: Answers the exchange, at once or later; must not block.
            loop: Tells the time.
            failed: Called where `handle` raised, from within the handling of it.
        """
        self._handle = handle
        self._failed = failed
        self._loop = loop
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._waiting: deque[Exchange] = deque()
        self._idle: asyncio.TimerHandle | None = None
        self._heard_s = loop.time()
        self._broken = False
        self._start()

    def _start(self) -> None:
        self._url = b""
        self._headers: dict[bytes, bytes] = {}
        self._body: list[bytes] = []
        self._size = 0

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:  # ruff: ignore[unused-method-argument]
        """End; answers still to come go nowhere."""
        self._transport = None
        self._waiting.clear()
        if self._idle is not None:
            self._idle.cancel()

    def data_received(self, data: bytes) -> None:
        """Read on; whatever is no HTTP is refused and the connection closed."""
        if self._broken:
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            # What a callback raises comes as the cause of the parser's own error.
            cause = error.__context__
            self._refuse(cause.status if isinstance(cause, _RefusedError) else 400)
        self._heard_s = self._loop.time()

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Forget the last request."""
        self._start()

    def on_url(self, url: bytes) -> None:
        """Take the target of the request, in pieces."""
        self._url += url
        self._count(len(url), MAX_HEAD, 431)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header."""
        self._count(len(name) + len(value or b""), MAX_HEAD, 431)
        self._headers[name.lower()] = value or b""

    def on_headers_complete(self) -> None:
        """Count the content from here on."""
        self._size = 0

    def on_body(self, body: bytes) -> None:
        """Take a piece of the content."""
        self._count(len(body), MAX_BODY, 413)
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Hand the request over.

        Raises:
            _RefusedError: Too many are under way, or the target is none.
        """
        if len(self._waiting) >= MAX_WAITING:
            raise _RefusedError(503)
        try:
            url = httptools.parse_url(self._url)
            path = (url.path or b"/").decode("ascii")
            query = (url.query or b"").decode("ascii")
        except (httptools.HttpParserInvalidURLError, UnicodeDecodeError):
            raise _RefusedError(400) from None
        exchange = Exchange(
            method=self._parser.get_method().decode("ascii", "replace"),
            path=path,
            query=query,
            headers=self._headers,
            body=b"".join(self._body),
            keep_alive=self._parser.should_keep_alive(),
            _connection=self,
        )
        self._waiting.append(exchange)
        try:
            self._handle(exchange)
        except Exception:  # ruff: ignore[blind-except] (a mistake of ours must not end the server)
            self._failed()
            exchange.answer(500)

    def flush(self) -> None:
        """Send the answers that are next in line."""
        transport, waiting = self._transport, self._waiting
        if transport is None:
            return
        ready: list[bytes] = []
        close = False
        while waiting and waiting[0].reply is not None:
            exchange = waiting.popleft()
            ready.append(exchange.reply or b"")
            close = close or not exchange.keep_alive
        if ready:
            transport.write(b"".join(ready))
        if close:
            transport.close()

    def _count(self, more: int, most: int, status: int) -> None:
        self._size += more
        if self._size > most:
            raise _RefusedError(status)

    def _refuse(self, status: int) -> None:
        """Say what is wrong once earlier answers are out, and close."""
        self._broken = True
        last = Exchange("", "", "", {}, b"", keep_alive=False, _connection=self)
        self._waiting.append(last)
        last.answer(status)

    def _watch(self) -> None:
        """Close the connection once nothing has come for long; look again until then.

        One timer for as long as nothing comes costs less than one for each request.
        """
        left_s = self._heard_s + IDLE_S - self._loop.time()
        if left_s <= 0 and not self._waiting and self._transport is not None:
            self._transport.close()
            return
        self._idle = self._loop.call_later(max(left_s, 1.0), self._watch)


class _RefusedError(Exception):
    """A request is refused with this status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status
