"""The side that tells: numbers, frames, promises.

A call is begun when the switch speaks of it, and told when its tokens are made. The
watermark never passes a call that is begun and not told. Where a call is lost on the
way, or comes after its time was promised, the promise begins anew behind it: the
subscriber hears that nothing rests on absence there, and no honest call suffers.

Source: spec/channel.md, "The watermark".
"""

from dataclasses import dataclass
from typing import Final

from tallystick.channel.codec import seal
from tallystick.channel.frame import Data, Heartbeat, Kind
from tallystick.channel.pending import PENDING_MS, Pending
from tallystick.channel.record import ClosingRecord, Departure
from tallystick.channel.retention import RETENTION_BYTES, Kept, Retention
from tallystick.channel.terms import Terms
from tallystick.channel.wire import (
    CLOSINGS_LIMIT,
    DEPARTURES_LIMIT,
    U32_LIMIT,
    encode_calls,
    is_closing,
    is_departure,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How a publisher and its feeds spread their work over time.

    Attributes:
        flush_ms: How long a record waits for others to share its frame.
        settle_ms: How much later than it began a call may be begun here; the watermark
            stays so far behind the clock.
        heartbeat_ms: How often an idle feed repeats the promise.
        catch_up_ms: How old frames a new subscriber begins with.
        announce_ms: How long before its beginning an epoch is announced.
        retention_bytes: How much is kept for subscribers that come back.
    """

    flush_ms: int = 10
    settle_ms: int = 20
    heartbeat_ms: int = 25
    catch_up_ms: int = 60_000
    announce_ms: int = 30_000
    retention_bytes: int = RETENTION_BYTES


USUAL_PACE: Final = Pace()


class Publisher:
    """One party's departures for one peer, whatever number of its nodes subscribe.

    A node whose clock is set back should start a new publisher: the watermark never
    goes back, so nothing would be promised until the clock has caught up.

    Attributes:
        terms: What the two parties agreed.
        stream: 8 bytes that name this run; sequence numbers count within it.
        pace: How work is spread over time.
        promises: Whether anything is ever promised.
        kept: The frames.
        from_ms: The promise begins after this moment.
        watermark_ms: It reaches up to this one; 0: nothing is promised.
        heard_ms: Whatever switches had said by this moment has been heard; the
            watermark stays behind it. None: they are heard at once.
        next_sequence: Number of the next departure.
        lost: Calls given up, or told too late to be kept in the promise.
        ceiling_ms: The watermark may not pass this moment: up to when other members
            of the party have told of all; None where there are none.

    Bounds: `pace.retention_bytes`, PENDING_LIMIT calls, and one frame in the making.
    """

    def __init__(
        self,
        terms: Terms,
        *,
        stream: bytes,
        now_ms: int,
        pace: Pace = USUAL_PACE,
        promises: bool = True,
    ) -> None:
        """Start a stream.

        Args:
            terms: What the two parties agreed.
            stream: 8 random bytes, not all zero: a new run is a new stream.
            now_ms: The present time; of what left before, nothing is known here.
            pace: How work is spread over time.
            promises: Whether every departure is told here. Where some may be missed
                unnoticed, nothing is ever promised, and nothing rests on absence.
        """
        self.promises = promises
        self.terms = terms
        self.stream = stream
        self.pace = pace
        self.kept = Retention(pace.retention_bytes)
        self.from_ms = now_ms
        self.watermark_ms = 0
        self.heard_ms: int | None = None
        self.next_sequence = 1
        self.lost = 0
        self.ceiling_ms: int | None = None
        self._pending = Pending()
        self._departures: list[Departure] = []
        self._closings: list[ClosingRecord] = []
        self._oldest_ms: int | None = None

    @property
    def pending(self) -> int:
        """How many calls are begun and not told."""
        return len(self._pending)

    def begin(self, at_ms: int) -> int:
        """Note that a call leaves, before its tokens are made.

        Args:
            at_ms: When it leaves, by the clock of this side.

        Returns:
            A ticket for `depart` or `lose`; 0 where too many are pending: then the
            promise begins anew behind this call.
        """
        self._keep_promise(at_ms)
        ticket = self._pending.begin(at_ms)
        if not ticket:
            self.lose(at_ms)
        return ticket

    def depart(self, departure: Departure, *, now_ms: int, ticket: int = 0) -> int:
        """Tell of a departure and return its sequence number.

        Args:
            departure: What left; one outside its epoch (overlap included), further
                from the clock than the overlap, or that cannot be meant is not told.
            now_ms: The present time.
            ticket: What `begin` returned; 0 if the call was not begun.

        Returns:
            1 or more; 0 where it was not told, and the promise begins anew behind it.
        """
        if not self._is_tellable(departure, now_ms):
            # When it left cannot be relied on, so nothing up to now is promised.
            self.lose(now_ms, ticket=ticket)
            return 0
        # Flushing moves the watermark, so it comes before the promise is looked at,
        # and the call stays pending until it waits in a frame.
        if self._departures and self._departures[0].epoch != departure.epoch:
            self.flush(now_ms=now_ms)
        self._keep_promise(departure.at_ms)
        self._departures.append(departure)
        self._pending.end(ticket)
        self._note_age(now_ms)
        sequence = self.next_sequence
        self.next_sequence += 1
        if len(self._departures) == DEPARTURES_LIMIT:
            self.flush(now_ms=now_ms)
        return sequence

    def close(self, closing: ClosingRecord, *, now_ms: int) -> bool:
        """Tell how a call ended.

        Args:
            closing: Its end; times too long for four bytes are told as the longest.
            now_ms: The present time.

        Returns:
            Whether it is told: False for a call that was not, or an end that cannot
            be meant.
        """
        told = closing._replace(
            answer_ms=min(closing.answer_ms, U32_LIMIT),
            duration_ms=min(closing.duration_ms, U32_LIMIT),
        )
        if told.sequence_of >= self.next_sequence or not is_closing(told):
            return False
        self._closings.append(told)
        self._note_age(now_ms)
        if len(self._closings) == CLOSINGS_LIMIT:
            self.flush(now_ms=now_ms)
        return True

    def lose(self, at_ms: int, *, ticket: int = 0) -> None:
        """Say that a call left which will not be told.

        Args:
            at_ms: When it left.
            ticket: What `begin` returned.
        """
        self._pending.end(ticket)
        self.lost += 1
        self.promise_from(at_ms)

    def promise_from(self, at_ms: int) -> None:
        """Promise nothing up to a moment: a call may have left that nobody told of."""
        if at_ms > self.from_ms:
            self.from_ms = max(self.watermark_ms, at_ms)

    def poll(self, *, now_ms: int) -> None:
        """Finish a frame that has waited long enough, and move the watermark."""
        given_up_ms = self._pending.give_up(now_ms - PENDING_MS)
        if given_up_ms is not None:
            self.lose(given_up_ms)
        if self._oldest_ms is not None:
            # A clock that was set back must not hold a frame for ever.
            if abs(now_ms - self._oldest_ms) >= self.pace.flush_ms:
                self.flush(now_ms=now_ms)
        else:
            self._move_watermark(now_ms)

    def get_timer(self) -> int | None:
        """Return when `poll` is needed for a waiting frame; None if none waits."""
        return None if self._oldest_ms is None else self._oldest_ms + self.pace.flush_ms

    def flush(self, *, now_ms: int) -> None:
        """Make a frame of all that waits."""
        if self._oldest_ms is None:
            return
        departures, closings = self._departures, self._closings
        self._departures, self._closings, self._oldest_ms = [], [], None
        self._move_watermark(now_ms)
        first = self.next_sequence - len(departures)
        epoch = departures[0].epoch if departures else self.terms.epoch_index(now_ms)
        frame = Data(
            number=self.kept.next_number,
            first=first,
            from_ms=self.from_ms,
            watermark_ms=self.watermark_ms,
            epoch=epoch,
            departures=(),
            closings=tuple(closings),
        )
        kept = Kept(
            number=frame.number,
            first=first,
            epoch=epoch,
            made_ms=now_ms,
            before_ms=self.kept.latest_ms,
            data=seal(Kind.DATA, encode_calls(frame, departures)),
        )
        latest_ms = max((one.at_ms for one in departures), default=0)
        self.kept.put(kept, latest_ms=latest_ms)

    def heartbeat(self, *, now_ms: int) -> Heartbeat:
        """Return the present promise; it holds once all finished frames are sent."""
        waiting = len(self._departures)
        return Heartbeat(
            number=self.kept.next_number - 1,
            next_sequence=self.next_sequence - waiting,
            from_ms=self.from_ms,
            watermark_ms=self.watermark_ms,
            now_ms=now_ms,
        )

    def _is_tellable(self, departure: Departure, now_ms: int) -> bool:
        return (
            abs(departure.at_ms - now_ms) <= self.terms.overlap_ms
            and self.terms.is_in_epoch(departure.at_ms, departure.epoch)
            and is_departure(departure)
        )

    def _keep_promise(self, at_ms: int) -> None:
        """Begin the promise anew if a call comes whose time was promised already.

        Or whose time lies before the promise: if its switch's clock is behind, it
        leaves now, and its arrival must find no promise either.
        """
        if at_ms <= self.watermark_ms:
            self.lost += 1
            self.from_ms = max(self.from_ms, self.watermark_ms)

    def _move_watermark(self, now_ms: int) -> None:
        """Promise as much as is known; only while no departure waits for its frame."""
        if not self.promises:
            return
        reach_ms = now_ms - self.pace.settle_ms
        if self.heard_ms is not None:
            reach_ms = min(reach_ms, self.heard_ms)
        floor_ms = self._pending.floor_ms()
        if floor_ms is not None:
            reach_ms = min(reach_ms, floor_ms - 1)
        if self.ceiling_ms is not None:
            reach_ms = min(reach_ms, self.ceiling_ms)
        if reach_ms > max(self.from_ms, self.watermark_ms):
            self.watermark_ms = reach_ms

    def _note_age(self, now_ms: int) -> None:
        if self._oldest_ms is None:
            self._oldest_ms = now_ms
