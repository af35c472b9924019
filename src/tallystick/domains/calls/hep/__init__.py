"""HEP version 3 without sockets: captured SIP, and the calls it shows."""

from tallystick.domains.calls.hep.packet import (
    MAX_PACKET_BYTES,
    Packet,
    Unread,
    parse_packet,
)
from tallystick.domains.calls.hep.point import Point, Points
from tallystick.domains.calls.hep.stream import PacketReader
from tallystick.domains.calls.hep.watch import Began, Ended, Watch

__all__ = [
    "MAX_PACKET_BYTES",
    "Began",
    "Ended",
    "Packet",
    "PacketReader",
    "Point",
    "Points",
    "Unread",
    "Watch",
    "parse_packet",
]
