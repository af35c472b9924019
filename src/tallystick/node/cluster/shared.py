"""Calls of a node that is one of several: told and asked through the party's log."""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from typing import Final

from tallystick.agreement import Decider
from tallystick.channel import ClosingRecord, Covered, Oddities, Publisher
from tallystick.cluster import Member, Word
from tallystick.domains.calls.live import LiveCall, NumberKnowledge, NumberReader
from tallystick.node.calls.arrivals import REMEMBERED, Arrivals, Asked
from tallystick.node.calls.departures import Departures
from tallystick.node.calls.identity import Identities
from tallystick.node.config.secrets import Secrets
from tallystick.pairing.live import Hold, Match

MARGIN_MS: Final = 100
"""How much longer than the hold the log may take before a call is answered without."""


class SharedDepartures(Departures):
    """Tells the peer of own departures, whichever member hears of them.

    The switch need not wait for the log: the promise to the peer never passes a call
    that was told to a member and does not stand in the log.
    """

    def __init__(
        self,
        secrets: Secrets,
        reader: NumberReader,
        publisher: Publisher,
        member: Member,
        now_ms: Callable[[], int],
        *,
        wake: Callable[[], None],
    ) -> None:
        """Tell by a member.

        Args:
            secrets: The keys of the channel and of the log.
            reader: Reads numbers.
            publisher: Stands in until the party's state is known; nothing goes there.
            member: What is told is appended by it.
            now_ms: Tells the time.
            wake: Called when the member has something to append.
        """
        super().__init__(secrets, reader, publisher, now_ms)
        self._member, self._refs, self._wake = member, secrets.log, wake

    def tell(self, call: LiveCall, *, now_ms: int) -> bool:
        """Tell of a call that leaves; see `Departures.tell`."""
        self.count += 1
        departure = self._departure(call)
        if call.at_ms < now_ms - self._secrets.signed.terms.window_ms:
            self._member.lose()
        told = self._member.depart(self._refs.ref(call.call_id), departure)
        self._wake()
        return told

    def hear_upto(self, moment_ms: int) -> None:
        """Note that whatever switches had said here by this moment has been heard."""
        self._member.heard_upto_ms = moment_ms

    def miss_now(self) -> None:
        """Promise nothing up to now: a call may leave of which nothing is known."""
        self._member.lose()
        self._wake()

    def release(self, call_id: str, ending: ClosingRecord, *, now_ms: int) -> bool:
        """Tell how a call ended; return whether it was a departure that was told."""
        del now_ms
        known = self._member.close_call(self._refs.ref(call_id), ending)
        self._wake()
        return known


class SharedArrivals(Arrivals):
    """Answers for arriving calls, the same at whichever member they are asked.

    Emergency and priority calls are answered at once, and where the log is away or
    slow, every call in time: as unproven.

    Bounds: `REMEMBERED` calls, those that wait among them.
    """

    def __init__(
        self,
        secrets: Secrets,
        reader: NumberReader,
        knowledge: NumberKnowledge,
        decider: Decider,
        hold: Hold,
        identities: Identities,
        member: Member,
        *,
        patience_ms: int,
        wake: Callable[[], None],
    ) -> None:
        """Ask by a member.

        Args:
            secrets: The keys of the channel.
            reader: Reads numbers.
            knowledge: What is known of numbers.
            decider: The rules.
            hold: Stands in until the party's state is known.
            identities: Judges signatures.
            member: What is asked is appended by it.
            patience_ms: How long a call waits for the log.
            wake: Called when the member has something to append.
        """
        super().__init__(secrets, reader, knowledge, decider, hold, identities)
        self._member, self._refs, self._wake = member, secrets.log, wake
        self._patience_ms = patience_ms
        self._waiting: deque[tuple[int, int]] = deque()
        self._by_ref: OrderedDict[bytes, int] = OrderedDict()
        self._set_ms = 0

    def due(self, *, now_ms: int) -> None:
        """Answer those for whom the log took too long."""
        while self._waiting and self._waiting[0][0] <= now_ms:
            self._give_up(self._waiting.popleft()[1], now_ms)

    def set_clock(self, *, now_ms: int) -> None:
        """Answer everybody who waits here, and let nothing rest on absence up to now.

        Other members' calls are not concerned: this one's clock was set, or it stood
        still.
        """
        self._set_ms = now_ms
        while self._waiting:
            self._give_up(self._waiting.popleft()[1], now_ms)

    def hear(self, words: Iterable[Word], *, now_ms: int) -> None:
        """Take what became known of arrivals, of other members' too."""
        for word in words:
            asked = self._asked.get(self._by_ref.get(word.ref, 0))
            if asked is None:
                continue
            if asked.answered is None:
                self._answer(asked, word.match, now_ms)
            elif asked.answered.evidence.half != word.match.outcome:
                self._correct(asked, asked.answered, word.match)

    def asked_about(self, ident: int) -> LiveCall | None:
        """Return the call that all members know by this handle, if it came here."""
        replica = self._member.replica
        ref = None if replica is None else replica.ref_of(ident)
        asked = None if ref is None else self._asked.get(self._by_ref.get(ref, 0))
        return None if asked is None else asked.call

    def tidy(self, *, now_ms: int) -> None:
        """Do nothing: the log's time lets go of what is old, everywhere alike."""

    def release(self, call_id: str, ending: ClosingRecord, *, now_ms: int) -> bool:
        """Take how an own arrival ended; return whether it is known."""
        del now_ms
        ref = self._refs.ref(call_id)
        asked_here = call_id in self._latest
        known = self._member.end_call(ref, ending, asked_here=asked_here)
        self._wake()
        return known

    def _give_up(self, ident: int, now_ms: int) -> None:
        """Answer without the log, unless it has spoken."""
        asked = self._asked.get(ident)
        if asked is not None and asked.answered is None:
            self._answer(asked, Match("unproven"), now_ms)

    def _match(self, asked: Asked, now_ms: int) -> Match | None:
        """Ask the log; answer without it whoever must not wait."""
        call = asked.call
        patient = not call.emergency and not call.priority
        ref = self._refs.ref(call.call_id)
        self._by_ref[ref] = asked.ident
        self._by_ref.move_to_end(ref)
        if len(self._by_ref) > REMEMBERED:
            self._by_ref.popitem(last=False)
        halves = tuple(self._half(asked, epoch).made() for epoch in self._epochs(call))
        live = self._member.is_live(now_ms=now_ms)
        there = self._member.ask(ref, halves, patient=patient and live)
        self._wake()
        if not (there and live):
            return Match("unproven", why="silent")
        if call.at_ms - self.hold.matcher.window.before_ms <= self._set_ms:
            return Match("unproven", why="clock_unknown")
        if not patient:
            return Match("unproven")
        self._waiting.append((now_ms + self._patience_ms, asked.ident))
        return None


class PeerView:
    """What the party's state says of the peer's stream."""

    def __init__(self, member: Member) -> None:
        """Look through a member."""
        self._member = member

    @property
    def covered(self) -> Covered | None:
        """The time of which every departure has come; see `Subscriber.covered`."""
        replica = self._member.replica
        return None if replica is None else replica.subscriber.covered

    @property
    def oddities(self) -> Oddities:
        """What was strange, as this member read it."""
        replica = self._member.replica
        return Oddities() if replica is None else replica.subscriber.oddities

    @property
    def clock_offset_ms(self) -> int | None:
        """The peer's clock less the log's at its last heartbeat."""
        replica = self._member.replica
        return None if replica is None else replica.subscriber.clock_offset_ms
