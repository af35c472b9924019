"""Answer each arrival from the peer's departures that already lie in memory.

The matcher is sans-IO: feed it departures, promises and arrivals with the time; take
its answers, and its later words on earlier answers, out.

Source: spec/verdict.md, "The live matcher".
"""

from collections import deque
from typing import Final

from tallystick.pairing.live.asked import Asked
from tallystick.pairing.live.closing import ClosingHalf, ClosingMatcher, Course
from tallystick.pairing.live.coverage import Coverage
from tallystick.pairing.live.half import (
    ABSENT,
    DIVERTED,
    PRESENT,
    RESTRICTED,
    UNREADABLE,
    Ident,
    LiveHalf,
    Match,
    Settled,
    Token,
    Why,
    made,
)
from tallystick.pairing.live.held import CLAIMED, USED, Held
from tallystick.pairing.live.search import (
    NO_SLOT,
    Shared,
    by_key,
    by_number,
    first_open,
)
from tallystick.pairing.live.window import LiveWindow

EVENTS_KEPT: Final = 65_536
"""Later words not yet fetched; of more the oldest are lost, and with them only the
correction of a kept verdict, never a verdict."""

AHEAD_MS: Final = 86_400_000
"""A departure stamped further ahead is noise; no arrival can be near it."""

_LET_GO_AT_ONCE: Final = 2  # by each departure added, so that no pause grows long


