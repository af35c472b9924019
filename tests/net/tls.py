"""A small authority, its servers, and one that misbehaves as it is told."""

import asyncio
import contextlib
import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

HOST = "cert.example.org"
Serve = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _issue(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    above: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None,
    *,
    hosts: tuple[str, ...] = (),
    days: tuple[int, int] = (-2, 2),
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)  # ruff: ignore[banned-api]  -- TLS reads the clock itself
    issuer, signing = above or (None, key)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(issuer.subject if issuer else _named(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + dt.timedelta(days=days[0]))
        .not_valid_after(now + dt.timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=not hosts, path_length=None), True)
    )
    if hosts:
        names = [_alternative(one) for one in hosts]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
    return builder.sign(signing, SHA256())


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


class Authority:
    """One root, and one below it that issues servers' certificates.

    Attributes:
        file: The root, for those who believe it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        key = ec.generate_private_key(ec.SECP256R1())
        root = _issue("root", key, None)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._middle = _issue("middle", self._key, (root, key))
        self.file = folder / "authorities.pem"
        self.file.write_bytes(root.public_bytes(Encoding.PEM))

    def server(
        self, *hosts: str, days: tuple[int, int] = (-2, 2), whole: bool = True
    ) -> ssl.SSLContext:
        """Return the TLS of a server for hosts; not whole: without the middle."""
        key = ec.generate_private_key(ec.SECP256R1())
        own = _issue("server", key, (self._middle, self._key), hosts=hosts, days=days)
        chain = [own, self._middle] if whole else [own]
        path = self._folder / "server.pem"
        path.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            + b"".join(one.public_bytes(Encoding.PEM) for one in chain)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


def answer(body: bytes, *, status: str = "200 OK", **headers: str) -> Serve:
    """Return what serves one answer."""
    told = {"content-length": str(len(body))} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    lines = [
        f"HTTP/1.1 {status}",
        *(f"{name}: {value}" for name, value in told.items()),
    ]
    head = "\r\n".join(lines).encode() + b"\r\n\r\n"

    async def serve(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(head + body)
        await writer.drain()

    return serve


@contextlib.asynccontextmanager
async def serving(
    serve: Serve, tls: ssl.SSLContext | None, *, host: str = "127.0.0.1", port: int = 0
) -> AsyncGenerator[tuple[int, list[bytes]], None]:
    """Serve on the loopback, on a free port unless one is named.

    Yields:
        The port, and the requests that came.
    """
    asked: list[bytes] = []
    tasks: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = (
                    head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]
                )
                asked.append(head + await reader.readexactly(int(length or 0)))
                await serve(asked[-1], writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            writer.transport.abort()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    server = await asyncio.start_server(talk, host, port, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1], asked
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.01)  # what is closed on both sides is let go
