"""Every door of a node, as a table: what it is for, what it takes, what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Any, Final, NamedTuple

from msgspec import Meta

from tallystick.domains.calls.stir import asked
from tallystick.domains.calls.stir import told as stir
from tallystick.node.doors import told
from tallystick.node.doors.calls import BATCH_LIMIT, Call, Release
from tallystick.node.doors.national import CHECK, SAVE, NationalCall, NationalResult
from tallystick.node.doors.redress import CARD
from tallystick.node.doors.stir import SIGNING, VERIFICATION

TEXT_BODY: Final = "text"
CARD_BODY: Final = "card"
KINDS: Final = MappingProxyType(
    {TEXT_BODY: "text/plain; charset=utf-8", CARD_BODY: "application/jose"}
)
"""Bodies that are no JSON, and what they are called."""
_MANY: Final = Meta(max_length=BATCH_LIMIT)
_DIALLED: Final = {"calling_number": "+375291234567", "called_number": "+74951234567"}
_STIR_FAULTS: Final = (stir.AtisError, stir.ThreeGppError)
_STIR_REFUSALS: Final = MappingProxyType(
    dict.fromkeys((400, 404, 406, 411, 415, 500), _STIR_FAULTS)
)


class Each(NamedTuple):
    """A list, each of whose members is one of two kinds."""

    usual: type
    other: type


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A door.

    Attributes:
        method: HTTP method.
        path: HTTP path.
        name: For programs.
        tag: What it belongs to.
        summary: What it does.
        description: What is to be known, in a few sentences.
        asked: Kinds of content that are read.
        query: Parameters of the query that are needed, and what they mean.
        example: A content.
        answers: Kinds of content by HTTP status; empty where there is none.
        when: The setting that opens it; empty for always.
    """

    method: str
    path: str
    name: str
    tag: str
    summary: str
    description: str
    asked: tuple[Any, ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)
    example: Any = None
    answers: Mapping[int, tuple[Any, ...]]
    when: str = ""


_TOO_MUCH: Final = (told.Refusal,)