class LiveMatcher:
    """The peer's departures of one channel direction, and the arrivals asked about.

    Attributes:
        window: How far apart halves may lie.
        coverage: What the peer has promised.
        closings: Crossings whose ends are awaited.

    Bounds: `window.capacity` departures and as many arrivals; constant time for
        each departure and arrival, whatever the peer sends.
    """

    __slots__ = (
        "_asked",
        "_claims",
        "_events",
        "_held",
        "closings",
        "coverage",
        "window",
    )

    def __init__(
        self,
        window: LiveWindow | None = None,
        *,
        closings: ClosingMatcher | None = None,
    ) -> None:
        """Start empty: every arrival is unproven until the peer promises."""
        self.window = window or LiveWindow()
        self.coverage = Coverage(self.window)
        self._held = Held()
        self._asked = Asked(life_ms=self.window.life_ms, capacity=self.window.capacity)
        self._claims: dict[Ident, tuple[int, LiveHalf]] = {}  # by arrival
        self._events: deque[Settled] = deque(maxlen=EVENTS_KEPT)
        self.closings = closings or ClosingMatcher()

    def __len__(self) -> int:
        """Return how many departures are held."""
        return len(self._held)

    def add(self, departure: LiveHalf, *, now_ms: int) -> bool:
        """Hold a departure of the peer.

        Returns:
            False where it is held already, too old to matter, or stamped days ahead.
        """
        held, window = self._held, self.window
        if departure.at_ms > now_ms + AHEAD_MS:
            return False
        if departure.at_ms < now_ms - window.keep_ms:
            self.coverage.doubt(departure.at_ms + 1)
            return False
        if held.has(departure):
            return False
        self._let_go(now_ms, limit=_LET_GO_AT_ONCE)
        if len(held) >= window.capacity:
            # What is let go too early can no longer answer for its arrival.
            self.coverage.doubt(self._drop_oldest() + 1)
        slot = held.add(departure, now_ms=now_ms)
        if self._asked.has_open(departure.pair):
            self._settle_late(slot, departure.pair, now_ms)
        return True

    def promise(self, watermark_ms: int, *, since_ms: int) -> None:
        """Take the peer's promise; see `Coverage.promise`."""
        self.coverage.promise(watermark_ms, since_ms=since_ms)

    def doubt(self, until_ms: int) -> None:
        """Say that departures up to here may have been missed (a gap)."""
        self.coverage.doubt(until_ms)

    def match(self, arrival: LiveHalf, *, now_ms: int) -> Match:
        """Answer an arrival; asked again, it keeps its partner or is judged anew."""
        before = self._asked.answer(arrival.id)
        if before is not None:
            if before.outcome == "paired":
                return before
            self._release_claim(arrival.id)
        match = self._judge(arrival, now_ms)
        self._asked.put(arrival.id, match, now_ms=now_ms)
        if before is None and match.outcome != "paired":
            for half in (arrival, *arrival.others):
                self._asked.leave_open(half)
        return match

    def expire(self, now_ms: int, *, limit: int | None = None) -> None:
        """Let go of what is too old to matter.

        Args:
            now_ms: The present time.
            limit: How many departures at most, where a pause would matter.
        """
        most = len(self._held)
        self._let_go(now_ms, limit=most if limit is None else min(limit, most))
        self.closings.expire(now_ms)

    def next_event(self) -> Settled | None:
        """Return the oldest later word on an earlier answer; None: no more."""
        return self._events.popleft() if self._events else None

    def close(self, closing: ClosingHalf, *, now_ms: int) -> None:
        """Take the closing half of a departure of the peer."""
        self.closings.close_departure(closing, now_ms=now_ms)

    def release(self, closing: ClosingHalf, *, now_ms: int) -> None:
        """Take the closing half of an own arrival."""
        self.closings.close_arrival(closing, now_ms=now_ms)

    def next_course(self) -> Course | None:
        """Return the oldest crossing whose two ends were compared; None: no more."""
        return self.closings.next_course()

    def _judge(self, arrival: LiveHalf, now_ms: int) -> Match:
        lack = self.coverage.lack(arrival.at_ms, now_ms=now_ms)
        if arrival.calling_state != PRESENT or arrival.called_state != PRESENT:
            return self._by_what_is_there(arrival, lack, now_ms)
        return self._by_key(arrival, lack, now_ms) or self._by_number(
            arrival, lack, now_ms
        )

    def _by_key(self, arrival: LiveHalf, lack: Why | None, now_ms: int) -> Match | None:
        """Answer by calling and called number together; None: they are not known."""
        held, window, at_ms = self._held, self.window, arrival.at_ms
        found = by_key(held, window, [half.pair for half in _epochs(arrival)], at_ms)
        why: Why = "key"
        if found.free == NO_SLOT and arrival.alias is not None:
            aliases = [half.alias for half in _epochs(arrival) if half.alias]
            other = by_key(held, window, aliases, at_ms)
            if other.free != NO_SLOT or found.used == found.outside == NO_SLOT:
                found, why = other, "other_number"
        if found.free != NO_SLOT:
            self.coverage.note_offset(self._offset(arrival, found.free))
            return self._pair(arrival, found.free, why, lack, now_ms)
        if found.used != NO_SLOT:
            # A redial's departure may still be on its way.
            if lack is not None:
                return Match("unproven", why=lack)
            return self._met("repeated", arrival, found.used, "used_up", covered=True)
        if found.outside != NO_SLOT:
            if self._asked.answer(arrival.id) is None:
                self.coverage.note_offset(self._offset(arrival, found.outside))
            return self._met(
                "unproven", arrival, found.outside, "outside_window", covered=False
            )
        return None

    def _by_number(self, arrival: LiveHalf, lack: Why | None, now_ms: int) -> Match:
        """Answer where the whole key is not known: all of it rests on absence."""
        if lack is not None:
            return Match("unproven", why=lack)
        held = self._held
        found = self._to(arrival)
        if found.slots:
            if found.busy or len(found.slots) > 1:
                return Match("unproven", covered=True, why="number_busy")
            (slot,) = found.slots
            if held.calling_state(slot) == UNREADABLE:
                return self._pair(arrival, slot, "unreadable", lack, now_ms)
            if held.flags(slot) & DIVERTED:
                return Match("unproven", covered=True, why="diverted")
            return self._claim(arrival, slot, "calling", "called_known")
        found = self._from(arrival)
        if len(found.slots) == 1 and not found.busy:
            (slot,) = found.slots
            if held.called_state(slot) != PRESENT:
                return self._pair(arrival, slot, "unreadable", lack, now_ms)
            return self._claim(arrival, slot, "called", "calling_known")
        return Match("no_departure", covered=True, why="nothing_known")

    def _by_what_is_there(
        self, arrival: LiveHalf, lack: Why | None, now_ms: int
    ) -> Match:
        """Answer an arrival of which a number is absent or cannot be read.

        It claims nothing that could be false, so it is never called missing.
        """
        held = self._held
        if arrival.called_state == PRESENT:
            found = self._to(arrival)
        elif arrival.calling_state == PRESENT:
            found = self._from(arrival)
        else:
            found = Shared([], busy=False)
        withheld = [s for s in found.slots if self._is_withheld(s)]
        absent = arrival.calling_state == ABSENT
        if absent and len(withheld) == 1 and not found.busy:
            return self._pair(arrival, withheld[0], "withheld", lack, now_ms)
        if len(found.slots) != 1 or found.busy:
            why: Why = "number_absent" if absent else "unreadable"
            return Match("unproven", covered=lack is None, why=why)
        (slot,) = found.slots
        if not absent or held.calling_state(slot) == UNREADABLE:
            return self._pair(arrival, slot, "unreadable", lack, now_ms)
        if lack is not None:
            return Match("unproven", why=lack)
        return self._claim(arrival, slot, "calling", "called_known")

    def _to(self, arrival: LiveHalf) -> Shared:
        held, tokens = self._held, [made(half.called) for half in _epochs(arrival)]
        return by_number(held, held.called, self.window, tokens, arrival.at_ms)

    def _from(self, arrival: LiveHalf) -> Shared:
        held, tokens = self._held, [made(half.calling) for half in _epochs(arrival)]
        return by_number(held, held.calling, self.window, tokens, arrival.at_ms)

    def _is_withheld(self, slot: int) -> bool:
        held = self._held
        return bool(held.flags(slot) & RESTRICTED) or (
            held.calling_state(slot) == ABSENT
        )

    def _offset(self, arrival: LiveHalf, slot: int) -> int:
        return arrival.at_ms - self._held.at_ms[slot]

    def _met(
        self,
        outcome: str,
        arrival: LiveHalf,
        slot: int,
        why: Why,
        *,
        covered: bool,
    ) -> Match:
        """Return an answer that names a departure without taking it."""
        return Match(
            "repeated" if outcome == "repeated" else "unproven",
            partner=self._held.ids[slot],
            at_offset_ms=self._offset(arrival, slot),
            covered=covered,
            why=why,
        )

    def _pair(
        self,
        arrival: LiveHalf,
        slot: int,
        why: Why,
        lack: Why | None,
        now_ms: int,
    ) -> Match:
        held = self._held
        partner = held.ids[slot]
        claimant = held.takers[slot] if held.marks[slot] & CLAIMED else None
        held.take(slot, arrival.id)
        if partner is not None:
            self.closings.pair(partner, arrival.id, now_ms=now_ms)
        if claimant is not None:
            self._displace(claimant, now_ms)
        offset_ms = self._offset(arrival, slot)
        return Match("paired", partner, (), offset_ms, lack is None, why)

    def _claim(self, arrival: LiveHalf, slot: int, differs: str, why: Why) -> Match:
        """Call an arrival altered until the departure's own arrival comes."""
        self._held.claim(slot, arrival.id)
        self._claims[arrival.id] = (slot, arrival)
        return Match(
            "altered",
            partner=self._held.ids[slot],
            differs=(differs,),
            at_offset_ms=self._offset(arrival, slot),
            covered=True,
            why=why,
        )

    def _release_claim(self, arrival: Ident) -> None:
        claim = self._claims.pop(arrival, None)
        if claim is not None:
            self._held.release(claim[0])

    def _displace(self, claimant: Ident, now_ms: int) -> None:
        """Judge an altered arrival anew: its departure was another's."""
        claim = self._claims.pop(claimant, None)
        before = self._asked.answer(claimant)
        if claim is not None and before is not None:
            self._settle(claim[1], self._judge(claim[1], now_ms), before, now_ms)

    def _settle_late(self, slot: int, token: Token, now_ms: int) -> None:
        """Give a departure that was overtaken to the arrival that waits for it."""
        at_ms = self._held.at_ms[slot]
        waiting = self._asked.open_at(token)
        arrival = first_open(waiting, self.window, at_ms)
        if arrival is None:
            for other in waiting:
                self._meet_late(slot, other, now_ms)
            return
        before = self._asked.answer(arrival.id)
        if before is None:
            return
        self._release_claim(arrival.id)
        self.coverage.note_offset(arrival.at_ms - at_ms)
        why: Why = "key" if arrival.pair == token else "other_number"
        lack = self.coverage.lack(arrival.at_ms, now_ms=now_ms)
        match = self._pair(arrival, slot, why, lack, now_ms)
        self._settle(arrival, match, before, now_ms)

    def _meet_late(self, slot: int, arrival: LiveHalf, now_ms: int) -> None:
        """Take back a word that a departure at another time casts doubt on."""
        before = self._asked.answer(arrival.id)
        offset = self._offset(arrival, slot)
        if before is None or abs(offset) > self.window.keep_ms:
            return
        self.coverage.note_offset(offset)
        if before.outcome in {"no_departure", "altered"}:
            self._release_claim(arrival.id)
            match = self._met(
                "unproven", arrival, slot, "outside_window", covered=False
            )
            self._settle(arrival, match, before, now_ms)

    def _settle(
        self, arrival: LiveHalf, match: Match, before: Match, now_ms: int
    ) -> None:
        self._asked.put(arrival.id, match, now_ms=now_ms)
        self._events.append(Settled(arrival.id, match, before))

    def _let_go(self, now_ms: int, *, limit: int) -> None:
        for _ in range(limit):
            oldest_ms = self._held.oldest_ms()
            # One that came long after now came before the clock was set back.
            if oldest_ms is None or abs(now_ms - oldest_ms) < self.window.life_ms:
                return
            self._drop_oldest()

    def _drop_oldest(self) -> int:
        """Let the oldest departure go and return when it began."""
        held = self._held
        slot = held.oldest()
        ident, taker = held.ids[slot], held.takers[slot]
        if held.marks[slot] & CLAIMED and taker is not None:
            self._claims.pop(taker, None)
        # Claimed, it has an arrival, though one that differs: it was not stopped.
        unused = not held.marks[slot] & (USED | CLAIMED) and not held.has_twin(slot)
        held.drop_oldest()
        if unused and ident is not None:
            self.closings.leave(ident, at_ms=held.at_ms[slot])
        held.ids[slot] = held.takers[slot] = None
        return held.at_ms[slot]


def _epochs(arrival: LiveHalf) -> tuple[LiveHalf, ...]:
    """Return an arrival as it reads in each epoch that its departure may be of."""
    return (arrival, *arrival.others)
