"""What members of one party tell one another through their log.

No telephone number and no switch's id is among it: tokens, references, times.

Source: spec/log.md, "Events".
"""

from typing import Final, NamedTuple, TypeAlias

from tallystick.channel import ClosingRecord, Departure
from tallystick.pairing.live import LiveHalf


class Place(NamedTuple):
    """Where an entry stands in the log.

    Attributes:
        at_ms: When the log took it, by the log's own clock; never less than before.
        turn: Its turn within that millisecond.
    """

    at_ms: int
    turn: int


BEGINNING: Final = Place(0, 0)


class Probe(NamedTuple):
    """A member asks to hear itself: then it has read all that was there."""


class Found(NamedTuple):
    """A log without a beginning gets one.

    Attributes:
        stream: Names the run of the publisher that begins here.
    """

    stream: bytes


class Join(NamedTuple):
    """A member begins.

    Attributes:
        name: Its own.
        needed: Names of all without whom nothing may be promised, its own among them.
        failover_ms: After so long a silence of this member its switches have gone to
            others; 0: they never do.
    """

    name: str
    needed: tuple[str, ...]
    failover_ms: int


class Departed(NamedTuple):
    """A call leaves.

    Attributes:
        ref: Stands for the switch's id of the call.
        departure: Its half, blinded.
    """

    ref: bytes
    departure: Departure


class Lost(NamedTuple):
    """A call may leave, or may have left, of which nothing is known."""


class Closed(NamedTuple):
    """How a departure ended.

    Attributes:
        closing: Its end, with its number in the stream.
    """

    closing: ClosingRecord


class Asked(NamedTuple):
    """A call arrives.

    Attributes:
        ref: Stands for the switch's id of the call.
        halves: Its half, blinded, once for each epoch it may be of.
        patient: Whether its switch waits for the word. If not, it was answered without
            the log, and nothing rests on the absence of its departure.
    """

    ref: bytes
    halves: tuple[LiveHalf, ...]
    patient: bool


class Ended(NamedTuple):
    """How an arrival ended.

    Attributes:
        ref: Stands for the switch's id of the call.
        closing: Its end.
    """

    ref: bytes
    closing: ClosingRecord


class Opened(NamedTuple):
    """The member that follows the peer has opened a session with it."""


class Heard(NamedTuple):
    """What the peer said.

    Attributes:
        frame: One frame as it was sent.
    """

    frame: bytes


class Mark(NamedTuple):
    """From here a member may begin, once the state at this place follows."""


class State(NamedTuple):
    """What a member that begins at a mark must know.

    Attributes:
        place: Where the mark stands.
        content: As `snapshot.encode_snapshot` makes it.
    """

    place: Place
    content: bytes


Event: TypeAlias = (
    Probe
    | Found
    | Join
    | Departed
    | Lost
    | Closed
    | Asked
    | Ended
    | Opened
    | Heard
    | Mark
    | State
)


class Batch(NamedTuple):
    """What a member appends at once.

    Attributes:
        member: 8 bytes that name this run of the member.
        number: 1 for its first batch, and so on without a gap; 0: it has not joined.
        sent_ms: Its clock.
        floor_ms: Every call told to it that began up to here stands in this batch or
            in an earlier one.
        events: In the order in which they count.
    """

    member: bytes
    number: int
    sent_ms: int
    floor_ms: int
    events: tuple[Event, ...]
