"""Calls that are known to leave and not yet told: no promise may pass them.

Source: spec/channel.md, "The watermark".
"""

from heapq import heappop, heappush
from typing import Final

PENDING_LIMIT: Final = 65_536  # five seconds of a burst of 12,000 calls a second
PENDING_MS: Final = 5_000
"""How long a call may be pending. One that never comes would stop every promise."""


class Pending:
    """Calls begun, by the time they began.

    Bounds: PENDING_LIMIT calls, some 150 bytes each.
    """

    __slots__ = ("_heap", "_live", "_ticket")

    def __init__(self) -> None:
        """Start without calls."""
        self._heap: list[tuple[int, int]] = []
        self._live: set[int] = set()
        self._ticket = 0

    def __len__(self) -> int:
        return len(self._live)

    def begin(self, at_ms: int) -> int:
        """Note a call and return its ticket; 0 where there is no room."""
        if len(self._heap) >= PENDING_LIMIT:
            return 0
        self._ticket += 1
        self._live.add(self._ticket)
        heappush(self._heap, (at_ms, self._ticket))
        return self._ticket

    def end(self, ticket: int) -> None:
        """Forget a call, told or given up; an unknown ticket is passed over."""
        self._live.discard(ticket)

    def floor_ms(self) -> int | None:
        """Return when the oldest pending call began; None without any."""
        heap, live = self._heap, self._live
        while heap and heap[0][1] not in live:
            heappop(heap)
        return heap[0][0] if heap else None

    def give_up(self, before_ms: int) -> int | None:
        """Forget calls begun before a moment; return when the last of them began."""
        last_ms = None
        while (floor_ms := self.floor_ms()) is not None and floor_ms < before_ms:
            last_ms = floor_ms
            self._live.discard(heappop(self._heap)[1])
        return last_ms
