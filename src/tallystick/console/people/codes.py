"""Codes of one use: from an authenticator (RFC 6238), and for when it is lost."""

import hashlib
import hmac
import io
import secrets
from base64 import b32encode
from typing import Final

import pyotp
import segno

STEP_MS: Final = 30_000
SKEW: Final = 1
"""Steps that a clock may be wrong by, to either side."""
RECOVERY_CODES: Final = 10
_RECOVERY_BYTES: Final = 10


def new_secret() -> str:
    """Return a secret for an authenticator, 160 bits in base 32."""
    return pyotp.random_base32()


def step_of(secret: str, code: str, *, now_ms: int) -> int | None:
    """Return the step whose code was given; None where it is none of those now.

    All steps are looked at, and in the same time, whether the first fits or none.
    """
    given = "".join(code.split()).encode()
    totp, now = pyotp.TOTP(secret), now_ms // STEP_MS
    fits = [
        step
        for step in range(now - SKEW, now + SKEW + 1)
        if hmac.compare_digest(totp.generate_otp(step).encode(), given)
    ]
    return fits[-1] if fits else None


def address_of(secret: str, name: str, issuer: str) -> str:
    """Return the address that an authenticator reads."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=issuer)


def drawing_of(address: str) -> str:
    """Return an address as a QR code, an `svg` element; black on white always."""
    out = io.BytesIO()
    segno.make(address, error="m").save(
        out,
        kind="svg",
        xmldecl=False,
        svgns=True,
        omitsize=True,
        border=4,
        light="#fff",
        svgclass="qr",
        lineclass=None,
    )
    return out.getvalue().decode()


def new_recovery_codes() -> list[str]:
    """Return codes of 80 bits, in groups of four characters."""
    made = (
        b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower()
        for _ in range(RECOVERY_CODES)
    )
    return ["-".join(one[at : at + 4] for at in range(0, 16, 4)) for one in made]


def hash_recovery_code(account: str, code: str) -> str:
    """Return what is kept of a recovery code; 80 bits need no slow hash."""
    plain = "".join(one for one in code.lower() if one.isalnum())
    return hashlib.sha256(f"tally recovery\n{account}\n{plain}".encode()).hexdigest()
