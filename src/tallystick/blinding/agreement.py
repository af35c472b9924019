"""What two parties' keys make together.

Source: spec/tokens.md, "Agreement".
"""

import hashlib
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)

from tallystick.blinding.key import PrivateKey, PublicKey, fingerprint
from tallystick.blinding.transcript import encode_fields
from tallystick.model import VerificationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Two parties' shared secret, with the two names and keys it holds for.

    Attributes:
        own: The public key of the party that computed this value.
        peer: The other party's public key.
        secret: 32 bytes; equal on both sides; never in a `repr` or an error.
    """

    own: PublicKey
    peer: PublicKey
    secret: bytes = field(repr=False)

    @property
    def identifier(self) -> str:
        """64 hexadecimal digits that name the agreement; not a secret."""
        return agreement_identifier(self.own, self.peer)


def agree(own: PrivateKey, peer: PublicKey) -> Agreement:
    """Compute what the two parties share; the peer gets the same from its side.

    Args:
        own: This party's private key.
        peer: The other party's public key, compared by fingerprint.

    Two keys or names that are equal are refused as in `check_distinct`.

    Raises:
        VerificationError: "key-point" for a point of low order, with which anybody
            could compute the secret.
    """
    shown = own.public()
    check_distinct(shown, peer)
    private = X25519PrivateKey.from_private_bytes(own.secret)
    try:
        secret = private.exchange(X25519PublicKey.from_public_bytes(peer.point))
    except ValueError:
        raise VerificationError(
            "key-point",
            f"The public key of {peer.party} is a point of low order, with which "
            "anybody could compute the shared secret.",
            advice="Do not use it, and ask the peer how it came about.",
        ) from None
    return Agreement(own=shown, peer=peer, secret=secret)


def agreement_identifier(one: PublicKey, other: PublicKey) -> str:
    """Return 64 hexadecimal digits that name the agreement of two keys."""
    fields = encode_fields(b"tallystick/agreement/1", *party_fields(one, other))
    return hashlib.sha256(fields).hexdigest()


def party_fields(one: PublicKey, other: PublicKey) -> tuple[bytes, ...]:
    """Return key and name of both parties, the lower key first.

    In this order both sides derive the same whoever is "own".
    """
    low, high = sorted((one, other), key=lambda key: key.point)
    return (low.point, low.party.encode(), high.point, high.party.encode())


def agreement_text(one: PublicKey, other: PublicKey) -> str:
    """Return what the two sides read to each other; equal on both.

    Shape: one line a party in order of the names: name, six groups of five digits.
    """
    keys = order_by_name(one, other)
    width = max(len(key.party) for key in keys)
    return "\n".join(f"{key.party:<{width}}  {fingerprint(key)}" for key in keys)


def order_by_name(one: PublicKey, other: PublicKey) -> tuple[PublicKey, PublicKey]:
    """Return the two keys in order of their parties' names."""
    return (one, other) if one.party < other.party else (other, one)


def check_distinct(one: PublicKey, other: PublicKey) -> None:
    """Raise unless two keys are of two parties.

    Raises:
        VerificationError: "agreement-self".
    """
    if one.point == other.point or one.party == other.party:
        what = "key" if one.point == other.point else "name"
        raise VerificationError(
            "agreement-self",
            f"Both sides have the same {what}: an agreement needs two parties.",
            advice="Give your own key once and the peer's public key once.",
        )
