"""Requests as they are written; also what the description of the interface is made of.

Members that are not known are passed over: both forms go on growing.

Source: spec/stir-http.md, "Signing" and "Verification".
"""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

MAX_NAMES: Final = 32  # as many destinations as a token may have
LATEST_S: Final = 4_102_444_800  # the year 2100
Short = Annotated[str, Meta(max_length=256)]
Name = Annotated[str, Meta(min_length=1, max_length=1_024)]
Names = Annotated[tuple[Name, ...], Meta(max_length=MAX_NAMES)]
Seconds = Annotated[int, Meta(ge=0, le=LATEST_S)]


class One(msgspec.Struct, frozen=True):
    """A party: one telephone number, or one URI."""

    tn: Name | UnsetType = UNSET
    uri: Name | UnsetType = UNSET


class Many(msgspec.Struct, frozen=True):
    """Destinations: telephone numbers, URIs, or both."""

    tn: Names | UnsetType = UNSET
    uri: Names | UnsetType = UNSET


class Diverted(msgspec.Struct, frozen=True):
    """Who sent the call on, and where History-Info says so."""

    tn: Name | UnsetType = UNSET
    uri: Name | UnsetType = UNSET
    hi: Short | None = None


class Some(msgspec.Struct, frozen=True):
    """A party, or several: what peers write as a text or as a list is both read."""

    tn: Name | Names | UnsetType = UNSET
    uri: Name | Names | UnsetType = UNSET


class Signing(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A call that is to be signed; the same in both forms."""

    orig: One
    dest: Many
    iat: Seconds
    attest: Literal["A", "B", "C"] | UnsetType = UNSET
    origid: Short | UnsetType = UNSET
    ppt: Literal["", "shaken", "div", "rcd"] = "shaken"
    div: Diverted | UnsetType = UNSET
    rcd: dict[str, Any] | UnsetType = UNSET
    request_id: Short | UnsetType = UNSET


class SigningRequest(msgspec.Struct, frozen=True, rename="camel"):
    """The whole request for a signature."""

    signing_request: Signing


class AtisVerification(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A call whose signature is to be verified, in the ATIS form."""

    identity: str
    from_: Some | Name = msgspec.field(name="from")
    to: Some | Name
    time: Seconds
    request_id: Short | UnsetType = UNSET


class ThreeGppVerification(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A call whose signatures are to be verified, in the 3GPP form."""

    identity_header: str
    identity_headers: tuple[str, ...] | UnsetType = UNSET
    from_: Some | Name = msgspec.field(name="from")
    to: Some | Name
    dest: Some | Name | UnsetType = UNSET
    time: Seconds
    request_id: Short | UnsetType = UNSET


class AtisVerificationRequest(msgspec.Struct, frozen=True, rename="camel"):
    """The whole request for a verification, in the ATIS form."""

    verification_request: AtisVerification


class ThreeGppVerificationRequest(msgspec.Struct, frozen=True, rename="camel"):
    """The whole request for a verification, in the 3GPP form."""

    verification_request: ThreeGppVerification


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """A request for a verification as it was understood.

    Attributes:
        form: In which it was written, and is answered.
        identities: Values of Identity header fields; at least one.
        calling: Number or URI as tokens have it.
        called: The same, in every form.
        time_s: Of the Date header field.
        request_id: To be sent back; "" for none.
    """

    form: Literal["atis", "3gpp"]
    identities: tuple[str, ...]
    calling: str
    called: tuple[str, ...]
    time_s: int
    request_id: str

    def __repr__(self) -> str:
        """Return the kind: the rest is numbers."""
        return "<Verification>"
