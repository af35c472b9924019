"""Batches of events as bytes, and back.

Source: spec/log.md, "Batches" and "Events".
"""

import hmac
import struct
from collections.abc import Callable
from struct import Struct
from typing import Final

from tallystick.blinding.transcript import encode_fields
from tallystick.channel import ClosingRecord, Departure
from tallystick.channel.wire import is_closing, is_departure, is_moment
from tallystick.cluster.events import (
    Asked,
    Batch,
    Closed,
    Departed,
    Ended,
    Event,
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
from tallystick.cluster.keys import TAG_BYTES, LogKeys
from tallystick.model import MalformedError, TallystickError
from tallystick.pairing.live import LiveHalf

MAGIC: Final = b"TL"
VERSION: Final = 1
EVENTS_LIMIT: Final = 2_048  # of one batch
MEMBERS_LIMIT: Final = 64
EPOCHS_LIMIT: Final = 3
BATCH_BYTES: Final = 1 << 20

HEAD: Final = Struct(">2sBx8sQQQH")
"""magic, version, member, number, sent_ms, floor_ms, events."""
EVENT: Final = Struct(">BI")
"""kind, length."""

_JOIN: Final = Struct(">I")
_DEPARTED: Final = Struct(">16sQI16s16s16sBB")
_CLOSING: Final = Struct(">QBIIB")
_ASKED: Final = Struct(">16sQBB")
_HALF: Final = Struct(">16s16s16s16sBB")
_STATE: Final = Struct(">QQ")
_SHIFT: Final = 4
_STATE_BITS: Final = 15
_ALIAS: Final = 128
_NO_ALIAS: Final = bytes(16)


def encode_batch(batch: Batch, keys: LogKeys) -> bytes:
    """Return the bytes of a batch, tag included."""
    head = HEAD.pack(
        MAGIC,
        VERSION,
        batch.member,
        batch.number,
        batch.sent_ms,
        batch.floor_ms,
        len(batch.events),
    )
    parts = [head]
    for event in batch.events:
        kind, encode = _ENCODERS[type(event)]
        content = encode(event)
        parts += (EVENT.pack(kind, len(content)), content)
    body = b"".join(parts)
    return body + keys.tag(body)


def decode_batch(data: bytes, keys: LogKeys) -> Batch | None:
    """Read a batch; None where no member wrote it.

    Raises:
        MalformedError: "log-batch": a member wrote it, and it cannot be read.
    """
    body = data[:-TAG_BYTES]
    if not hmac.compare_digest(keys.tag(body), data[-TAG_BYTES:]):
        return None
    try:
        return _batch(body)
    except (struct.error, ValueError, UnicodeDecodeError, TallystickError):
        raise MalformedError(
            "log-batch",
            "A member wrote to the log what this program cannot read.",
            advice="Run one version of the program on all members.",
        ) from None


def _batch(body: bytes) -> Batch:
    magic, version, member, number, sent_ms, floor_ms, count = HEAD.unpack_from(body)
    _need(magic == MAGIC and version == VERSION and count <= EVENTS_LIMIT)
    events: list[Event] = []
    start = HEAD.size
    for _ in range(count):
        kind, length = EVENT.unpack_from(body, start)
        start += EVENT.size
        end = start + length
        _need(end <= len(body) and kind in _DECODERS)
        events.append(_DECODERS[kind](body[start:end]))
        start = end
    _need(start == len(body))
    return Batch(member, number, sent_ms, floor_ms, tuple(events))


def _need(holds: bool) -> None:
    if not holds:
        raise ValueError


def _closing(one: ClosingRecord) -> bytes:
    return _CLOSING.pack(*one)


def _read_closing(content: bytes) -> ClosingRecord:
    one = ClosingRecord._make(_CLOSING.unpack(content))
    # A number of 0 stands for an arrival, which has none.
    _need(is_closing(one._replace(sequence_of=one.sequence_of or 1)))
    return one._replace(answered=bool(one.answered))


def _encode_departed(event: Departed) -> bytes:
    one = event.departure
    return _DEPARTED.pack(
        event.ref,
        one.at_ms,
        one.epoch,
        one.pair,
        one.called,
        one.calling,
        one.states,
        one.flags,
    )


def _decode_departed(content: bytes) -> Departed:
    ref, *rest = _DEPARTED.unpack(content)
    departure = Departure(*rest)
    _need(is_departure(departure))
    return Departed(ref, departure)


def _encode_asked(event: Asked) -> bytes:
    halves = event.halves
    head = _ASKED.pack(event.ref, halves[0].at_ms, event.patient, len(halves))
    return head + b"".join(map(_encode_half, halves))


def _encode_half(half: LiveHalf) -> bytes:
    return _HALF.pack(
        half.pair,
        half.called,
        half.calling,
        half.alias or _NO_ALIAS,
        half.called_state << _SHIFT | half.calling_state,
        half.flags | (0 if half.alias is None else _ALIAS),
    )


def _decode_asked(content: bytes) -> Asked:
    ref, at_ms, patient, count = _ASKED.unpack_from(content)
    rows = list(_HALF.iter_unpack(content[_ASKED.size :]))
    _need(len(rows) == count and 0 < count <= EPOCHS_LIMIT and is_moment(at_ms))
    halves = tuple(
        LiveHalf(
            0,
            at_ms,
            pair,
            called,
            calling,
            states & _STATE_BITS,
            states >> _SHIFT,
            flags & ~_ALIAS,
            alias if flags & _ALIAS else None,
        )
        for pair, called, calling, alias, states, flags in rows
    )
    return Asked(ref, halves, bool(patient))


def _encode_join(event: Join) -> bytes:
    names = (event.name, *event.needed)
    fields = encode_fields(*(name.encode("ascii") for name in names))
    return _JOIN.pack(event.failover_ms) + fields


def _decode_join(content: bytes) -> Join:
    (failover_ms,) = _JOIN.unpack_from(content)
    names: list[str] = []
    rest = content[_JOIN.size :]
    while rest:
        end = 2 + int.from_bytes(rest[:2])
        _need(2 < end <= len(rest))
        names.append(rest[2:end].decode("ascii"))
        rest = rest[end:]
    _need(1 < len(names) <= 1 + MEMBERS_LIMIT)
    return Join(names[0], tuple(names[1:]), failover_ms)


def _decode_ended(content: bytes) -> Ended:
    return Ended(content[:16], _read_closing(content[16:]))


def _decode_found(content: bytes) -> Found:
    _need(len(content) == 8 and any(content))
    return Found(content)


def _decode_state(content: bytes) -> State:
    place = Place._make(_STATE.unpack_from(content))
    return State(place, content[_STATE.size :])


def _empty(made: Callable[[], Event]) -> Callable[[bytes], Event]:
    def decode(content: bytes) -> Event:
        _need(not content)
        return made()

    return decode


def _nothing(event: Event) -> bytes:
    del event
    return b""


_ENCODERS: Final[dict[type[Event], tuple[int, Callable[..., bytes]]]] = {
    Probe: (1, _nothing),
    Found: (2, lambda event: event.stream),
    Join: (3, _encode_join),
    Departed: (4, _encode_departed),
    Lost: (5, _nothing),
    Closed: (6, lambda event: _closing(event.closing)),
    Asked: (7, _encode_asked),
    Ended: (8, lambda event: event.ref + _closing(event.closing)),
    Opened: (9, _nothing),
    Heard: (10, lambda event: event.frame),
    Mark: (11, _nothing),
    State: (12, lambda event: _STATE.pack(*event.place) + event.content),
}
_DECODERS: Final[dict[int, Callable[[bytes], Event]]] = {
    1: _empty(Probe),
    2: _decode_found,
    3: _decode_join,
    4: _decode_departed,
    5: _empty(Lost),
    6: lambda content: Closed(_read_closing(content)),
    7: _decode_asked,
    8: _decode_ended,
    9: _empty(Opened),
    10: Heard,
    11: _empty(Mark),
    12: _decode_state,
}
