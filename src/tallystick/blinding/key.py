"""The two keys of a party, as values and as text.

A key's text is one line: what it is and in which version, whose, and the key:

    tallystick-public-key/1 BY MLZK8XG2…

The last word is base64url of the 32 bytes and 4 bytes of check sum, since one letter
lost in copying would otherwise make every token differ and no half pair.
Lines that begin with "#" and empty lines are passed over.

Source: spec/tokens.md, "Keys".
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NoReturn

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from tallystick.blinding.keyline import key_digits, key_line, key_of_word
from tallystick.blinding.transcript import check_name
from tallystick.model import ConfigError, MalformedError, VerificationError

KEY_BYTES: Final = 32
KEY_TEXT_LIMIT: Final = 65_536  # a key file has a few hundred; more is not a key file
_VERSION: Final = 1
_PRIME: Final = 2**255 - 19
_LINE: Final = re.compile(
    r"tallystick-(private|public)-key/([0-9]{1,4})(?:[ \t]+(\S+)[ \t]+(\S+))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """What a party shows: its name and its point on Curve25519.

    Attributes:
        party: Whose key it is, for example "BY".
        point: 32 bytes, the u-coordinate of RFC 7748, lowest byte first.
    """

    party: str
    point: bytes

    def __post_init__(self) -> None:
        """Refuse what cannot be a key of a party.

        Raises:
            MalformedError: "key-damaged" when the point is not 32 bytes.
            VerificationError: "key-point" when it is not written in its one way.
        """
        check_name("party", self.party)
        if len(self.point) != KEY_BYTES:
            raise MalformedError("key-damaged", "The public key is not 32 bytes long.")
        if int.from_bytes(self.point, "little") >= _PRIME:
            raise VerificationError(
                "key-point",
                "The public key is not a point of the curve written in its one way.",
                advice="Ask the peer for the output of `tally keys public`.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateKey:
    """What a party keeps. The secret never appears in its `repr` nor in an error.

    Attributes:
        party: Whose key it is.
        secret: 32 bytes, the scalar of RFC 7748 before clamping.
    """

    party: str
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be a key of a party.

        Raises:
            MalformedError: "key-damaged" when the secret is not 32 bytes.
        """
        check_name("party", self.party)
        if len(self.secret) != KEY_BYTES:
            raise MalformedError("key-damaged", "The private key is not 32 bytes long.")

    def public(self) -> PublicKey:
        """Return the key that the peer may see."""
        own = X25519PrivateKey.from_private_bytes(self.secret)
        return PublicKey(party=self.party, point=own.public_key().public_bytes_raw())


def new_private_key(party: str, *, draw: Callable[[int], bytes]) -> PrivateKey:
    """Make a private key.

    Args:
        party: Whose key it is.
        draw: Returns so many bytes of a cryptographic random source.

    Raises:
        ConfigError: "name-party", or "draw" when the source gave too few bytes.
    """
    secret = draw(KEY_BYTES)
    if len(secret) != KEY_BYTES:
        raise ConfigError("draw", "The random source gave too few bytes for a key.")
    return PrivateKey(party=party, secret=secret)


def fingerprint(key: PublicKey) -> str:
    """Return 30 digits in six groups that name the key, to be read aloud.

    Source: spec/tokens.md, "Fingerprints".
    """
    return key_digits(b"tallystick/fingerprint/1", key.party, key.point)


def encode_public_key(key: PublicKey) -> str:
    """Return the public key as its one line, without a line end."""
    return key_line(_head("public"), key.party, key.point)


def encode_private_key(key: PrivateKey) -> str:
    """Return the private key as its one line, without a line end. It is a secret."""
    return key_line(_head("private"), key.party, key.secret)


def parse_public_key(text: str, *, origin: str = "The public key") -> PublicKey:
    """Read a public key from its text.

    Args:
        text: A key file or the one line.
        origin: How to name the text in errors, for example a file name.

    What is no key is refused with MalformedError ("key-foreign", "key-several",
    "key-damaged"), a key that does not serve with VerificationError ("key-version",
    "key-kind", "key-point").
    """
    party, raw = _parse("public", text, origin)
    return PublicKey(party=party, point=raw)


def parse_private_key(text: str, *, origin: str = "The private key") -> PrivateKey:
    """Read a private key from its text. No error repeats any of it.

    Args:
        text: A key file or the one line.
        origin: How to name the text in errors, for example a file name.

    It is refused as in `parse_public_key`.
    """
    party, raw = _parse("private", text, origin)
    return PrivateKey(party=party, secret=raw)


def _head(kind: str) -> str:
    return f"tallystick-{kind}-key/{_VERSION}"


def _parse(kind: str, text: str, origin: str) -> tuple[str, bytes]:
    line = _only_line(text, origin)
    match = _LINE.fullmatch(line)
    if match is None:
        _refuse_foreign(origin)
    found_kind, version, party, word = match.groups()
    if int(version) != _VERSION:
        _refuse_version(origin, int(version))
    if found_kind != kind:
        _refuse_kind(origin, found_kind)
    if party is None:
        _refuse_damaged(origin)
    raw = key_of_word(_head(kind), party, word, size=KEY_BYTES)
    if raw is None:
        _refuse_damaged(origin)
    return party, raw


def _only_line(text: str, origin: str) -> str:
    lines = [line.strip() for line in text[:KEY_TEXT_LIMIT].splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines:
        _refuse_foreign(origin)
    if len(lines) > 1 and lines[0].startswith("tallystick-"):
        raise MalformedError(
            "key-several",
            f"{origin} holds more than one line that is not a comment.",
            advice="Keep one key in one file.",
        )
    return lines[0]


def _refuse_foreign(origin: str) -> NoReturn:
    raise MalformedError(
        "key-foreign",
        f"{origin} is not a Tallystick key.",
        advice="Keys of other programs (PEM, SSH, PGP) do not serve: make one with "
        "`tally keys new`, or ask the peer for the output of `tally keys public`.",
    )


def _refuse_version(origin: str, version: int) -> NoReturn:
    newer = version > _VERSION
    raise VerificationError(
        "key-version",
        f"{origin} is a key of version {version}; this program knows {_VERSION}.",
        advice="Use the newer program that made it, on both sides."
        if newer
        else "Make a new key with `tally keys new` and exchange it.",
    )


def _refuse_kind(origin: str, found: str) -> NoReturn:
    raise VerificationError(
        "key-kind",
        f"{origin} is a {found} key where the other kind is needed.",
        advice="A private key never leaves its machine: if it was sent to anybody, "
        "make a new one with `tally keys new`."
        if found == "private"
        else "Give the file that `tally keys new` wrote.",
    )


def _refuse_damaged(origin: str) -> NoReturn:
    raise MalformedError(
        "key-damaged",
        f"{origin} is a Tallystick key that was damaged in copying.",
        advice="Copy the whole line again.",
    )
