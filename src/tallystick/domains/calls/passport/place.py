"""Where certificates may be fetched from: nothing that leads into our own network.

Source: RFC 8226, section 4; RFC 6890; spec/passport.md, "Place of the certificate".
"""

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, urlsplit

MAX_URL: Final = 1024  # characters
_NOT_IN_PATH: Final = frozenset(';?#\\ \t<>"@')
_LABEL: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")
# Names that are looked up at home (RFC 6761, RFC 6762, RFC 8375, RFC 9476).
_HOME: Final = frozenset({"localhost", "local", "internal", "arpa", "alt", "onion"})

# Readers of URLs differ on what stands before or behind the brackets.
_BRACKETED: Final = re.compile(r"\[[0-9A-Fa-f:.]+\](?::[0-9]+)?")
# Everything else of IPv6 is local, given up, or carries an IPv4 address: NAT64 (RFC
# 6052, RFC 8215), translated and compatible addresses, site-local, SRv6.
_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
# What `ipaddress` takes for global, in this version or in an older one.
_SPECIAL: Final = (
    ipaddress.ip_network("192.0.0.0/24"),  # RFC 6890
    ipaddress.ip_network("192.88.99.0/24"),  # RFC 7526, relays of 6to4
    ipaddress.ip_network("2001::/23"),  # RFC 2928, Teredo and the like
    ipaddress.ip_network("2001:db8::/32"),  # RFC 3849
    ipaddress.ip_network("2002::/16"),  # RFC 3056, 6to4
    ipaddress.ip_network("3fff::/20"),  # RFC 9637
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What is accepted as the place of a certificate.

    Attributes:
        hosts: Names of hosts, in lower case; empty: any public one.
        ports: Numbers of ports.
    """

    hosts: frozenset[str] = frozenset()
    ports: frozenset[int] = field(default=frozenset({443, 8443}))

    def accept(self, url: str) -> bool:
        """Tell whether a certificate may be fetched from a URL.

        Addresses are to be checked again with `is_public_address` once the name is
        looked up, and each redirection like a URL of its own.
        """
        try:
            parts = urlsplit(url) if self._is_plain(url) else None
            if parts is None or not self._accepts_authority(parts):
                return False
        except ValueError:
            return False
        host = parts.hostname or ""
        return host in self.hosts if self.hosts else _is_public_host(host)

    @staticmethod
    def _is_plain(url: str) -> bool:
        if len(url) > MAX_URL or not url.isascii() or not url.isprintable():
            return False
        return url.startswith("https://") and _NOT_IN_PATH.isdisjoint(url)

    def _accepts_authority(self, parts: SplitResult) -> bool:
        if parts.netloc.endswith(":") or len(parts.path) < 2:
            return False
        if "[" in parts.netloc and not _BRACKETED.fullmatch(parts.netloc):
            return False
        return (parts.port or 443) in self.ports


def is_public_address(address: str) -> bool:
    """Tell whether an IP address is reachable by everybody (RFC 6890).

    Args:
        address: As a name was resolved; anything else gives False.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and (ip.scope_id or ip not in _UNICAST):
        return False
    special = any(ip in net for net in _SPECIAL if net.version == ip.version)
    return ip.is_global and not ip.is_multicast and not special


def _is_public_host(host: str) -> bool:
    if ":" in host:
        return is_public_address(host)
    labels = host.removesuffix(".").split(".")
    if len(labels) < 2 or not all(map(_is_label, labels)):
        return False
    last = labels[-1]
    # 0x7f000001, 127.1 and 017700000001 are addresses to most resolvers.
    if last[0].isdigit():
        return is_public_address(host)
    return last not in _HOME


def _is_label(label: str) -> bool:
    return 1 <= len(label) <= 63 and _LABEL.issuperset(label)
