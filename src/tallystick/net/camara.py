"""Questions to a home network: OAuth 2 client credentials, then JSON over HTTPS.

Source: CAMARA Device Roaming Status; RFC 6749, sections 2.3.1 and 4.4.
"""

import base64
import ssl
from pathlib import Path
from typing import Final
from urllib.parse import quote_plus

import httpx2

QUESTION_S: Final = 1.0
"""For one step of a question: to connect, to send, to read."""

MAX_BODY: Final = 1 << 16
KEEP_OPEN_S: Final = 60.0
CONNECTIONS: Final = 32


class AskError(Exception):
    """No answer came: not reached, too slow, too much, or no HTTP."""


class RoamingClient:
    """Asks one home network.

    Bounds: `CONNECTIONS`, `MAX_BODY` bytes of an answer.
    """

    def __init__(
        self,
        *,
        url: str,
        token_url: str,
        client_id: str,
        secret: str,
        scope: str,
        authorities: Path | None = None,
    ) -> None:
        """Connect to nobody yet.

        Args:
            url: The API without `/retrieve`.
            token_url: Where access tokens are had.
            client_id: Of this client.
            secret: Its secret.
            scope: What the token is to be for.
            authorities: Who may vouch for both, PEM; None: whom this machine believes.

        Raises:
            OSError: The authorities cannot be read; as `ssl.SSLError`, they are none.
        """
        self._url, self._token_url, self._scope = f"{url}/retrieve", token_url, scope
        pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
        self._basic = base64.b64encode(pair.encode()).decode()
        self._client = httpx2.AsyncClient(
            verify=ssl.create_default_context(cafile=authorities),
            trust_env=False,
            follow_redirects=False,
            timeout=QUESTION_S,
            limits=httpx2.Limits(
                max_connections=CONNECTIONS, keepalive_expiry=KEEP_OPEN_S
            ),
            headers={"accept": "application/json", "accept-encoding": "identity"},
        )

    async def token(self) -> tuple[int, bytes]:
        """Ask for an access token; return status and body.

        Raises:
            AskError: No answer came.
        """
        form = {"grant_type": "client_credentials", "scope": self._scope}
        text = "&".join(f"{name}={quote_plus(value)}" for name, value in form.items())
        return await self._post(
            self._token_url,
            text.encode(),
            kind="application/x-www-form-urlencoded",
            authorization=f"Basic {self._basic}",
        )

    async def retrieve(self, body: bytes, *, token: str) -> tuple[int, bytes]:
        """Ask for the status of a device; return status and body.

        Args:
            body: The question.
            token: The access token.

        Raises:
            AskError: No answer came.
        """
        return await self._post(
            self._url, body, kind="application/json", authorization=f"Bearer {token}"
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def _post(
        self, url: str, body: bytes, *, kind: str, authorization: str
    ) -> tuple[int, bytes]:
        headers = {"content-type": kind, "authorization": authorization}
        try:
            async with self._client.stream(
                "POST", url, content=body, headers=headers
            ) as answer:
                found = bytearray()
                async for piece in answer.aiter_raw():
                    found += piece
                    if len(found) > MAX_BODY:
                        raise AskError
                return answer.status_code, bytes(found)
        except (httpx2.HTTPError, httpx2.InvalidURL, ssl.SSLError, OSError):
            raise AskError from None
