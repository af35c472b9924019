"""Requests of the interface, good ones to be spoilt, and how they are answered."""

import json
from typing import Any, get_args

from passport.pki import NOW_S
from passport.world import ORIGID, A, B, signer
from tallystick.domains.calls.stir import (
    FaultError,
    Form,
    SigningPolicy,
    read_signing,
    read_verification,
    refused,
    sign_call,
    signed,
)

FORMS: tuple[Form, ...] = get_args(Form)
SPEC_NAME = "stir-http.md"


def signing(**changes: Any) -> dict[str, Any]:
    """Return a request for a signature; None leaves a member out."""
    usual = {
        "attest": "A",
        "orig": {"tn": A},
        "dest": {"tn": [B]},
        "iat": NOW_S,
        "origid": ORIGID,
    }
    return {"signingRequest": _changed(usual, changes)}


def atis(**changes: Any) -> dict[str, Any]:
    """Return a request for a verification in the ATIS form."""
    usual = {
        "identity": "x",
        "from": {"tn": A},
        "to": {"tn": [B]},
        "time": NOW_S,
    }
    return {"verificationRequest": _changed(usual, changes)}


def three_gpp(**changes: Any) -> dict[str, Any]:
    """Return a request for a verification in the 3GPP form."""
    usual = {
        "identityHeader": "x",
        "from": {"tn": A},
        "to": {"tn": B},
        "time": NOW_S,
    }
    return {"verificationRequest": _changed(usual, changes)}


def _changed(usual: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    found = {**usual, **{name.rstrip("_"): one for name, one in changes.items()}}
    return {name: one for name, one in found.items() if one is not None}


def sign(
    request: object, *, default: Form = "atis", now_s: int = NOW_S, **policy: Any
) -> tuple[int, Any]:
    """Return how a request for a signature is answered."""
    body = request if isinstance(request, bytes) else json.dumps(request).encode()
    try:
        form, asked = read_signing(body, default=default)
        identity = sign_call(
            asked,
            SigningPolicy(signer=signer(), **policy),
            form=form,
            origid=ORIGID,
            now_s=now_s,
        )
        answer = signed(identity, form=form, request_id=asked.request_id)
    except FaultError as fault:
        answer = refused(fault, default=default)
    return answer.status, json.loads(answer.body)


def read(request: object, *, default: Form = "atis") -> Any:
    """Return a request for a verification as it is understood, or its refusal."""
    body = request if isinstance(request, bytes) else json.dumps(request).encode()
    try:
        return read_verification(body, default=default)
    except FaultError as fault:
        answer = refused(fault, default=default)
        return answer.status, json.loads(answer.body)


def fault_of(answer: tuple[int, Any]) -> tuple[str, str]:
    """Return the id of an ATIS refusal and its first variable."""
    status, body = answer
    assert status >= 400
    (one,) = body["requestError"].values()
    return one["messageId"], one["variables"][0] if one["variables"] else ""
