"""Takes the frames out of pcap and pcapng files.

Sources: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# Larger than any frame that carries SIP; a bigger length is damage.
MAX_BLOCK_BYTES: Final = 16 << 20

_PCAP: Final = {
    b"\xa1\xb2\xc3\xd4": (">", 1_000_000),
    b"\xd4\xc3\xb2\xa1": ("<", 1_000_000),
    b"\xa1\xb2\x3c\x4d": (">", 1_000_000_000),
    b"\x4d\x3c\xb2\xa1": ("<", 1_000_000_000),
}
_SECTION: Final = 0x0A0D0D0A
_INTERFACE, _OLD_PACKET, _PACKET = 1, 2, 6
_TIME_RESOLUTION, _TIME_OFFSET = 9, 14


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: its number from 1, when it passed (UTC), its link type, its bytes."""

    number: int
    at_ms: int
    link: int
    data: bytes


class BrokenCaptureError(Exception):
    """The capture cannot be read farther; the message says why."""


class PieceReader:
    """Reads exact numbers of bytes from pieces of any size."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = bytearray()

    def read(self, size: int) -> bytes:
        """Return `size` bytes, or what is left of the file."""
        while len(self._held) < size:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._held += piece
        taken = bytes(self._held[:size])
        del self._held[:size]
        return taken

    def exactly(self, size: int) -> bytes:
        """Return `size` bytes.

        Raises:
            BrokenCaptureError: The file ends before.
        """
        if size > MAX_BLOCK_BYTES:
            raise BrokenCaptureError("a block in it has an impossible length")
        taken = self.read(size)
        if len(taken) < size:
            raise BrokenCaptureError("it ends in the middle of a packet")
        return taken


def read_frames(pieces: Iterator[bytes]) -> Iterator[Frame]:
    """Yield the frames of a capture.

    Raises:
        BrokenCaptureError: After the last whole frame of a damaged file.
    """
    reader = PieceReader(pieces)
    magic = reader.exactly(4)
    if magic in _PCAP:
        yield from _pcap(reader, *_PCAP[magic])
    elif magic == _SECTION.to_bytes(4, "big"):
        yield from _pcapng(reader)
    else:
        raise BrokenCaptureError("it is neither pcap nor pcapng")


def _pcap(reader: PieceReader, order: str, per_second: int) -> Iterator[Frame]:
    """Yield the frames behind the magic number of a pcap file.

    Raises:
        BrokenCaptureError: After the last whole frame of a damaged file.
    """
    # major, minor, zone, accuracy, longest frame, link type
    *_, link = struct.unpack(order + "HHiIII", reader.exactly(20))
    number = 0
    while head := reader.read(16):
        if len(head) < 16:
            raise BrokenCaptureError("it ends in the middle of a packet")
        seconds, fraction, kept, _ = struct.unpack(order + "IIII", head)
        number += 1
        at_ms = seconds * 1000 + fraction * 1000 // per_second
        # The upper bits of the link type say whether frames end in a checksum.
        yield Frame(number, at_ms, link & 0xFFFF, reader.exactly(kept))


@dataclass(frozen=True, slots=True)
class _Interface:
    link: int
    per_second: int
    offset_s: int


def _pcapng(reader: PieceReader) -> Iterator[Frame]:
    """Yield the frames behind the first block type of a pcapng file.

    Raises:
        BrokenCaptureError: After the last whole frame of a damaged file.
    """
    order, number = _section(reader), 0
    interfaces: list[_Interface] = []
    while head := reader.read(8):
        if len(head) < 8:
            raise BrokenCaptureError("it ends in the middle of a packet")
        if head[:4] == _SECTION.to_bytes(4, "big"):
            order, interfaces = _section(reader, head[4:]), []
            continue
        kind, length = struct.unpack(order + "II", head)
        if length < 12 or length % 4:
            raise BrokenCaptureError("a block in it has an impossible length")
        body = reader.exactly(length - 8)[:-4]
        if kind == _INTERFACE:
            interfaces.append(_interface(body, order))
        elif kind in {_PACKET, _OLD_PACKET}:
            number += 1
            yield _packet(body, order, interfaces, number, old=kind == _OLD_PACKET)


def _section(reader: PieceReader, length: bytes = b"") -> str:
    """Read a section header and return the byte order of the section.

    Raises:
        BrokenCaptureError: It is not a section header.
    """
    length = length or reader.exactly(4)
    magic = reader.exactly(4)
    order = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}.get(magic)
    if order is None:
        raise BrokenCaptureError("a section of it has no byte order")
    (total,) = struct.unpack(order + "I", length)
    if total < 28:
        raise BrokenCaptureError("a block in it has an impossible length")
    reader.exactly(total - 12)
    return order


def _interface(body: bytes, order: str) -> _Interface:
    if len(body) < 8:
        raise BrokenCaptureError("an interface of it is not described")
    (link,) = struct.unpack_from(order + "H", body)
    per_second, offset_s, at = 1_000_000, 0, 8
    while at + 4 <= len(body):
        code, size = struct.unpack_from(order + "HH", body, at)
        value = body[at + 4 : at + 4 + size]
        if code == _TIME_RESOLUTION and len(value) == 1:
            power = value[0] & 0x7F
            per_second = 1 << power if value[0] & 0x80 else 10 ** min(power, 18)
        elif code == _TIME_OFFSET and len(value) == 8:
            (offset_s,) = struct.unpack(order + "q", value)
        elif code == 0:
            break
        at += 4 + (size + 3) // 4 * 4
    return _Interface(link, per_second, offset_s)


def _packet(
    body: bytes, order: str, interfaces: list[_Interface], number: int, *, old: bool
) -> Frame:
    if len(body) < 20:
        raise BrokenCaptureError("it ends in the middle of a packet")
    layout = "HHIIII" if old else "IIIII"
    values = struct.unpack_from(order + layout, body)
    which, (high, low, kept, _) = values[0], values[-4:]
    if which >= len(interfaces):
        raise BrokenCaptureError("a packet of it is of no known interface")
    interface = interfaces[which]
    ticks = high << 32 | low
    at_ms = interface.offset_s * 1000 + ticks * 1000 // interface.per_second
    return Frame(number, at_ms, interface.link, body[20 : 20 + kept])
