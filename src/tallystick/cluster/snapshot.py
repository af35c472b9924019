"""The state at a mark: all that a member that begins there cannot read itself.

Departures of the peer, arrivals and frames of before are not among it: they are
forgotten within a minute, and nothing rests on their absence until then.

Source: spec/log.md, "States".
"""

from itertools import starmap
from typing import Final

import msgspec

from tallystick.channel import Position, Progress, Publisher
from tallystick.cluster.members import Members, Present

_Member = tuple[
    str, bytes, int, int, int, int, bool, bool, int, tuple[str, ...]
]  # the fields of `Present`, in their order


class Snapshot(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True
):
    """What is equal at all members right after a mark.

    Attributes:
        stream: Name of the publisher's stream.
        number: Of its next data frame.
        next_sequence: Of its next departure.
        from_ms: Where its promise begins,
        watermark_ms: and where it ends.
        latest_ms: Its latest departure.
        session: The run of the member whose session with the peer counts.
        order: How often members joined or were found silent.
        speaker: The run of the member that speaks.
        members: Who is there.
        followed: How far the peer's stream was followed: stream, frame, departure,
            covered from and to, whether any was followed, whether the session goes
            on, announced epochs.
    """

    stream: bytes
    number: int
    next_sequence: int
    from_ms: int
    watermark_ms: int
    latest_ms: int
    session: bytes
    order: int
    speaker: bytes
    members: tuple[_Member, ...]
    followed: tuple[bytes, int, int, int, int, bool, bool, tuple[int, ...]]


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Snapshot)


def encode_snapshot(
    publisher: Publisher, members: Members, progress: Progress, *, session: bytes
) -> bytes:
    """Return the state as MessagePack; nothing may wait in the publisher."""
    return _ENCODER.encode(
        Snapshot(
            stream=publisher.stream,
            number=publisher.kept.next_number,
            next_sequence=publisher.next_sequence,
            from_ms=publisher.from_ms,
            watermark_ms=publisher.watermark_ms,
            latest_ms=publisher.kept.latest_ms,
            session=session,
            order=members.order,
            speaker=members.speaker,
            members=tuple(_row(one) for one in members),
            followed=(*progress.position, *progress[1:]),
        )
    )


def decode_snapshot(content: bytes) -> Snapshot:
    """Read a state.

    Raises:
        msgspec.MsgspecError: It is none.
    """
    return _DECODER.decode(content)


def restore_publisher(snapshot: Snapshot, publisher: Publisher) -> None:
    """Let a new publisher of the same stream go on where the snapshot was taken."""
    publisher.next_sequence = snapshot.next_sequence
    publisher.from_ms = snapshot.from_ms
    publisher.watermark_ms = snapshot.watermark_ms
    kept = publisher.kept
    kept.oldest = kept.next_number = snapshot.number
    kept.latest_ms = snapshot.latest_ms


def restore_members(snapshot: Snapshot, members: Members) -> None:
    """Let a table of members go on."""
    present = list(starmap(Present, snapshot.members))
    members.restore(snapshot.order, snapshot.speaker, present)


def progress_of(snapshot: Snapshot) -> Progress:
    """Return how far the peer's stream was followed."""
    followed = snapshot.followed
    return Progress(Position(*followed[:2]), *followed[2:])


def _row(one: Present) -> _Member:
    return (
        one.name,
        one.run,
        one.order,
        one.next_number,
        one.floor_ms,
        one.heard_ms,
        one.is_silent,
        one.is_left,
        one.failover_ms,
        one.needed,
    )
