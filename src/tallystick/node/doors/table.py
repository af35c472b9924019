"""One table of doors: which request is whose, and how one is refused."""

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, TypeVar

import msgspec

from tallystick.net.http import Exchange

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
    ) -> None:
        """Put the doors in place.

        Args:
            sets: Doors by method and path.
            refused: Called for each request that no door takes.
        """
        self._doors = {where: door for one in sets for where, door in one.items()}
        self._paths = {path for _, path in self._doors}
        self._refused = refused

    def handle(self, exchange: Exchange) -> None:
        """Answer a request, now or later."""
        door = self._doors.get((exchange.method, exchange.path))
        if door is not None:
            door(exchange)
            return
        self._refused()
        if exchange.path in self._paths:
            refuse(exchange, 405, "method", "This door takes another method.")
        else:
            refuse(exchange, 404, "path", "There is no such door; see the API.")


def refuse(exchange: Exchange, status: int, code: str, what: str) -> None:
    """Answer that nothing is done, and why."""
    exchange.answer(status, _write({"error": code, "detail": what}))


def decoded(decoder: "msgspec.json.Decoder[D]", data: bytes) -> "D | Refused":
    """Return what JSON says, or why it cannot be read."""
    try:
        return decoder.decode(data)
    except (msgspec.MsgspecError, ValueError) as error:
        # The message names the field and the kind, and repeats no value; but a field
        # can be named like a number.
        return Refused("content", f"{_DIGITS.sub('…', str(error))}.")
