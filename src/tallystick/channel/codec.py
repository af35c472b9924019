"""Every frame as bytes, and back.

    magic "TY" | version 1 | kind 1 | length 4 | payload | CRC-32 of all before 4

Source: spec/channel.md, "Frames".
"""

import zlib
from collections.abc import Callable
from struct import Struct
from typing import Final

from tallystick.blinding.transcript import check_name, encode_fields
from tallystick.channel.errors import FrameError, Refusal
from tallystick.channel.frame import (
    Data,
    EpochNotice,
    Frame,
    Heartbeat,
    Hello,
    Kind,
    Position,
    Proof,
    Refused,
    Resume,
    Resumed,
    Welcome,
)
from tallystick.channel.wire import (
    CLOSING,
    CLOSINGS_LIMIT,
    DEPARTURE,
    DEPARTURES_LIMIT,
    HEAD,
    SEQUENCE_LIMIT,
    check_promise,
    check_value,
    decode_calls,
    encode_calls,
    is_moment,
)
from tallystick.model import ConfigError

MAGIC: Final = b"TY"
LAYOUT: Final = 1
ENVELOPE: Final = Struct(">2sBBI")
"""magic, version of the layout, kind, length of the payload."""
CHECKSUM: Final = Struct(">I")
PAYLOAD_LIMIT: Final = (
    HEAD.size + DEPARTURES_LIMIT * DEPARTURE.size + CLOSINGS_LIMIT * CLOSING.size
)
GREETING_LIMIT: Final = 512
"""Longest payload before the peer has proved who it is; a hello needs 217."""

_HELLO: Final = Struct(">BB32s32s32s8sQ")
_WELCOME: Final = Struct(">B32sIQ64s")
_PROOF: Final = Struct(">64s")
_REFUSED: Final = Struct(">BBB")
_HEARTBEAT: Final = Struct(">QQQQQ")
_EPOCH: Final = Struct(">IQ8s")
_RESUME: Final = Struct(">8sQ")
_RESUMED: Final = Struct(">8sQQQ")


def encode_frame(frame: Frame) -> bytes:
    """Return the bytes of a frame.

    Args:
        frame: Any message; of `Data` at most DEPARTURES_LIMIT departures and
            CLOSINGS_LIMIT closings.
    """
    kind = _KINDS[type(frame)]
    return seal(kind, _ENCODERS[kind](frame))


def seal(kind: Kind, payload: bytes) -> bytes:
    """Return the frame of a payload: envelope before it, checksum after it."""
    head = ENVELOPE.pack(MAGIC, LAYOUT, kind, len(payload))
    checksum = zlib.crc32(payload, zlib.crc32(head))
    return b"".join((head, payload, CHECKSUM.pack(checksum)))


def encode_payload(frame: Frame) -> bytes:
    """Return the bytes of a frame without envelope and checksum."""
    return _ENCODERS[_KINDS[type(frame)]](frame)


def decode_payload(kind: int, payload: bytes) -> Frame:
    """Read the payload of a frame.

    Raises:
        FrameError: "frame-kind", "frame-layout" or "frame-value".
    """
    decode = _DECODERS.get(kind)
    if decode is None:
        raise FrameError("frame-kind")
    return decode(payload)


def _unpack(layout: Struct, payload: bytes) -> tuple[object, ...]:
    if len(payload) != layout.size:
        raise FrameError("frame-layout")
    return layout.unpack(payload)


def _encode_hello(frame: Hello) -> bytes:
    fixed = _HELLO.pack(
        frame.oldest,
        frame.newest,
        frame.channel,
        frame.terms,
        frame.nonce,
        *frame.position,
    )
    names = (frame.subscriber.encode("ascii"), frame.publisher.encode("ascii"))
    return fixed + encode_fields(*names)


def _decode_hello(payload: bytes) -> Hello:
    if len(payload) < _HELLO.size:
        raise FrameError("frame-layout")
    oldest, newest, channel, terms, nonce, stream, number = _HELLO.unpack_from(payload)
    check_value(holds=0 < oldest <= newest and 0 < number <= SEQUENCE_LIMIT)
    subscriber, publisher = _names(payload[_HELLO.size :])
    position = Position(stream, number)
    return Hello(oldest, newest, channel, terms, nonce, position, subscriber, publisher)


