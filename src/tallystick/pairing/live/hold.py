"""The grace hold: an arrival that outran the stream waits a moment for it.

A pure state machine. The node asks, feeds the matcher, and is told which answers are
ready; `due_ms` says when to come back at the latest.

Source: spec/verdict.md, "The grace hold".
"""

import heapq
from collections import deque
from dataclasses import dataclass
from typing import Final, NamedTuple

from tallystick.model import ConfigError
from tallystick.pairing.live.breaker import Breaker
from tallystick.pairing.live.half import Ident, LiveHalf, Match, Settled
from tallystick.pairing.live.matcher import LiveMatcher

GRACE_LIMIT_MS: Final = 250
DEADLINE_LIMIT_MS: Final = 450
"""Below 500 ms, after which a caller's switch sends its INVITE again (RFC 3261, T1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldSettings:
    """How long an arrival may wait.

    Attributes:
        grace_ms: How long for the stream, at most 250; 0: never.
        deadline_ms: When every arrival is answered, counted from when its switch
            asked, at most 450.
        capacity: Arrivals that wait at once; more are answered at once.
    """

    grace_ms: int = 250
    deadline_ms: int = 450
    capacity: int = 10_000

    def __post_init__(self) -> None:
        """Refuse waits that a switch would not sit out.

        Raises:
            ConfigError: "hold-limits".
        """
        fits = 0 <= self.grace_ms <= GRACE_LIMIT_MS
        if not fits or not self.grace_ms <= self.deadline_ms <= DEADLINE_LIMIT_MS:
            raise ConfigError(
                "hold-limits",
                f"The hold must have 0 <= grace_ms <= {GRACE_LIMIT_MS} and"
                f" grace_ms <= deadline_ms <= {DEADLINE_LIMIT_MS}.",
                advice="See spec/verdict.md, The grace hold.",
            )


class Answer(NamedTuple):
    """A held arrival's answer.

    Attributes:
        arrival: Its handle.
        match: What is known.
        waited_ms: How long it waited.
    """

    arrival: Ident
    match: Match
    waited_ms: int


_Turn = tuple[int, int, Ident]  # when, the turn, who


class _Waiting(NamedTuple):
    arrival: LiveHalf
    since_ms: int
    until_ms: int
    turn: int


class Hold:
    """Arrivals that wait for the stream, and everything the matcher says later.

    All arrivals of a channel direction go through its hold, which also fetches the
    matcher's later words: those for arrivals that wait become answers, the others
    are kept for `next_event`.

    Bounds: `capacity` arrivals wait; each for `grace_ms` at most.
    """

    __slots__ = (
        "_by_at",
        "_by_until",
        "_events",
        "_turn",
        "_waiting",
        "breaker",
        "matcher",
        "settings",
    )

    def __init__(
        self,
        matcher: LiveMatcher,
        *,
        settings: HoldSettings | None = None,
        breaker: Breaker | None = None,
    ) -> None:
        """Start with nobody waiting."""
        self.matcher = matcher
        self.settings = settings or HoldSettings()
        self.breaker = breaker or Breaker()
        self._waiting: dict[Ident, _Waiting] = {}
        # Who must be answered first, and whom the watermark reaches first. Those that
        # were answered meanwhile are passed over when their turn comes.
        self._by_until: list[_Turn] = []
        self._by_at: list[_Turn] = []
        self._turn = 0
        self._events: deque[Settled] = deque(maxlen=65_536)

    def __len__(self) -> int:
        return len(self._waiting)

    def ask(
        self,
        arrival: LiveHalf,
        *,
        now_ms: int,
        asked_ms: int | None = None,
        patient: bool = True,
    ) -> Match | None:
        """Answer an arrival, or let it wait.

        Args:
            arrival: The arrival.
            now_ms: The present time.
            asked_ms: When its switch asked, if that was earlier; the deadline counts
                from there.
            patient: False for emergency and priority calls, which never wait.

        Returns:
            The answer; None where the arrival waits: `due` will bring it.
        """
        if arrival.id in self._waiting:
            return None
        match = self.matcher.match(arrival, now_ms=now_ms)
        # Only a stream that is behind can be waited for.
        if match.why != "stream_behind" or not patient:
            return match
        if not self.breaker.may_wait(now_ms=now_ms):
            return match._replace(why="silent")
        asked = now_ms if asked_ms is None else asked_ms
        until = min(now_ms + self.settings.grace_ms, asked + self.settings.deadline_ms)
        if until <= now_ms or len(self._waiting) >= self.settings.capacity:
            return match
        self._turn += 1
        self._waiting[arrival.id] = _Waiting(arrival, now_ms, until, self._turn)
        heapq.heappush(self._by_until, (until, self._turn, arrival.id))
        heapq.heappush(self._by_at, (arrival.at_ms, self._turn, arrival.id))
        return None

    def hear(self, *, now_ms: int) -> None:
        """Note a word of the peer; one that is in time makes waiting worth it again."""
        self.breaker.hear(now_ms=now_ms)
        watermark_ms = self.matcher.coverage.watermark_ms
        wait_ms = self.settings.grace_ms - self.matcher.window.after_ms
        if watermark_ms is not None and 0 <= now_ms - watermark_ms < wait_ms:
            self.breaker.succeed()

    def cancel(self, arrival: Ident) -> None:
        """Let nobody wait for an arrival whose caller gave up."""
        self._waiting.pop(arrival, None)

    def due(self, *, now_ms: int) -> list[Answer]:
        """Return the answers that are ready: call it after each frame and at `due_ms`.

        Bounds: looks at those that are answered and one more.
        """
        answers = self._settled(now_ms)
        while (held := self._first(self._by_at)) and self._is_reached(held):
            answers.append(self._answer(held, now_ms))
        while (held := self._first(self._by_until)) and now_ms >= held.until_ms:
            answers.append(self._answer(held, now_ms))
        return answers

    def let_go(self, *, now_ms: int) -> list[Answer]:
        """Answer everybody: the clock by which they were to wait was set."""
        return [self._answer(held, now_ms) for held in list(self._waiting.values())]

    def due_ms(self) -> int | None:
        """Return when `due` must be called at the latest; None: nobody waits."""
        held = self._first(self._by_until)
        return held.until_ms if held else None

    def next_event(self) -> Settled | None:
        """Return the oldest later word on an arrival that was answered already."""
        return self._events.popleft() if self._events else None

    def _settled(self, now_ms: int) -> list[Answer]:
        answers = []
        while (event := self.matcher.next_event()) is not None:
            held = self._waiting.pop(event.arrival, None)
            if held is None:
                self._events.append(event)
            else:
                self.breaker.succeed()
                waited = now_ms - held.since_ms
                answers.append(Answer(event.arrival, event.match, waited))
        return answers

    def _first(self, turns: list[_Turn]) -> _Waiting | None:
        while turns:
            _, turn, arrival = turns[0]
            held = self._waiting.get(arrival)
            if held is not None and held.turn == turn:
                return held
            heapq.heappop(turns)
        return None

    def _is_reached(self, held: _Waiting) -> bool:
        watermark = self.matcher.coverage.watermark_ms
        needed = held.arrival.at_ms + self.matcher.window.after_ms
        return watermark is not None and watermark >= needed

    def _answer(self, held: _Waiting, now_ms: int) -> Answer:
        del self._waiting[held.arrival.id]
        match = self.matcher.match(held.arrival, now_ms=now_ms)
        if match.why == "stream_behind":
            self.breaker.fail(now_ms=now_ms)
        else:
            self.breaker.succeed()
        return Answer(held.arrival.id, match, now_ms - held.since_ms)
