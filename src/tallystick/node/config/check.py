"""Everything a node needs, tried before it goes live."""

import asyncio
import errno
from collections.abc import Awaitable, Callable
from typing import Final

from tallystick.model import TallystickError
from tallystick.net.store_log import try_store
from tallystick.node.build import build
from tallystick.node.calls.roaming import RoamingSource
from tallystick.node.config.check_agreed import try_agreed
from tallystick.node.config.check_files import (
    Result,
    try_certificates,
    try_folder,
    try_terms,
)
from tallystick.node.config.check_witness import try_witness
from tallystick.node.config.sections import Sharing
from tallystick.node.config.settings import NodeSettings
from tallystick.node.service import Node, now_ms, split_address, why_not
from tallystick.node.watch.ask import health, url_of

PEER_S: Final = 8.0


async def check_node(settings: NodeSettings) -> list[Result]:
    """Try files, keys, terms, certificates, room, ports, the peer and both clocks.

    Ports are opened and closed again, unless this party's own node holds them; the
    peer is connected to and left.
    """
    try:
        alone = settings.model_copy(update={"cluster": None, "workers": 1})
        node = build(alone)
    except TallystickError as error:
        return [Result("settings, keys and terms", good=False, said=str(error))]
    following = node.reloads.following
    results = [
        Result(
            "settings, keys and terms",
            good=True,
            said=f"{node.secrets.party} with {node.secrets.peer}",
        ),
        try_terms(
            node.secrets.signed.terms,
            None if following is None else following.signed.terms,
            now_ms=now_ms(),
        ),
        *try_certificates(settings, now_s=now_ms() / 1000),
        *try_folder(settings),
        *try_agreed(settings, node.secrets, node.arrivals.hold, now_ms=now_ms()),
    ]
    own = await asyncio.to_thread(_own_node, settings)
    for name in ("http", "sip", "sips", "hep", "channel"):
        address = getattr(settings.listen, name)
        if address is not None:
            results.append(await _port(name, address, own))
    if not node.departures.publisher.promises:
        said = "departures are watched by captures, which can lose some: the peer is"
        said += " promised nothing, and will find calls from here paired or unproven"
        results.append(Result("promise", good=True, said=said))
    if settings.cluster is not None:
        results.append(await _store(settings.cluster))
    if settings.peer is not None:
        for address in settings.peer.places:
            results += await _peer(node, address)
    else:
        said = "not followed, `peer.address` is not set: every arrival is unproven"
        results.append(Result("peer", good=True, said=said))
    results += [await _roaming(one) for one in _sources(node)]
    return [*results, *await asyncio.to_thread(try_witness, settings, node.secrets)]


def _own_node(settings: NodeSettings) -> dict[str, int]:
    """Return where this party's own node listens by now, by name of the setting."""
    try:
        said = health(url_of(settings))
    except TallystickError:
        return {}
    listens = said.get("listens")
    if said["party"] != settings.party or not isinstance(listens, dict):
        return {}
    return {str(name): int(where[1]) for name, where in listens.items()}


async def _port(name: str, address: str, own: dict[str, int]) -> Result:
    host, port = split_address(address)
    try:
        server = await asyncio.start_server(lambda *_: None, host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE and own.get(name) == port:
            said = f"{address} is in use by this node"
            return Result(f"port {name}", good=True, said=said)
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


async def _store(sharing: Sharing) -> Result:
    failure = await try_store(sharing.store.get_secret_value())
    members = ", ".join(sharing.members)
    said = failure or f"it answers; {sharing.name} is one of {members}"
    return Result("store", good=not failure, said=said)


async def _peer(node: Node, address: str) -> list[Result]:
    """Follow the peer until it promises something, and compare clocks."""
    host, port = split_address(address)
    task = asyncio.create_task(node.subscription.follow((host, port)))
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
