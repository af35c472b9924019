"""Whether the peer's record is complete around an arrival: the product's conscience.

Nothing may rest on the absence of a departure unless `Coverage.lack` finds nothing.

Source: spec/verdict.md, "The law of the watermark".
"""

from collections import deque
from typing import Final

from tallystick.pairing.live.half import Why
from tallystick.pairing.live.window import LiveWindow

OFFSETS_KEPT: Final = 256  # pairs by which the clocks are judged
EARLY_PAIRS: Final = 3
"""Of those, how many may arrive too long before they leave. More, and the clocks are
off. One alone is no sign: who can place a call at both ends can make one."""


class Coverage:
    """What the peer has promised, and whether it can be believed.

    Attributes:
        watermark_ms: Every half up to here is delivered, by the peer's clock.
    """

    __slots__ = ("_are_early", "_early", "_floor_ms", "_window", "watermark_ms")

    def __init__(self, window: LiveWindow) -> None:
        """Start without a promise."""
        self.watermark_ms: int | None = None
        self._window = window
        self._floor_ms: int | None = None
        self._are_early: deque[bool] = deque(maxlen=OFFSETS_KEPT)
        self._early = 0

    def promise(self, watermark_ms: int, *, since_ms: int) -> None:
        """Take the peer's promise; the last word counts, even if it is less.

        Args:
            watermark_ms: Every departure up to here is delivered.
            since_ms: From here on without a gap.
        """
        self.watermark_ms = watermark_ms
        if self._floor_ms is None or since_ms > self._floor_ms:
            self._floor_ms = since_ms

    def doubt(self, until_ms: int) -> None:
        """Let nothing rest on absence up to here: something was lost."""
        if self._floor_ms is None or until_ms > self._floor_ms:
            self._floor_ms = until_ms

    def begin(self, from_ms: int) -> None:
        """Let nothing rest on absence up to here, and let go of doubts beyond.

        They are moments of a clock that was ahead and has been set back.
        """
        self._floor_ms = from_ms

    def note_offset(self, offset_ms: int) -> None:
        """Learn from a pair how the clocks agree.

        Args:
            offset_ms: Arrival minus departure.
        """
        # Half of what is allowed is the mark: from there on other departures may lie
        # beyond what the watermark is asked for.
        is_early = offset_ms < -self._window.after_ms // 2
        if len(self._are_early) == OFFSETS_KEPT:
            self._early -= self._are_early[0]
        self._are_early.append(is_early)
        self._early += is_early

    def lack(self, at_ms: int, *, now_ms: int) -> Why | None:
        """Return why nothing may rest on absence; None where it may.

        "stream_behind" is the only lack that a little waiting can heal; it is
        returned only where there is no other.

        Args:
            at_ms: When the arrival began.
            now_ms: The present time.
        """
        window = self._window
        if self.watermark_ms is None or self._floor_ms is None:
            return "no_promise"
        # A promise about the future, or an arrival in it, is a clock that is off.
        if max(self.watermark_ms, at_ms) > now_ms + window.after_ms:
            return "clock_off"
        if self._early >= EARLY_PAIRS:
            return "clock_off"
        # A departure as old as its window allows must still be held.
        if at_ms < now_ms - window.horizon_ms:
            return "forgotten"
        if at_ms - window.before_ms < self._floor_ms:
            return "stream_gap"
        if len(self._are_early) < window.least_pairs:
            return "clock_unknown"
        if self.watermark_ms < at_ms + window.after_ms:
            return "stream_behind"
        return None
