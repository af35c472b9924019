"""What a member has to say, until it has read it in the log itself.

Source: spec/log.md, "What a member appends".
"""

from collections import deque
from typing import Final, NamedTuple

from tallystick.channel import Departure
from tallystick.cluster.codec import BATCH_BYTES, EVENTS_LIMIT, encode_batch
from tallystick.cluster.events import (
    Asked,
    Batch,
    Closed,
    Departed,
    Ended,
    Event,
    Heard,
    Lost,
)
from tallystick.cluster.keys import LogKeys

EVENTS_WAITING: Final = 65_536
"""Five seconds of a burst of 12,000 calls a second."""

BATCHES_UNREAD: Final = 64
"""Batches on their way at once; more wait, and are fewer and larger then."""

_LASTING: Final = (Departed, Closed, Asked, Ended, Lost)


class _Unread(NamedTuple):
    batch: Batch
    data: bytes


class Outbox:
    """Events that wait, and batches that were sent and not read yet.

    Attributes:
        member: 8 bytes that name this run of the member.
        sent_ms: When the last batch was made.

    Bounds: `EVENTS_WAITING` events and `BATCHES_UNREAD` batches.
    """

    def __init__(self, member: bytes, keys: LogKeys) -> None:
        """Start with nothing to say."""
        self.member = member
        self.sent_ms = 0
        self._keys = keys
        self._waiting: deque[Event] = deque()
        self._unread: deque[_Unread] = deque()
        self._next = 1
        self._floor_ms = 0
        self._shed = False

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_blocked(self) -> bool:
        """Whether too much was sent that has not been read."""
        return len(self._unread) >= BATCHES_UNREAD

    @property
    def has_joined(self) -> bool:
        """Whether the first batch was made."""
        return self._next > 1

    def put(self, event: Event) -> bool:
        """Let an event wait; return whether there is room for it."""
        if len(self._waiting) >= EVENTS_WAITING:
            # A call of which nobody will hear: the promise must not pass it.
            self._shed |= isinstance(event, Departed | Lost)
            return False
        self._waiting.append(event)
        return True

    def batch(self, *, now_ms: int, heard_ms: int | None = None) -> bytes:
        """Make the next batch of what waits; empty, it still moves the floor.

        Args:
            now_ms: The present time.
            heard_ms: Whatever switches had said by this moment has been put here;
                None: they are heard at once.
        """
        events: list[Event] = []
        size = 0
        if self._shed:
            events.append(Lost())
            self._shed = False
        while self._waiting and len(events) < EVENTS_LIMIT and size < BATCH_BYTES // 2:
            one = self._waiting.popleft()
            events.append(one)
            size += len(one.frame) if isinstance(one, Heard) else 128
        if not self._waiting:
            self._floor_ms = now_ms if heard_ms is None else min(now_ms, heard_ms)
        return self.seal(*events, now_ms=now_ms)

    def seal(self, *events: Event, now_ms: int) -> bytes:
        """Make the next batch of these events, before all that waits."""
        number, self._next = self._next, self._next + 1
        batch = Batch(self.member, number, now_ms, self._floor_ms, events)
        data = encode_batch(batch, self._keys)
        self._unread.append(_Unread(batch, data))
        self.sent_ms = now_ms
        return data

    def aside(self, event: Event, *, now_ms: int) -> bytes:
        """Return a batch that is no part of the member's row."""
        return encode_batch(Batch(self.member, 0, now_ms, 0, (event,)), self._keys)

    def read(self, number: int) -> None:
        """Forget a batch that stands in the log, and those before it."""
        while self._unread and self._unread[0].batch.number <= number:
            self._unread.popleft()

    def give_up(self) -> None:
        """Note that the log is away: whoever asked is answered without it.

        What stands in the log already is read as it was written; the batch that is
        sent again has its number, and counts no more.
        """
        self._waiting = deque(map(_answered, self._waiting))
        self._unread = deque(map(self._without_asking, self._unread))

    def _without_asking(self, one: _Unread) -> _Unread:
        events = tuple(map(_answered, one.batch.events))
        if events == one.batch.events:
            return one
        batch = one.batch._replace(events=events)
        return _Unread(batch, encode_batch(batch, self._keys))

    def unread(self) -> list[bytes]:
        """Return what must be sent again on a new connection."""
        return [one.data for one in self._unread]

    def begin_anew(self, member: bytes, *, same_stream: bool) -> None:
        """Let everything that may not have arrived wait again, under another run.

        Args:
            member: The new run.
            same_stream: Whether numbers of departures still mean the same.
        """
        kinds = _LASTING if same_stream else (Departed, Asked, Ended, Lost)
        told = [event for one in self._unread for event in one.batch.events]
        events = [one for one in (*told, *self._waiting) if isinstance(one, kinds)]
        self._shed |= len(events) > EVENTS_WAITING
        self._waiting = deque(events[-EVENTS_WAITING:])
        self._unread.clear()
        self.member, self._next, self._floor_ms, self.sent_ms = member, 1, 0, 0

    def departures(self) -> dict[bytes, Departure]:
        """Return the departures that wait, by their references."""
        return {
            one.ref: one.departure for one in self._waiting if isinstance(one, Departed)
        }


def _answered(event: Event) -> Event:
    return event._replace(patient=False) if isinstance(event, Asked) else event
