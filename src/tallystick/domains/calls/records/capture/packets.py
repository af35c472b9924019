"""From frames to the payloads of UDP and TCP, with dpkt.

Understands Ethernet with VLAN tags and MPLS, Linux cooked captures of both versions,
loopback, raw IP, IP in IP, IPv4 and IPv6, and puts IP fragments together.
"""

import ipaddress
import struct
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import dpkt
import dpkt.ethernet
import dpkt.ip
import dpkt.ip6
import dpkt.loopback
import dpkt.sll
import dpkt.sll2
import dpkt.tcp
import dpkt.udp

from tallystick.domains.calls.records.capture.container import Frame

# dpkt declares no types; this names what is one of its packets.
_Packet: TypeAlias = Any
_IP: Final = (dpkt.ip.IP, dpkt.ip6.IP6)
_RAW_IP: Final = object()
# Link types that carry SIP in practice. Source: the registry of tcpdump.
_LINKS: Final[dict[int, Any]] = {
    0: dpkt.loopback.Loopback,
    1: dpkt.ethernet.Ethernet,
    12: _RAW_IP,
    14: _RAW_IP,
    101: _RAW_IP,
    108: dpkt.loopback.Loopback,
    113: dpkt.sll.SLL,
    228: _RAW_IP,
    229: _RAW_IP,
    276: dpkt.sll2.SLL2,
}
_TCP, _UDP, _FRAGMENT = 6, 17, 44
_MAX_DEPTH: Final = 4  # tunnels inside tunnels
MAX_FRAGMENTED: Final = 1024
MAX_DATAGRAM_BYTES: Final = 65_535
# What dpkt lets out when a packet is not what its headers claim.
_DAMAGED: Final = (dpkt.Error, struct.error, IndexError, ValueError, AttributeError)


@dataclass(frozen=True, slots=True)
class Segment:
    """The payload of one UDP datagram or TCP segment.

    Attributes:
        source: Address and port it came from.
        destination: Address and port it goes to.
        payload: Its bytes.
        sequence: Of TCP; None in a UDP datagram.
        opens: The segment opens a TCP connection (SYN).
    """

    source: tuple[str, int]
    destination: tuple[str, int]
    payload: bytes
    sequence: int | None
    opens: bool = False


@dataclass(slots=True)
class _Fragments:
    parts: dict[int, bytes] = field(default_factory=dict)
    size: int | None = None

    def whole(self) -> bytes | None:
        """Return the datagram when no part is missing."""
        if self.size is None:
            return None
        joined = b""
        while len(joined) < self.size and len(joined) in self.parts:
            joined += self.parts[len(joined)]
        return joined if len(joined) >= self.size else None


class Decoder:
    """Turns frames into segments.

    Attributes:
        unknown_links: Link types that were met and cannot be read.

    Bounds: MAX_FRAGMENTED datagrams whose fragments have not all come.
    """

    def __init__(self) -> None:
        self.unknown_links: set[int] = set()
        self._fragmented: OrderedDict[tuple[bytes, bytes, int, int], _Fragments] = (
            OrderedDict()
        )

    def segment_of(self, frame: Frame) -> Segment | None:
        """Return the UDP or TCP payload in a frame; None when it has none."""
        try:
            packet = _innermost(self._network(frame))
            return self._transport(packet) if packet is not None else None
        except _DAMAGED:
            return None

    def _network(self, frame: Frame) -> _Packet:
        link = _LINKS.get(frame.link)
        if link is None:
            self.unknown_links.add(frame.link)
            return None
        if link is _RAW_IP:
            six = frame.data[:1] and frame.data[0] >> 4 == 6
            return (dpkt.ip6.IP6 if six else dpkt.ip.IP)(frame.data)
        return link(frame.data).data

    def _transport(self, packet: _Packet) -> Segment | None:
        protocol = packet.p
        payload = packet.data
        if isinstance(packet, dpkt.ip.IP):
            fragment = (packet.offset * 8, bool(packet.mf), packet.id)
        else:
            extra = packet.extension_hdrs.get(_FRAGMENT)
            fragment = (
                (extra.frag_off * 8, bool(extra.m_flag), extra.id)
                if extra
                else (0, False, 0)
            )
        if fragment[0] or fragment[1]:
            whole = self._joined(packet, protocol, bytes(payload), fragment)
            if whole is None:
                return None
            payload = _TRANSPORTS[protocol](whole) if protocol in _TRANSPORTS else None
        return _segment(packet, payload)

    def _joined(
        self,
        packet: _Packet,
        protocol: int,
        part: bytes,
        fragment: tuple[int, bool, int],
    ) -> bytes | None:
        start, more, number = fragment
        key = (packet.src, packet.dst, protocol, number)
        known = self._fragmented.setdefault(key, _Fragments())
        if start + len(part) <= MAX_DATAGRAM_BYTES:
            known.parts[start] = part
        if not more:
            known.size = start + len(part)
        whole = known.whole()
        if whole is not None:
            del self._fragmented[key]
        while len(self._fragmented) > MAX_FRAGMENTED:
            self._fragmented.popitem(last=False)
        return whole


def _innermost(packet: _Packet) -> _Packet:
    """Return the IP packet that carries no other, or None where there is none."""
    for _ in range(_MAX_DEPTH):
        inner = getattr(packet, "data", None)
        if not isinstance(inner, _IP):
            break
        packet = inner
    return packet if isinstance(packet, _IP) else None


_TRANSPORTS: Final = {_TCP: dpkt.tcp.TCP, _UDP: dpkt.udp.UDP}


def _segment(packet: _Packet, payload: _Packet) -> Segment | None:
    if not isinstance(payload, (dpkt.tcp.TCP, dpkt.udp.UDP)):
        return None
    source = (str(ipaddress.ip_address(packet.src)), int(payload.sport))
    destination = (str(ipaddress.ip_address(packet.dst)), int(payload.dport))
    data = bytes(payload.data)
    if isinstance(payload, dpkt.udp.UDP):
        return Segment(source, destination, data, None)
    opens = bool(payload.flags & dpkt.tcp.TH_SYN)
    return Segment(source, destination, data, int(payload.seq), opens)
