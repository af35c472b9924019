"""Whether the clock was set, or the node stood still, since the last look.

The clock of the day may be set at any time; a steady one that counts from the start of
the machine shows by how much.

Source: spec/channel.md, "The watermark"; spec/verdict.md, "The law of the watermark".
"""

from typing import Literal

Change = Literal["", "back", "ahead", "still"]


class ClockWatch:
    """Two clocks, looked at turn by turn."""

    __slots__ = ("_allowed_ms", "_now_ms", "_steady_ms", "_still_ms")

    def __init__(
        self, now_ms: int, steady_ms: int, *, allowed_ms: int, still_ms: int
    ) -> None:
        """Start.

        Args:
            now_ms: The time, UTC.
            steady_ms: The time of a clock that nobody sets.
            allowed_ms: By how much the clock may be set without being noted.
            still_ms: For how long a node may stand still.
        """
        self._now_ms, self._steady_ms = now_ms, steady_ms
        self._allowed_ms, self._still_ms = allowed_ms, still_ms

    def look(self, now_ms: int, steady_ms: int) -> Change:
        """Say what has happened since the last look; "" if nothing has."""
        passed_ms = steady_ms - self._steady_ms
        set_ms = now_ms - self._now_ms - passed_ms
        self._now_ms, self._steady_ms = now_ms, steady_ms
        if abs(set_ms) > self._allowed_ms:
            return "back" if set_ms < 0 else "ahead"
        return "still" if passed_ms > self._still_ms else ""
