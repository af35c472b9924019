"""One member of a party: what it appends to the log, and what it reads from it.

Without I/O: whoever holds the line to the log hands in entries and time, and takes
batches and words out.

Source: spec/log.md.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from tallystick.channel import ClosingRecord, Departure
from tallystick.cluster.codec import decode_batch
from tallystick.cluster.events import (
    BEGINNING,
    Asked,
    Batch,
    Closed,
    Departed,
    Ended,
    Found,
    Heard,
    Join,
    Lost,
    Mark,
    Opened,
    Place,
    Probe,
    State,
)
from tallystick.cluster.keys import LogKeys
from tallystick.cluster.members import SILENT_MS
from tallystick.cluster.outbox import Outbox
from tallystick.cluster.replica import Replica, Rules, Word
from tallystick.cluster.snapshot import decode_snapshot
from tallystick.model import MalformedError
from tallystick.pairing.live import LiveHalf

IDLE_MS: Final = 20
"""How often a member with nothing to say moves its floor."""

MARK_MS: Final = 5_000
FOUND_MS: Final = 10_000
"""A member that waits so long for a mark thinks that nobody is left to set one."""

STRANGER_MS: Final = 2_000
"""A member that goes on so long without having joined here has joined elsewhere: what
is known here is not what the others know."""

REST_MS: Final = 1_000
"""How long a member waits before it joins again where another one has its name."""

RUN_BYTES: Final = 8


class Member:
    """A member at work.

    Attributes:
        replica: The party's state as far as it was read; None before it is known.
        heard_upto_ms: Whatever switches had said by this moment was put into it; None:
            they are heard at once.
        place: The last entry that was read; the line goes on behind it.
        faults: How often it had to begin anew, because entries were missing, could
            not be read, or made another state of it than of the others.
        namesakes: How often another node joined under its name.
    """

    def __init__(
        self,
        own: Join,
        rules: Rules,
        keys: LogKeys,
        *,
        draw: Callable[[int], bytes],
    ) -> None:
        """Start without a log.

        Args:
            own: Its name, whom it needs, and when its switches go to others.
            rules: What all members of the party were told alike.
            keys: The keys of the party's log.
            draw: Draws random bytes.
        """
        self.replica: Replica | None = None
        self.place = BEGINNING
        self.faults = 0
        self.namesakes = 0
        self._own, self._rules, self._keys, self._draw = own, rules, keys, draw
        self._out = Outbox(draw(RUN_BYTES), keys)
        self.heard_upto_ms: int | None = None
        self._log = b""
        self._is_connected = False
        self._send_again = False
        self._probed = False
        self._at_end = False
        self._is_empty = True
        self._founding_ms: int | None = None
        self._heard_ms: int | None = None
        self._mark: Place | None = None
        self._since_mark: list[tuple[Place, Batch]] = []
        self._state: State | None = None
        self._marked_ms = 0
        self._strangers: dict[bytes, int] = {}
        self._rest_ms: int | None = None
        self._telling: dict[bytes, Departure] = {}
        self._endings: dict[bytes, ClosingRecord] = {}

    # The line to the log

    def open(self, log: bytes, *, now_ms: int) -> None:
        """Note that the log can be read and written, from `place` on.

        Args:
            log: Names the log. Another name than before: what stood there is gone.
            now_ms: The present time.
        """
        if log != self._log:
            self._log = log
            self.place = BEGINNING
            self._is_empty = True
            self._at_end = False
            self._forget(same_stream=False)
        self._is_connected = True
        self._probed = False
        self._send_again = True
        self._founding_ms = now_ms

    def close(self) -> None:
        """Note that the log cannot be reached."""
        self._is_connected = False
        self._out.give_up()

    def is_live(self, *, now_ms: int) -> bool:
        """Tell whether what is said now is soon read in the log."""
        heard_ms = self._heard_ms
        return (
            self._is_connected
            and self.replica is not None
            and heard_ms is not None
            and abs(now_ms - heard_ms) <= SILENT_MS
        )

    @property
    def speaks(self) -> bool:
        """Whether this member follows the peer for all."""
        replica = self.replica
        return (
            self._is_connected
            and replica is not None
            and replica.members.speaker == self._out.member
        )

    @property
    def has_session(self) -> bool:
        """Whether what this member hears of the peer counts."""
        return self.replica is not None and self.replica.session == self._out.member

    @property
    def waiting(self) -> int:
        """How many events have not been sent."""
        return len(self._out)

    def data_to_send(self, *, now_ms: int) -> list[bytes]:
        """Return the batches that are to be appended now, in their order."""
        if not self._is_connected:
            return []
        out = self._out
        sent = out.unread() if self._send_again else []
        self._send_again = False
        if not self._probed:
            self._probed = True
            sent.append(out.aside(Probe(), now_ms=now_ms))
        if not self._at_end:
            return sent
        if self.replica is None:
            return sent + self._found(now_ms)
        if not out.has_joined:
            if self._rests(now_ms):
                return sent
            sent.append(out.seal(self._own, now_ms=now_ms))
        if self._state is not None:
            sent.append(out.seal(self._state, now_ms=now_ms))
            self._state = None
        if self._must_mark():
            self._marked_ms = self.replica.now_ms
            sent.append(out.seal(Mark(), now_ms=now_ms))
        due = now_ms - out.sent_ms >= IDLE_MS or now_ms < out.sent_ms
        while (due or len(out)) and not out.is_blocked:
            sent.append(out.batch(now_ms=now_ms, heard_ms=self.heard_upto_ms))
            due = False
        return sent

    def take(self, place: Place, data: bytes, *, now_ms: int) -> list[Word]:
        """Read an entry.

        Args:
            place: Where it stands.
            data: Its bytes.
            now_ms: The present time, by the own clock.

        Returns:
            What became known of arrivals, of any member's.
        """
        self.place = place
        try:
            batch = decode_batch(data, self._keys)
        except MalformedError:
            self._fall(now_ms)
            return []
        if batch is None:
            return []
        if not batch.number:
            self._take_aside(place, batch, now_ms)
            return []
        self._is_empty = False
        if self.replica is None:
            self._seek(place, batch)
            return []
        return self._apply(place, batch, now_ms)

    # What the switches say

    def depart(self, ref: bytes, departure: Departure) -> bool:
        """Tell of a call that leaves; return whether the peer will hear of it."""
        if self._is_told(ref, departure):
            return True
        if not self._out.put(Departed(ref, departure)):
            return False
        self._telling[ref] = departure
        return True

    def lose(self) -> None:
        """Say that a call may leave of which nothing is known."""
        self._out.put(Lost())

    def close_call(self, ref: bytes, ending: ClosingRecord) -> bool:
        """Tell how a departure ended; return whether it is known."""
        if ref in self._telling:
            self._endings[ref] = ending
            return True
        told = None if self.replica is None else self.replica.told(ref)
        if told is None or not told.sequence:
            return False
        return self._out.put(Closed(ending._replace(sequence_of=told.sequence)))

    def ask(self, ref: bytes, halves: tuple[LiveHalf, ...], *, patient: bool) -> bool:
        """Ask about an arrival; return whether a word will come, if the log does.

        Args:
            ref: Stands for its id.
            halves: The arrival, once for each epoch its departure may be of.
            patient: Whether its switch waits for the word. If not, or while there is
                no log, it has its answer, and nothing is said for want of a half.
        """
        return self._out.put(Asked(ref, halves, patient and self._is_connected))

    def end_call(
        self, ref: bytes, ending: ClosingRecord, *, asked_here: bool = False
    ) -> bool:
        """Tell how an arrival ended; return whether it is known.

        Args:
            ref: Stands for its id.
            ending: Its end.
            asked_here: It was asked about here, and may not stand in the log yet.
        """
        known = self.replica is not None and self.replica.knows(ref)
        if not known and not asked_here:
            return False
        return self._out.put(Ended(ref, ending._replace(sequence_of=0)))

    # What the peer says

    def open_session(self) -> None:
        """Say that a session with the peer begins."""
        self._out.put(Opened())

    def hear(self, frame: bytes) -> bool:
        """Hand on a frame of the peer; return whether there was room for it."""
        return self._out.put(Heard(frame))

    def to_peer(self) -> bytes:
        """Return what the session should send to the peer."""
        if self.replica is None:
            return b""
        data, self.replica.to_peer = self.replica.to_peer, b""
        return data

    # Reading

    def _take_aside(self, place: Place, batch: Batch, now_ms: int) -> None:
        for event in batch.events:
            match event:
                case Probe() if batch.member == self._out.member:
                    self._at_end = True
                    self._founding_ms = self._founding_ms or now_ms
                case Found() if self.replica is None and self._may_found(now_ms):
                    self.replica = Replica(
                        self._rules, stream=event.stream, place=place
                    )
                    self._mark, self._since_mark, self._rest_ms = None, [], None
                case _:
                    pass

    def _seek(self, place: Place, batch: Batch) -> None:
        """Look for a mark and the state there; then begin."""
        if self._mark is not None:
            self._since_mark.append((place, batch))
        for event in batch.events:
            if isinstance(event, Mark):
                self._mark, self._since_mark = place, []
            elif isinstance(event, State) and event.place == self._mark:
                self._begin(event)
                return

    def _begin(self, state: State) -> None:
        try:
            snapshot = decode_snapshot(state.content)
        except msgspec.MsgspecError:
            self._mark = None
            return
        replica = Replica.restored(self._rules, snapshot, place=state.place)
        waiting, self._since_mark, self._mark = self._since_mark, [], None
        for place, batch in waiting:
            if replica.members.fate(batch) == "next":
                replica.apply(place, batch)
        self.replica = replica

    def _apply(self, place: Place, batch: Batch, now_ms: int) -> list[Word]:
        replica = self.replica
        if replica is None:
            return []
        fate = replica.members.fate(batch)
        own = batch.member == self._out.member
        if fate == "missing" or not _agrees(replica, batch):
            self._fall(now_ms)
            return []
        if fate != "next":
            if own and fate == "stranger":
                self._anew(same_stream=True)  # it was dropped as long silent
            elif fate == "stranger" and self._is_elsewhere(place, batch):
                self._fall(now_ms)
            return []
        words = replica.apply(place, batch)
        if own:
            self._own_read(replica, place, batch, now_ms)
        elif self._out.has_joined and self._is_replaced(replica, batch):
            self.namesakes += 1
            self._rest_ms = now_ms
            self._anew(same_stream=True)
        return words

    def _is_elsewhere(self, place: Place, batch: Batch) -> bool:
        """Tell whether a member that is not known here is known to others."""
        since_ms = self._strangers.setdefault(batch.member, place.at_ms)
        return place.at_ms - since_ms > STRANGER_MS

    def _own_read(
        self, replica: Replica, place: Place, batch: Batch, now_ms: int
    ) -> None:
        self._heard_ms = now_ms
        self._out.read(batch.number)
        for event in batch.events:
            if isinstance(event, Departed):
                self._telling.pop(event.ref, None)
                ending = self._endings.pop(event.ref, None)
                if ending is not None:
                    self.close_call(event.ref, ending)
            elif isinstance(event, Mark):
                state = replica.state
                is_here = state is not None and state.place == place
                self._state = state if is_here else None

    def _is_replaced(self, replica: Replica, batch: Batch) -> bool:
        joins = isinstance(batch.events[0] if batch.events else None, Join)
        one = replica.members.get(self._own.name)
        return joins and one is not None and one.run == batch.member

    def _is_told(self, ref: bytes, departure: Departure) -> bool:
        """Tell whether a switch says again what it, or another one, said before."""
        repeat_ms = self._rules.repeat_ms
        before = self._telling.get(ref)
        if before is not None:
            near = abs(departure.at_ms - before.at_ms) <= repeat_ms
            return near and before.pair == departure.pair
        told = None if self.replica is None else self.replica.told(ref)
        if told is None or not told.sequence:
            return False
        near = abs(departure.at_ms - told.at_ms) <= repeat_ms
        return near and told.pair == departure.pair

    # Beginning anew

    def _found(self, now_ms: int) -> list[bytes]:
        """Begin a log that has no beginning, or nobody left who knows it."""
        if not self._may_found(now_ms) or self._rests(now_ms):
            return []
        self._rest_ms = now_ms
        stream = self._draw(RUN_BYTES)
        return [self._out.aside(Found(stream), now_ms=now_ms)]

    def _may_found(self, now_ms: int) -> bool:
        """Tell whether nobody is there who knows the state."""
        since_ms = self._founding_ms
        return self._is_empty or since_ms is None or now_ms - since_ms >= FOUND_MS

    def _rests(self, now_ms: int) -> bool:
        """Tell whether the last attempt was too short a while ago."""
        return self._rest_ms is not None and abs(now_ms - self._rest_ms) < REST_MS

    def _fall(self, now_ms: int) -> None:
        """Know nothing any more, and wait for the next mark."""
        self.faults += 1
        self._founding_ms = now_ms
        self._forget(same_stream=True)

    def _forget(self, *, same_stream: bool) -> None:
        self.replica = None
        self._mark, self._since_mark, self._state = None, [], None
        self._heard_ms = None
        self._marked_ms = 0
        self._strangers.clear()
        self._anew(same_stream=same_stream)

    def _anew(self, *, same_stream: bool) -> None:
        """Join again under another run; what may not have arrived is said again."""
        self._out.begin_anew(self._draw(RUN_BYTES), same_stream=same_stream)
        self._telling = self._out.departures()
        self._probed = False
        self._send_again = False

    def _must_mark(self) -> bool:
        replica = self.replica
        if replica is None or not self.speaks or self._out.is_blocked:
            return False
        last = replica.now_ms if replica.state is None else replica.state.place.at_ms
        if replica.state is None and not self._marked_ms:
            return True
        return replica.now_ms - max(last, self._marked_ms) >= MARK_MS


def _agrees(replica: Replica, batch: Batch) -> bool:
    """Tell whether the state the speaker tells of is the one that is held here."""
    held = replica.state
    return not any(
        isinstance(event, State)
        and held is not None
        and event.place == held.place
        and event.content != held.content
        for event in batch.events
    )
