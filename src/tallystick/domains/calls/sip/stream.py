"""Finds the messages in a byte stream, by Content-Length.

Source: RFC 3261 sections 7.5 and 18.3; RFC 5626 section 4.4.1 (keep-alive).
"""

from typing import Final

from tallystick.domains.calls.sip.message import MAX_MESSAGE_BYTES

# What a client sends to learn whether the connection lives, and what it gets.
PING: Final = b"\r\n\r\n"
PONG: Final = b"\r\n"
_LENGTHS: Final = (b"content-length", b"l")


class StreamReader:
    """Turns the bytes of one connection into messages.

    Where a message does not say how long it is, nothing behind it can be understood:
    its head is given out, to be answered, and `is_broken` tells the driver to close.

    Bounds: holds less than MAX_MESSAGE_BYTES and one piece that was fed.
    """

    def __init__(self) -> None:
        self._held = bytearray()
        self._searched = 0
        self._whole = 0
        self.is_broken = False

    def feed(self, data: bytes) -> list[bytes]:
        """Take in bytes and return the messages that are complete, in order."""
        if self.is_broken:
            return []
        self._held += data
        found = []
        while (message := self._next()) is not None:
            found.append(message)
        return found

    def _next(self) -> bytes | None:
        held = self._held
        if held.startswith((b"\r", b"\n")):
            return self._ping()
        if not self._whole and (refused := self._find_end()) is not None:
            return refused
        if not self._whole or len(held) < self._whole:
            return None
        return self._take(self._whole)

    def _find_end(self) -> bytes | None:
        """Learn how long the message is; return its head when that cannot be known."""
        held = self._held
        end = held.find(b"\r\n\r\n", max(0, self._searched - 3))
        if end < 0:
            self._searched = len(held)
            return self._refuse(len(held)) if len(held) > MAX_MESSAGE_BYTES else None
        length = _stated_length(bytes(held[:end]))
        if length < 0 or end + 4 + length > MAX_MESSAGE_BYTES:
            return self._refuse(end + 4)
        self._whole = end + 4 + length
        return None

    def _ping(self) -> bytes | None:
        """Return a ping; drop other line ends, however they were cut."""
        held = self._held
        run = len(held) - len(held.lstrip(b"\r\n"))
        at = held.find(PING, 0, run)
        if at >= 0:
            del held[:at]
            return self._take(len(PING))
        if run < len(held):
            del held[:run]
            return self._next()
        # What a ping may begin with stays: the rest of it may follow.
        ends = (n for n in range(min(run, 3), -1, -1))
        kept = next(n for n in ends if PING.startswith(bytes(held[run - n :])))
        del held[: run - kept]
        return None

    def _take(self, size: int) -> bytes:
        message = bytes(self._held[:size])
        del self._held[:size]
        self._searched = self._whole = 0
        return message

    def _refuse(self, size: int) -> bytes:
        message = self._take(size)
        self.is_broken = True
        self._held.clear()
        return message


def _stated_length(head: bytes) -> int:
    """Return the Content-Length that a head states; -1 without exactly one."""
    found = -1
    for line in head.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if colon and name.rstrip(b" \t").lower() in _LENGTHS:
            digits = value.strip(b" \t")
            if found >= 0 or not digits.isdigit() or len(digits) > 9:
                return -1
            found = int(digits)
    return found
