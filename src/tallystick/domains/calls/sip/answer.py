"""Writes responses.

Source: RFC 3261 section 8.2.6; RFC 8688 section 3 (608), RFC 9410 (STIR reasons),
ATIS-1000099 (603+), 3GPP TS 24.229 section 7.2A.20 (verstat).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

from tallystick.domains.calls.sip.call import AskedCall
from tallystick.domains.calls.sip.client import Client
from tallystick.domains.calls.sip.dialect import REFUSALS, Refused, row_of
from tallystick.domains.calls.sip.message import Headers
from tallystick.domains.calls.sip.status import PHRASES
from tallystick.domains.calls.sip.text import TOKEN, plain, quoted
from tallystick.domains.calls.sip.via import Source, Via

# A response must fit the datagram whatever the decision holds: what is longer than
# this is left out, and only what to do is said.
MAX_MORE_BYTES: Final = 32_768
MAX_REASONS: Final = 8
MAX_IDENTITIES_SENT: Final = 4
_END: Final = "Content-Length: 0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Reason:
    """One Reason header.

    Attributes:
        protocol: "STIR", "SIP" or "Q.850".
        ppi: The PASSporT it speaks of (RFC 9410), or empty.
    """

    protocol: str
    cause: int
    text: str
    ppi: str = ""

    def value(self) -> str:
        """Return what stands behind the colon."""
        ppi = f";ppi={quoted(self.ppi, longest=4096)}" if self.ppi else ""
        return f"{self.protocol};cause={self.cause:d};text={quoted(self.text)}{ppi}"


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done with a call, in the words of the switch.

    Attributes:
        action: "pass", "log", "label", "mask", "divert" or "reject".
        verstat: Such as "TN-Validation-Passed"; empty: nothing is said of it.
        identity: Identity headers to add to the call.
        reasons: Told to the switch.
        status: For the dialect "reason": the 4xx or 6xx of a rejection, 0 for 403.
        label: Shown to the called party, where the switch can.
        reference: What the caller objects by; put into the addresses of the redress.
    """

    action: str = "pass"
    verstat: str = ""
    identity: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    status: int = 0
    label: str = ""
    reference: str = ""


def to_tag(key: bytes, via: str, call_id: str) -> str:
    """Return the To tag of all responses to one request.

    It follows from the request, so that a request repeated after a restart, or refused
    without a transaction, gets the same tag again (RFC 3261, 8.2.7).
    """
    text = f"{call_id}\n{via}".encode("latin-1", "replace")
    return blake2b(text, digest_size=8, key=key).hexdigest()


def copied(headers: Headers, via: Via | None, source: Source, tag: str) -> str:
    """Return the header lines that a response copies from its request."""
    vias = headers.values("via")
    first = ", ".join((via.answered(source), *via.others)) if via else vias[0]
    text = "".join([f"Via: {value}\r\n" for value in (first, *vias[1:])])
    single = headers.single
    if "from" in single:
        text += f"From: {single['from']}\r\n"
    if "to" in single:
        text += f"To: {single['to']}{tag and ';tag='}{tag}\r\n"
    if "call-id" in single:
        text += f"Call-ID: {single['call-id']}\r\n"
    return text + f"CSeq: {single['cseq']}\r\n" if "cseq" in single else text


def response(status: int, lines: str, more: str = "", phrase: str = "") -> bytes:
    """Return a response: `lines` are those copied from the request, `more` follows."""
    words = phrase or PHRASES.get(status, "Unknown")
    text = f"SIP/2.0 {status} {words}\r\n{lines}{more}{_END}"
    return text.encode("latin-1", "replace")


def decided(
    decision: Decision, *, call: AskedCall, uri: str, client: Client, lines: str
) -> bytes:
    """Return the response that tells a client what was decided."""
    row = row_of(client.dialect, decision.action, can_divert=bool(client.divert_to))
    status, phrase, redress = _status(row.status, decision, client)
    wanted = _Wanted(decision, call, uri, client, redress)
    more = "".join([HEADERS[name](wanted) for name in row.headers])
    if len(more) > MAX_MORE_BYTES:
        bare = Decision(
            decision.action, status=decision.status, reference=decision.reference
        )
        wanted = _Wanted(bare, call, uri, client, redress)
        more = "".join([HEADERS[name](wanted) for name in row.headers])
    return response(status, lines, more, phrase)


@dataclass(slots=True)
class _Wanted:
    """What the makers of headers look at."""

    decision: Decision
    call: AskedCall
    uri: str
    client: Client
    redress: str


