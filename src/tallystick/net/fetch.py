"""Fetch one file by HTTPS from a host that strangers may have named, or bring it one.

The name is looked up once, every address it leads to is checked, and the connection
goes to a checked address, while TLS still asks for the name. Nothing is followed,
unpacked, or waited for beyond its time.

Source: RFC 9110; RFC 6890; spec/passport.md, "Fetching".
"""

import asyncio
import ipaddress
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import SplitResult, urlsplit

import httpx2

TOTAL_S: Final = 5.0
MAX_ADDRESSES: Final = 32
TRIES: Final = 2  # addresses of a host that are connected to
_ASKS: Final = {
    "accept": "application/pem-certificate-chain, application/pkix-cert, */*;q=0.5",
    "accept-encoding": "identity",
    "connection": "close",
    "user-agent": "tallystick",
}

_BRINGS: Final = {"connection": "close", "user-agent": "tallystick"}
_Read = TypeVar("_Read")

Resolve = Callable[[str, int], Awaitable[list[str]]]


class FetchError(Exception):
    """Nothing came.

    Attributes:
        why: `resolve`, `address`, `connect`, `tls`, `timeout`, `protocol`, `status`,
            `coding` or `size`.
    """

    def __init__(self, why: str) -> None:
        """Say why, in one word."""
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came.

    Attributes:
        body: As sent.
        headers: Header fields, names in lower case.
    """

    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Asked:
    method: str
    headers: dict[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)


class Fetcher:
    """Fetches files; several at a time.

    Bounds: of a fetch, `total_s` in all, the limit that is given for the body, 100 KB
        of header.
    """

    def __init__(
        self,
        *,
        resolve: Resolve,
        is_public: Callable[[str], bool],
        authorities: Path | None = None,
        total_s: float = TOTAL_S,
    ) -> None:
        """Be ready.

        Args:
            resolve: Looks a name up.
            is_public: Tells whether an address may be connected to.
            authorities: Who may vouch for servers, PEM; None: whom this machine
                believes.
            total_s: For one fetch, from the look-up to the last byte.

        Raises:
            OSError: The authorities cannot be read; as `ssl.SSLError`, they are none.
        """
        self._resolve, self._is_public = resolve, is_public
        self._tls = ssl.create_default_context(cafile=authorities)
        self._total_s = total_s

    async def get(self, url: str, *, limit_bytes: int) -> Fetched:
        """Fetch a file.

        Args:
            url: Whose form was checked before.
            limit_bytes: How much may come.

        Raises:
            FetchError: Nothing came, or too much.
        """

        async def read(answer: httpx2.Response) -> Fetched:
            return await _read(answer, limit_bytes)

        asked = _Asked("GET", _ASKS, None)
        try:
            async with asyncio.timeout(self._total_s):
                return await self._reach(urlsplit(url), asked, read)
        except TimeoutError:
            raise FetchError("timeout") from None

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        """Bring something somewhere; what is answered is not read.

        Args:
            url: Whose form was checked before.
            body: What.
            headers: Which say what it is.

        Returns:
            The status of the answer.

        Raises:
            FetchError: Nobody answered.
        """

        async def read(answer: httpx2.Response) -> int:  # ruff: ignore[unused-async]  -- is awaited
            return answer.status_code

        asked = _Asked("POST", {**_BRINGS, **headers}, body)
        try:
            async with asyncio.timeout(self._total_s):
                return await self._reach(urlsplit(url), asked, read)
        except TimeoutError:
            raise FetchError("timeout") from None

    async def _reach(
        self,
        parts: SplitResult,
        asked: "_Asked",
        read: Callable[[httpx2.Response], Awaitable[_Read]],
    ) -> _Read:
        host = (parts.hostname or "").removesuffix(".")
        port = parts.port or 443
        target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        tried = (await self._addresses(host, port))[:TRIES]
        for at, address in enumerate(tried, start=1):
            try:
                return await self._ask(address, host, port, target, asked, read)
            except FetchError as error:
                if error.why != "connect" or at == len(tried):
                    raise
        raise FetchError("resolve")

    async def _addresses(self, host: str, port: int) -> list[str]:
        """Return the addresses of a host, all of which everybody can reach.

        Raises:
            FetchError: One of them is not, or there is none.
        """
        if _is_address(host):
            found = [host]
        else:
            try:
                found = await self._resolve(host, port)
            except OSError:
                raise FetchError("resolve") from None
        if not 1 <= len(found) <= MAX_ADDRESSES:
            raise FetchError("resolve")
        # One that leads inside says what the others are worth.
        if not all(map(self._is_public, found)):
            raise FetchError("address")
        return found

    async def _ask(
        self,
        address: str,
        host: str,
        port: int,
        target: str,
        asked: "_Asked",
        read: Callable[[httpx2.Response], Awaitable[_Read]],
    ) -> _Read:
        """Ask a checked address for something of a host.

        Raises:
            FetchError: As `get` does.
        """
        # A client of its own: connections are kept by address, and two names at one
        # address must not share one.
        there = f"[{address}]" if ":" in address else address
        named = f"[{host}]" if ":" in host else host
        headers = {**asked.headers, "host": named if port == 443 else f"{named}:{port}"}
        opened: list[Any] = []

        async def note(event: str, told: dict[str, Any]) -> None:  # ruff: ignore[unused-async]  -- is awaited
            if event == "connection.connect_tcp.complete":
                opened.append(told["return_value"])

        try:
            async with (
                httpx2.AsyncClient(
                    verify=self._tls, trust_env=False, timeout=self._total_s
                ) as client,
                client.stream(
                    asked.method,
                    f"https://{there}:{port}{target}",
                    headers=headers,
                    content=asked.body,
                    extensions={"sni_hostname": host, "trace": note},
                    follow_redirects=False,
                ) as answer,
            ):
                return await read(answer)
        except httpx2.TimeoutException:
            raise FetchError("timeout") from None
        except httpx2.ConnectError as error:
            raise FetchError("tls" if _is_tls(error) else "connect") from None
        except (httpx2.HTTPError, httpx2.InvalidURL, ssl.SSLError, OSError):
            raise FetchError("protocol") from None
        finally:
            # A handshake whose time is up leaves its connection open.
            for connection in opened:
                await connection.aclose()


async def _read(answer: httpx2.Response, limit_bytes: int) -> Fetched:
    if answer.status_code != 200:
        raise FetchError("status")
    headers = {name.lower(): value for name, value in answer.headers.items()}
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise FetchError("coding")
    body = bytearray()
    async for piece in answer.aiter_raw():
        body += piece
        if len(body) > limit_bytes:
            raise FetchError("size")
    return Fetched(bytes(body), headers)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_tls(error: BaseException) -> bool:
    """Tell whether TLS failed, rather than the connection below it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
