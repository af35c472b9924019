"""The peer's departures of the last seconds, found by any of three tokens.

Bounds: about 460 bytes for each departure held, tokens included
(`python bench/live.py`), and `capacity` of them.
"""

from array import array
from collections import deque
from typing import Final

from tallystick.pairing.live.half import PRESENT, Ident, LiveHalf, made
from tallystick.pairing.live.index import Index

# A departure's mark: two bits of state for each number, its flags, its use.
_CALLED_SHIFT: Final = 2
_FLAG_SHIFT: Final = 4
_STATE: Final = 3
_FLAGS: Final = 3
USED: Final = 1 << 6  # taken by its own arrival
CLAIMED: Final = 1 << 7  # taken by an arrival that differs from it
TWIN: Final = 1 << 8  # another departure of its key, close to it, was taken


class Held:
    """Departures in slots, in the order they came.

    Attributes:
        pair: Slots by pair token.
        called: Slots by token of the called number.
        calling: Slots by token of the calling number.
        ids: Handle of each slot's departure.
        at_ms: When it began.
        marks: Its states, flags and use.
        takers: Handle of the arrival that took it.
    """

    __slots__ = (
        "_free",
        "_order",
        "_received_ms",
        "at_ms",
        "called",
        "calling",
        "ids",
        "marks",
        "pair",
        "takers",
    )

    def __init__(self) -> None:
        """Start empty; room is made as departures come."""
        self.pair, self.called, self.calling = Index(), Index(), Index()
        self.ids: list[Ident | None] = []
        self.takers: list[Ident | None] = []
        self.at_ms = array("q")
        self.marks = array("H")
        self._received_ms = array("q")
        self._order: deque[int] = deque()
        self._free: list[int] = []

    def __len__(self) -> int:
        return len(self._order)

    def has(self, half: LiveHalf) -> bool:
        """Tell whether this departure is held already, under this or another handle.

        Two calls between the same two numbers do not begin in the same millisecond:
        they are one, told twice. Of absent numbers that cannot be said.
        """
        if half.pair not in self.pair:
            return False
        ids, at_ms = self.ids, self.at_ms
        whole = half.calling_state == PRESENT == half.called_state
        return any(
            ids[slot] == half.id or (whole and at_ms[slot] == half.at_ms)
            for slot in self.pair.of(half.pair)
        )

    def add(self, half: LiveHalf, *, now_ms: int) -> int:
        """Hold a departure and return its slot."""
        slot = self._free.pop() if self._free else self._grown()
        calling = half.calling_state & _STATE
        called = half.called_state & _STATE
        self.ids[slot] = half.id
        self.at_ms[slot] = half.at_ms
        self._received_ms[slot] = now_ms
        self.marks[slot] = (
            calling | called << _CALLED_SHIFT | (half.flags & _FLAGS) << _FLAG_SHIFT
        )
        # Absent numbers share one token, which says nothing of a crossing. The pair
        # token is kept for its handle all the same: `has` finds repeats by it.
        self.pair.put(slot, half.pair)
        self.called.put(slot, made(half.called) if called == PRESENT else None)
        self.calling.put(slot, made(half.calling) if calling == PRESENT else None)
        self._order.append(slot)
        return slot

    def oldest_ms(self) -> int | None:
        """Return when the oldest held departure came; None where none is held."""
        return self._received_ms[self._order[0]] if self._order else None

    def oldest(self) -> int:
        """Return the slot of the departure that came first; one must be held."""
        return self._order[0]

    def drop_oldest(self) -> None:
        """Let the departure that came first go."""
        slot = self._order.popleft()
        if self.marks[slot] & USED:
            for twin in self.pair.beside(slot):
                self.marks[twin] |= TWIN
        self.pair.take_out(slot)
        self.called.take_out(slot)
        self.calling.take_out(slot)
        self._free.append(slot)

    def has_twin(self, slot: int) -> bool:
        """Tell whether an arrival took another departure of this one's key.

        An attempt that fails on the way is made again at once; which of the two
        arrived cannot be told while it rings.
        """
        twins = self.pair.beside(slot)
        return bool(self.marks[slot] & TWIN) or any(
            self.marks[twin] & USED for twin in twins
        )

    def take(self, slot: int, taker: Ident) -> None:
        """Use a departure up."""
        self.marks[slot] = self.marks[slot] & ~CLAIMED | USED
        self.takers[slot] = taker

    def claim(self, slot: int, taker: Ident) -> None:
        """Let an arrival that differs have a departure until its own one comes."""
        self.marks[slot] |= CLAIMED
        self.takers[slot] = taker

    def release(self, slot: int) -> None:
        """Undo a claim."""
        self.marks[slot] &= ~CLAIMED & 0xFFFF
        self.takers[slot] = None

    def calling_state(self, slot: int) -> int:
        """Return the state of a departure's calling number."""
        return self.marks[slot] & _STATE

    def called_state(self, slot: int) -> int:
        """Return the state of a departure's called number."""
        return self.marks[slot] >> _CALLED_SHIFT & _STATE

    def flags(self, slot: int) -> int:
        """Return a departure's flags."""
        return self.marks[slot] >> _FLAG_SHIFT & _FLAGS

    def _grown(self) -> int:
        for index in (self.pair, self.called, self.calling):
            index.grow()
        self.ids.append(None)
        self.takers.append(None)
        self.at_ms.append(0)
        self.marks.append(0)
        self._received_ms.append(0)
        return len(self.ids) - 1
