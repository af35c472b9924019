"""The signed card that a refused caller fetches: whom to write to.

Source: RFC 8688; spec/passport.md, "Contact after a 608".
"""

from collections.abc import Callable
from typing import Final

from tallystick.domains.calls.passport import (
    Contact,
    Signer,
    load_signer,
    sign_contact,
)
from tallystick.net.exchange import Exchange
from tallystick.node.config.files import read_bytes
from tallystick.node.config.sections import Redress
from tallystick.node.doors.table import Door

CARD: Final = "/v1/redress"
KIND: Final = b"application/jose"
FRESH_S: Final = 20
"""A card older than a minute is refused; one this old is signed anew."""


class RedressDoor:
    """The door to the card.

    Bounds: one signature every `FRESH_S`, whoever asks how often.
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
        self._card = b""

    def doors(self) -> dict[tuple[str, str], Door]:
        """Return the doors by method and path."""
        return {("GET", CARD): self._asked}

    def _asked(self, exchange: Exchange) -> None:
        now_s = self._now_ms() // 1000
        if not self._card or not 0 <= now_s - self._made_s < FRESH_S:
            card = sign_contact(self._signer, self._contact, iat_s=now_s)
            self._made_s, self._card = now_s, card.encode("ascii")
        exchange.answer(200, self._card, kind=KIND)


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
