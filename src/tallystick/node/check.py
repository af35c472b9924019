"""Everything a node needs, tried before it goes live."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from tallystick.model import TallystickError
from tallystick.node.build import build
from tallystick.node.roaming import RoamingSource
from tallystick.node.service import Node, now_ms, split_address, why_not
from tallystick.node.settings import NodeSettings

PEER_S: Final = 8.0
LEAST_DAYS: Final = 14


@dataclass(frozen=True, slots=True)
class Result:
    """One thing that was tried.

    Attributes:
        what: What.
        good: Whether it can be used.
        said: A sentence.
    """

    what: str
    good: bool
    said: str


async def check_node(settings: NodeSettings) -> list[Result]:
    """Try files, keys, terms, ports, the peer and both clocks.

    Ports are opened and closed again, so the node must not be running; the peer is
    connected to and left.
    """
    try:
        node = build(settings)
    except TallystickError as error:
        return [Result("settings, keys and terms", good=False, said=str(error))]
    results = [
        Result(
            "settings, keys and terms",
            good=True,
            said=f"{node.secrets.party} with {node.secrets.peer}",
        ),
        _term(node),
        _folder(settings),
    ]
    for name in ("http", "sip", "channel"):
        address = getattr(settings.listen, name)
        if address is not None:
            results.append(await _port(name, address))
    if settings.peer is not None:
        results += await _peer(node, settings.peer.address)
    else:
        said = "not followed, `peer.address` is not set: every arrival is unproven"
        results.append(Result("peer", good=True, said=said))
    return [*results, *[await _roaming(one) for one in _sources(node)]]


def _term(node: Node) -> Result:
    terms = node.secrets.signed.terms
    left_days = (terms.until_ms - now_ms()) / 86_400_000
    good = terms.is_in_force(now_ms())
    said = f"in force, {left_days:.0f} days left" if good else "not in force now"
    if good and left_days < LEAST_DAYS:
        said += "; agree new ones soon"
    return Result("terms", good, said)


def _folder(settings: NodeSettings) -> Result:
    """Try whether verdicts could be written; the folder itself is made by `run`."""
    path = settings.folder
    there = next(
        one for one in (path.absolute(), *path.absolute().parents) if one.exists()
    )
    try:
        probe = there / ".tally-check"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        said = f"{path} cannot be written: {error.strerror}"
        return Result("folder", good=False, said=said)
    return Result("folder", good=True, said=f"{path} can be written")


async def _port(name: str, address: str) -> Result:
    host, port = split_address(address)
    try:
        server = await asyncio.start_server(lambda *_: None, host, port)
    except OSError as error:
        return Result(f"port {name}", good=False, said=why_not(name, address, error))
    server.close()
    await server.wait_closed()
    return Result(f"port {name}", good=True, said=f"{address} is free")


def _sources(node: Node) -> list[RoamingSource]:
    return [one for one in node.helpers if isinstance(one, RoamingSource)]


async def _roaming(source: RoamingSource) -> Result:
    """Try whether the home network knows this client."""
    good = await source.gives_token()
    said = "it gives an access token" if good else "it gives no access token"
    return Result("home network", good, said)


async def _peer(node: Node, address: str) -> list[Result]:
    """Follow the peer until it promises something, and compare clocks."""
    host, port = split_address(address)
    task = asyncio.create_task(node.subscription.follow(host, port))
    try:
        met = await _until(lambda: node.subscription.state.connected)
        if not met:
            said = node.subscription.state.failure or "it does not answer"
            return [Result("peer", good=False, said=said)]
        promised = await _until(lambda: node.subscriber.covered is not None)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    said = (
        "its record covers the present"
        if promised
        else "its record covers nothing yet: try again in a minute"
    )
    results = [
        Result("peer", good=True, said=f"{address} is {node.secrets.peer}; {said}")
    ]
    offset_ms = node.subscriber.clock_offset_ms
    if offset_ms is not None:
        most_ms = node.secrets.signed.terms.clock_ms
        results.append(
            Result(
                "clocks",
                good=abs(offset_ms) <= most_ms,
                said=f"{offset_ms} ms apart; {most_ms} ms agreed",
            )
        )
    return results


async def _until(holds: Callable[[], bool]) -> bool:
    """Wait until something holds; return whether it does in time."""

    async def wait() -> None:
        while not holds():  # ruff: ignore[async-busy-wait]
            await asyncio.sleep(0.02)

    return await _in_time(wait())


async def _in_time(work: Awaitable[None]) -> bool:
    try:
        await asyncio.wait_for(work, PEER_S)
    except TimeoutError:
        return False
    return True
