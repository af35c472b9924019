"""A node at work: everything put together, started, stopped.

The only reader of the clock, of randomness and of the environment.
"""

import asyncio
import gc
import secrets
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from tallystick.agreement import Decider, RuleTable, default_rules, parse_rules
from tallystick.channel import Publisher, Standing, Subscriber
from tallystick.domains.calls.live import NumberKnowledge, NumberReader
from tallystick.domains.calls.numbers import Numbering
from tallystick.model import ConfigError
from tallystick.net.http import Connection
from tallystick.net.link import Door, Side, Subscription, door_tls, peer_tls
from tallystick.node.api import Api
from tallystick.node.arrivals import Arrivals
from tallystick.node.departures import Departures
from tallystick.node.files import read_text
from tallystick.node.identity import Identities
from tallystick.node.logs import Log
from tallystick.node.metrics import Metrics
from tallystick.node.secrets import Secrets
from tallystick.node.settings import NodeSettings
from tallystick.node.switches import Switches
from tallystick.node.verdicts import VerdictLog
from tallystick.pairing.live import Hold, HoldSettings, LiveMatcher, LiveWindow

TICK_S: Final = 0.005
HOUSEKEEPING_S: Final = 1.0


def now_ms() -> int:
    """Return the time, UTC milliseconds."""
    return time.time_ns() // 1_000_000


