"""TLS for switches: what the node shows them, and what it reads of their certificates.

Source: RFC 3261 section 26.2.1; RFC 5922 section 7.1 (names in certificates).
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Mapping
from itertools import starmap
from pathlib import Path
from typing import Final

HANDSHAKE_S: Final = 5.0
_URI: Final = "sip:"
_BACKLOG: Final = 128
_PAUSE_S: Final = 0.1
"""Rest after a connection could not be taken, such as for want of file handles."""


class TlsListener:
    """Takes connections, and begins TLS with those who may ask.

    The event loop's own server would shake hands first and show who it was later:
    anybody could make the node compute.

    Bounds: as many handshakes at a time as `admits` lets in, `HANDSHAKE_S` each.
    """

    def __init__(
        self,
        host: str,
        port: int,
        tls: ssl.SSLContext,
        *,
        admits: Callable[[str, int], bool],
        line: Callable[[], asyncio.Protocol],
    ) -> None:
        """Begin to listen.

        Args:
            host: Where.
            port: The same.
            tls: What is shown, and asked for.
            admits: Tells whether an address may connect while so many handshakes are
                under way.
            line: Makes what reads a connection.

        Raises:
            OSError: It may not listen there.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server(
            (host, port), family=family, backlog=_BACKLOG
        )
        self._socket.setblocking(False)
        self._tls, self._admits, self._line = tls, admits, line
        self._handshakes: set[asyncio.Task[None]] = set()
        self._task = asyncio.ensure_future(self._accept())

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        name = self._socket.getsockname()
        return str(name[0]), int(name[1])

    @property
    def handshakes(self) -> int:
        """How many are under way."""
        return len(self._handshakes)

    async def close(self) -> None:
        """Take no more connections, and end handshakes."""
        tasks = [self._task, *self._handshakes]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._socket.close()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                one, address = await loop.sock_accept(self._socket)
            except OSError:
                await asyncio.sleep(_PAUSE_S)
                continue
            if not self._admits(str(address[0]), len(self._handshakes)):
                one.close()
                continue
            task = asyncio.ensure_future(self._shake_hands(one))
            self._handshakes.add(task)
            task.add_done_callback(self._handshakes.discard)

    async def _shake_hands(self, one: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        # No TLS, no certificate that can be believed, or gone: the others go on.
        with contextlib.suppress(OSError):
            await loop.connect_accepted_socket(
                self._line, one, ssl=self._tls, ssl_handshake_timeout=HANDSHAKE_S
            )


def switch_tls(
    certificate: Path, key: Path, *, client_ca: Path | None = None
) -> ssl.SSLContext:
    """Return a context to listen with: TLS 1.2 or newer.

    Args:
        certificate: The chain, PEM, own certificate first.
        key: Its key, PEM.
        client_ca: Who signs certificates of switches, PEM. A certificate that is shown
            must then hold; one that none shows is missed only where a name is asked
            for.

    Raises:
        OSError: A file cannot be read; `ssl.SSLError`: it cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.load_cert_chain(certificate, key)
    if client_ca is not None:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def names_of(certificate: Mapping[str, object] | None) -> tuple[str, ...]:
    """Return the hosts a certificate is for, in lower case.

    Args:
        certificate: As `ssl.SSLSocket.getpeercert` returns it: verified, or empty.

    Returns:
        Hosts of SIP URIs, and names of the DNS. The name of the subject counts only
        where neither is there.
    """
    found = certificate or {}
    names = list(starmap(_host, _pairs(found.get("subjectAltName"))))
    if not any(names):
        parts = found.get("subject")
        rows = parts if isinstance(parts, tuple) else ()
        names = [
            value for row in rows for kind, value in _pairs(row) if kind == "commonName"
        ]
    return tuple(dict.fromkeys(name.lower() for name in names if name))


def _pairs(value: object) -> list[tuple[str, str]]:
    rows = value if isinstance(value, tuple) else ()
    return [(str(kind), str(said)) for kind, said in rows]


def _host(kind: str, value: str) -> str:
    if kind == "DNS":
        return value
    # A URI with a user names somebody at a host, not the host.
    is_host = value[:4].lower() == _URI and "@" not in value
    return value[4:].partition(";")[0].partition(":")[0] if is_host else ""
