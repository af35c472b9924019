"""The call that an INVITE asks about, as plain values.

Source: spec/sip.md, "What is read of a call"; RFC 4412 and 7135 (Resource-Priority),
RFC 5031 (emergency URNs), RFC 3261 section 20.26 and RFC 7090 (Priority), RFC 4904
(trunk group).
"""

from typing import Final, NamedTuple

from tallystick.domains.calls.sip.address import Address, parse_address, parse_uri
from tallystick.domains.calls.sip.client import Client
from tallystick.domains.calls.sip.message import Request
from tallystick.domains.calls.sip.parties import is_withheld, redirecting_of
from tallystick.domains.calls.sip.text import params_of

# What may stand in one call; more are not looked at.
MAX_IDENTITIES: Final = 16
# 3GPP TS 22.101: emergency numbers everywhere; a country adds its own.
EMERGENCY_NUMBERS: Final = frozenset({"112", "911"})
_SERVICES: Final = ("urn:service:sos", "urn:nena:service:sos")
_EMERGENCY_NAMESPACE: Final = "esnet"
_PRIORITIES: Final = frozenset({"emergency", "psap-callback"})
_TRUNK_PARAMS: Final = ("otg", "tgrp")


class AskedCall(NamedTuple):
    """A call for which a verdict is asked.

    Attributes:
        at_ms: When the INVITE came.
        calling_number: The first asserted identity that is a number, else From.
        called_number: Of the Request-URI, else of To.
        from_number: Of From, whatever was asserted.
        trunk: Trunk group as the switch names it, else that of the client.
        redirecting_number: Who diverted the call last.
        presentation: "restricted" when the caller withholds the number, else "allowed".
        identity: Identity header values, as they came.
        date: The Date header, as it came.
        emergency: Whether the call goes to, or comes from, an emergency service.
        priority: First value of Resource-Priority, else of Priority if it matters;
            empty where the client's are not trusted.
    """

    client: str
    call_id: str
    at_ms: int
    calling_number: str
    called_number: str
    from_number: str
    trunk: str
    carrier: str
    redirecting_number: str
    presentation: str
    identity: tuple[str, ...]
    date: str
    emergency: bool
    priority: str


def call_of(
    request: Request, client: Client, emergency_numbers: frozenset[str], at_ms: int
) -> AskedCall:
    """Return the call of an INVITE.

    The parties are those that `parties_of` finds in a capture of the same call.
    """
    headers = request.headers.single
    sender_uri, sender_params = request.sender
    sender = parse_uri(sender_uri)
    identity = sender
    if "p-asserted-identity" in headers:
        asserted = map(parse_address, request.all("p-asserted-identity"))
        identity = next((found for found in asserted if found.is_number), sender)
    target = parse_uri(request.uri)
    called = target.user or parse_address(headers["to"]).user
    anonymous = sender.is_anonymous
    priority, is_urgent = "", called in emergency_numbers
    stated = "resource-priority" in headers or "priority" in headers
    if stated and client.trusts_priority:  # whoever spoofs a number can write both
        priority, has_esnet = _priority(request)
        is_urgent = is_urgent or has_esnet
    is_diverted = "diversion" in headers or "history-info" in headers
    return AskedCall(
        client.name,
        headers["call-id"],
        at_ms,
        "anonymous" if identity.is_anonymous else identity.user,
        called,
        "anonymous" if anonymous else sender.user,
        _trunk(sender, sender_params, target) or client.trunk,
        client.carrier,
        redirecting_of(request) if is_diverted else "",
        "restricted"
        if anonymous or ("privacy" in headers and is_withheld(headers["privacy"]))
        else "allowed",
        tuple(request.all("identity")[:MAX_IDENTITIES])
        if "identity" in headers
        else (),
        headers.get("date", ""),
        is_urgent or is_emergency_service(request.uri),
        priority,
    )


def is_emergency_service(uri: str) -> bool:
    """Tell whether a URI names an emergency service or a kind of one."""
    if uri[:4].lower() != "urn:":
        return False
    lowered = uri.lower()
    return any(
        lowered == service or lowered.startswith(f"{service}.") for service in _SERVICES
    )


def _priority(request: Request) -> tuple[str, bool]:
    """Return the priority that is stated, and whether it is an emergency service's."""
    resources = [value.lower() for value in request.all("resource-priority")]
    if resources:
        namespaces = {value.partition(".")[0] for value in resources}
        return resources[0], _EMERGENCY_NAMESPACE in namespaces
    value = request.first("priority").lower()
    return (value if value in _PRIORITIES else ""), False


def _trunk(sender: Address, sender_params: str, target: Address) -> str:
    places = [sender.uri_params, target.uri_params]
    if "otg" in sender_params:
        places.insert(1, params_of(sender_params))
    for params in places:
        if len(params) > ("user" in params):
            for name in _TRUNK_PARAMS:
                if found := params.get(name):
                    return found
    return ""
