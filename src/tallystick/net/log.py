"""What every line to a party's log has in common, whatever carries the log.

Source: spec/log.md, "What carries a log".
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from tallystick.cluster import Place


@dataclass(slots=True)
class LineState:
    """How the line to the log stands; for metrics and health.

    Attributes:
        connected: Whether the log can be read and written.
        failure: Why not, in a sentence; empty while all is well.
    """

    connected: bool = False
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """Who is told what comes by the line.

    Attributes:
        place: Gives the last entry that was read; the line goes on behind it.
        opened: Told the name of the log when it can be read and written.
        taken: Told each entry, in order.
        closed: Told when it can not.
    """

    place: Callable[[], Place]
    opened: Callable[[bytes], None]
    taken: Callable[[Place, bytes], None]
    closed: Callable[[], None]


class LogLine(Protocol):
    """A line to a log."""

    state: LineState

    async def follow(self, ends: Ends) -> None:
        """Connect, read, and connect again, until cancelled."""

    def append(self, batches: Iterable[bytes]) -> None:
        """Append batches in their order, as soon as may be; lost with the line."""
