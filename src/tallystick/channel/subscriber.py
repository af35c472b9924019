"""The side that listens: what came, and what may be relied on.

Frames are taken in the order of their numbers only. A frame seen before is passed
over, a gap is asked for again, and a promise counts only once everything it speaks of
has come.

Source: spec/channel.md, "What a subscriber takes".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from tallystick.channel.codec import encode_frame
from tallystick.channel.errors import Refusal, SessionError
from tallystick.channel.frame import (
    Data,
    EpochNotice,
    Frame,
    Heartbeat,
    Position,
    Refused,
    Resume,
    Resumed,
)
from tallystick.channel.record import ClosingRecord, DepartureRecord
from tallystick.channel.terms import Terms

EPOCHS_LIMIT: Final = 1_024
RETRY_MS: Final = 1_000
"""How long a subscriber waits before it asks again for the same frame."""


class Covered(NamedTuple):
    """The time of which every departure has come.

    Attributes:
        from_ms: After this moment,
        to_ms: up to this one; empty if that is not later.
    """

    from_ms: int
    to_ms: int


class Delivered(NamedTuple):
    """What one frame brought.

    Attributes:
        departures: New ones, in order.
        closings: New ones, in order.
        epoch: Index of the epoch whose keys made the tokens.
    """

    departures: tuple[DepartureRecord, ...] = ()
    closings: tuple[ClosingRecord, ...] = ()
    epoch: int = 0


@dataclass(slots=True)
class Oddities:
    """How often a peer did what an honest one seldom does; for metrics.

    Attributes:
        repeated: Frames seen before.
        gaps: Frames that came too early.
        jumps: Times the publisher went on further ahead, so that frames are lost.
        future: Promises about a time that has not come yet; not believed.
        late: Departures of a time promised before; the promise begins anew.
    """

    repeated: int = 0
    gaps: int = 0
    jumps: int = 0
    future: int = 0
    late: int = 0


@dataclass(slots=True)
class _Promise:
    """The covered time in the making."""

    from_ms: int = 0
    to_ms: int = 0


class Progress(NamedTuple):
    """How far a subscriber has come, for another one that goes on in its place.

    Attributes:
        position: The next frame that is wanted.
        next_sequence: Number of the next departure.
        from_ms: Where the covered time begins,
        to_ms: and where it ends; 0: nothing is covered.
        followed: Whether a stream was followed at all.
        resumed: Whether the session has said from where it goes on.
        epochs: Those announced in the session.
    """

    position: Position
    next_sequence: int
    from_ms: int
    to_ms: int
    followed: bool
    resumed: bool
    epochs: tuple[int, ...]


class Subscriber:
    """One peer's stream as it is received, over any number of sessions.

    Attributes:
        position: The next frame that is wanted; give it to the next session.
        next_sequence: Number of the next departure.
        heard_ms: When the last frame came; None before the first.
        clock_offset_ms: The peer's clock less ours at its last heartbeat, the way here
            included; None before the first.
        oddities: What was strange.

    Bounds: EPOCHS_LIMIT epochs of 8 bytes; no record is kept.
    """

    def __init__(
        self,
        terms: Terms,
        checks: Callable[[int], bytes],
        *,
        position: Position | None = None,
    ) -> None:
        """Begin; nothing is covered yet.

        Args:
            terms: What the two parties agreed.
            checks: Gives the 8 bytes of `epoch_check` by the epoch's index.
            position: Where an earlier run stopped. What that run knew is gone: the
                covered time begins anew.
        """
        self.position = position or Position()
        self.next_sequence = 1
        self.heard_ms: int | None = None
        self.clock_offset_ms: int | None = None
        self.oddities = Oddities()
        self._terms = terms
        self._checks = checks
        self._promise = _Promise()
        self._epochs: set[int] = set()
        self._followed = False
        self._resumed = False
        self._asked_ms: int | None = None
        self._out: list[bytes] = []

    @property
    def covered(self) -> Covered | None:
        """The time of which every departure has come; None before any promise.

        It may be empty, and may shrink: who relies on it must look each time.
        """
        promise = self._promise
        return Covered(promise.from_ms, promise.to_ms) if promise.to_ms else None

    def progress(self) -> Progress:
        """Return how far it has come."""
        return Progress(
            self.position,
            self.next_sequence,
            self._promise.from_ms,
            self._promise.to_ms,
            self._followed,
            self._resumed,
            tuple(sorted(self._epochs)),
        )

    def go_on(self, progress: Progress) -> None:
        """Go on in the place of another one, in the middle of a session if need be."""
        self.position = progress.position
        self.next_sequence = progress.next_sequence
        self._promise = _Promise(progress.from_ms, progress.to_ms)
        self._followed, self._resumed = progress.followed, progress.resumed
        self._epochs = set(progress.epochs)

    def open_session(self) -> None:
        """Begin a session: nothing is taken before the publisher says from where."""
        self._resumed = False
        self._asked_ms = None
        self._epochs.clear()
        self._out.clear()

    def receive(self, frame: Frame, *, now_ms: int) -> Delivered:
        """Take a frame.

        Args:
            frame: What came, after the handshake.
            now_ms: The present time.

        Raises:
            SessionError: When the peer ends the session, or contradicts itself or the
                agreement. What was taken before stays good.
        """
        self.heard_ms = now_ms
        match frame:
            case Data():
                return self._receive_data(frame, now_ms)
            case Heartbeat():
                self._receive_heartbeat(frame, now_ms)
            case EpochNotice():
                self._receive_epoch(frame)
            case Resumed():
                self._receive_resumed(frame, now_ms)
            case Refused():
                raise SessionError(frame.refusal, told=True)
            case _:
                raise SessionError(Refusal.ORDER)
        return Delivered()

    def data_to_send(self) -> bytes:
        """Return what to send now; empty if there is nothing."""
        out = b"".join(self._out)
        self._out.clear()
        return out

    def _receive_resumed(self, frame: Resumed, now_ms: int) -> None:
        """Take from where the publisher goes on.

        Raises:
            SessionError: "sequence" when both numbers do not move together.
        """
        ours = (self.position.number, self.next_sequence)
        theirs = (frame.position.number, frame.next_sequence)
        same = self._followed and frame.position.stream == self.position.stream
        if same and not _is_possible(ours, theirs):
            raise SessionError(Refusal.SEQUENCE)
        self._resumed = True
        self._asked_ms = None
        if same and theirs <= ours:
            return  # nothing is missing; what comes again is passed over
        # What lies between is missing, so nothing is promised up to its end.
        self.oddities.jumps += self._followed
        self._followed = True
        self.position, self.next_sequence = frame.position, frame.next_sequence
        limit_ms = now_ms + self._terms.clock_ms
        self._begin_promise(max(min(frame.from_ms, limit_ms), self._promise.to_ms))

    def _receive_data(self, frame: Data, now_ms: int) -> Delivered:
        if not self._resumed:
            raise SessionError(Refusal.ORDER)
        if frame.number < self.position.number:
            self.oddities.repeated += 1
            return Delivered()
        if frame.number > self.position.number:
            self._ask(now_ms)
            return Delivered()
        self._check_data(frame)
        self._note_late(frame)
        self.position = self.position._replace(number=frame.number + 1)
        self.next_sequence += len(frame.departures)
        self._asked_ms = None
        self._trust(frame.from_ms, frame.watermark_ms, now_ms)
        return Delivered(frame.departures, frame.closings, frame.epoch)

    def _check_data(self, frame: Data) -> None:
        """Refuse what contradicts the stream or the agreement.

        Raises:
            SessionError: "sequence" or "epoch".
        """
        after = frame.first + len(frame.departures)
        if frame.first != self.next_sequence or any(
            one.sequence_of >= after for one in frame.closings
        ):
            raise SessionError(Refusal.SEQUENCE)
        if not frame.departures:
            return
        times = [one.at_ms for one in frame.departures]
        if frame.epoch not in self._epochs or not all(
            self._terms.is_in_epoch(at_ms, frame.epoch)
            for at_ms in (min(times), max(times))
        ):
            raise SessionError(Refusal.EPOCH)

    def _note_late(self, frame: Data) -> None:
        """Let the promise begin anew where a departure shows it to be broken."""
        promise = self._promise
        late = sum(
            promise.from_ms < one.at_ms <= promise.to_ms for one in frame.departures
        )
        if late:
            self.oddities.late += late
            self._begin_promise(promise.to_ms)

    def _receive_heartbeat(self, frame: Heartbeat, now_ms: int) -> None:
        """Take a promise, if all that it speaks of has come.

        Raises:
            SessionError: "sequence" when its two numbers do not go together.
        """
        if not self._resumed:
            raise SessionError(Refusal.ORDER)
        self.clock_offset_ms = frame.now_ms - now_ms
        if frame.number >= self.position.number:
            self._ask(now_ms)
        elif frame.number < self.position.number - 1:
            self.oddities.repeated += 1
        elif frame.next_sequence != self.next_sequence:
            raise SessionError(Refusal.SEQUENCE)
        else:
            self._trust(frame.from_ms, frame.watermark_ms, now_ms)

    def _receive_epoch(self, frame: EpochNotice) -> None:
        """Take an announced epoch.

        Raises:
            SessionError: "epoch" when it is not the agreement's, or has other keys.
        """
        terms = self._terms
        if (
            frame.epoch > terms.epoch_index(terms.until_ms)
            or frame.starts_ms != terms.epoch(frame.epoch).starts_ms
            or frame.check != self._checks(frame.epoch)
        ):
            raise SessionError(Refusal.EPOCH)
        self._epochs.add(frame.epoch)
        if len(self._epochs) > EPOCHS_LIMIT:
            self._epochs.remove(min(self._epochs))

    def _trust(self, from_ms: int, watermark_ms: int, now_ms: int) -> None:
        """Believe a promise as far as it can be true."""
        limit_ms = now_ms + self._terms.clock_ms
        # A beginning in the future only says that nothing is promised yet.
        self._begin_promise(min(from_ms, limit_ms))
        if watermark_ms > limit_ms:
            # One of the clocks is off. If ours was set back, what was promised before
            # would be taken for the present once the clock comes there again.
            self.oddities.future += 1
            self._begin_promise(self._promise.to_ms)
        else:
            self._promise.to_ms = max(self._promise.to_ms, watermark_ms)

    def _begin_promise(self, from_ms: int) -> None:
        self._promise.from_ms = max(self._promise.from_ms, from_ms)

    def _ask(self, now_ms: int) -> None:
        """Ask for the missing frame, once, and again if nothing comes."""
        self.oddities.gaps += 1
        if self._asked_ms is not None and abs(now_ms - self._asked_ms) < RETRY_MS:
            return
        self._asked_ms = now_ms
        self._out.append(encode_frame(Resume(self.position)))


def _is_possible(ours: tuple[int, int], theirs: tuple[int, int]) -> bool:
    """Tell whether frames and departures were counted in step."""
    if theirs[0] == ours[0]:
        return theirs[1] == ours[1]
    further = theirs[0] > ours[0]
    return theirs[1] >= ours[1] if further else theirs[1] <= ours[1]