@dataclass(slots=True)
class Node:
    """One node, ready to be started.

    Attributes:
        settings: What it was told.
        secrets: Its keys.
        api: Its doors for switches.
        addresses: Where it listens, once it does.
    """

    settings: NodeSettings
    secrets: Secrets
    departures: Departures
    arrivals: Arrivals
    subscriber: Subscriber
    subscription: Subscription
    door: Door
    api: Api
    switches: Switches
    metrics: Metrics
    verdicts: VerdictLog
    log: Log = field(default_factory=Log)
    addresses: dict[str, tuple[str, int]] = field(default_factory=dict)
    _http: asyncio.Server | None = None
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def start(self) -> None:
        """Open the doors and follow the peer."""
        loop = asyncio.get_running_loop()
        listen = self.settings.listen
        if listen.channel is not None:
            tls = None
            if listen.certificate is not None and listen.certificate_key is not None:
                tls, _ = door_tls(listen.certificate, listen.certificate_key)
            host, port = split_address(listen.channel)
            self.addresses["channel"] = await self.door.open(host, port, tls=tls)
        if listen.http is not None:
            host, port = split_address(listen.http)
            self._http = await loop.create_server(
                lambda: Connection(self.api.handle, loop, failed=self._failed),
                host,
                port,
            )
            name = self._http.sockets[0].getsockname()
            self.addresses["http"] = (str(name[0]), int(name[1]))
        if listen.sip is not None:
            self.addresses["sip"] = await self.switches.door.open(
                *split_address(listen.sip)
            )
        if self.settings.peer is not None:
            host, port = split_address(self.settings.peer.address)
            self._run(self.subscription.follow(host, port))
        self._run(self._watch())
        self._run(self._keep_house())

    async def stop(self) -> None:
        """Answer who waits, tell the peer, write what is not on disk, and end."""
        if self._http is not None:
            self._http.close()
        self.arrivals.due(now_ms=now_ms() + self.settings.limits.deadline_ms)
        await self.switches.door.close()
        await self.door.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.verdicts.due(now_ms=now_ms(), everything=True):
            self.verdicts.write(self.verdicts.take(), now_ms=now_ms())

    def health(self) -> dict[str, object]:
        """Tell how the node stands; ready: a call could be judged."""
        covered = self.subscriber.covered
        age_ms = None if covered is None else now_ms() - covered.to_ms
        state = self.subscription.state
        return {
            "ready": age_ms is not None and age_ms < self.settings.limits.deadline_ms,
            "party": self.secrets.party,
            "peer": self.secrets.peer,
            "connected": state.connected,
            "watermark_age_ms": age_ms,
            "failure": state.failure,
            "waiting": len(self.arrivals.hold),
        }

    def _run(self, work: Awaitable[None]) -> None:
        self._tasks.append(asyncio.ensure_future(work))

    async def _watch(self) -> None:
        """Answer those whose time has come."""
        while True:
            await asyncio.sleep(TICK_S)
            self.arrivals.due(now_ms=now_ms())

    def _failed(self) -> None:
        self.log.note("request-failed")

    async def _keep_house(self) -> None:
        """Write verdicts, let go of what is old, measure, note what has changed."""
        connected, lost = False, 0
        while True:
            await asyncio.sleep(HOUSEKEEPING_S)
            moment = now_ms()
            if self.verdicts.due(now_ms=moment):
                # Calls are answered while the file is written.
                rows = self.verdicts.take()
                await asyncio.to_thread(self.verdicts.write, rows, now_ms=moment)
            self.arrivals.hold.matcher.expire(moment)
            self.arrivals.refresh(now_s=moment // 1000)
            covered = self.subscriber.covered
            age = (moment - covered.to_ms) / 1000 if covered else float("inf")
            self.metrics.covered_age.set(age)
            self.metrics.connected.set(self.subscription.state.connected)
            self.metrics.waiting.set(len(self.arrivals.hold))
            self.metrics.lost.set(self.verdicts.lost)
            state = self.subscription.state
            if state.connected != connected:
                connected = state.connected
                if connected:
                    self.log.note("peer-connected", peer=self.secrets.peer)
                else:
                    self.log.note("peer-lost", why=state.failure)
            if self.verdicts.lost > lost:
                self.log.note("verdicts-lost", count=self.verdicts.lost - lost)
                lost = self.verdicts.lost


def build(settings: NodeSettings, *, clock: Callable[[], int] = now_ms) -> Node:
    """Put a node together; what cannot be used is refused as its own parsers do.

    Raises:
        ConfigError: "node-party": the key is another party's.
    """
    own = Secrets.read(settings.keys.own, settings.keys.terms)
    if own.party != settings.party:
        raise ConfigError(
            "node-party",
            f"The settings are for {settings.party}, the key is of {own.party}.",
            advice="Set `party` to the key's name, or give the other key.",
        )
    terms = own.signed.terms
    publisher = Publisher(terms, stream=secrets.token_bytes(8), now_ms=clock())
    leaving, arriving = _numberings(settings)
    knowledge = NumberKnowledge(own=settings.numbers.own, peer=settings.numbers.peer)
    departures = Departures(own, NumberReader(leaving, side="departures"), publisher)
    window = LiveWindow(
        before_ms=terms.window_ms,
        usual_ms=min(3_000, terms.window_ms),
        after_ms=terms.clock_ms,
        capacity=settings.limits.departures,
    )
    hold = Hold(
        LiveMatcher(window),
        settings=HoldSettings(
            grace_ms=terms.grace_ms, deadline_ms=settings.limits.deadline_ms
        ),
    )
    arrivals = Arrivals(
        own,
        NumberReader(arriving, side="arrivals"),
        knowledge,
        _decider(settings),
        hold,
        Identities(settings.trust, settings.certificates, now_s=clock() // 1000),
    )
    subscriber = Subscriber(terms, own.check)
    side = Side(
        standing=Standing(agreement=own.signed, own=own.signing),
        checks=own.check,
        now_ms=clock,
        draw=secrets.token_bytes,
    )
    tls = peer_tls() if settings.peer is not None and settings.peer.tls else None
    subscription = Subscription(
        side,
        subscriber,
        lambda got: arrivals.take(
            got,
            subscriber.covered,
            stream=subscriber.position.stream,
            now_ms=clock(),
        ),
        tls=tls,
    )
    metrics = Metrics()
    verdicts = VerdictLog(
        settings.folder / "verdicts", limit_bytes=settings.limits.verdicts_mb << 20
    )
    arrivals.watch(metrics.take)
    arrivals.watch(verdicts.keep)
    arrivals.watch_corrections(verdicts.keep)
    node: Node

    def health() -> dict[str, object]:
        return node.health()

    api = Api(
        departures=departures,
        arrivals=arrivals,
        knowledge=knowledge,
        verdicts=verdicts,
        metrics=metrics,
        now_ms=clock,
        health=health,
    )
    node = Node(
        settings=settings,
        secrets=own,
        departures=departures,
        arrivals=arrivals,
        subscriber=subscriber,
        subscription=subscription,
        door=Door(side, publisher, certificate=_certificate(settings)),
        api=api,
        switches=Switches(
            settings.switches,
            departures=departures,
            arrivals=arrivals,
            metrics=metrics,
            now_ms=clock,
            tag_key=secrets.token_bytes(32),
        ),
        metrics=metrics,
        verdicts=verdicts,
    )
    return node


async def serve(node: Node, *, started: Callable[[Node], None]) -> None:
    """Run a node until it is told to stop (SIGTERM, SIGINT)."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, stop.set)
    await node.start()
    # What was made so far stays; looking through it again and again costs pauses.
    gc.collect()
    gc.freeze()
    node.log.note("started", party=node.secrets.party)
    started(node)
    await stop.wait()
    await node.stop()
    node.log.note("stopped")


def split_address(address: str) -> tuple[str, int]:
    """Split `host:port`; brackets around an IPv6 address are taken off."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def _numberings(settings: NodeSettings) -> tuple[Numbering, Numbering]:
    """Return how numbers are written where calls leave, and where they arrive."""
    here, there = settings.numbers.own, settings.numbers.peer
    leaving = Numbering.from_countries(here, there)
    arriving = Numbering.from_countries(there, here)
    if settings.numbers.file is not None:
        told = Numbering.load(settings.numbers.file)
        # Each side of the file speaks of its own trunks; the countries stay.
        leaving = replace(leaving, departures=told.departures)
        arriving = replace(arriving, arrivals=told.arrivals)
    return leaving, arriving


def _decider(settings: NodeSettings) -> Decider:
    return Decider(_rules(settings.rules))


def _rules(path: Path | None) -> RuleTable:
    if path is None:
        return default_rules()
    text = read_text(path, code="node-rules", what="The rules")
    return parse_rules(text, origin=str(path))


def _certificate(settings: NodeSettings) -> bytes:
    listen = settings.listen
    if listen.certificate is None or listen.certificate_key is None:
        return b""
    return door_tls(listen.certificate, listen.certificate_key)[1]
