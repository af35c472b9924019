"""Terms of a channel: written by one party, signed by both."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from tallystick.blinding import read_private_key, read_public_key
from tallystick.channel import (
    Terms,
    encode_terms,
    parse_verifying_key,
    sign_terms,
    signing_key,
)

USUAL: Final = {
    "epoch_ms": 86_400_000,
    "overlap_ms": 600_000,
    "window_ms": 8_000,
    "grace_ms": 250,
    "clock_ms": 100,
}
"""What most channels agree; the file may be edited before it is signed."""


def new_terms(
    own: Path, peer: Path, peer_signing: str, *, begins: datetime, days: int
) -> str:
    """Return terms that nobody has signed yet.

    Args:
        own: The own private key file.
        peer: The peer's public key file.
        peer_signing: The peer's public signing key, as a line.
        begins: When they begin to hold, to the minute. A time without a zone is taken
            as UTC.
        days: For how long.
    """
    key, theirs = read_private_key(own), read_public_key(peer)
    verifying = parse_verifying_key(peer_signing, origin="The peer's signing key")
    moment = begins if begins.tzinfo else begins.replace(tzinfo=UTC)
    moment = moment.replace(second=0, microsecond=0)
    pairs = sorted(
        [(key.public(), signing_key(key).public()), (theirs, verifying)],
        key=lambda pair: pair[0].party,
    )
    return encode_terms(
        Terms(
            keys=(pairs[0][0], pairs[1][0]),
            verifying_keys=(pairs[0][1], pairs[1][1]),
            domain="calls",
            tokens="hmac-sha256/1",
            from_ms=round(moment.timestamp() * 1000),
            until_ms=round((moment + timedelta(days=days)).timestamp() * 1000),
            **USUAL,
        )
    )


def add_signature(text: str, own: Path) -> str:
    """Return the terms with the own signature added."""
    return sign_terms(text, signing_key(read_private_key(own)), origin="The terms")