def _status(kind: str, decision: Decision, client: Client) -> Refused:
    if kind == "refusal":
        return REFUSALS[client.refusal]
    if kind == "go-on":
        return Refused(client.go_on_status, "", "")
    if kind == "stated":
        stated = decision.status
        known = stated in PHRASES and (400 <= stated < 500 or stated >= 600)
        return Refused(stated if known else 403, "", "")
    return Refused(int(kind), "", "")


def _contact(wanted: _Wanted) -> str:
    client = wanted.client
    target = wanted.uri
    if client.contact and wanted.call.called_number:
        user = _user(wanted.call.called_number)
        # A redirect from sips to sip would lead where the call may not go (RFC 5630).
        scheme = "sips" if target[:5].lower() == "sips:" else "sip"
        target = f"{scheme}:{user}@{client.contact};user=phone"
    is_sip = target[:3].lower() == "sip"
    if client.embeds_headers and is_sip and (embedded := _embedded(wanted)):
        target = f"{target}?{embedded}"
    return f"Contact: <{target}>\r\n"


def _embedded(wanted: _Wanted) -> str:
    """Return header lines as the part of a URI behind its question mark."""
    makers = _MASKING if wanted.decision.action == "mask" else _TELLING
    lines = "".join([maker(wanted) for maker in makers]).split("\r\n")
    pairs = [line.partition(": ") for line in lines if line]
    return "&".join([f"{name}={quote(value, safe='')}" for name, _, value in pairs])


def _user(number: str) -> str:
    """Return a number as the user part of a URI."""
    usual = number.isascii() and number.removeprefix("+").isdigit()
    return number if usual else quote(number, safe="+*")


_NO_NUMBER: Final = frozenset({"", "anonymous"})


def _asserted(wanted: _Wanted) -> str:
    """Return the calling number with what was found of it, and the label."""
    decision, number = wanted.decision, wanted.call.calling_number
    stated = TOKEN.fullmatch(decision.verstat) is not None
    if number in _NO_NUMBER or not (stated or decision.label):
        return ""
    name = f"{quoted(decision.label)} " if decision.label else ""
    verstat = f";verstat={decision.verstat}" if stated else ""
    place = wanted.client.contact or "anonymous.invalid"
    user = _user(number)
    return f"P-Asserted-Identity: {name}<sip:{user}{verstat}@{place};user=phone>\r\n"


def _identity(wanted: _Wanted) -> str:
    values = wanted.decision.identity[:MAX_IDENTITIES_SENT]
    if not values:
        return ""
    return "".join([f"Identity: {plain(value, longest=8192)}\r\n" for value in values])


def _reason(wanted: _Wanted) -> str:
    reasons = wanted.decision.reasons[:MAX_REASONS]
    if not reasons:
        return ""
    return "".join(
        [
            f"Reason: {reason.value()}\r\n"
            for reason in reasons
            if TOKEN.fullmatch(reason.protocol)
        ]
    )


def _divert(wanted: _Wanted) -> str:
    return f"Contact: <{wanted.client.divert_to}>\r\n"


def _masked(_wanted: _Wanted) -> str:
    return 'P-Asserted-Identity: "Anonymous" <sip:anonymous@anonymous.invalid>\r\n'


def _privacy(_wanted: _Wanted) -> str:
    # "id" hides P-Asserted-Identity, "user" what From shows (RFC 3323, 4.2).
    return "Privacy: user;id\r\n"


def _redress(wanted: _Wanted) -> str:
    redress = wanted.client.redress.told(wanted.decision.reference)
    if wanted.redress == "card":
        return f"Call-Info: <{redress.card_url}>;purpose=jwscard\r\n"
    if wanted.redress == "network-blocked":
        ways = [("url", redress.url), ("tel", redress.telephone)]
        ways.append(("email", redress.email))
        stated = "".join([f";{name}={value}" for name, value in ways if value])
        text = f'"v=analytics1{stated}"'
        return f"Reason: SIP;cause=603;text={text};location={redress.location}\r\n"
    return ""


_TELLING: Final = (_asserted, _identity, _reason)
_MASKING: Final = (_masked, _privacy, _reason)
# Name in the tables of `dialect` -> what writes the header lines.
HEADERS: Final[Mapping[str, Callable[[_Wanted], str]]] = MappingProxyType(
    {
        "asserted": _asserted,
        "contact": _contact,
        "divert": _divert,
        "identity": _identity,
        "masked": _masked,
        "privacy": _privacy,
        "reason": _reason,
        "redress": _redress,
    }
)