OPERATIONS: Final = (
    Operation(
        method="POST",
        path="/v1/departures",
        name="tellDepartures",
        tag="calls",
        summary="Tell of calls that leave",
        description="Before or while the call is sent on. Told again under its id, a"
        " call counts once.",
        asked=(Call, Annotated[list[Call], _MANY]),
        example={"call_id": "a1", **_DIALLED},
        answers={
            200: (told.DepartureTold, Each(told.DepartureTold, told.Refusal)),
            413: _TOO_MUCH,
            422: (told.Refusal,),
        },
    ),
    Operation(
        method="POST",
        path="/v1/arrivals",
        name="askAboutArrivals",
        tag="calls",
        summary="Ask about calls that arrive",
        description="Answered within 450 ms, whatever happens. Without an answer the"
        " call should go on.",
        asked=(Call, Annotated[list[Call], _MANY]),
        example={"call_id": "b1", **_DIALLED},
        answers={
            200: (told.ArrivalAnswer, Each(told.ArrivalAnswer, told.Refusal)),
            413: _TOO_MUCH,
            422: (told.Refusal,),
        },
    ),
    Operation(
        method="POST",
        path="/v1/releases",
        name="tellReleases",
        tag="calls",
        summary="Tell how calls ended",
        description="On both sides, under the id under which the call was told or"
        " asked about.",
        asked=(Release, Annotated[list[Release], _MANY]),
        example={
            "call_id": "b1",
            "answered": True,
            "answer_ms": 4200,
            "duration_ms": 61_000,
            "cause": 16,
        },
        answers={
            200: (told.ReleaseTold, Each(told.ReleaseTold, told.Refusal)),
            413: _TOO_MUCH,
            422: (told.Refusal,),
        },
    ),
    Operation(
        method="GET",
        path="/v1/verdicts",
        name="findVerdict",
        tag="calls",
        summary="Find the verdict on a call",
        description="In memory or on disk; one search on disk at a time.",
        query={"call_id": "The switch's id of the call."},
        answers={
            200: (told.KeptVerdict,),
            404: (told.Refusal,),
            503: (told.Refusal,),
        },
    ),
    Operation(
        method="POST",
        path=SIGNING,
        name="sign",
        tag="stir",
        summary="Sign a call",
        description="STIR/SHAKEN, in the ATIS or the 3GPP form; spec/stir-http.md."
        " Nothing is signed without the settings under `[signing]`.",
        asked=(asked.SigningRequest,),
        example={
            "signingRequest": {
                "attest": "A",
                "orig": {"tn": "375291234567"},
                "dest": {"tn": ["74951234567"]},
                "iat": 1_790_000_000,
                "origid": "2088448c-718e-4930-be5d-0ec9b25d2f00",
            }
        },
        answers={
            200: (stir.AtisSigningAnswer, stir.ThreeGppSigningAnswer),
            **_STIR_REFUSALS,
        },
    ),
    Operation(
        method="POST",
        path=VERIFICATION,
        name="verify",
        tag="stir",
        summary="Verify the signatures of a call",
        description="STIR/SHAKEN, in the ATIS or the 3GPP form; spec/stir-http.md.",
        asked=(asked.AtisVerificationRequest, asked.ThreeGppVerificationRequest),
        example={
            "verificationRequest": {
                "from": {"tn": "375291234567"},
                "to": {"tn": ["74951234567"]},
                "time": 1_790_000_000,
                "identity": "eyJhbGci…;info=<https://cert.example.org/leaf.pem>",
            }
        },
        answers={
            200: (stir.AtisVerificationAnswer, stir.ThreeGppVerificationAnswer),
            **_STIR_REFUSALS,
        },
    ),
    Operation(
        method="POST",
        path=SAVE,
        name="saveRequest",
        tag="national",
        summary="Tell of a call that leaves, as a national node is told",
        description="Each request is a call of its own.",
        asked=(NationalCall,),
        example={"msisdnA": "375291234567", "msisdnB": "74951234567"},
        answers={200: (NationalResult,), 422: (told.Refusal,)},
        when="national.enabled",
    ),
    Operation(
        method="POST",
        path=CHECK,
        name="checkRequest",
        tag="national",
        summary="Ask about a call that arrives, as a national node is asked",
        description="`false` only where a rule in force refuses the call. The header"
        " X-Call-ID of the answer names the verdict.",
        asked=(NationalCall,),
        example={
            "msisdnA": "375291234567",
            "msisdnB": "74951234567",
            "redirectingNumber": "74957654321",
        },
        answers={200: (NationalResult,), 422: (told.Refusal,)},
        when="national.enabled",
    ),
    Operation(
        method="GET",
        path=CARD,
        name="redress",
        tag="calls",
        summary="Whom a refused caller writes to",
        description="The signed card that a 608 names (RFC 8688): a JWS in compact"
        " form. With `?reference=…` its page is that of the reference.",
        answers={200: (CARD_BODY,)},
        when="redress.key",
    ),
    Operation(
        method="GET",
        path="/healthz",
        name="health",
        tag="watch",
        summary="How the node stands",
        description="Answered as long as the node runs.",
        answers={200: (told.Health,)},
    ),
    Operation(
        method="GET",
        path="/readyz",
        name="readiness",
        tag="watch",
        summary="Whether a call could be judged now",
        description="503 while the other side's record does not cover the present;"
        " calls are answered all the same, and go on.",
        answers={200: (told.Health,), 503: (told.Health,)},
    ),
    Operation(
        method="GET",
        path="/metrics",
        name="metrics",
        tag="watch",
        summary="What the node counts",
        description="For Prometheus; no number is in it.",
        answers={200: (TEXT_BODY,)},
    ),
    Operation(
        method="GET",
        path="/openapi.json",
        name="describe",
        tag="watch",
        summary="This description",
        description="OpenAPI 3.1, of the doors that are open.",
        answers={200: (dict[str, Any],)},
    ),
)

