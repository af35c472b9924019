"""Answers as they are written; also what the description of the interface is made of.

Source: spec/stir-http.md, "Signing", "Verification" and "Errors".
"""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType


class Told(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """What is written as a JSON object; what is not set is left out."""


class Verdict(Told, frozen=True):
    """What both halves of the call say, where the node is set to ask.

    Attributes:
        call_id: Under which the verdict is kept.
        outcome: Word of spec/verdict.md.
        action: What is to be done.
        rule: The rule that says so.
        reasons: Codes.
        reference: What the caller objects by, where something was done; else empty.
    """

    call_id: str
    outcome: str
    action: str
    rule: str
    reasons: tuple[str, ...]
    reference: str = ""


class AtisSigned(Told, frozen=True):
    """A signature, in the ATIS form."""

    identity: str
    request_id: str | UnsetType = UNSET


class AtisSigningAnswer(Told, frozen=True):
    """The whole answer to a request for a signature, in the ATIS form."""

    signing_response: AtisSigned


class ThreeGppSigned(Told, frozen=True):
    """A signature, in the 3GPP form."""

    identity_header: str
    request_id: str | UnsetType = UNSET


class ThreeGppSigningAnswer(Told, frozen=True):
    """The whole answer to a request for a signature, in the 3GPP form."""

    signing_response: ThreeGppSigned


class AtisVerified(Told, frozen=True):
    """What the signature is worth, in the ATIS form; these names have no capitals."""

    verstat: str
    reasoncode: int | UnsetType = UNSET
    reasontext: str | UnsetType = UNSET
    reasondesc: str | UnsetType = UNSET
    verdict: Verdict | UnsetType = UNSET
    request_id: str | UnsetType = UNSET


class AtisVerificationAnswer(Told, frozen=True):
    """The whole answer to a request for a verification, in the ATIS form."""

    verification_response: AtisVerified


class Party(Told, frozen=True):
    """A number or a URI, as tokens have it."""

    tn: str | UnsetType = UNSET
    uri: str | UnsetType = UNSET


class DivResult(Told, frozen=True):
    """What is said of one diversion."""

    div: Party
    verstat_value: str


class Result(Told, frozen=True):
    """What is said of one Identity header field."""

    ppt: str
    status: str
    valid_claims: dict[str, Any] | UnsetType = UNSET
    reason_code: int | UnsetType = UNSET
    reason_text: str | UnsetType = UNSET
    reason_description: str | UnsetType = UNSET
    passport: str | UnsetType = UNSET


class VerifyResult(Told, frozen=True):
    """One entry of the list of results."""

    verify_result: Result


class ThreeGppVerified(Told, frozen=True):
    """What the signatures are worth, in the 3GPP form."""

    verstat_value: str
    verify_results: tuple[VerifyResult, ...]
    div_result: tuple[DivResult, ...] | UnsetType = UNSET
    verdict: Verdict | UnsetType = UNSET
    request_id: str | UnsetType = UNSET


class ThreeGppVerificationAnswer(Told, frozen=True):
    """The whole answer to a request for a verification, in the 3GPP form."""

    verification_response: ThreeGppVerified


class Fault(Told, frozen=True):
    """An error of the ATIS form; %1 and %2 in its text are the variables."""

    message_id: str
    text: str
    variables: tuple[str, ...]


class RequestError(Told, frozen=True):
    """Whose error it is: of the service, or of its policy."""

    service_exception: Fault | UnsetType = UNSET
    policy_exception: Fault | UnsetType = UNSET


class AtisError(Told, frozen=True):
    """A refusal, in the ATIS form."""

    request_error: RequestError


class ThreeGppError(Told, frozen=True):
    """A refusal, in the 3GPP form; `parameter` names what is missing or wrong."""

    error: str
    parameter: str | UnsetType = UNSET
