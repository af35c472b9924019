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
from tallystick.model import ConfigError
from tallystick.node.config.files import read_text

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

    Keys that cannot be used are refused as their own parsers do.

    Raises:
        ConfigError: "node-terms" when they would end beyond the calendar.
    """
    key, theirs = read_private_key(own), read_public_key(peer)
    verifying = parse_verifying_key(peer_signing, origin="The peer's signing key")
    moment = begins if begins.tzinfo else begins.replace(tzinfo=UTC)
    moment = moment.replace(second=0, microsecond=0)
    try:
        ends = moment + timedelta(days=days)
    except OverflowError:
        raise ConfigError(
            "node-terms",
            "Terms cannot end after the year 9999.",
            advice="Give an earlier --from, or fewer --days.",
        ) from None
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
            until_ms=round(ends.timestamp() * 1000),
            **USUAL,
        )
    )


def write_terms(path: Path, text: str) -> None:
    """Write terms that nobody has signed; a file that is there stays as it is.

    Raises:
        ConfigError: "node-terms" when there is one.
    """
    try:
        with path.open("x", encoding="ascii", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigError(
            "node-terms",
            f"{path} is there already and was left as it is.",
            advice="Leave out --peer to sign it, or name another file for new terms.",
        ) from None


def sign_file(path: Path, own: Path) -> None:
    """Add the own signature to a file of terms.

    Raises:
        ConfigError: "node-terms" when it cannot be read.
    """
    text = read_text(
        path,
        code="node-terms",
        what="The terms",
        advice="To write new ones, give --peer and --peer-signing.",
    )
    signed = sign_terms(text, signing_key(read_private_key(own)), origin=str(path))
    # Whatever happens while it is written, the peer's signature is not lost.
    part = path.with_name(f"{path.name}.part")
    part.write_text(signed, encoding="ascii", newline="\n")
    part.replace(path)
