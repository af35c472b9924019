"""Who calls whom, as an INVITE states it.

One rule for a call that is asked about while it rings and for a call found later in a
capture, so that both sides of one day agree.

Sources: RFC 3325 (P-Asserted-Identity), RFC 3323 (Privacy), RFC 5806 (Diversion),
RFC 7044 and 4244 (History-Info).
"""

from dataclasses import dataclass
from typing import Final, Protocol

from tallystick.domains.calls.sip.address import Address, parse_address, parse_uri

_WITHHELD: Final = frozenset({"id", "user", "header"})


class Invite(Protocol):
    """What is asked of an INVITE."""

    @property
    def uri(self) -> str:
        """The Request-URI."""
        ...

    def all(self, name: str) -> list[str]:
        """Return every value of a header, lists taken apart at their commas."""
        ...

    def first(self, name: str) -> str:
        """Return the first value of a header, or an empty text."""
        ...


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


def parties_of(invite: Invite) -> Parties:
    """Return the parties of the call that `invite` begins."""
    sender = parse_address(invite.first("from"))
    asserted = [parse_address(value) for value in invite.all("p-asserted-identity")]
    identity = next((address for address in asserted if address.is_number), sender)
    withheld = is_withheld(invite.first("privacy")) or sender.is_anonymous
    return Parties(
        calling="anonymous" if identity.is_anonymous else identity.user,
        called=parse_uri(invite.uri).user or parse_address(invite.first("to")).user,
        redirecting=redirecting_of(invite),
        presentation="restricted" if withheld else "allowed",
    )


def is_withheld(privacy: str) -> bool:
    """Tell whether a Privacy header asks to hide who calls."""
    if not privacy:
        return False
    parts = privacy.lower().replace(",", ";").split(";")
    return not _WITHHELD.isdisjoint(part.strip() for part in parts)


def redirecting_of(invite: Invite) -> str:
    """Return the number that diverted the call last."""
    diversions = invite.all("diversion")
    if diversions:
        return parse_address(diversions[0]).user  # the topmost is the latest
    entries = invite.all("history-info")
    return _from_history([parse_address(value) for value in entries]) if entries else ""


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
