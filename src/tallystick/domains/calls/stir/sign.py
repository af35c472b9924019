"""Sign a call that a switch asks to be signed, within what the party allows.

Source: spec/stir-http.md, "Signing".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from msgspec import UNSET, UnsetType

from tallystick.domains.calls.passport import (
    Signer,
    canonical_number,
    canonical_uri,
    sign,
)
from tallystick.domains.calls.stir.asked import Diverted, Many, One, Signing
from tallystick.domains.calls.stir.errors import FaultError, Form
from tallystick.model import RefusedError

MAX_OFF_S: Final = 60  # RFC 8224, section 6.1: what a signer should still sign
LEAST_URI: Final = 3  # characters, as the verifier has it
_WEAKEST: Final = "C"
_UUID: Final = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningPolicy:
    """What is signed, and what is vouched for.

    Attributes:
        signer: The key, and where its certificate lies.
        highest: The highest attestation given.
        codes: First digits of the numbers that are the party's own; others get `C`,
            and nobody is named as having diverted for them. Empty: all are.
    """

    signer: Signer
    highest: str = "A"
    codes: tuple[str, ...] = ()

    def owns(self, name: str) -> bool:
        """Tell whether a number is one the party may speak for."""
        return not self.codes or name.startswith(self.codes)


def bounded(attest: str, orig: str, policy: SigningPolicy) -> str:
    """Return the attestation that is given where one is asked for.

    Args:
        attest: "A", "B" or "C".
        orig: The calling number, canonical.
        policy: What is allowed.
    """
    most = policy.highest if policy.owns(orig) else _WEAKEST
    return max(attest, most)


def sign_call(
    request: Signing, policy: SigningPolicy, *, form: Form, origid: str, now_s: int
) -> str:
    """Return the Identity header field for a call.

    Args:
        request: The call.
        policy: What is signed.
        form: Of the request.
        origid: A UUID drawn for this call; used where the request has none.
        now_s: The time.

    Raises:
        FaultError: parameter-missing or parameter-invalid.
    """
    if abs(now_s - request.iat) > MAX_OFF_S:
        raise FaultError(
            "parameter-invalid", "iat", "more than 60 s from the present", form=form
        )
    orig = _speaks(request.orig, "orig", form)
    claims: dict[str, Any] = {
        "orig": {"tn": orig},
        "dest": _many(request.dest, form),
        "iat": request.iat,
    }
    ppt = request.ppt or "shaken"
    if ppt == "shaken":
        claims |= _attested(request, policy, orig, origid, form)
    elif ppt == "div":
        claims["div"] = _diverted(request.div, policy, claims["dest"], form)
    if request.rcd is not UNSET and ppt != "div":
        claims["rcd"] = request.rcd
    elif ppt == "rcd":
        raise FaultError("parameter-missing", "rcd", form=form)
    try:
        return sign(policy.signer, ppt, claims)
    except (RefusedError, ValueError, RecursionError):
        # All else was held against its rules above.
        return _refuse("rcd" if "rcd" in claims else "dest", form)


def _attested(
    request: Signing, policy: SigningPolicy, orig: str, origid: str, form: Form
) -> dict[str, str]:
    if request.attest is UNSET:
        raise FaultError("parameter-missing", "attest", form=form)
    drawn = origid if request.origid is UNSET else request.origid
    if not _UUID.fullmatch(drawn):
        _refuse("origid", form)
    return {"attest": bounded(request.attest, orig, policy), "origid": drawn}


def _diverted(
    div: Diverted | UnsetType,
    policy: SigningPolicy,
    dest: Mapping[str, list[str]],
    form: Form,
) -> dict[str, str]:
    """Return the claim of who sent the call on.

    Raises:
        FaultError: parameter-missing or parameter-invalid: it is not the party's
            number, or the call goes back to it.
    """
    if div is UNSET:
        raise FaultError("parameter-missing", "div", form=form)
    former = _speaks(One(tn=div.tn, uri=div.uri), "div", form)
    if former in dest.get("tn", ()) or not policy.owns(former):
        _refuse("div", form)
    return {"tn": former, "hi": div.hi} if div.hi else {"tn": former}


def _speaks(party: One, parameter: str, form: Form) -> str:
    """Return a number for which a certificate can speak; for a URI none does.

    Raises:
        FaultError: parameter-missing or parameter-invalid.
    """
    if party.uri is not UNSET:
        _refuse(parameter, form)
    if party.tn is UNSET:
        raise FaultError("parameter-missing", f"{parameter}.tn", form=form)
    return _number(party.tn, parameter, form)


def _many(dest: Many, form: Form) -> dict[str, list[str]]:
    numbers = [_number(one, "dest", form) for one in dest.tn or ()]
    uris = [_uri(one, "dest", form) for one in dest.uri or ()]
    if not numbers and not uris:
        raise FaultError("parameter-missing", "dest.tn", form=form)
    return {kind: names for kind, names in (("tn", numbers), ("uri", uris)) if names}


def _number(text: str, parameter: str, form: Form) -> str:
    number = canonical_number(text)
    if not number:
        _refuse(parameter, form)
    return number


def _uri(text: str, parameter: str, form: Form) -> str:
    uri = canonical_uri(text)
    if ":" not in text or len(uri) < LEAST_URI or not uri.isprintable():
        _refuse(parameter, form)
    return uri


def _refuse(parameter: str, form: Form) -> NoReturn:
    """Refuse a parameter.

    Raises:
        FaultError: parameter-invalid.
    """
    why = "not what spec/stir-http.md says of it"
    raise FaultError("parameter-invalid", parameter, why, form=form)
