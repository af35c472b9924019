"""One party's publisher and matcher, moved by nothing but the party's log.

Every member applies the same entries in the same order with the time of the log, so
all members send the same frames to the peer and judge each arrival alike.

Source: spec/log.md, "What a member does with an entry".
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from tallystick.channel import (
    Departure,
    FrameError,
    FrameReader,
    Publisher,
    SessionError,
    Subscriber,
    Terms,
)
from tallystick.channel.delivery import closing_half, deliver
from tallystick.channel.publisher import USUAL_PACE
from tallystick.cluster.events import (
    Asked,
    Batch,
    Closed,
    Departed,
    Ended,
    Event,
    Heard,
    Join,
    Lost,
    Mark,
    Opened,
    Place,
    State,
)
from tallystick.cluster.members import Members
from tallystick.cluster.snapshot import (
    Snapshot,
    encode_snapshot,
    progress_of,
    restore_members,
    restore_publisher,
)
from tallystick.pairing.live import (
    Hold,
    HoldSettings,
    Ident,
    LiveHalf,
    LiveMatcher,
    LiveWindow,
    Match,
)

ARRIVALS_REMEMBERED: Final = 200_000
DEPARTURES_REMEMBERED: Final = 500_000
EXPIRE_EVERY_MS: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What all members of a party were told alike.

    Attributes:
        terms: What both parties agreed.
        checks: Gives the check of an epoch's keys.
        window: How far apart halves may lie.
        waits: How long an arrival may wait.
        repeat_ms: For so long a switch may say the same again.
    """

    terms: Terms
    checks: Callable[[int], bytes]
    window: LiveWindow
    waits: HoldSettings
    repeat_ms: int


class Word(NamedTuple):
    """What is known of an arrival, now or later than before.

    Attributes:
        ref: Stands for the switch's id of the call.
        match: What is known.
    """

    ref: bytes
    match: Match


class Told(NamedTuple):
    """A departure that stands in the log.

    Attributes:
        pair: Its token.
        at_ms: When it left.
        sequence: Its number in the stream; 0: it could not be told.
    """

    pair: bytes
    at_ms: int
    sequence: int


@dataclass(slots=True)
class _Known:
    """An arrival that was asked about."""

    ident: int
    first: LiveHalf
    match: Match | None = None


class SharedPublisher(Publisher):
    """A publisher whose time is the log's; whoever serves it cannot move it."""

    def poll(self, *, now_ms: int) -> None:
        """Do nothing: only the log moves it."""

    def advance(self, *, now_ms: int) -> None:
        """Finish frames and move the watermark, by the time of the log."""
        super().poll(now_ms=now_ms)


