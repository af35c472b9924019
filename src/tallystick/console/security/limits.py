"""How many requests an address may make: a bucket that fills again."""

from collections import OrderedDict
from ipaddress import IPv6Address, ip_address
from typing import Final

ADDRESSES: Final = 10_000
"""Those remembered; who comes back after so many others begins anew."""
_HOME: Final = 64
"""Bits of an IPv6 address that one household has alone: it draws the others at will."""


class Buckets:
    """One bucket of requests for each address."""

    def __init__(self, *, per_s: float = 20.0, at_most: float = 200.0) -> None:
        """Let `at_most` come at once, and `per_s` go on coming."""
        self._per_ms, self._full = per_s / 1000, at_most
        self._left: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def __len__(self) -> int:
        """Return how many addresses are remembered."""
        return len(self._left)

    def take(self, address: str, *, now_ms: int) -> bool:
        """Take one request out of an address's bucket; False where it is empty."""
        left, at_ms = self._left.pop(address, (self._full, now_ms))
        passed_ms = max(0, now_ms - at_ms)
        left = min(self._full, left + passed_ms * self._per_ms)
        there = left >= 1
        self._left[address] = (left - 1 if there else left, now_ms)
        if len(self._left) > ADDRESSES:
            self._left.popitem(last=False)
        return there


def network_of(address: str) -> str:
    """Return what requests are counted by: an address, of IPv6 its network.

    Args:
        address: As it came; one that is none counts as itself.
    """
    try:
        read = ip_address(address)
    except ValueError:
        return address
    if isinstance(read, IPv6Address):
        if read.ipv4_mapped is not None:
            return str(read.ipv4_mapped)
        return f"{int(read) >> (read.max_prefixlen - _HOME):x}::"
    return str(read)
