"""Whether a clock may be believed where nothing that was done can be undone.

A machine that begins with a wrong clock, or whose clock is set wrongly for a moment,
must not take everything for too old.
"""

from dataclasses import dataclass
from typing import Final

STEADY_MS: Final = 3_600_000
"""So long a clock went on by itself before it is believed."""
JUMP_MS: Final = 86_400_000
"""What is kept is kept for days: a smaller jump makes no difference."""


@dataclass(slots=True)
class Steady:
    """Watches one clock; asked every minute or so."""

    _since_ms: int | None = None
    _last_ms: int = 0

    def believes(self, now_ms: int) -> bool:
        """Tell whether the clock has not jumped for long enough.

        Args:
            now_ms: The present time by that clock.
        """
        jumped = abs(now_ms - self._last_ms) > JUMP_MS
        if self._since_ms is None or jumped or now_ms < self._since_ms:
            self._since_ms = now_ms
        self._last_ms = now_ms
        return now_ms - self._since_ms >= STEADY_MS
