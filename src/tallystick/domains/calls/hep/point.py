"""Who may send captures, and which calls on them cross the border.

Source: spec/hep.md, "Which calls are watched".
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final, Literal

from tallystick.domains.calls.hep.packet import Packet
from tallystick.model.errors import ConfigError

Side = Literal["departures", "arrivals"]
MAX_REMEMBERED: Final = 4096
SIDES: Final = frozenset({"departures", "arrivals"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A place where calls are watched.

    Attributes:
        name: For metrics; no telephone number.
        networks: Addresses that may send its captures.
        trunks: Addresses of the far ends of trunks that cross the border.
        sides: "departures", "arrivals", or both.
        trunk: Stated for its calls.
        carrier: The same.
        key: The word its captures must carry; empty: none is asked for.
    """

    name: str
    networks: tuple[str, ...]
    trunks: tuple[str, ...]
    sides: frozenset[str] = SIDES
    trunk: str = ""
    carrier: str = ""
    key: bytes = field(default=b"", repr=False)


class Points:
    """All points of a node.

    Bounds: MAX_REMEMBERED addresses are remembered.
    """

    def __init__(self, points: Iterable[Point]) -> None:
        """Read their networks.

        Raises:
            ConfigError: "hep-point": one is none.
        """
        self._listed = [
            (one, _networks(one, one.networks), _networks(one, one.trunks))
            for one in points
        ]
        self.senders = lru_cache(MAX_REMEMBERED)(self._senders)
        self._ends = lru_cache(MAX_REMEMBERED)(self._ends_of)

    def may_send(self, host: str) -> bool:
        """Tell whether anybody's captures come from an address."""
        return bool(self.senders(host))

    def way(self, sender: str, packet: Packet) -> tuple[Point, Side, bool] | str:
        """Return whose a captured message is, and on which side of the border.

        Args:
            sender: Address that sent the capture.
            packet: The capture.

        Returns:
            The point; the side of a call that begins with a request in this
            direction; whether that side is watched. Or a word of spec/hep.md where it
            is nobody's.
        """
        senders = self.senders(sender)
        if not senders:
            return "stranger"
        allowed = [
            place
            for place in senders
            if hmac.compare_digest(self._listed[place][0].key, packet.key)
            or not self._listed[place][0].key
        ]
        if not allowed:
            return "key"
        leaves, comes = self._ends(packet.destination), self._ends(packet.source)
        for place in allowed:
            if (place in leaves) != (place in comes):
                point = self._listed[place][0]
                side: Side = "departures" if place in leaves else "arrivals"
                return point, side, side in point.sides
        return "elsewhere"

    def _senders(self, host: str) -> tuple[int, ...]:
        address = _address(host)
        return tuple(
            place
            for place, (_, networks, _) in enumerate(self._listed)
            if address is not None and any(address in one for one in networks)
        )

    def _ends_of(self, host: str) -> frozenset[int]:
        address = _address(host)
        return frozenset(
            place
            for place, (_, _, trunks) in enumerate(self._listed)
            if address is not None and any(address in one for one in trunks)
        )


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def _networks(
    point: Point, texts: Iterable[str]
) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(map(ip_network, texts))
    except ValueError:
        raise ConfigError(
            "hep-point",
            f"Captures of {point.name!r} list a network that is none.",
            advice='Write an address, or a network such as "192.0.2.0/28".',
        ) from None
