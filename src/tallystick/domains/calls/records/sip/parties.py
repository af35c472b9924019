"""Who calls whom, as an INVITE states it.

Sources: RFC 3325 (P-Asserted-Identity), RFC 3323 (Privacy), RFC 5806 (Diversion),
RFC 7044 and 4244 (History-Info), RFC 3326 (Reason).
"""

import re
from dataclasses import dataclass
from typing import Final

from tallystick.domains.calls.records.causes import cause_of_status
from tallystick.domains.calls.records.sip.address import (
    Address,
    parse_address,
    parse_uri,
)
from tallystick.domains.calls.records.sip.message import Message

_WITHHELD: Final = frozenset({"id", "user", "header"})


@dataclass(frozen=True, slots=True)
class Parties:
    """The parties of a call; an empty text where there is no number.

    Attributes:
        presentation: "restricted" when the caller withholds the number, else
            "allowed".
    """

    calling: str
    called: str
    redirecting: str
    presentation: str


def parties_of(invite: Message) -> Parties:
    """Return the parties of the call that `invite` begins."""
    sender = parse_address(invite.first("from"))
    asserted = [parse_address(value) for value in invite.all("p-asserted-identity")]
    identity = next((address for address in asserted if address.is_number), sender)
    privacy = {
        part.strip().lower() for part in re.split(r"[;,]", invite.first("privacy"))
    }
    withheld = bool(privacy & _WITHHELD) or sender.is_anonymous
    return Parties(
        calling="anonymous" if identity.is_anonymous else identity.user,
        called=parse_uri(invite.uri).user or parse_address(invite.first("to")).user,
        redirecting=_redirecting(invite),
        presentation="restricted" if withheld else "allowed",
    )


def _redirecting(invite: Message) -> str:
    """Return the number that diverted the call last."""
    diversions = invite.all("diversion")
    if diversions:
        return parse_address(diversions[0]).user  # the topmost is the latest
    history = [parse_address(value) for value in invite.all("history-info")]
    return _from_history(history)


def _from_history(history: list[Address]) -> str:
    """Return the user of the entry that the call was diverted from.

    RFC 7044 marks the new target with mp or rc and the index it came from; RFC 4244
    puts the reason of leaving into the URI of the old target.
    """
    by_index = {entry.params.get("index", ""): entry for entry in history}
    for entry in reversed(history):
        came_from = by_index.get(entry.params.get("mp", "-"))
        if came_from:
            return came_from.user
    for entry in reversed(history):
        if "reason=" in entry.uri_headers.lower():
            return entry.user
    return ""


_REASON: Final = re.compile(
    r"\s*([A-Za-z0-9.-]+)\s*(?:;.*?\bcause\s*=\s*\"?(\d{1,3}))", re.DOTALL
)


def reason_cause(message: Message) -> int | None:
    """Return the Q.850 cause in the Reason headers, or None.

    A SIP status there counts only when no header names a cause of Q.850.
    """
    found: dict[str, int] = {}
    for value in message.all("reason"):
        if match := _REASON.match(value):
            found.setdefault(match[1].upper(), int(match[2]))
    if "Q.850" in found:
        return found["Q.850"] if found["Q.850"] <= 127 else None
    return cause_of_status(found["SIP"]) if "SIP" in found else None
