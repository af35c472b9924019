"""The bytes of calls: fixed widths, highest byte first.

Source: spec/channel.md, "Data".
"""

from collections.abc import Sequence
from itertools import starmap
from struct import Struct
from typing import Final, TypeAlias

from tallystick.channel.errors import FrameError
from tallystick.channel.frame import Data
from tallystick.channel.record import (
    TOKEN_BYTES,
    ClosingRecord,
    Departure,
    DepartureRecord,
)

DEPARTURES_LIMIT: Final = 1_024  # of one frame; 55,296 bytes
CLOSINGS_LIMIT: Final = 512  # of one frame; 9,216 bytes
U32_LIMIT: Final = 2**32 - 1
FIRST_MS: Final = 946_684_800_000  # 2000-01-01; no call of ours is older
LAST_MS: Final = 4_102_444_800_000  # 2100-01-01
CAUSE_LIMIT: Final = 127
SEQUENCE_LIMIT: Final = 2**63 - 1  # so that a store's signed integers can keep it

HEAD: Final = Struct(">QQQQQIHH")
"""number, first, from_ms, watermark_ms, base_ms, epoch, departures, closings."""
DEPARTURE: Final = Struct(">I16s16s16sBB")
"""Offset from base_ms, pair, called, calling, states, flags."""
CLOSING: Final = Struct(">QBIIB")
"""sequence_of, answered, answer_ms, duration_ms, cause."""

_STATES: Final = bytes(
    16 * called + calling for called in range(3) for calling in range(3)
)
_FLAGS: Final = bytes(range(4))
_Head: TypeAlias = tuple[int, int, int, int, int, int, int, int]


def encode_calls(
    frame: Data, departures: Sequence[Departure | DepartureRecord]
) -> bytes:
    """Return the payload of a data frame.

    Args:
        frame: The frame; its own departures are not looked at.
        departures: At most DEPARTURES_LIMIT, within 49 days of one another.
    """
    base_ms = min((one.at_ms for one in departures), default=FIRST_MS)
    pack = DEPARTURE.pack
    parts = [
        HEAD.pack(
            frame.number,
            frame.first,
            frame.from_ms,
            frame.watermark_ms,
            base_ms,
            frame.epoch,
            len(departures),
            len(frame.closings),
        )
    ]
    parts += [
        pack(
            one.at_ms - base_ms,
            one.pair,
            one.called,
            one.calling,
            one.states,
            one.flags,
        )
        for one in departures
    ]
    parts += list(starmap(CLOSING.pack, frame.closings))
    return b"".join(parts)


def decode_calls(payload: bytes) -> Data:
    """Read the payload of a data frame.

    Raises:
        FrameError: "frame-layout" or "frame-value".
    """
    if len(payload) < HEAD.size:
        raise FrameError("frame-layout")
    head: _Head = HEAD.unpack_from(payload)
    number, first, from_ms, watermark_ms, base_ms, epoch, count, closed = head
    middle = HEAD.size + count * DEPARTURE.size
    end = middle + closed * CLOSING.size
    if len(payload) != end or count > DEPARTURES_LIMIT or closed > CLOSINGS_LIMIT:
        raise FrameError("frame-layout")
    _check_head(head)
    return Data(
        number=number,
        first=first,
        from_ms=from_ms,
        watermark_ms=watermark_ms,
        epoch=epoch,
        departures=_departures(payload[HEAD.size : middle], first, base_ms),
        closings=_closings(payload[middle:]),
    )


def check_value(*, holds: bool) -> None:
    """Raise FrameError unless a value of the peer may be there.

    Raises:
        FrameError: "frame-value".
    """
    if not holds:
        raise FrameError("frame-value")


def is_closing(one: ClosingRecord) -> bool:
    """Tell whether a closing can be meant."""
    return (
        0 < one.sequence_of <= SEQUENCE_LIMIT
        and one.answered in {0, 1}
        and 0 <= one.cause <= CAUSE_LIMIT
        and 0 <= one.answer_ms <= U32_LIMIT
        and 0 <= one.duration_ms <= U32_LIMIT
        and (bool(one.answered) or not (one.answer_ms or one.duration_ms))
    )


def is_departure(one: Departure) -> bool:
    """Tell whether tokens, states and flags of a departure can be written."""
    return (
        len(one.pair) == len(one.called) == len(one.calling) == TOKEN_BYTES
        and one.states in _STATES
        and one.flags in _FLAGS
    )


def is_moment(moment_ms: int) -> bool:
    """Tell whether a time lies between 2000 and 2100."""
    return FIRST_MS <= moment_ms <= LAST_MS


def check_promise(from_ms: int, watermark_ms: int) -> None:
    """Refuse a promise that cannot be meant, with FrameError "frame-value"."""
    check_value(
        holds=is_moment(from_ms) and (watermark_ms == 0 or is_moment(watermark_ms))
    )


def _check_head(head: _Head) -> None:
    number, first, from_ms, watermark_ms, base_ms, _, _, _ = head
    check_value(
        holds=0 < number <= SEQUENCE_LIMIT
        and 0 < first <= SEQUENCE_LIMIT - DEPARTURES_LIMIT
        and is_moment(base_ms)
        and base_ms + U32_LIMIT <= LAST_MS
    )
    check_promise(from_ms, watermark_ms)


def _departures(rows: bytes, first: int, base_ms: int) -> tuple[DepartureRecord, ...]:
    # The two bytes of every row at once: nothing may be left but allowed ones.
    size = DEPARTURE.size
    strange = rows[size - 2 :: size].translate(None, _STATES)
    strange += rows[size - 1 :: size].translate(None, _FLAGS)
    check_value(holds=not strange)
    return tuple(
        [
            DepartureRecord(
                sequence, base_ms + offset, pair, called, calling, states, flags
            )
            for sequence, (offset, pair, called, calling, states, flags) in enumerate(
                DEPARTURE.iter_unpack(rows), first
            )
        ]
    )


def _closings(rows: bytes) -> tuple[ClosingRecord, ...]:
    closings = tuple(ClosingRecord._make(row) for row in CLOSING.iter_unpack(rows))
    check_value(holds=all(map(is_closing, closings)))
    return tuple(one._replace(answered=bool(one.answered)) for one in closings)
