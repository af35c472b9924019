"""Puts TCP segments in order and cuts the stream into SIP messages.

Source: RFC 3261 section 18.3: over a stream, Content-Length ends a message.
"""

import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from tallystick.domains.calls.records.capture.packets import Segment
from tallystick.domains.calls.records.sip.message import (
    LOOKS_LIKE_SIP,
    MAX_MESSAGE_BYTES,
)

MAX_STREAMS: Final = 4096
# What may wait behind a missing segment before the segment is given up.
MAX_WAITING: Final = 64
_SEQUENCES: Final = 1 << 32
_HEAD_END: Final = re.compile(rb"\r?\n\r?\n")
_LENGTH: Final = re.compile(
    rb"^(?:content-length|l)[ \t]*:[ \t]*(\d{1,9})", re.IGNORECASE | re.MULTILINE
)
# A message can be found again inside a stream only at the start of a line.
_RESTART: Final = re.compile(
    rb"(?<=\n)(?:SIP/2\.0 \d{3} |[A-Z]{3,12} (?:sips?|tel):[^\r\n]+ SIP/2\.0\r?\n)"
)


@dataclass(slots=True)
class _Stream:
    expected: int | None = None
    waiting: dict[int, bytes] = field(default_factory=dict)
    held: bytearray = field(default_factory=bytearray)
    is_sip: bool | None = None


class Streams:
    """All TCP connections of a capture, each direction for itself.

    Bounds: MAX_STREAMS streams of one message and MAX_WAITING segments each; those
        that carry no SIP hold nothing.
    """

    def __init__(self) -> None:
        self._streams: OrderedDict[tuple[object, object], _Stream] = OrderedDict()

    def messages(self, segment: Segment) -> Iterator[bytes]:
        """Yield the whole messages that `segment` completes."""
        key = (segment.source, segment.destination)
        stream = self._streams.setdefault(key, _Stream())
        self._streams.move_to_end(key)
        if len(self._streams) > MAX_STREAMS:
            self._streams.popitem(last=False)
        if segment.opens:
            begin = ((segment.sequence or 0) + 1) % _SEQUENCES
            self._streams[key] = _Stream(expected=begin)
            return
        if segment.payload and stream.is_sip is not False:
            _put(stream, segment)
            yield from _cut(stream)


def _put(stream: _Stream, segment: Segment) -> None:
    """Append what comes next in order, keep what comes too early."""
    sequence, data = segment.sequence or 0, segment.payload
    if stream.expected is None:
        stream.expected = sequence
    stream.waiting[sequence] = data
    _take_waiting(stream)
    if len(stream.waiting) > MAX_WAITING:
        # The missing segment was not captured: go on behind the gap.
        stream.held.clear()
        base = stream.expected
        stream.expected = min(
            stream.waiting, key=lambda start: (start - base) % _SEQUENCES
        )
        _take_waiting(stream)


def _take_waiting(stream: _Stream) -> None:
    moved = True
    while moved and stream.expected is not None:
        moved = False
        for start in list(stream.waiting):
            ahead = (start - stream.expected) % _SEQUENCES
            if ahead and ahead < _SEQUENCES // 2:
                continue  # not yet
            data = stream.waiting.pop(start)
            known = (stream.expected - start) % _SEQUENCES
            if known < len(data):
                stream.held += data[known:]
                stream.expected = (start + len(data)) % _SEQUENCES
                moved = True


def _cut(stream: _Stream) -> Iterator[bytes]:
    """Yield whole messages, off the front of the stream."""
    while True:
        # Empty lines between messages keep the connection alive.
        blank = len(stream.held) - len(stream.held.lstrip(b"\r\n"))
        del stream.held[:blank]
        if not stream.held:
            return
        if not LOOKS_LIKE_SIP.match(bytes(stream.held[:8192])) and not _resume(stream):
            return
        stream.is_sip = True
        head = _HEAD_END.search(stream.held)
        if not head:
            if len(stream.held) > MAX_MESSAGE_BYTES:
                stream.held.clear()
            return
        length = _LENGTH.search(stream.held, 0, head.end())
        end = head.end() + (int(length[1]) if length else 0)
        if end > MAX_MESSAGE_BYTES:
            end = head.end()
        if len(stream.held) < end:
            return
        yield bytes(stream.held[:end])
        del stream.held[:end]


def _resume(stream: _Stream) -> bool:
    """Find the next start of a message; forget streams that carry no SIP."""
    if found := _RESTART.search(stream.held):
        del stream.held[: found.start()]
        return True
    if len(stream.held) > MAX_MESSAGE_BYTES or (
        stream.is_sip is None and len(stream.held) > 4096
    ):
        stream.is_sip = stream.is_sip or False
        stream.held.clear()
    return False
