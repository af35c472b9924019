"""The signed card that a refused caller fetches: whom to write to, by which reference.

Source: RFC 8688; spec/passport.md, "Contact after a 608".
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qs

from tallystick.cases.reference import read_reference
from tallystick.domains.calls.passport import (
    Contact,
    Signer,
    load_signer,
    sign_contact,
)
from tallystick.domains.calls.sip.client import with_reference
from tallystick.model import MalformedError
from tallystick.net.exchange import Exchange
from tallystick.node.config.files import read_bytes
from tallystick.node.config.sections import Redress
from tallystick.node.doors.table import Door

CARD: Final = "/v1/redress"
KIND: Final = b"application/jose"
FRESH_S: Final = 20
"""A card older than a minute is refused; one this old is signed anew."""
CARDS: Final = 400
"""So many callers get a card of their own in that time; who comes then, the common one,
in which there is no reference. At 20 a second signing takes a thousandth of a core."""


class RedressDoor:
    """The door to the card.

    Bounds: `CARDS` + 1 signatures every `FRESH_S`, whoever asks how often.
    """

    def __init__(
        self, signer: Signer, contact: Contact, *, now_ms: Callable[[], int]
    ) -> None:
        """Sign nothing yet.

        Raises:
            ConfigError: "contact-empty".
        """
        contact.card()
        self._signer = signer
        self._contact = contact
        self._now_ms = now_ms
        self._made_s = 0
        self._cards: dict[str, bytes] = {}

    def doors(self) -> dict[tuple[str, str], Door]:
        """Return the doors by method and path."""
        return {("GET", CARD): self._asked}

    def _asked(self, exchange: Exchange) -> None:
        now_s = self._now_ms() // 1000
        if not 0 <= now_s - self._made_s < FRESH_S:
            self._made_s, self._cards = now_s, {}
        reference = _reference(exchange.query)
        if reference not in self._cards and len(self._cards) >= CARDS:
            reference = ""
        if reference not in self._cards:
            url = with_reference(self._contact.url, reference)
            contact = replace(self._contact, url=url)
            card = sign_contact(self._signer, contact, iat_s=now_s)
            self._cards[reference] = card.encode("ascii")
        exchange.answer(200, self._cards[reference], kind=KIND)


def _reference(query: str) -> str:
    """Return the reference that a query names; empty where it names none."""
    try:
        return read_reference(parse_qs(query).get("reference", [""])[0])
    except MalformedError:
        return ""


def redress_doors(
    desk: Redress | None, now_ms: Callable[[], int]
) -> dict[tuple[str, str], Door]:
    """Return the door to the card of a 608; none where there is no card."""
    if desk is None or desk.key is None:
        return {}
    pem = read_bytes(desk.key, code="passport-key", what="The key `redress.key`")
    contact = Contact(
        name=desk.name,
        url=desk.url,
        email=desk.email,
        tel=f"tel:{desk.tel}" if desk.tel else "",
    )
    signer = load_signer(pem, info=desk.certificate)
    return RedressDoor(signer, contact, now_ms=now_ms).doors()
