"""From a stream of bytes, however it is cut, to frames.

Source: spec/channel.md, "Frames".
"""

import zlib
from typing import Final

from tallystick.channel.codec import (
    CHECKSUM,
    ENVELOPE,
    GREETING_LIMIT,
    LAYOUT,
    MAGIC,
    PAYLOAD_LIMIT,
    decode_payload,
)
from tallystick.channel.errors import FrameError
from tallystick.channel.frame import Frame

_ENDS: Final = ENVELOPE.size + CHECKSUM.size


class FrameReader:
    """Read frames from bytes as they come.

    The first fault ends it: where the next frame would begin is not known any more.

    Attributes:
        fault: What ended it; None while it reads.

    Bounds: keeps less than one frame, at most PAYLOAD_LIMIT + 12 bytes, and before
        `widen` GREETING_LIMIT + 12.
    """

    __slots__ = ("_data", "_limit_bytes", "fault")

    def __init__(self) -> None:
        """Start with the short limit of peers that have not proved who they are."""
        self._data = bytearray()
        self._limit_bytes = GREETING_LIMIT
        self.fault: FrameError | None = None

    def widen(self) -> None:
        """Allow frames of full length from here on: the peer is known."""
        self._limit_bytes = PAYLOAD_LIMIT

    def feed(self, data: bytes) -> list[Frame]:
        """Take bytes and return the frames that are whole.

        Where good frames come before a fault in the same bytes, they are returned,
        `fault` is set, and the next call raises it.

        Args:
            data: What came, any number of bytes.

        Raises:
            FrameError: With a code of `FRAME_FAULTS`; nothing else, whatever the bytes.
        """
        frames: list[Frame] = []
        if self.fault is None:
            self._data += data
            try:
                self._read(frames)
            except FrameError as error:
                self.fault = error.with_traceback(None)
                self._data.clear()
        if self.fault is not None and not frames:
            # Another one, so that the reader does not hold the stack that holds it.
            raise FrameError(self.fault.code)
        return frames

    def _read(self, frames: list[Frame]) -> None:
        """Move whole frames from the bytes to the list."""
        start, held = 0, len(self._data)
        with memoryview(self._data) as view:
            while held - start >= ENVELOPE.size:
                magic, layout, kind, length = ENVELOPE.unpack_from(view, start)
                self._check_envelope(magic, layout, length)
                end = start + _ENDS + length
                if end > held:
                    break
                frames.append(_frame(kind, bytes(view[start:end])))
                start = end
        del self._data[:start]

    def _check_envelope(self, magic: bytes, layout: int, length: int) -> None:
        if magic != MAGIC:
            raise FrameError("frame-magic")
        if layout != LAYOUT:
            raise FrameError("frame-version")
        if length > self._limit_bytes:
            raise FrameError("frame-length")


def _frame(kind: int, data: bytes) -> Frame:
    """Return the frame of exactly these bytes.

    Raises:
        FrameError: "frame-checksum", or of the payload.
    """
    checked = memoryview(data)[: -CHECKSUM.size]
    (checksum,) = CHECKSUM.unpack_from(data, len(checked))
    if zlib.crc32(checked) != checksum:
        raise FrameError("frame-checksum")
    return decode_payload(kind, data[ENVELOPE.size : -CHECKSUM.size])
