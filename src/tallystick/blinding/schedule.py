"""From an agreement to the key of one purpose in one round of one epoch.

Source: spec/tokens.md, "Token keys".
"""

from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tallystick.blinding.agreement import Agreement, party_fields
from tallystick.blinding.transcript import (
    PROTOCOL,
    check_name,
    check_round,
    encode_fields,
)

PURPOSES: Final = ("pair", "called", "calling")
"""The purposes of the domain `calls`; tokens of two purposes never compare."""

_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenKey:
    """The key of one purpose, with all it is good for.

    Attributes:
        domain: For example "calls".
        epoch: For example "2026-11-21"; tokens of two epochs never compare.
        round_number: 1 or 2; tokens of two rounds never compare.
        purpose: For example "pair".
        text: 64 hexadecimal digits, used as 64 bytes of ASCII: just one block of
            SHA-256, so that HMAC takes it as it stands. Never in a `repr`.
    """

    domain: str
    epoch: str
    round_number: int
    purpose: str
    text: str = field(repr=False)


def token_key(
    agreement: Agreement, *, domain: str, epoch: str, round_number: int, purpose: str
) -> TokenKey:
    """Derive the key of one purpose; the peer derives the same.

    Args:
        agreement: The two parties' shared secret.
        domain: For example "calls".
        epoch: The label both sides agreed for these records, for example a date.
        round_number: 1 or 2.
        purpose: For calls one of `PURPOSES`.

    A name that cannot be used is refused with ConfigError ("name-domain",
    "name-epoch", "name-purpose" or "round").
    """
    info = key_info(
        agreement,
        domain=domain,
        epoch=epoch,
        round_number=round_number,
        purpose=purpose,
    )
    derived = HKDF(
        algorithm=SHA256(), length=_KEY_BYTES, salt=PROTOCOL.encode(), info=info
    ).derive(agreement.secret)
    return TokenKey(
        domain=domain,
        epoch=epoch,
        round_number=round_number,
        purpose=purpose,
        text=derived.hex(),
    )


def key_info(
    agreement: Agreement, *, domain: str, epoch: str, round_number: int, purpose: str
) -> bytes:
    """Return HKDF's `info`: all that the key is bound to. It is not a secret."""
    check_name("domain", domain)
    check_name("epoch", epoch)
    check_name("purpose", purpose)
    check_round(round_number)
    return encode_fields(
        b"token key",
        *party_fields(agreement.own, agreement.peer),
        domain.encode(),
        epoch.encode(),
        str(round_number).encode(),
        purpose.encode(),
    )
