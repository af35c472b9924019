"""Reads one HEP3 packet: where a captured message went, when, and its bytes.

Nothing here raises, whatever the bytes: what cannot be used is `Unread` with a word.

Source: spec/hep.md, "A packet"; the HEP/EEP specification, revision 12, section 4.
"""

import struct
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address
from types import MappingProxyType
from typing import Final, NamedTuple

MAGIC: Final = b"HEP3"
HEAD_BYTES: Final = 6
MAX_PACKET_BYTES: Final = 65_535
MAX_CHUNKS: Final = 64
SIP: Final = 1
_CHUNK: Final = struct.Struct(">HHH")
_MICROSECONDS: Final = 1_000_000
_IPV4, _IPV6 = 2, 10


class Packet(NamedTuple):
    """A captured message.

    Attributes:
        source: Address it came from, as text.
        destination: Address it went to.
        at_ms: When it passed, UTC, by the clock of whoever captured it.
        payload: Its bytes.
        correlation: What belongs together, as the sender says; empty where unsaid.
        key: The word by which the sender shows that it may send; or empty.
    """

    source: str
    destination: str
    at_ms: int
    payload: bytes
    correlation: bytes
    key: bytes


class Unread(NamedTuple):
    """A packet that is not used, and why: a word of spec/hep.md."""

    why: str


def parse_packet(data: bytes) -> Packet | Unread:
    """Return what a packet holds.

    Args:
        data: A datagram, or one packet of a stream.

    Bounds: MAX_PACKET_BYTES, MAX_CHUNKS; time grows with the number of chunks.
    """
    if data[:4] != MAGIC:
        return Unread("not-hep3")
    if len(data) < HEAD_BYTES or int.from_bytes(data[4:6]) != len(data):
        return Unread("length")
    found: dict[int, bytes] = {}
    place, end, left = HEAD_BYTES, len(data), MAX_CHUNKS
    while place < end:
        left -= 1
        if end - place < _CHUNK.size or left < 0:
            return Unread("chunk")
        vendor, kind, size = _CHUNK.unpack_from(data, place)
        if not _CHUNK.size <= size <= end - place:
            return Unread("chunk")
        if vendor == 0:
            if kind in found:
                return Unread("repeated")
            found[kind] = data[place + _CHUNK.size : place + size]
        place += size
    return _read(found)


def _read(found: Mapping[int, bytes]) -> Packet | Unread:
    """Return what chunks of the general vendor say, by their numbers."""
    for kind, size in SIZES.items():
        if kind in found and len(found[kind]) != size:
            return Unread("chunk-size")
    if found.get(_PROTOCOL) != bytes([SIP]):
        return Unread("other-protocol" if _PROTOCOL in found else "missing")
    if _COMPRESSED in found:
        return Unread("compressed")
    places = _PLACES.get(int.from_bytes(found.get(_FAMILY, b"")))
    if places is None:
        return Unread("family" if _FAMILY in found else "missing")
    source, destination, address = places
    if not all(found.get(kind) for kind in (source, destination, _SECONDS, _PAYLOAD)):
        return Unread("missing")
    rest_us = int.from_bytes(found.get(_MICROS, b""))
    if rest_us >= _MICROSECONDS:
        return Unread("time")
    return Packet(
        address(found[source]),
        address(found[destination]),
        int.from_bytes(found[_SECONDS]) * 1000 + rest_us // 1000,
        found[_PAYLOAD],
        found.get(_CORRELATION, b""),
        found.get(_KEY, b""),
    )


def _ipv4(data: bytes) -> str:
    return str(IPv4Address(data))


def _ipv6(data: bytes) -> str:
    address = IPv6Address(data)
    return str(address.ipv4_mapped or address)


_FAMILY, _SECONDS, _MICROS, _PROTOCOL = 1, 9, 10, 11
_KEY, _PAYLOAD, _COMPRESSED, _CORRELATION = 14, 15, 16, 17
# Chunks with a size of their own. Those not named here may be of any.
SIZES: Final = MappingProxyType(
    {
        **dict.fromkeys((1, 2, 11), 1),
        **dict.fromkeys((7, 8, 13, 18), 2),
        **dict.fromkeys((3, 4, 9, 10, 12), 4),
        **dict.fromkeys((5, 6), 16),
    }
)
# IP family -> chunk with the source, chunk with the destination, how they are read.
_PLACES: Final[Mapping[int, tuple[int, int, Callable[[bytes], str]]]] = (
    MappingProxyType({_IPV4: (3, 4, _ipv4), _IPV6: (5, 6, _ipv6)})
)
