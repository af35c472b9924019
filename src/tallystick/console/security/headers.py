"""Headers of every answer, and requests that no browser of ours would send."""

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tallystick.console.settings import ConsoleSettings

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing inline, nothing from elsewhere, in nobody's frame."""

HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not `no-referrer`: browsers then hide the origin of forms, which is asked for.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
_STRICT: Final = "max-age=31536000"


class Guarded:
    """An application, each answer of which has the headers."""

    def __init__(self, inner: ASGIApp, settings: ConsoleSettings) -> None:
        """Guard `inner`."""
        self._inner = inner
        self._host = settings.host
        self._headers = dict(HEADERS)
        if settings.is_secure:
            self._headers["strict-transport-security"] = _STRICT

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse a request that is meant for another host."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                # Whatever does not say otherwise may hold data.
                headers.setdefault("cache-control", "no-store")
            await send(message)

        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if [one.decode("latin-1").lower() for one in hosts] != [self._host]:
            refusal = PlainTextResponse("This is not the host you asked for.\n", 421)
            await refusal(scope, receive, send_on)
            return
        await self._inner(scope, receive, send_on)
