"""Whom to write to when a call was refused by mistake: the signed jCard of a 608.

    SIP/2.0 608 Rejected
    Call-Info: <https://contact.example.org/608.jws>;purpose=jwscard

Source: RFC 8688, sections 3.2 to 3.4; RFC 7095.
"""

from dataclasses import dataclass
from typing import Final

from tallystick.domains.calls.passport.credential import Credential
from tallystick.domains.calls.passport.encoding import (
    JSONObject,
    base64url_from_bytes,
    bytes_from_base64url,
    json_from_object,
    object_from_json,
)
from tallystick.domains.calls.passport.field import MAX_FIELD
from tallystick.domains.calls.passport.jose import ALGORITHM
from tallystick.domains.calls.passport.refusal import Refusal
from tallystick.domains.calls.passport.sign import Signer, sign_jws
from tallystick.model.errors import ConfigError, VerificationError

TYPE: Final = "vcard+json"
MAX_AGE_S: Final = 60
_KINDS: Final = {"url": "uri", "email": "text", "tel": "uri", "adr": "text"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """How a caller reaches whoever refused the call.

    Attributes:
        name: Formatted name.
        url: A page with a form.
        email: An address.
        tel: A tel: URI.
        adr: A postal address in one line.
    """

    name: str
    url: str = ""
    email: str = ""
    tel: str = ""
    adr: str = ""

    def card(self) -> list[object]:
        """Return the jCard.

        Raises:
            ConfigError: It names no way to get in touch.
        """
        ways = [
            [name, {}, kind, getattr(self, name)]
            for name, kind in _KINDS.items()
            if getattr(self, name)
        ]
        if not ways:
            raise ConfigError(
                "contact-empty",
                "The contact for refused calls names no way to get in touch, so that "
                "no call may be refused with 608.",
                advice="Give at least one of url, email, tel and adr.",
            )
        version: list[object] = ["version", {}, "text", "4.0"]
        return ["vcard", [version, ["fn", {}, "text", self.name], *ways]]


def sign_contact(signer: Signer, contact: Contact, *, iat_s: int) -> str:
    """Return the JWS to serve at the URL that `call_info` names.

    Args:
        signer: The key.
        contact: Whom to write to.
        iat_s: The time; callers refuse one older than about a minute.

    Raises:
        ConfigError: The contact names no way to get in touch.
    """
    header = {"alg": ALGORITHM, "typ": TYPE, "x5u": signer.info}
    payload = json_from_object({"iat": iat_s, "jcard": contact.card()})
    return sign_jws(signer, header, base64url_from_bytes(payload))


def call_info(url: str) -> str:
    """Return the value of the Call-Info header field of a 608.

    Args:
        url: Where the JWS is served.
    """
    return f"<{url}>;purpose=jwscard"


def read_contact(
    jws: str, credential: Credential, *, now_s: int, max_age_s: int = MAX_AGE_S
) -> list[object]:
    """Verify the JWS of a 608 and return its jCard.

    Args:
        jws: As fetched.
        credential: Of its `x5u`.
        now_s: The time.
        max_age_s: How far `iat` may lie from it.

    Raises:
        VerificationError: It does not hold.
    """
    try:
        return _read(jws, credential, now_s, max_age_s)
    except Refusal as refusal:
        raise VerificationError(
            "contact-jws",
            "The contact that came with a refused call does not hold by the rule "
            f"{refusal.rule.name}; it must not be shown.",
        ) from None


def _read(jws: str, credential: Credential, now_s: int, max_age_s: int) -> list[object]:
    parts = jws.split(".") if len(jws) <= MAX_FIELD and jws.isascii() else []
    if len(parts) != 3:
        raise Refusal("token-parts")
    header = object_from_json(bytes_from_base64url(parts[0]))
    payload = object_from_json(bytes_from_base64url(parts[1]))
    _check_header(header)
    iat_s, card = payload.get("iat"), payload.get("jcard")
    if type(iat_s) is not int:
        raise Refusal("iat-malformed")
    if abs(now_s - iat_s) > max_age_s:
        raise Refusal("iat-stale")
    if not credential.not_before_s <= now_s <= credential.not_after_s:
        raise Refusal("certificate-expired")
    signed = f"{parts[0]}.{parts[1]}".encode("ascii")
    credential.verify(bytes_from_base64url(parts[2]), signed)
    if not isinstance(card, list) or not _names_a_way(card):
        raise Refusal("rcd-malformed")
    return card


def _check_header(header: JSONObject) -> None:
    if header.get("alg") != ALGORITHM:
        raise Refusal("alg-unsupported")
    if header.get("typ") != TYPE or "crit" in header:
        raise Refusal("typ-wrong")


def _names_a_way(card: list[object]) -> bool:
    if len(card) != 2 or card[0] != "vcard" or not isinstance(card[1], list):
        return False
    entries = [entry for entry in card[1] if isinstance(entry, list) and entry]
    return any(isinstance(e[0], str) and e[0].lower() in _KINDS for e in entries)
