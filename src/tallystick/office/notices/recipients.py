"""Who is told, how, and of what."""

import contextlib
import re
from base64 import b64decode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from tallystick.model import ConfigError
from tallystick.office.notices.events import EVENTS
from tallystick.report.texts import Language

SECRET_BYTES: Final = range(24, 65)
_HEAD: Final = "whsec_"
_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,189}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Somebody who is told.

    Attributes:
        to: `mailto:ADDRESS` or an `https://` URL.
        events: Of which.
        language: In which, by e-mail.
        secret: Signs what a webhook is told; empty for e-mail.
        private: Whether the webhook may be inside our own network.
        authorities: Who may vouch for the webhook's server, PEM; None: whom this
            machine believes.
    """

    to: str
    events: frozenset[str] = frozenset(EVENTS)
    language: Language = "en"
    secret: bytes = field(default=b"", repr=False)
    private: bool = False
    authorities: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what could not be told.

        Raises:
            ConfigError: "notify-to", "notify-event" or "notify-secret".
        """
        if not self.is_mail and not _is_webhook(self.to):
            raise ConfigError(
                "notify-to",
                "A recipient of notices is neither an e-mail address nor an https:// "
                "URL.",
                advice='Write to = "mailto:desk@body.example" or "https://…".',
            )
        unknown = self.events - set(EVENTS)
        if unknown:
            raise ConfigError(
                "notify-event",
                f"There is no event {min(unknown)}.",
                advice=f"They are {', '.join(EVENTS)}.",
            )
        if not self.is_mail and len(self.secret) not in SECRET_BYTES:
            raise ConfigError(
                "notify-secret",
                "A webhook needs a secret that signs what it is told.",
                advice="Its file holds whsec_ and 24 to 64 bytes in base 64.",
            )

    @property
    def is_mail(self) -> bool:
        """Whether it is told by e-mail."""
        scheme, _, address = self.to.partition(":")
        return scheme == "mailto" and _ADDRESS.fullmatch(address) is not None

    @property
    def address(self) -> str:
        """Its e-mail address."""
        return self.to.partition(":")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """By whom e-mail goes out.

    Attributes:
        host: The server.
        port: Its port.
        security: `tls` from the first byte, or `starttls`.
        sender: Our own address.
        user: As whom we sign in; empty: we do not.
        password: By what.
        authorities: Who may vouch for it, PEM; None: whom this machine believes.
    """

    host: str
    sender: str
    port: int = 587
    security: Literal["tls", "starttls"] = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    authorities: Path | None = None

    def __post_init__(self) -> None:
        """Refuse a sender that is none.

        Raises:
            ConfigError: "notify-mail".
        """
        if not _ADDRESS.fullmatch(self.sender):
            raise ConfigError(
                "notify-mail",
                "The sender of e-mail is no address.",
                advice='Write sender = "tally@body.example" into [mail].',
            )


def read_secret(text: str) -> bytes:
    """Return the secret that a file holds, in the form of Standard Webhooks.

    Raises:
        ConfigError: "notify-secret".
    """
    plain = text.strip()
    secret = b""
    if plain.startswith(_HEAD):
        with contextlib.suppress(ValueError):
            secret = b64decode(plain.removeprefix(_HEAD), validate=True)
    if not secret:
        raise ConfigError(
            "notify-secret",
            "The file of a webhook's secret holds none.",
            advice="It begins with whsec_, then base 64.",
        )
    return secret


def _is_webhook(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    return (
        parts.scheme == "https"
        and bool(parts.hostname)
        and port != 0
        and "@" not in parts.netloc
        and not parts.fragment
        and url.isascii()
        and url.isprintable()
        and " " not in url
        and len(url) <= 255
    )
