"""Tokens one by one, in the plainest way: what `columns` must agree with.

Source: spec/tokens.md, "Tokens".
"""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

from tallystick.blinding.schedule import TokenKey
from tallystick.model import ConfigError

TOKEN_BYTES: Final = 16
INTEGER_LIMIT: Final = 2**63


def message(parts: Sequence[int], key: TokenKey) -> bytes:
    """Return the canonical message: domain, purpose and parts, between colons.

    Neither names nor decimal texts hold a colon, so it can be read in one way only:
    `calls:pair:375291234567:79161234567`.

    Args:
        parts: The parts of the match key as 64-bit integers: a number's digits, 0 for
            none, negative for one that could not be read.
        key: The token key, which names domain and purpose.

    Raises:
        ConfigError: "token-parts" when there is none, or one is not of 64 bits.
    """
    if not parts or not all(-INTEGER_LIMIT <= part < INTEGER_LIMIT for part in parts):
        raise ConfigError(
            "token-parts", "A token needs at least one part, each of 64 bits."
        )
    return ":".join((key.domain, key.purpose, *map(str, parts))).encode("ascii")


def token(parts: Sequence[int], key: TokenKey) -> bytes:
    """Return the token of one match key.

    Args:
        parts: See `message`.
        key: The token key.

    Shape: 16 bytes.
    """
    digest = hmac.digest(key.text.encode("ascii"), message(parts, key), hashlib.sha256)
    return digest[:TOKEN_BYTES]


class Maker:
    """Makes the tokens of one key, one at a time and fast, for calls that ring.

    HMAC begins with a block that depends on the key alone, inside and outside: both
    are hashed once. Source: RFC 2104, section 4.
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: TokenKey) -> None:
        """Hash what all messages of the key begin with.

        Args:
            key: The token key; its text is as long as a block at most.
        """
        block = key.text.encode("ascii").ljust(hashlib.sha256().block_size, b"\0")
        inside, outside = (bytes(x ^ pad for x in block) for pad in (0x36, 0x5C))
        head = f"{key.domain}:{key.purpose}:".encode("ascii")
        self._inner = hashlib.sha256(inside + head)
        self._outer = hashlib.sha256(outside)

    def make(self, parts: bytes) -> bytes:
        """Return the token of a match key.

        Args:
            parts: Its parts as decimal texts, colons between them; see `message`.

        Shape: 16 bytes.
        """
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(parts)
        outer.update(inner.digest())
        return outer.digest()[:TOKEN_BYTES]


def token_integers(value: bytes) -> tuple[int, int]:
    """Return a token as two signed 64-bit integers, high half first, big-endian."""
    return (
        int.from_bytes(value[:8], "big", signed=True),
        int.from_bytes(value[8:16], "big", signed=True),
    )
