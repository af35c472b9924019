"""Two nodes with somebody on the line between them."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
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

from node.pair import agreed, node_of, post, ready
from node.test_two_nodes import arriving, leaving, warm
from tallystick.node.service import Node, now_ms

from .relay import Relay

LIVE = (
    'format = "tallystick-rules/1"\nname = "test"\nversion = 1\n'
    '[[rules]]\nid = "missing"\nwhen = { half = ["no_departure", "altered", "repeated"'
    '] }\naction = "reject"\nmode = "live"\n'
)
TLS = 'certificate = "tls.pem"\ncertificate_key = "tls.key"\n'


def certificate(folder: Path, name: str = "tls") -> tuple[Path, Path]:
    """Make a certificate that nobody signed, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.fromtimestamp(now_ms() // 1000, UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, SHA256())
    )
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    paths[0].write_bytes(made.public_bytes(Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
        )
    )
    return paths


@contextlib.asynccontextmanager
async def across(folder: Path, *, tls=False, peer_tls=None, wait=True, ru="", **relay):
    """Run BY's node, a relay, and RU's node behind it, which rejects what is missing.

    Yields:
        Both nodes and the relay.
    """
    agreed(folder)
    certificate(folder)
    (folder / "rules.toml").write_text(LIVE, encoding="utf-8")
    by = node_of(folder, "BY", peer=None, listens=TLS if tls else "")
    await by.start()
    between = Relay(*by.addresses["channel"], **relay)
    told = tls if peer_tls is None else peer_tls
    peer = f'[peer]\naddress = "{await between.open()}"\ntls = {str(told).lower()}\n'
    first = 'rules = "rules.toml"\n'
    two = node_of(folder, "RU", peer=None, first=first, more=peer + ru)
    await two.start()
    try:
        if wait:
            async with asyncio.timeout(8):
                await ready(two)
        yield by, two, between
    finally:
        await two.stop()
        await between.close()
        await by.stop()


async def until(holds, seconds: float = 5.0) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(seconds):
        while not holds():  # ruff: ignore[async-busy-wait]
            await asyncio.sleep(0.01)


async def honest(by: Node, ru: Node, first: int, count: int) -> list[dict[str, object]]:
    """Let honest calls pass, each told and then asked about; return the answers."""
    said = []
    for number in range(first, first + count):
        called = f"+7495{3_000_000 + number}"
        await post(by, "/v1/departures", leaving(number, called=called))
        await asyncio.sleep(0.01)
        status, answer = await post(ru, "/v1/arrivals", arriving(number, called=called))
        assert status == 200
        said.append(answer)
    return said


__all__ = ["across", "certificate", "honest", "ready", "until", "warm"]
