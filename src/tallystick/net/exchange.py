"""A request by HTTP, and its answer in bytes.

Source: RFC 9110 (statuses, HEAD), RFC 9112 (the form of an answer).
"""

from collections.abc import Callable
from typing import Final

JSON: Final = b"application/json"
TEXT: Final = b"text/plain; charset=utf-8"

_REASONS: Final = {
    200: b"OK",
    202: b"Accepted",
    204: b"No Content",
    400: b"Bad Request",
    401: b"Unauthorized",
    403: b"Forbidden",
    404: b"Not Found",
    405: b"Method Not Allowed",
    406: b"Not Acceptable",
    409: b"Conflict",
    411: b"Length Required",
    413: b"Content Too Large",
    415: b"Unsupported Media Type",
    422: b"Unprocessable Content",
    431: b"Request Header Fields Too Large",
    500: b"Internal Server Error",
    503: b"Service Unavailable",
}


class Exchange:
    """One request, and the answer it is to get.

    Attributes:
        method: For example `POST`.
        path: Without the query.
        query: What follows the question mark; empty if nothing does.
        headers: By name in lower case; of several the last.
        body: The content.
        keep_alive: Whether the connection stays open behind the answer.
        reply: The answer as it will be sent, once there is one.
    """

    __slots__ = (
        "_send",
        "body",
        "headers",
        "keep_alive",
        "method",
        "path",
        "query",
        "reply",
    )

    def __init__(
        self,
        method: str,
        path: str,
        query: str,
        headers: dict[bytes, bytes],
        body: bytes,
        send: Callable[[], None],
        *,
        keep_alive: bool,
    ) -> None:
        """Take a request; `send` is called once there is an answer."""
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.keep_alive = keep_alive
        self.reply: bytes | None = None
        self._send = send

    def answer(
        self,
        status: int,
        body: bytes = b"",
        *,
        kind: bytes = JSON,
        more: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        """Answer, now or later; only the first answer counts.

        Args:
            status: HTTP status.
            body: The content; of an answer to HEAD only its length is sent. A refusal
                without one says the reason phrase.
            kind: Its media type.
            more: Further headers; must hold no control character.
        """
        if self.reply is not None:
            return
        reason = _REASONS.get(status, b"Status")
        if status >= 400 and not body:
            body, kind = b'{"error":"http","detail":"%b."}' % reason, JSON
        close = b"" if self.keep_alive else b"connection: close\r\n"
        if more:
            close += b"".join(b"%b: %b\r\n" % header for header in more)
        head = b"HTTP/1.1 %d %b\r\ncontent-type: %b\r\ncontent-length: %d\r\n%b\r\n" % (
            status,
            reason,
            kind,
            len(body),
            close,
        )
        self.reply = head if self.method == "HEAD" else head + body
        self._send()
