"""Every message of the channel as a value.

Source: spec/channel.md, "Frames".
"""

from enum import IntEnum
from typing import Final, NamedTuple, TypeAlias

from tallystick.channel.errors import Refusal
from tallystick.channel.record import ClosingRecord, DepartureRecord

OLDEST_VERSION: Final = 1
NEWEST_VERSION: Final = 1
NO_STREAM: Final = bytes(8)


class Kind(IntEnum):
    """Kinds of frames; the number travels."""

    HELLO = 1
    WELCOME = 2
    PROOF = 3
    REFUSED = 4
    DATA = 5
    HEARTBEAT = 6
    EPOCH = 7
    RESUME = 8
    RESUMED = 9


class Position(NamedTuple):
    """From where a subscriber wants to go on.

    Attributes:
        stream: 8 bytes that name the publisher's stream; NO_STREAM: none yet.
        number: The next data frame that is wanted, from 1.
    """

    stream: bytes = NO_STREAM
    number: int = 1


class Hello(NamedTuple):
    """The subscriber's first message.

    Attributes:
        oldest: Oldest version of the channel it knows.
        newest: Newest version it knows.
        channel: 32 bytes, the name of the two keys' agreement.
        terms: 32 bytes, SHA-256 of the agreement file's signed part.
        nonce: 32 random bytes.
        position: From where to go on.
        subscriber: Party that asks.
        publisher: Party that is asked.
    """

    oldest: int
    newest: int
    channel: bytes
    terms: bytes
    nonce: bytes
    position: Position
    subscriber: str
    publisher: str


class Welcome(NamedTuple):
    """The publisher's answer.

    Attributes:
        version: The version that is spoken from here on.
        nonce: 32 random bytes.
        epoch: Index of the present epoch.
        now_ms: The publisher's clock.
        signature: 64 bytes, Ed25519.
    """

    version: int
    nonce: bytes
    epoch: int
    now_ms: int
    signature: bytes


class Proof(NamedTuple):
    """The subscriber's signature, 64 bytes, Ed25519."""

    signature: bytes


class Refused(NamedTuple):
    """The last message of a session.

    Attributes:
        refusal: Why.
        oldest: Oldest version the sender knows.
        newest: Newest version it knows.
    """

    refusal: Refusal
    oldest: int = OLDEST_VERSION
    newest: int = NEWEST_VERSION


class Data(NamedTuple):
    """Calls, and a promise.

    Attributes:
        number: 1 for the first data frame of the stream, and so on without a gap.
        first: Sequence number of the first departure here, or of the next one if
            there is none.
        from_ms: Every departure after this moment,
        watermark_ms: up to this moment, is in this frame or an earlier one. 0: none.
        epoch: Index of the epoch whose keys made the tokens.
        departures: What left.
        closings: What ended.
    """

    number: int
    first: int
    from_ms: int
    watermark_ms: int
    epoch: int
    departures: tuple[DepartureRecord, ...]
    closings: tuple[ClosingRecord, ...]


class Heartbeat(NamedTuple):
    """A promise without calls.

    Attributes:
        number: Number of the last data frame; 0 before the first.
        next_sequence: Sequence number of the next departure.
        from_ms: As in `Data`.
        watermark_ms: As in `Data`.
        now_ms: The publisher's clock.
    """

    number: int
    next_sequence: int
    from_ms: int
    watermark_ms: int
    now_ms: int


class EpochNotice(NamedTuple):
    """An epoch announced before its first departure.

    Attributes:
        epoch: Its index in the agreement, from 0.
        starts_ms: When it begins.
        check: 8 bytes that are equal if both sides have the same keys.
    """

    epoch: int
    starts_ms: int
    check: bytes


class Resume(NamedTuple):
    """The subscriber asks to go on from a position."""

    position: Position


class Resumed(NamedTuple):
    """From where the publisher goes on.

    Attributes:
        position: The next data frame.
        next_sequence: Sequence number of its first departure.
        from_ms: Every departure after this moment is in that frame or a later one.
    """

    position: Position
    next_sequence: int
    from_ms: int


Frame: TypeAlias = (
    Hello
    | Welcome
    | Proof
    | Refused
    | Data
    | Heartbeat
    | EpochNotice
    | Resume
    | Resumed
)
