"""From captured messages to calls that begin and end.

A capture loses messages and sees some twice. What it saw twice counts once; what it
lost is never made up for: a call whose beginning was not seen does not begin, and one
whose answer or end was not seen, or whose attempts cannot be told apart, has no end.

Source: spec/hep.md.
"""

import re
from collections import Counter
from typing import Final, NamedTuple

from tallystick.domains.calls.hep.packet import Unread, parse_packet
from tallystick.domains.calls.hep.point import Point, Points, Side
from tallystick.domains.calls.live import LiveCall
from tallystick.domains.calls.records.sip.calls import Call, CallTracker
from tallystick.domains.calls.records.sip.message import (
    LOOKS_LIKE_SIP,
    Message,
    parse_message,
)
from tallystick.domains.calls.sip.call import MAX_IDENTITIES, is_emergency_service
from tallystick.model.errors import MalformedError

OFF_MS: Final = 2_000
"""A capture whose time is further from the node's is not used: it came too late, or
one of the two clocks is wrong."""

MAX_CALLS: Final = 100_000  # on each side, some 1 KiB each
_MAX_CALL_ID: Final = 256
_OTHER: Final[dict[Side, Side]] = {"departures": "arrivals", "arrivals": "departures"}
# A message to a call that exists may be looked at without its beginning.
_LATER: Final = frozenset({"BYE"})
_WATCHED: Final = re.compile(rb"(?:INVITE|BYE|CANCEL) |SIP/2", re.IGNORECASE)


class Began(NamedTuple):
    """A call began that crosses the border.

    Attributes:
        side: "departures" or "arrivals".
        point: Where it was seen.
        call: As its INVITE says. A departure has the time of its capture, and no later
            one than now; an arrival the present time: neither clock nor delay can make
            a call seem to arrive before it left.
    """

    side: Side
    point: Point
    call: LiveCall


class Ended(NamedTuple):
    """A call ended whose beginning, answer and end were seen.

    Attributes:
        duration_ms: From the answer; 0 where it was not answered.
        answer_ms: From the beginning to the answer; the same.
        cause: Q.850; 0: not known.
    """

    side: Side
    call_id: str
    answered: bool
    answer_ms: int
    duration_ms: int
    cause: int


class Watch:
    """Reads captures.

    Attributes:
        counts: How often what happened, for metrics; the words of spec/hep.md.

    Bounds: `most` calls on each side; beyond them the oldest has no end.
    """

    def __init__(self, points: Points, *, most: int = MAX_CALLS) -> None:
        """Begin with no call known."""
        self.counts: Counter[str] = Counter()
        self._points = points
        self._sides: dict[Side, CallTracker] = {
            side: CallTracker(most=most) for side in _OTHER
        }
        self._packet = 0

    def receive(self, data: bytes, sender: str, now_ms: int) -> Began | None:
        """Take in one packet; never raises.

        Args:
            data: The packet.
            sender: Address it came from.
            now_ms: The present time, UTC.
        """
        found = self._read(data, sender, now_ms)
        if isinstance(found, str):
            self.counts[found] += 1
            return None
        self.counts["began"] += 1
        return found

    def ended(self, now_ms: int) -> list[Ended]:
        """Return calls that are over, some half a minute after their end."""
        found = []
        for side, tracker in self._sides.items():
            tracker.advance(now_ms)
            while (call := tracker.next_call()) is not None:
                if ending := _ending(side, call):
                    found.append(ending)
        self.counts["ended"] += len(found)
        return found

    def _read(self, data: bytes, sender: str, now_ms: int) -> Began | str:
        """Return the call that begins with a packet, or what else the packet is."""
        packet = parse_packet(data)
        if isinstance(packet, Unread):
            return packet.why
        way = self._points.way(sender, packet)
        if isinstance(way, str):
            return way
        if abs(packet.at_ms - now_ms) > OFF_MS:
            return "clock"
        payload = packet.payload
        if not _WATCHED.match(payload) or not LOOKS_LIKE_SIP.match(payload):
            return "other-message"
        try:
            message = parse_message(payload)
        except MalformedError:
            return "malformed"
        point, side, is_watched = way
        at_ms = min(packet.at_ms, now_ms)
        call = self._track(message, side, at_ms)
        if call is None or call.packet != self._packet:
            return "followed" if call else "without-beginning"
        if not is_watched:
            return "other-side"
        moment_ms = at_ms if side == "departures" else now_ms
        return Began(side, point, _live(message, call, point, moment_ms))

    def _track(self, message: Message, side: Side, at_ms: int) -> Call | None:
        """Give a message to the calls of the side it can belong to."""
        self._packet += 1
        if len(message.call_id) > _MAX_CALL_ID:
            return None
        # An answer goes the other way than what it answers; a BYE goes either way.
        sides = [_OTHER[side] if message.status else side]
        if message.method in _LATER:
            sides = [side, _OTHER[side]]
        found = None
        for one in sides:
            call = self._sides[one].receive_message(
                message, now_ms=at_ms, packet=self._packet, source="", destination=""
            )
            found = found or call
        return found


def _live(message: Message, call: Call, point: Point, at_ms: int) -> LiveCall:
    parties = call.parties
    return LiveCall(
        call_id=call.call_id,
        at_ms=at_ms,
        calling_number=parties.calling,
        called_number=parties.called,
        trunk=point.trunk,
        carrier=point.carrier,
        redirecting_number=parties.redirecting,
        presentation=parties.presentation,
        identity=tuple(message.all("identity")[:MAX_IDENTITIES]),
        emergency=is_emergency_service(message.uri),
    )


def _ending(side: Side, call: Call) -> Ended | None:
    """Return how a call ended, where all of it was seen."""
    if call.forked or call.released_ms is None or call.challenged:
        return None
    if call.answered_ms is not None:
        answer_ms = max(0, call.answered_ms - call.started_ms)
        duration_ms = max(0, call.released_ms - call.answered_ms)
        return Ended(side, call.call_id, True, answer_ms, duration_ms, call.cause or 0)
    if call.status < 300:  # the answer was lost, or none was seen
        return None
    return Ended(side, call.call_id, False, 0, 0, call.cause or 0)
