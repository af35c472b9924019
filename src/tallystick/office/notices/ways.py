"""The two ways by which a notice goes out.

Source: Standard Webhooks 1.0; RFC 5321; RFC 3207 (STARTTLS); RFC 8314.
"""

import asyncio
import hmac
import smtplib
import ssl
from base64 import b64encode
from typing import Final

from tallystick.domains.calls.passport.place import is_public_address
from tallystick.net.fetch import Fetcher, FetchError
from tallystick.net.resolve import Resolver
from tallystick.office.notices.letters import letter
from tallystick.office.notices.recipients import Mail, Recipient
from tallystick.store import Notice

TOTAL_S: Final = 15.0
GONE: Final = 410


class NotToldError(Exception):
    """Somebody was not told.

    Attributes:
        why: In one word.
        for_good: Whether they said that they never want to be.
    """

    def __init__(self, why: str, *, for_good: bool = False) -> None:
        """Say why."""
        super().__init__(why)
        self.why, self.for_good = why, for_good


def signature(secret: bytes, ident: str, timestamp_s: int, body: bytes) -> str:
    """Return what shows a webhook that it was we who told it.

    Args:
        secret: What both know.
        ident: Of the notice.
        timestamp_s: When it is sent, in seconds; old ones are to be refused.
        body: What is sent.

    Source: Standard Webhooks 1.0, "Symmetric signatures".
    """
    signed = f"{ident}.{timestamp_s}.".encode() + body
    return f"v1,{b64encode(hmac.digest(secret, signed, 'sha256')).decode()}"


async def by_webhook(notice: Notice, to: Recipient, *, now_ms: int) -> None:
    """Tell a webhook.

    Args:
        notice: What.
        to: Whom.
        now_ms: The present time.

    Raises:
        NotToldError: Nobody took it with a status of 200 to 299; redirections are not
            followed.
    """
    body, ident, now_s = notice.told.encode(), f"msg_{notice.id}", now_ms // 1000
    headers = {
        "content-type": "application/json",
        "webhook-id": ident,
        "webhook-timestamp": str(now_s),
        "webhook-signature": signature(to.secret, ident, now_s, body),
    }
    try:
        status = await _fetcher(to).post(to.to, body, headers)
    except FetchError as error:
        raise NotToldError(error.why) from None
    except (OSError, ssl.SSLError):
        raise NotToldError("authorities") from None
    if not 200 <= status < 300:
        raise NotToldError(f"status-{status}", for_good=status == GONE)


async def by_mail(notice: Notice, to: Recipient, mail: Mail) -> None:
    """Tell somebody by e-mail.

    A letter that the server does not take is a NotToldError.

    Args:
        notice: What.
        to: Whom.
        mail: By whom it goes out.
    """
    made = letter(
        notice.told, to, ident=notice.id, sender=mail.sender, made_ms=notice.made_ms
    )
    await asyncio.to_thread(_send, made.as_bytes(), to.address, mail)


def _send(letter: bytes, address: str, mail: Mail) -> None:
    try:
        with _server(mail) as server:
            if mail.user:
                server.login(mail.user, mail.password)
            server.sendmail(mail.sender, [address], letter)
    except smtplib.SMTPAuthenticationError:
        raise NotToldError("login") from None
    except smtplib.SMTPRecipientsRefused as error:
        code = next(iter(error.recipients.values()))[0]
        raise NotToldError(f"smtp-{code}") from None
    except smtplib.SMTPResponseException as error:
        raise NotToldError(f"smtp-{error.smtp_code}") from None
    except ssl.SSLError:
        raise NotToldError("tls") from None
    except smtplib.SMTPException:
        raise NotToldError("protocol") from None
    except OSError:
        raise NotToldError("connect") from None


def _server(mail: Mail) -> smtplib.SMTP:
    """Return a connection on which nobody reads along."""
    tls = ssl.create_default_context(cafile=mail.authorities)
    if mail.security == "tls":
        return smtplib.SMTP_SSL(mail.host, mail.port, timeout=TOTAL_S, context=tls)
    server = smtplib.SMTP(mail.host, mail.port, timeout=TOTAL_S)
    try:
        # A server without it is refused: neither password nor letter goes in the clear.
        server.starttls(context=tls)
    except BaseException:
        server.close()
        raise
    return server


def _fetcher(to: Recipient) -> Fetcher:
    return Fetcher(
        resolve=Resolver(whole=not to.private),
        is_public=_everywhere if to.private else is_public_address,
        authorities=to.authorities,
        total_s=TOTAL_S,
    )


def _everywhere(address: str) -> bool:
    del address
    return True
