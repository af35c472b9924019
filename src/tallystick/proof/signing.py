"""The keys with which a party signs, made from the key it has already.

A party keeps one private key file. Its signing key is derived from it, so that there
is no second secret to guard, to lose or to forget to change. The keys of the two
algorithms are independent: HKDF's label parts them.

Source: spec/channel.md, "Signing keys".
"""

import re
from dataclasses import dataclass, field
from typing import Final, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tallystick.blinding import PrivateKey
from tallystick.blinding.keyline import key_digits, key_line, key_of_word
from tallystick.blinding.transcript import check_name, encode_fields
from tallystick.model import MalformedError, VerificationError

POINT_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
_SALT: Final = b"tallystick/signing/1"
_HEAD: Final = "tallystick-verifying-key/1"
_LINE: Final = re.compile(
    r"tallystick-verifying-key/([0-9]{1,4})[ \t]+(\S+)[ \t]+(\S+)"
)
_PRIME: Final = 2**255 - 19
# The y of every point of order 1, 2, 4 and 8: under such a key anybody can sign.
_ORDER_EIGHT: Final = int.from_bytes(
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    "little",
)
_LOW_ORDER: Final = frozenset({0, 1, _PRIME - 1, _ORDER_EIGHT, _PRIME - _ORDER_EIGHT})


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyingKey:
    """What a party shows so that its signatures can be checked.

    Attributes:
        party: Whose key it is.
        point: 32 bytes, the public key of RFC 8032.
    """

    party: str
    point: bytes

    def __post_init__(self) -> None:
        """Refuse what cannot be a key of a party.

        Raises:
            MalformedError: "verifying-key-damaged" when the point is not 32 bytes.
            VerificationError: "verifying-key-point" when anybody could sign for it.
        """
        check_name("party", self.party)
        if len(self.point) != POINT_BYTES:
            raise MalformedError(
                "verifying-key-damaged", "The verifying key is not 32 bytes long."
            )
        height = int.from_bytes(self.point, "little") & (2**255 - 1)
        if height >= _PRIME or height in _LOW_ORDER:
            raise VerificationError(
                "verifying-key-point",
                "The verifying key is a point for which anybody could sign.",
                advice="Do not use it, and ask the peer how it came about.",
            )

    def verify(self, signature: bytes, message: bytes) -> None:
        """See that the party signed these bytes.

        Raises:
            VerificationError: "signature" when it did not.
        """
        try:
            Ed25519PublicKey.from_public_bytes(self.point).verify(signature, message)
        except (InvalidSignature, ValueError):
            raise VerificationError(
                "signature",
                "The signature is not one of {party} over these bytes.",
                advice="They were changed after they were signed, or another key "
                "signed them.",
                party=self.party,
            ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """What a party signs with. The seed never appears in a `repr` nor in an error.

    Attributes:
        party: Whose key it is.
        seed: 32 bytes, the private key of RFC 8032.
    """

    party: str
    seed: bytes = field(repr=False)

    def public(self) -> VerifyingKey:
        """Return the key that the peer may see."""
        own = Ed25519PrivateKey.from_private_bytes(self.seed).public_key()
        return VerifyingKey(party=self.party, point=own.public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """Return the signature of 64 bytes."""
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)


def signing_key(own: PrivateKey) -> SigningKey:
    """Derive a party's signing key from its private key."""
    info = encode_fields(b"signing key", own.party.encode("ascii"))
    seed = HKDF(algorithm=SHA256(), length=POINT_BYTES, salt=_SALT, info=info).derive(
        own.secret
    )
    return SigningKey(party=own.party, seed=seed)


def signing_fingerprint(key: VerifyingKey) -> str:
    """Return 30 digits in six groups that name the key, to be read aloud."""
    return key_digits(b"tallystick/signing-fingerprint/1", key.party, key.point)


def encode_verifying_key(key: VerifyingKey) -> str:
    """Return the key as its one line, without a line end."""
    return key_line(_HEAD, key.party, key.point)


def parse_verifying_key(
    text: str, *, origin: str = "The verifying key"
) -> VerifyingKey:
    """Read a verifying key from its line.

    Args:
        text: The line.
        origin: How to name the text in errors.

    Raises:
        MalformedError: "verifying-key-foreign" or "verifying-key-damaged".
        VerificationError: "verifying-key-version" or "verifying-key-point".
    """
    match = _LINE.fullmatch(text.strip())
    if match is None:
        raise MalformedError(
            "verifying-key-foreign",
            "{origin} is not a Tallystick verifying key.",
            advice="Ask the peer for its verifying key.",
            origin=origin,
        )
    version, party, word = match.groups()
    if int(version) != 1:
        raise VerificationError(
            "verifying-key-version",
            "{origin} is of version {version}; this program knows 1.",
            advice="Use the newer program that made it, on both sides.",
            origin=origin,
            version=int(version),
        )
    point = key_of_word(_HEAD, party, word, size=POINT_BYTES)
    if point is None:
        _refuse_damaged(origin)
    return VerifyingKey(party=party, point=point)


def _refuse_damaged(origin: str) -> NoReturn:
    raise MalformedError(
        "verifying-key-damaged",
        "{origin} is a Tallystick verifying key that was damaged in copying.",
        advice="Copy the whole line again.",
        origin=origin,
    )