class Replica:
    """The state of a party as its log tells it.

    Attributes:
        publisher: The party's stream.
        subscriber: The peer's stream.
        hold: Who waits, and the matcher.
        members: Who is there.
        session: The run of the member whose session with the peer counts.
        state: The last mark and the state there; None before the first.
        to_peer: What the member with the session should send to the peer.
        now_ms: The time of the last entry.

    Bounds: those of its parts, `ARRIVALS_REMEMBERED` arrivals and
        `DEPARTURES_REMEMBERED` departures.
    """

    def __init__(self, rules: Rules, *, stream: bytes, place: Place) -> None:
        """Begin a stream; of what was before the place nothing is known."""
        self.publisher = SharedPublisher(rules.terms, stream=stream, now_ms=place.at_ms)
        self.publisher.ceiling_ms = 0
        self.subscriber = Subscriber(rules.terms, rules.checks)
        self.hold = Hold(LiveMatcher(rules.window), settings=rules.waits)
        self.members = Members()
        self.session = b""
        self.state: State | None = None
        self.to_peer = b""
        self.now_ms = place.at_ms
        self._rules = rules
        self._place = place
        self._reader = FrameReader()
        self._reader.widen()
        self._words: list[Word] = []
        self._told: OrderedDict[bytes, Told] = OrderedDict()
        self._lately: dict[bytes, Departure] = {}
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._refs: dict[int, bytes] = {}
        self._next = 1
        self._expired_ms = place.at_ms
        self._takes: dict[type[Event], Callable[..., None]] = {
            Departed: self._departed,
            Lost: self._lost,
            Closed: self._closed,
            Asked: self._asked,
            Ended: self._ended,
            Opened: self._opened,
            Heard: self._heard,
            Mark: self._mark,
        }

    @classmethod
    def restored(cls, rules: Rules, snapshot: Snapshot, *, place: Place) -> "Replica":
        """Go on from a mark.

        Departures of the peer that came before it are not known here, so nothing
        rests on the absence of any of them.
        """
        one = cls(rules, stream=snapshot.stream, place=place)
        restore_publisher(snapshot, one.publisher)
        restore_members(snapshot, one.members)
        one.subscriber.go_on(progress_of(snapshot))
        one.session = snapshot.session
        one.hold.matcher.doubt(place.at_ms + rules.terms.clock_ms)
        one._ceil()
        return one

    def apply(self, place: Place, batch: Batch) -> list[Word]:
        """Apply the next batch of a member; return what became known of arrivals.

        Only for batches of which `members.fate` says "next".
        """
        self._place, self.now_ms = place, place.at_ms
        if self.members.look(place.at_ms):
            self.publisher.lose(place.at_ms)
        if batch.events and isinstance(batch.events[0], Join):
            # What an earlier run of this member was told may be lost.
            self.members.join(batch, batch.events[0], at_ms=place.at_ms)
            self.publisher.lose(place.at_ms)
        self.members.hear(batch, at_ms=place.at_ms)
        if self.members.choose():
            self.session = b""
        for event in batch.events:
            take = self._takes.get(type(event))
            if take is not None:
                take(event, batch)
        self._ceil()
        self.publisher.advance(now_ms=place.at_ms)
        self._look_up()
        words, self._words = self._words, []
        return words

    def told(self, ref: bytes) -> Told | None:
        """Return what was told of a call that left."""
        return self._told.get(ref)

    def ref_of(self, ident: int) -> bytes | None:
        """Return the reference of the arrival that the matcher knows by this handle."""
        return self._refs.get(ident)

    def knows(self, ref: bytes) -> bool:
        """Tell whether an arrival stands in the log."""
        return ref in self._known

    def _ceil(self) -> None:
        floor_ms = self.members.floor_ms()
        self.publisher.ceiling_ms = max(0, floor_ms - USUAL_PACE.settle_ms)

    def _departed(self, event: Departed, batch: Batch) -> None:
        one = event.departure
        before = self._lately.get(event.ref)
        if before is not None and _is_same(before, one, self._rules.repeat_ms):
            return  # two members were told of it at once
        if max(batch.sent_ms, one.at_ms) > self.now_ms + self._rules.terms.clock_ms:
            # That member's clock is ahead, or was when it was told: when the call left
            # cannot be relied on.
            self.publisher.lose(self.now_ms)
        sequence = self.publisher.depart(one, now_ms=self.now_ms)
        self._lately[event.ref] = one
        self._told[event.ref] = Told(one.pair, one.at_ms, sequence)
        self._told.move_to_end(event.ref)
        if len(self._told) > DEPARTURES_REMEMBERED:
            self._told.popitem(last=False)

    def _lost(self, event: Lost, batch: Batch) -> None:
        del event, batch
        self.publisher.lose(self.now_ms)

    def _closed(self, event: Closed, batch: Batch) -> None:
        del batch
        self.publisher.close(event.closing, now_ms=self.now_ms)

    def _asked(self, event: Asked, batch: Batch) -> None:
        del batch
        first, known = event.halves[0], self._known.get(event.ref)
        if known is not None and _is_again(known.first, first, self._rules.repeat_ms):
            # Asked again, of this member or another: the answer is the same.
            if known.match is not None:
                self._words.append(Word(event.ref, known.match))
            return
        known = _Known(self._next, first)
        self._next += 1
        self._remember(event.ref, known)
        halves = [half._replace(id=known.ident) for half in event.halves]
        match = self._judge(halves, patient=event.patient)
        if match is not None:
            self._say(known.ident, match)

    def _judge(self, halves: list[LiveHalf], *, patient: bool) -> Match | None:
        half = halves[0]._replace(others=tuple(halves[1:]))
        if patient:
            return self.hold.ask(half, now_ms=self.now_ms)
        match = self.hold.matcher.match(half, now_ms=self.now_ms)
        if match.outcome == "paired":
            return match
        # Whoever was answered without the log may have asked long ago: nothing rests
        # on absence.
        return Match("unproven", why=match.why)

    def _ended(self, event: Ended, batch: Batch) -> None:
        del batch
        known = self._known.get(event.ref)
        if known is not None:
            half = closing_half(known.ident, event.closing)
            self.hold.matcher.release(half, now_ms=self.now_ms)

    def _opened(self, event: Opened, batch: Batch) -> None:
        del event
        if batch.member == self.members.speaker:
            self.session = batch.member
            self.subscriber.open_session()

    def _heard(self, event: Heard, batch: Batch) -> None:
        if batch.member != self.session:
            return  # of a session that counts no more
        subscriber = self.subscriber
        try:
            for frame in self._reader.feed(event.frame):
                got = subscriber.receive(frame, now_ms=self.now_ms)
                deliver(
                    got,
                    subscriber.covered,
                    self.hold,
                    stream=subscriber.position.stream,
                    now_ms=self.now_ms,
                )
        except (FrameError, SessionError):
            self.session = b""
            self._reader = FrameReader()
            self._reader.widen()
        self.to_peer = subscriber.data_to_send()

    def _mark(self, event: Mark, batch: Batch) -> None:
        """Bring everything into the state that is told at a mark."""
        del event
        if batch.member != self.members.speaker:
            return
        self._ceil()
        self.publisher.flush(now_ms=self.now_ms)
        self.publisher.advance(now_ms=self.now_ms)
        self._lately.clear()
        content = encode_snapshot(
            self.publisher,
            self.members,
            self.subscriber.progress(),
            session=self.session,
        )
        self.state = State(self._place, content)

    def _look_up(self) -> None:
        """Tell of those whose time has come, and of what is known better now."""
        for answer in self.hold.due(now_ms=self.now_ms):
            self._say(answer.arrival, answer.match)
        while (event := self.hold.next_event()) is not None:
            self._say(event.arrival, event.match)
        if self.now_ms - self._expired_ms >= EXPIRE_EVERY_MS:
            self._expired_ms = self.now_ms
            self.hold.matcher.expire(self.now_ms)

    def _say(self, ident: Ident, match: Match) -> None:
        ref = self._refs.get(int(ident))
        known = None if ref is None else self._known.get(ref)
        if ref is not None and known is not None and known.ident == ident:
            known.match = match
            self._words.append(Word(ref, match))

    def _remember(self, ref: bytes, known: _Known) -> None:
        before = self._known.pop(ref, None)
        if before is not None:
            self._refs.pop(before.ident, None)
        self._known[ref] = known
        self._refs[known.ident] = ref
        if len(self._known) > ARRIVALS_REMEMBERED:
            _, oldest = self._known.popitem(last=False)
            self._refs.pop(oldest.ident, None)


def _is_same(before: Departure, one: Departure, repeat_ms: int) -> bool:
    return before.pair == one.pair and abs(one.at_ms - before.at_ms) <= repeat_ms


def _is_again(before: LiveHalf, half: LiveHalf, repeat_ms: int) -> bool:
    """Tell whether a switch asks again, rather than about another call."""
    near = abs(half.at_ms - before.at_ms) <= repeat_ms
    return near and half._replace(id=before.id, at_ms=before.at_ms) == before
