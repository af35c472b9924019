"""References that people read aloud: short, not to be guessed, and checkable.

    K7QF-2M9X-T4C3

Twelve digits of Crockford's base 32, the last of which checks the others: one digit
misread, or two neighbours exchanged, is always noticed. Eleven digits are 55 bits.

Source: spec/cases.md, "References".
"""

import base64
import hashlib
import hmac
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tallystick.blinding import PrivateKey
from tallystick.blinding.transcript import encode_fields
from tallystick.model import MalformedError

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
DIGITS: Final = 12
_READ: Final = {
    **{digit: value for value, digit in enumerate(ALPHABET)},
    "O": 0,
    "I": 1,
    "L": 1,
}
_CROCKFORD: Final = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", ALPHABET.encode()
)
_SALT: Final = b"tallystick/reference/1"
_POLYNOMIAL: Final = 0b100101
"""x⁵ + x² + 1, of which x generates all 31 elements of GF(32)."""


def crockford(value: bytes, digits: int) -> str:
    """Return the first digits of `value` in Crockford's base 32.

    Args:
        value: Of at least five bits a digit.
        digits: How many.
    """
    return base64.b32encode(value)[:digits].translate(_CROCKFORD).decode()


def reference_secret(own: PrivateKey, channel: bytes) -> bytes:
    """Derive what a party makes references with; 32 bytes that only it knows.

    It is kept nowhere: every process of the party derives the same one.

    Args:
        own: The party's private key.
        channel: The 32 bytes that name the channel.
    """
    info = encode_fields(b"reference", own.party.encode("ascii"), channel)
    return HKDF(algorithm=SHA256(), length=32, salt=_SALT, info=info).derive(own.secret)


def make_reference(secret: bytes, of: str) -> str:
    """Return the reference of something that has a name already, such as a verdict.

    Args:
        secret: 32 bytes of the party; without it nobody can guess a reference.
        of: The name. The same name has the same reference.

    Shape: three groups of four digits.
    """
    message = b"tallystick/reference/1\n" + of.encode()
    plain = crockford(hmac.digest(secret, message, hashlib.sha256), DIGITS - 1)
    return _grouped(plain + ALPHABET[_check(plain)])


def read_reference(text: str) -> str:
    """Return a reference as it is written, from what a person typed.

    Small letters, spaces and missing hyphens do no harm; O is read as 0, I and L as 1.

    Args:
        text: What was typed.

    Raises:
        MalformedError: "reference": it cannot be one. The text is not repeated.
    """
    typed = text.upper().translate({ord(sign): None for sign in "- \t\r\n"})
    if len(typed) == DIGITS and all(sign in _READ for sign in typed):
        digits = "".join(ALPHABET[_READ[sign]] for sign in typed)
        if _READ[digits[-1]] == _check(digits[:-1]):
            return _grouped(digits)
    raise MalformedError(
        "reference",
        "This is no reference: a digit is missing or was misread.",
        advice="It has twelve digits and letters, in groups of four, and was given "
        "with the refusal.",
    )


def is_reference(text: str) -> bool:
    """Tell whether a text is a reference, written as `make_reference` writes it."""
    try:
        return read_reference(text) == text
    except MalformedError:
        return False


def _check(digits: str) -> int:
    """Return the sum over GF(32) of each digit times x to the power of its place."""
    total = 0
    for digit in digits:
        total = _times_x(total ^ _READ[digit])
    return total


def _times_x(value: int) -> int:
    value <<= 1
    return value ^ _POLYNOMIAL if value & 32 else value


def _grouped(digits: str) -> str:
    return "-".join(digits[at : at + 4] for at in range(0, DIGITS, 4))
