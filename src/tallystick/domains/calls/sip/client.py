"""Who may ask, and how each of them wants to be answered."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from tallystick.domains.calls.sip.dialect import DIALECTS, REFUSALS
from tallystick.domains.calls.sip.via import Source
from tallystick.model.errors import ConfigError

# Strangers too are remembered: so many addresses, then all are looked up anew.
MAX_REMEMBERED: Final = 4096
REFERENCE: Final = "{reference}"
_URI: Final = re.compile(r"(?:sips?|tel):[^\s<>\"?\x00-\x20\x7f]+", re.IGNORECASE)
_PLACE: Final = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_WEB: Final = re.compile(r"https?://[^\s<>\";,\x00-\x20\x7f]+")
_WORD: Final = re.compile(r"[^\s<>\";,\x00-\x20\x7f]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Redress:
    """Where a caller who was refused can turn to.

    `{reference}` in `url` and `card_url` stands for the call's reference.

    Attributes:
        card_url: Of the signed jCard that a 608 points to (RFC 8688).
        location: Who refused, as a 603+ states it: LN, TN, LPN, RPN or RLN.
    """

    url: str = ""
    email: str = ""
    telephone: str = ""
    card_url: str = ""
    location: str = "LN"

    def told(self, reference: str) -> "Redress":
        """Return it as one caller is told it.

        Args:
            reference: Of letters, digits and hyphens; empty: there is none.
        """
        url, card_url = (
            with_reference(u, reference) for u in (self.url, self.card_url)
        )
        return replace(self, url=url, card_url=card_url)


def with_reference(url: str, reference: str) -> str:
    """Return an address with a caller's reference; without one its place is left out.

    Args:
        url: In which `{reference}` may stand.
        reference: Of letters, digits and hyphens; empty: there is none.
    """
    return url.replace(REFERENCE, reference).rstrip("/") if REFERENCE in url else url


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One switch, or a group of them that is configured alike.

    Attributes:
        name: For metrics and reasons; no telephone number.
        networks: Addresses it asks from, "192.0.2.0/28" or "2001:db8::5".
        certificate_names: If not empty, it must come by TLS with one of these.
        dialect: "redirect", "next-route" or "reason".
        go_on_status: What "next-route" answers when the call is to go on.
        refusal: How a call is rejected: "603", "603+" or "608".
        redress: For "603+" and "608".
        contact: Host and port that a 302 sends the call to; empty: its Request-URI.
        divert_to: URI of an announcement or agent, for the action "divert".
        embeds_headers: Whether headers of a 302 are put into its Contact too.
        deadline_ms: After this the call goes on without a verdict; less than T1.
        goes_on_if_malformed: Whether a broken INVITE goes on instead of getting a 400.
        trusts_priority: Whether its Resource-Priority and Priority can be believed.
        trunk: Stated for its calls when they name none.
        carrier: Stated for its calls.
    """

    name: str
    networks: tuple[str, ...]
    certificate_names: frozenset[str] = frozenset()
    dialect: str = "redirect"
    go_on_status: int = 404
    refusal: str = "603"
    redress: Redress = Redress()
    contact: str = ""
    divert_to: str = ""
    embeds_headers: bool = False
    deadline_ms: int = 450
    goes_on_if_malformed: bool = False
    trusts_priority: bool = True
    trunk: str = ""
    carrier: str = ""

    def __post_init__(self) -> None:
        """Refuse settings that contradict one another.

        Raises:
            ConfigError: "sip-client".
        """
        redress = self.redress
        found = bool(redress.url or redress.email or redress.telephone)
        checks = (
            (self.name, "has no name"),
            (self.dialect in DIALECTS, f"has no dialect of {_words(DIALECTS)}"),
            (self.go_on_status in {404, 503}, "goes on with neither 404 nor 503"),
            (self.refusal in REFUSALS, f"has no refusal of {_words(REFUSALS)}"),
            (0 < self.deadline_ms <= 10_000, "has a deadline outside 1 to 10000 ms"),
            (_fits(_PLACE, self.contact), "has a contact that is no host and port"),
            (_fits(_URI, self.divert_to), "diverts to no sip, sips or tel URI"),
            (self.refusal != "603+" or found, "refuses with 603+ but has no redress"),
            (self.refusal != "608" or redress.card_url, "refuses with 608 but no card"),
            (_fits(_WEB, redress.card_url), "has a card URL that is none"),
            (_fits(_WEB, redress.url), "has a redress URL that is none"),
            (_fits(_WORD, redress.email), "has an e-mail address that is none"),
            (_fits(_WORD, redress.telephone), "has a redress number that is none"),
            (
                redress.location in _LOCATIONS,
                f"is at no location of {_words(_LOCATIONS)}",
            ),
        )
        for holds, otherwise in checks:
            if not holds:
                raise ConfigError(
                    "sip-client", f"SIP client {self.name!r} {otherwise}."
                )


_LOCATIONS: Final = ("LN", "TN", "LPN", "RPN", "RLN")


def _words(names: Iterable[str]) -> str:
    return ", ".join(names)


def _fits(pattern: re.Pattern[str], text: str) -> bool:
    return not text or pattern.fullmatch(text) is not None


class Clients:
    """The source list: which client an address belongs to.

    The narrowest network that holds the address decides; of two alike the first.

    Bounds: MAX_REMEMBERED addresses are remembered.
    """

    def __init__(self, clients: Iterable[Client]) -> None:
        listed = [
            (_network(text, client), client)
            for client in clients
            for text in client.networks
        ]
        listed.sort(key=lambda entry: -entry[0].prefixlen)
        self._listed = listed
        self._remembered: dict[str, tuple[Client, ...]] = {}

    def of(self, source: Source) -> Client | None:
        """Return who asks, or None for a stranger."""
        found = self._remembered.get(source.host)
        if found is None:
            found = self._look_up(source.host)
        for client in found:
            if not (
                client.certificate_names
                and client.certificate_names.isdisjoint(source.certificate_names)
            ):
                return client
        return None

    def lists(self, host: str) -> bool:
        """Tell whether a client asks from an address, whatever else it has to show."""
        return bool(self._remembered.get(host) or self._look_up(host))

    def _look_up(self, host: str) -> tuple[Client, ...]:
        try:
            address = ip_address(host)
        except ValueError:
            return ()
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        found = tuple(client for network, client in self._listed if address in network)
        if len(self._remembered) >= MAX_REMEMBERED:
            self._remembered.clear()
        self._remembered[host] = found
        return found


def _network(text: str, client: Client) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError:
        raise ConfigError(
            "sip-client",
            f"SIP client {client.name!r} lists a network that is none.",
            advice='Write an address, or a network such as "192.0.2.0/28".',
        ) from None
