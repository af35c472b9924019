"""When waiting for the peer has stopped being worth it.

Compatible in spirit with what session border controllers do: so many failures in so
many seconds, then nobody waits for a while.

Source: spec/verdict.md, "The circuit breaker".
"""

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerSettings:
    """The breaker as data.

    Attributes:
        silent_ms: Without a word of the peer for so long, nobody waits.
        failures: So many waits in vain
        within_ms: in so short a time open the breaker
        open_ms: for so long.
    """

    silent_ms: int = 1_000
    failures: int = 20
    within_ms: int = 10_000
    open_ms: int = 15_000


class Breaker:
    """Whether an arrival may wait for the stream.

    Bounds: `failures` integers.
    """

    __slots__ = ("_failed_ms", "_heard_ms", "_open_until_ms", "settings")

    def __init__(self, settings: BreakerSettings | None = None) -> None:
        """Start closed, with a peer that was never heard."""
        self.settings = settings or BreakerSettings()
        self._heard_ms: int | None = None
        self._open_until_ms: int | None = None
        self._failed_ms: deque[int] = deque(maxlen=self.settings.failures)

    def hear(self, *, now_ms: int) -> None:
        """Note a sign of life of the peer: a frame or a heartbeat."""
        self._heard_ms = now_ms

    def fail(self, *, now_ms: int) -> None:
        """Note a wait that ended without an answer of the stream."""
        settings, failed = self.settings, self._failed_ms
        failed.append(now_ms)
        full = len(failed) == settings.failures
        if full and now_ms - failed[0] <= settings.within_ms:
            self._open_until_ms = now_ms + settings.open_ms
            failed.clear()

    def succeed(self) -> None:
        """Note a wait that was worth it."""
        self._failed_ms.clear()
        self._open_until_ms = None

    def may_wait(self, *, now_ms: int) -> bool:
        """Tell whether waiting is worth it now."""
        if self._heard_ms is None or now_ms - self._heard_ms > self.settings.silent_ms:
            return False
        return self._open_until_ms is None or now_ms >= self._open_until_ms
