"""A verdict in the words of switches: what is shown, told and refused.

Source: spec/sip.md, "From a verdict to an answer"; 3GPP TS 24.229 section 7.2A.20
(verstat); RFC 8224 section 6.2.2 and RFC 9410 (STIR codes).
"""

from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from tallystick.agreement import Evidence, Verdict
from tallystick.domains.calls.sip import Decision, Reason
from tallystick.node.calls.arrivals import ACTS, Answered
from tallystick.node.calls.identity import Judged

PASSED: Final = "TN-Validation-Passed"
FAILED: Final = "TN-Validation-Failed"
NOT_SAID: Final = "No-TN-Validation"

FALSE_NUMBER: Final = MappingProxyType(
    {
        "half": frozenset({"altered", "no_departure", "repeated"}),
        "number": frozenset({"do_not_originate", "special", "unallocated"}),
        "roaming": frozenset({"home"}),
    }
)
"""Grounds that speak against the number itself, not against its signature or user."""


def verstat_of(answered: Answered) -> str:
    """Return what is said of the calling number.

    For want of a half it is called false only where a live rule acts on the call: a
    switch may label or refuse by this word, and a dry run must change nothing.
    """
    evidence, signature = answered.evidence, answered.signature
    if answered.verdict.action in ACTS and any(
        getattr(evidence, fact) in words for fact, words in FALSE_NUMBER.items()
    ):
        return FAILED
    if evidence.half == "paired" and evidence.why == "key":
        return PASSED
    return signature.verstat


def reasons_of(answered: Answered) -> tuple[Reason, ...]:
    """Return a reason for each token that does not hold, none where none is broken."""
    return tuple(
        Reason("STIR", one.code, one.phrase, one.token)
        for one in answered.signature.broken
    )


def status_of(answered: Answered) -> int:
    """Return the code with which a call is refused for its signature; 0: for another.

    A verdict names the facts its rule looked at; where the signature is among them,
    the caller's side gets the code of RFC 8224 and can do something about it.
    """
    verdict = answered.verdict
    acts = verdict.action == "reject" and verdict.rule == verdict.acting
    is_ground = any(reason.startswith("identity_") for reason in verdict.reasons)
    return answered.signature.code if acts and is_ground else 0


def decision_of(answered: Answered, *, label: str = "") -> Decision:
    """Return what a switch that asks by SIP is told.

    Args:
        answered: The verdict and what it rests on.
        label: What is shown as the caller's name where the action is "label".
    """
    # Broken signatures name their tokens, and no two calls have the same.
    decide = _decision.__wrapped__ if answered.signature.broken else _decision
    said = decide(answered.verdict, answered.evidence, answered.signature, label)
    reference = answered.reference
    return replace(said, reference=reference) if reference else said


@lru_cache(maxsize=8_192)
def _decision(
    verdict: Verdict, evidence: Evidence, signature: Judged, label: str
) -> Decision:
    """Return the decision that all calls share of which the same is known."""
    one = shared(verdict, evidence, signature)
    action = verdict.action
    return Decision(
        action=action,
        verstat=verstat_of(one),
        reasons=reasons_of(one),
        status=status_of(one) if action == "reject" else 0,
        label=label if action == "label" else "",
    )


def shared(verdict: Verdict, evidence: Evidence, signature: Judged) -> Answered:
    """Return what answers share, whatever the call; nothing else of it counts."""
    return Answered("", 0, "", "", verdict, evidence, 0, None, signature=signature)


def told_of(answered: Answered) -> dict[str, object]:
    """Return the same for a switch that asks by HTTP: further fields of its answer.

    `verstat`; `stir`: values of Reason headers; `refuse_with`: the SIP status of a
    rejection that rests on the signature, else 0.
    """
    return {
        "verstat": verstat_of(answered),
        "stir": [reason.value() for reason in reasons_of(answered)],
        "refuse_with": status_of(answered),
    }
