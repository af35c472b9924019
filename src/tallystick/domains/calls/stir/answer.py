"""Answers in the form of the request.

Source: spec/stir-http.md, "Signing", "Verification" and "Errors".
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from tallystick.domains.calls.passport import CallVerdict, PassportVerdict
from tallystick.domains.calls.passport.refusal import FAILED, NONE
from tallystick.domains.calls.stir import told
from tallystick.domains.calls.stir.asked import Verification
from tallystick.domains.calls.stir.errors import ERRORS, FaultError, Form
from tallystick.domains.calls.stir.told import Told, Verdict

REJECTED: Final = (608, "Rejected")  # RFC 8688: by a machine, with redress
_write: Final = msgspec.json.Encoder().encode

# What an action that both halves call for makes of a verstat. Nothing makes it better.
WEAKENED: Final[Mapping[str, str]] = MappingProxyType(
    {"label": NONE, "mask": NONE, "divert": NONE, "reject": FAILED}
)


class Answer(NamedTuple):
    """What is answered.

    Attributes:
        status: HTTP status.
        body: JSON.
    """

    status: int
    body: bytes


class _Said(NamedTuple):
    """What is said of a call: verstat, and why."""

    verstat: str
    code: int
    text: str
    description: str


def refused(fault: FaultError, *, default: Form) -> Answer:
    """Return the answer to a request that is refused.

    Args:
        fault: By which row of the table.
        default: The form where the request shows none.
    """
    error = ERRORS[fault.name]
    said: Told
    if (fault.form or default) == "3gpp":
        named = fault.variables and fault.name.startswith("parameter-")
        said = told.ThreeGppError(error.error, fault.variables[0] if named else UNSET)
    else:
        of_it = told.Fault(error.message_id, error.text, fault.variables)
        service = error.message_id.startswith("SVC")
        said = told.AtisError(
            told.RequestError(service_exception=of_it)
            if service
            else told.RequestError(policy_exception=of_it)
        )
    return Answer(error.status, _write(said))


def signed(identity: str, *, form: Form, request_id: str | UnsetType) -> Answer:
    """Return the answer to a request for a signature.

    Args:
        identity: The Identity header field.
        form: Of the request.
        request_id: Its own id, to be sent back.
    """
    said: Told
    if form == "atis":
        said = told.AtisSigningAnswer(told.AtisSigned(identity, request_id))
    else:
        said = told.ThreeGppSigningAnswer(told.ThreeGppSigned(identity, request_id))
    return Answer(200, _write(said))


def verified(
    request: Verification,
    call: CallVerdict,
    *,
    verdict: Verdict | None = None,
    suffix: bool = False,
) -> Answer:
    """Return the answer to a request for a verification.

    Args:
        request: The request.
        call: What its signatures are worth.
        verdict: What both halves say; None: they were not asked.
        suffix: Whether the verstat of a call that passes ends with the attestation.
    """
    said = _said(call, verdict, suffix=suffix)
    request_id = request.request_id or UNSET
    whole: Told
    if request.form == "atis":
        whole = told.AtisVerificationAnswer(
            told.AtisVerified(
                said.verstat,
                said.code or UNSET,
                said.text or UNSET,
                said.description or UNSET,
                verdict or UNSET,
                request_id,
            )
        )
    else:
        whole = told.ThreeGppVerificationAnswer(
            told.ThreeGppVerified(
                said.verstat,
                tuple(told.VerifyResult(_result(one)) for one in call.passports),
                tuple(_diversions(call)) or UNSET,
                verdict or UNSET,
                request_id,
            )
        )
    return Answer(200, _write(whole))


def _said(call: CallVerdict, verdict: Verdict | None, *, suffix: bool) -> _Said:
    """Return what is said of the call as a whole."""
    action = verdict.action if verdict else "pass"
    weakened = WEAKENED.get(action, call.verstat)
    if verdict is not None and action == "reject":
        return _Said(weakened, *REJECTED, f"rule {verdict.rule}")
    if call.is_passed and verdict is not None and weakened != call.verstat:
        return _Said(weakened, 0, "", f"{action}: rule {verdict.rule}")
    end = f"-{call.attest}" if suffix and call.is_passed and call.attest else ""
    return _Said(
        call.verstat + end,
        call.code,
        call.reason,
        _description(call.rule) if call.rule else "",
    )


def _description(rule: str) -> str:
    return f"rule {rule}"


def _result(one: PassportVerdict) -> told.Result:
    if one.is_passed:
        claims = dict(one.claims.members) if one.claims else {}
        return told.Result(one.ppt, "pass", valid_claims=claims)
    return told.Result(
        one.ppt,
        "fail",
        reason_code=one.code,
        reason_text=one.reason,
        reason_description=_description(one.rule),
        passport=one.passport or UNSET,
    )


def _diversions(call: CallVerdict) -> list[told.DivResult]:
    """Return what is said of each diversion that can be named."""
    found = []
    for one in call.passports:
        div = one.claims.div if one.claims and one.ppt == "div" else ""
        if div:
            party = told.Party(uri=div) if ":" in div else told.Party(tn=div)
            found.append(told.DivResult(party, one.verstat))
    return found