def _names(data: bytes) -> tuple[str, str]:
    """Read two names, each after its length.

    Raises:
        FrameError: "frame-layout" or "frame-value".
    """
    cut = 2 + int.from_bytes(data[:2], "big")
    first, second = data[2:cut], data[cut + 2 :]
    if encode_fields(first, second) != data:
        raise FrameError("frame-layout")
    try:
        one = check_name("party", first.decode("ascii"))
        other = check_name("party", second.decode("ascii"))
    except (ConfigError, UnicodeDecodeError):
        raise FrameError("frame-value") from None
    return one, other


def _decode_welcome(payload: bytes) -> Welcome:
    frame = Welcome._make(_unpack(_WELCOME, payload))
    check_value(holds=is_moment(frame.now_ms))
    return frame


def _decode_refused(payload: bytes) -> Refused:
    code, oldest, newest = _REFUSED.unpack(payload) if len(payload) == 3 else (0, 0, 0)
    try:
        return Refused(Refusal(code), oldest, newest)
    except ValueError:
        raise FrameError(
            "frame-value" if payload[3:] == b"" else "frame-layout"
        ) from None


def _decode_heartbeat(payload: bytes) -> Heartbeat:
    frame = Heartbeat._make(_unpack(_HEARTBEAT, payload))
    check_value(
        holds=frame.number <= SEQUENCE_LIMIT
        and 0 < frame.next_sequence <= SEQUENCE_LIMIT
        and is_moment(frame.now_ms)
    )
    check_promise(frame.from_ms, frame.watermark_ms)
    return frame


def _decode_epoch(payload: bytes) -> EpochNotice:
    frame = EpochNotice._make(_unpack(_EPOCH, payload))
    check_value(holds=is_moment(frame.starts_ms))
    return frame


def _position(stream: bytes, number: int) -> Position:
    check_value(holds=0 < number <= SEQUENCE_LIMIT)
    return Position(stream, number)


def _decode_resume(payload: bytes) -> Resume:
    if len(payload) != _RESUME.size:
        raise FrameError("frame-layout")
    return Resume(_position(*_RESUME.unpack(payload)))


def _decode_resumed(payload: bytes) -> Resumed:
    if len(payload) != _RESUMED.size:
        raise FrameError("frame-layout")
    stream, number, next_sequence, from_ms = _RESUMED.unpack(payload)
    check_value(holds=0 < next_sequence <= SEQUENCE_LIMIT and is_moment(from_ms))
    return Resumed(_position(stream, number), next_sequence, from_ms)


_KINDS: Final[dict[type[Frame], Kind]] = {
    Hello: Kind.HELLO,
    Welcome: Kind.WELCOME,
    Proof: Kind.PROOF,
    Refused: Kind.REFUSED,
    Data: Kind.DATA,
    Heartbeat: Kind.HEARTBEAT,
    EpochNotice: Kind.EPOCH,
    Resume: Kind.RESUME,
    Resumed: Kind.RESUMED,
}
_ENCODERS: Final[dict[Kind, Callable[..., bytes]]] = {
    Kind.HELLO: _encode_hello,
    Kind.WELCOME: lambda frame: _WELCOME.pack(*frame),
    Kind.PROOF: lambda frame: _PROOF.pack(*frame),
    Kind.REFUSED: lambda frame: _REFUSED.pack(*frame),
    Kind.DATA: lambda frame: encode_calls(frame, frame.departures),
    Kind.HEARTBEAT: lambda frame: _HEARTBEAT.pack(*frame),
    Kind.EPOCH: lambda frame: _EPOCH.pack(*frame),
    Kind.RESUME: lambda frame: _RESUME.pack(*frame.position),
    Kind.RESUMED: lambda frame: _RESUMED.pack(*frame.position, *frame[1:]),
}
_DECODERS: Final[dict[int, Callable[[bytes], Frame]]] = {
    Kind.HELLO: _decode_hello,
    Kind.WELCOME: _decode_welcome,
    Kind.PROOF: lambda payload: Proof._make(_unpack(_PROOF, payload)),
    Kind.REFUSED: _decode_refused,
    Kind.DATA: decode_calls,
    Kind.HEARTBEAT: _decode_heartbeat,
    Kind.EPOCH: _decode_epoch,
    Kind.RESUME: _decode_resume,
    Kind.RESUMED: _decode_resumed,
}