MEANINGS: Final = MappingProxyType(
    {
        "action": "What to do: from pass, the mildest, to reject.",
        "answer_ms": "From the beginning to the answer, in ms.",
        "answered": "Whether anybody answered.",
        "at_ms": "When the call began, UTC, in ms; left out: now.",
        "attest": "Attestation asked for; what is given may be lower.",
        "call_id": "The switch's own id of the call; kept, so nothing personal.",
        "callId": "Under which the verdict is kept.",
        "called_number": "As the switch has it.",
        "calling_number": "As the switch has it; empty where there is none.",
        "carrier": "Whose trunk it is.",
        "cause": "ITU-T Q.850; 0 where it is not known.",
        "connected": "Whether the other side's stream is open.",
        "corrected": "Whether the departure came only after the answer.",
        "covered": "Whether the other side's record is complete there.",
        "dest": "Whom the call is for; in a verification, where it goes now.",
        "detail": "A sentence; repeats nothing of what was said.",
        "div": "Whom the call was for before it was sent on.",
        "divResult": "What is said of each diversion.",
        "duration_ms": "From the answer to the end, in ms.",
        "emergency": "Whether it is a call to an emergency service.",
        "error": "A word that stays the same.",
        "failure": "Why the stream is closed.",
        "from": "Who calls: number, URI or address.",
        "hi": "Index of History-Info.",
        "iat": "When the call began, s since 1970; at most 60 s from now.",
        "identity": "Value of the Identity header field.",
        "Call.identity": "Values of the Identity header fields.",
        "identityHeader": "Value of the Identity header field.",
        "identityHeaders": "Values of further Identity header fields.",
        "known": "Whether the call had been told or asked about.",
        "messageId": "Code of the error.",
        "mode": "Whether the rule is in force, or only noted.",
        "msisdnA": "Calling number.",
        "msisdnB": "Called number.",
        "offset_ms": "Arrival minus departure, in ms.",
        "orig": "Who calls.",
        "origid": "A UUID, another for each call; left out: drawn.",
        "outcome": "What the two halves say.",
        "parameter": "Which is missing or wrong.",
        "party": "Its own name.",
        "passport": "The token that does not hold.",
        "peer": "Name of the other party.",
        "policyException": "What the service does not allow.",
        "ppt": "Kind of token: shaken, div or rcd.",
        "presentation": "`restricted` where the caller withholds the number.",
        "priority": "The call's authorised priority.",
        "rcd": "Rich call data to be signed.",
        "reference": "What the caller objects by; empty where nothing was done.",
        "refuse_with": "SIP status of a refusal for its signature; else 0.",
        "ready": "Whether a call could be judged.",
        "reasonCode": "SIP response code.",
        "reasonDescription": "The rule of spec/passport.md.",
        "reasonText": "Its reason phrase.",
        "reasoncode": "SIP response code.",
        "reasondesc": "The rule of spec/passport.md.",
        "reasons": "Codes, what weighs most first.",
        "reasontext": "Its reason phrase.",
        "redirectingNumber": "Who diverted the call.",
        "redirecting_number": "Who diverted the call.",
        "requestError": "What is wrong.",
        "requestId": "Sent back as it came.",
        "result": "Whether the call may go on.",
        "rule": "The rule that says so.",
        "sentences": "Why, for a person.",
        "en": "In English.",
        "ru": "In Russian.",
        "be": "In Belarusian.",
        "serviceException": "What the service cannot do.",
        "signingRequest": "The call.",
        "signingResponse": "The signature.",
        "stir": "Values of Reason header fields (RFC 9410).",
        "status": "`pass` or `fail`.",
        "text": "Words of the error.",
        "time": "Of the Date header field, s since 1970.",
        "tn": "Telephone number.",
        "to": "Who is called: number, URI or address.",
        "told": "Whether the other side will hear of it.",
        "trunk": "By which trunk the call goes or comes.",
        "uri": "SIP or other URI.",
        "validClaims": "What the token says.",
        "variables": "What %1 and %2 stand for.",
        "verdict": "What both halves say, where the node is set to ask.",
        "verificationRequest": "The call.",
        "verificationResponse": "What its signatures are worth.",
        "verifyResult": "What is said of one token.",
        "verifyResults": "What is said of each token.",
        "verstat": "For the called side.",
        "verstatValue": "For the called side.",
        "waited_ms": "How long the answer took, in ms.",
        "waiting": "Arrivals that wait for an answer.",
        "watermark_age_ms": "How old the other side's promise is, in ms.",
        "watched": "Whether only a capture showed the call.",
        "why": "Code of the matcher's reason.",
        "would": "What the rule would do if it were in force.",
    }
)
"""What members mean, by their name; where two differ, by that of the type before it."""
