"""What makes two findings parts of the same case, and the names that are shown of it.

A case and a crossing have names that both parties of a channel compute alike and
nobody else can: so the two find the same case without telling anybody what it is about.

Source: spec/cases.md, "Names".
"""

import hmac
from dataclasses import dataclass
from typing import Final

import polars as pl
import polars_hash as plh
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tallystick.blinding.agreement import Agreement
from tallystick.blinding.transcript import encode_fields
from tallystick.cases.reference import crockford

ID_DIGITS: Final = 16
HANDLE_DIGITS: Final = 24
_SALT: Final = b"tallystick/cases/1"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class CaseKey:
    """The problem that a case is about.

    Attributes:
        domain: Such as `calls`.
        kind: Of the case, such as `stretched-trunk`.
        departure: The party on whose side the crossings leave.
        arrival: The party on whose side they arrive.
        actor: Who is asked about it, such as a carrier; "" for none.
        object: What it is about, such as a trunk or a range of numbers (by its prefix
            only); "" for all of the actor's.
    """

    domain: str
    kind: str
    departure: str
    arrival: str
    actor: str
    object: str = ""


def case_secret(agreement: Agreement) -> bytes:
    """Derive what names cases and crossings between two parties; 32 bytes."""
    names = sorted((agreement.own.party, agreement.peer.party))
    info = encode_fields(*(name.encode("ascii") for name in names))
    return HKDF(algorithm=SHA256(), length=32, salt=_SALT, info=info).derive(
        agreement.secret
    )


def case_id(secret: bytes, key: CaseKey, nth: int) -> str:
    """Return the name of a case.

    Args:
        secret: As in `case_secret`.
        key: The problem.
        nth: How often it came, counted from 1: what comes back after its case has
            ended is another case.

    Shape: 16 digits of Crockford's base 32, 80 bits.
    """
    parts = (key.domain, key.kind, key.departure, key.arrival, key.actor, key.object)
    message = encode_fields(*(part.encode() for part in ("case", *parts, str(nth))))
    return crockford(hmac.digest(secret, message, "sha256"), ID_DIGITS)


def handles(secret: bytes, domain: str, crossings: pl.DataFrame) -> pl.Series:
    """Return the names of crossings, by which one side asks the other about them.

    Args:
        secret: As in `case_secret`.
        domain: Such as `calls`.
        crossings: Columns of text: the day (ISO 8601), the departure's record id, where
            the arrival was recorded and its record id; null for what is not there.

    Shape: 24 hexadecimal digits each.
    """
    columns = [pl.col(name).fill_null("") for name in crossings.columns]
    parts = [
        text for one in columns for text in (one.str.len_bytes().cast(pl.String), one)
    ]
    message = pl.concat_str(pl.lit(f"crossing:{domain}"), *parts, separator=":")
    named = plh.CryptographicHashingNameSpace(message).hmac_sha256(key=secret.hex())
    return crossings.select(named.str.slice(0, HANDLE_DIGITS)).to_series()
