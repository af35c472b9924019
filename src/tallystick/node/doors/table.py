"""One table of doors: which request is whose, and how one is refused."""

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, TypeVar

import msgspec

from tallystick.net.exchange import Exchange

Door = Callable[[Exchange], None]
D = TypeVar("D")

_DIGITS: Final = re.compile(r"[0-9]{4,}")
_write: Final = msgspec.json.Encoder().encode


class Refused(NamedTuple):
    """What could not be read.

    Attributes:
        error: A word that stays the same.
        detail: A sentence; repeats nothing of what was said.
    """

    error: str
    detail: str

    def told(self) -> dict[str, object]:
        """Return it as it is answered."""
        return self._asdict()


class Doors:
    """All doors of a node."""

    def __init__(
        self,
        *sets: Mapping[tuple[str, str], Door],
        refused: Callable[[], None] = lambda: None,
        below: Mapping[str, Door] | None = None,
    ) -> None:
        """Put the doors in place.

        Args:
            sets: Doors by method and path.
            refused: Called for each request that no door takes.
            below: For paths that begin so, who refuses instead.
        """
        self._doors = {where: door for one in sets for where, door in one.items()}
        self._methods: dict[str, list[str]] = {}
        for method, path in self._doors:
            self._methods.setdefault(path, []).append(method)
        self._refused = refused
        self._below = below or {}

    def paths(self) -> set[tuple[str, str]]:
        """Return method and path of every door."""
        return set(self._doors)

    def handle(self, exchange: Exchange) -> None:
        """Answer a request, now or later."""
        # HEAD is GET without the content (RFC 9110, 9.3.2).
        method = "GET" if exchange.method == "HEAD" else exchange.method
        door = self._doors.get((method, exchange.path))
        if door is not None:
            door(exchange)
            return
        self._refused()
        for beginning, refuser in self._below.items():
            if exchange.path.startswith(beginning):
                refuser(exchange)
                return
        if methods := self.allowed(exchange.path):
            more = ((b"allow", methods),)
            refuse(exchange, 405, "method", "This door takes another method.", more)
        else:
            refuse(exchange, 404, "path", "There is no such door; see /openapi.json.")

    def allowed(self, path: str) -> bytes:
        """Return the methods of a path as `Allow` has them; empty for no such path."""
        found = self._methods.get(path, [])
        both = [*found, *(["HEAD"] if "GET" in found else [])]
        return ", ".join(sorted(both)).encode("ascii")


def refuse(
    exchange: Exchange,
    status: int,
    code: str,
    what: str,
    more: tuple[tuple[bytes, bytes], ...] = (),
) -> None:
    """Answer that nothing is done, and why."""
    exchange.answer(status, _write({"error": code, "detail": what}), more=more)


def decoded(decoder: "msgspec.json.Decoder[D]", data: bytes) -> "D | Refused":
    """Return what JSON says, or why it cannot be read."""
    try:
        return decoder.decode(data)
    except (msgspec.MsgspecError, ValueError) as error:
        # The message names the field and the kind, and repeats no value; but a field
        # can be named like a number.
        return Refused("content", f"{_DIGITS.sub('…', str(error))}.")
    except RecursionError:
        return Refused("content", "Lists or objects lie too deep in one another.")
