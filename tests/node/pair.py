"""Two nodes of two parties on the loopback, with keys of their own."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from tallystick.blinding import new_private_key
from tallystick.blinding.keyfile import write_private_key
from tallystick.channel import Terms, encode_terms, sign_terms, signing_key
from tallystick.node.build import build
from tallystick.node.config.settings import load_settings
from tallystick.node.service import Node, now_ms

COUNTRIES = ("BY", "RU")
WINDOW_MS = 500  # so that a test need not wait long until the peer's record covers it


def _drawn(party: str, size: int) -> bytes:
    """Return bytes that a test may use for a key."""
    return (party * size).encode()[:size]


def agreed(folder: Path, **changes: Any) -> None:
    """Make both parties' keys and the terms they signed."""
    keys = {
        p: new_private_key(p, draw=lambda n, p=p: (p * n).encode()[:n])
        for p in COUNTRIES
    }
    for party, key in keys.items():
        write_private_key(folder / f"{party}.key", key)
    minute = now_ms() // 60_000 * 60_000
    terms = {
        "domain": "calls",
        "tokens": "hmac-sha256/1",
        # No epoch ends while a test runs: near its end few calls are waited for.
        "from_ms": minute - 1_800_000,
        "until_ms": minute + 86_400_000,
        "epoch_ms": 3_600_000,
        "overlap_ms": 60_000,
        "window_ms": WINDOW_MS,
        "grace_ms": 250,
        "clock_ms": 100,
    }
    signers = [signing_key(keys[party]) for party in COUNTRIES]
    text = encode_terms(
        Terms(
            keys=tuple(keys[party].public() for party in COUNTRIES),
            verifying_keys=tuple(signer.public() for signer in signers),
            **(terms | changes),
        )
    )
    for signer in signers:
        text = sign_terms(text, signer)
    (folder / "terms.toml").write_text(text, encoding="ascii")


def node_of(
    folder: Path,
    party: str,
    *,
    peer: str | None,
    first: str = "",
    listens: str = "",
    more: str = "",
) -> Node:
    """Put a party's node together; it is not started.

    Args:
        folder: Where the keys and terms are.
        party: Whose.
        peer: Where the other party listens.
        first: Settings before all tables.
        listens: Further lines of `[listen]`.
        more: Further tables.
    """
    other = next(one for one in COUNTRIES if one != party)
    address = f'[peer]\naddress = "{peer}"\n' if peer else ""
    path = folder / f"{party}.toml"
    path.write_text(
        f'party = "{party}"\nfolder = "{party}"\n{first}'
        f'[keys]\nown = "{party}.key"\nterms = "terms.toml"\n'
        f'[listen]\nhttp = "127.0.0.1:0"\nchannel = "127.0.0.1:0"\n{listens}'
        f'[numbers]\nown = "{party}"\npeer = "{other}"\n{address}{more}',
        encoding="utf-8",
    )
    return build(
        load_settings(path).settings, again=lambda: load_settings(path).settings
    )


@contextlib.asynccontextmanager
async def both(
    folder: Path,
    *,
    by: str = "",
    ru: str = "",
    ru_first: str = "",
    listens: str = "",
    **terms: Any,
) -> AsyncGenerator[tuple[Node, Node], None]:
    """Run BY's node and RU's, RU following BY; wait until a call could be judged.

    Args:
        folder: For keys, settings and verdicts.
        by: Further tables of BY's settings.
        ru: The same of RU's.
        ru_first: RU's settings before all tables.
        listens: Further lines of `[listen]` of both.
        terms: What is agreed otherwise than usual.
    """
    agreed(folder, **terms)
    one = node_of(folder, "BY", peer=None, listens=listens, more=by)
    await one.start()
    host, port = one.addresses["channel"]
    peer = f"{host}:{port}"
    two = node_of(folder, "RU", peer=peer, first=ru_first, listens=listens, more=ru)
    await two.start()
    try:
        async with asyncio.timeout(5):
            await ready(two)
        yield one, two
    finally:
        await two.stop()
        await one.stop()


async def ready(node: Node) -> None:
    """Wait until calls that arrive now can be judged."""
    while not node.health()["ready"]:  # ruff: ignore[async-busy-wait]
        await asyncio.sleep(0.01)
    await asyncio.sleep(WINDOW_MS / 1000)


async def post(node: Node, path: str, body: object) -> tuple[int, Any]:
    """Say something to a node by HTTP and return status and answer."""
    return await send(node, "POST", path, json.dumps(body).encode())


async def send(
    node: Node, method: str, path: str, body: bytes = b""
) -> tuple[int, Any]:
    """Send one request on a connection of its own."""
    reader, writer = await asyncio.open_connection(*node.addresses["http"])
    try:
        head = f"{method} {path} HTTP/1.1\r\nHost: n\r\nContent-Length: {len(body)}"
        writer.write(f"{head}\r\nConnection: close\r\n\r\n".encode() + body)
        data = await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()
    top, _, content = data.partition(b"\r\n\r\n")
    status = int(top.split(b" ")[1])
    try:
        return status, json.loads(content)
    except ValueError:
        return status, content
