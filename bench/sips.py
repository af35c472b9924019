"""Time a node that is asked by SIP over TLS, beside the same over TCP.

    python bench/sips.py --calls 5000

A running node on the loopback without a peer, asked on one connection by a client of
its own process that keeps 32 calls open; and new TLS connections, one after the
other, each with one OPTIONS. CPU time is that of both ends together.
"""

import argparse
import asyncio
import contextlib
import datetime as dt
import json
import ssl
import tempfile
import time
from collections.abc import AsyncGenerator
from pathlib import Path

import uvloop
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from tallystick.domains.calls.sip import Client, Decision, RedirectServer
from tallystick.net.sip import SipDoor
from tallystick.net.sip_tls import switch_tls
from timing import machine

OPEN = 32


def now_ms() -> int:
    """Return the time."""
    return time.time_ns() // 1_000_000


def request(method: str, number: int, transport: str) -> bytes:
    """Return a request as an interconnect switch writes it."""
    branch = f"z9hG4bK-{transport}{method}{number}"
    return (
        f"{method} sip:+7916{number:07d}@192.0.2.9;user=phone SIP/2.0\r\n"
        f"Via: SIP/2.0/{transport} 127.0.0.1:5060;branch={branch}\r\n"
        "Max-Forwards: 69\r\n"
        f"From: <sip:+37529{number:07d}@192.0.2.1;user=phone>;tag=a{number}\r\n"
        f"To: <sip:+7916{number:07d}@192.0.2.9;user=phone>\r\n"
        f"Call-ID: {number}{transport}@192.0.2.1\r\nCSeq: 1 {method}\r\n"
        "Content-Length: 0\r\n\r\n"
    ).encode()


def certificate(folder: Path) -> tuple[Path, Path]:
    """Return a certificate for the node, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "node")])
    begin = dt.datetime.fromtimestamp(time.time_ns() // 10**9, dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin - dt.timedelta(days=1))
        .not_valid_after(begin + dt.timedelta(days=1))
        .sign(key, SHA256())
    )
    paths = folder / "node.pem", folder / "node.key"
    paths[0].write_bytes(made.public_bytes(Encoding.PEM))
    form = PrivateFormat.TraditionalOpenSSL
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, form, NoEncryption()))
    return paths


@contextlib.asynccontextmanager
async def door(tls: ssl.SSLContext) -> AsyncGenerator[dict[str, tuple[str, int]]]:
    """Run a door that lets every call pass."""
    client = Client(name="switch", networks=("127.0.0.1",), dialect="next-route")
    server = RedirectServer([client], tag_key=b"bench")
    one = SipDoor(
        server,
        now_ms,
        asked=lambda ask: one.answer(ask.ask_id, Decision()),
        passed=lambda _: None,
        withdrawn=lambda _: None,
    )
    places = {"TCP": await one.open("127.0.0.1", 0)}
    places["TLS"] = await one.open_tls("127.0.0.1", 0, tls)
    try:
        yield places
    finally:
        await one.close()


async def ask(where: tuple[str, int], tls: ssl.SSLContext | None, calls: int) -> float:
    """Ask for calls on one connection; return microseconds of CPU a call."""
    reader, writer = await asyncio.open_connection(*where, ssl=tls)
    transport = "TLS" if tls else "TCP"
    started, answered = time.process_time(), 0
    for number in range(OPEN):
        writer.write(request("INVITE", number, transport))
    while answered < calls:
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"SIP/2.0 404")  # ruff: ignore[assert]
        if (number := answered + OPEN) < calls:
            writer.write(request("INVITE", number, transport))
        answered += 1
    writer.transport.abort()
    return (time.process_time() - started) / calls * 1e6


async def connect(where: tuple[str, int], tls: ssl.SSLContext, times: int) -> float:
    """Connect anew for each OPTIONS; return milliseconds of CPU each."""
    started = time.process_time()
    for number in range(times):
        reader, writer = await asyncio.open_connection(*where, ssl=tls)
        writer.write(request("OPTIONS", number, "TLS"))
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()
    return (time.process_time() - started) / times * 1e3


async def measure(calls: int) -> dict[str, object]:
    """Return one line of figures."""
    with tempfile.TemporaryDirectory() as folder:
        pair = certificate(Path(folder))
        trusting = ssl.create_default_context(cafile=str(pair[0]))
        trusting.check_hostname = False
        async with door(switch_tls(*pair)) as places:
            plain = await ask(places["TCP"], None, calls)
            secure = await ask(places["TLS"], trusting, calls)
            fresh = await connect(places["TLS"], trusting, min(calls, 200))
    return {
        "calls": calls,
        "tcp_us": round(plain, 1),
        "tls_us": round(secure, 1),
        "ratio": round(secure / plain, 2),
        "handshake_ms": round(fresh, 2),
    }


def main() -> None:
    """Print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=lambda text: int(float(text)), default=5_000)
    given = parser.parse_args()
    print(machine())
    print(json.dumps(uvloop.run(measure(given.calls))))


if __name__ == "__main__":
    main()
