"""A node at work: everything put together, started, stopped.

The only reader of the clock, of randomness and of the environment.
"""

import asyncio
import contextlib
import errno
import os
import secrets
import signal
import time
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from tallystick.channel import Publisher, Subscriber
from tallystick.model import TallystickError, UnavailableError
from tallystick.net.http import Connections
from tallystick.net.link import Door, Subscription, door_tls
from tallystick.node.calls.arrivals import Arrivals
from tallystick.node.calls.captures import Captures
from tallystick.node.calls.clockwatch import ClockWatch
from tallystick.node.calls.departures import Departures
from tallystick.node.calls.heard import Heard
from tallystick.node.calls.switches import Switches
from tallystick.node.cluster.running import Cluster
from tallystick.node.cluster.shared import PeerView
from tallystick.node.config.secrets import Secrets
from tallystick.node.config.settings import NodeSettings
from tallystick.node.doors.table import Doors
from tallystick.node.helpers import Helper
from tallystick.node.kept.counts import HalfCounts
from tallystick.node.kept.courses import Courses
from tallystick.node.kept.expiring import Expiring
from tallystick.node.kept.given import GivenLog
from tallystick.node.kept.rotated import Kept
from tallystick.node.kept.verdicts import VerdictLog
from tallystick.node.reload import Reloads, take_material, take_terms
from tallystick.node.watch.condition import Condition
from tallystick.node.watch.logs import Log
from tallystick.node.watch.metrics import Metrics

TICK_S: Final = 0.005
STOP_S: Final = 5.0  # how long others may take to let go
HOUSEKEEPING_S: Final = 1.0
MERGING_S: Final = 60.0


def now_ms() -> int:
    """Return the time, UTC milliseconds."""
    return time.time_ns() // 1_000_000


def steady_ms() -> int:
    """Return the time of a clock that nobody sets, milliseconds."""
    return time.monotonic_ns() // 1_000_000


@dataclass(slots=True)
class Node:
    """One node, ready to be started.

    Attributes:
        settings: What it was told.
        secrets: Its keys.
        doors: What is asked of it by HTTP.
        cluster: What it shares with other nodes of its party; None: it is alone.
        is_worker: Whether other processes listen on the same ports.
        addresses: Where it listens, once it does.
    """

    settings: NodeSettings
    secrets: Secrets
    departures: Departures
    arrivals: Arrivals
    subscriber: Subscriber | PeerView
    subscription: Subscription
    door: Door
    condition: Condition
    doors: Doors
    switches: Switches
    metrics: Metrics
    verdicts: VerdictLog
    courses: Courses
    counts: HalfCounts
    given: GivenLog
    expiring: Expiring
    reloads: Reloads
    log: Log
    helpers: tuple[Helper, ...] = ()
    captures: Captures | None = None
    cluster: Cluster | None = None
    is_worker: bool = False
    addresses: dict[str, tuple[str, int]] = field(default_factory=dict)
    _reloading: asyncio.Lock = field(default_factory=asyncio.Lock)
    _following: asyncio.Task[None] | None = None
    _disk: asyncio.Lock = field(default_factory=asyncio.Lock)
    _http: asyncio.Server | None = None
    _connections: Connections | None = None
    _heard: Heard = field(default_factory=lambda: Heard(now_ms()))
    _clock: ClockWatch | None = None
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def start(self) -> None:
        """Open the doors and follow the peer.

        Raises:
            UnavailableError: "node-listen" where it may not listen.
        """
        loop = asyncio.get_running_loop()
        listen, shared = self.settings.listen, self.is_worker or None
        self.departures.hear_upto(now_ms())
        if listen.channel is not None:
            tls = None
            if listen.certificate is not None and listen.certificate_key is not None:
                tls, _ = door_tls(listen.certificate, listen.certificate_key)
                self.reloads.tls = tls
            host, port = split_address(listen.channel)
            with _listening("channel", listen.channel):
                self.addresses["channel"] = await self.door.open(
                    host, port, tls=tls, shared=shared
                )
        if listen.http is not None:
            host, port = split_address(listen.http)
            self._connections = Connections(
                self.doors.handle,
                loop,
                failed=self._failed,
                refused=self._refused,
            )
            with _listening("http", listen.http):
                self._http = await loop.create_server(
                    self._connections, host, port, reuse_port=shared
                )
            name = self._http.sockets[0].getsockname()
            self.addresses["http"] = (str(name[0]), int(name[1]))
        if listen.sip is not None:
            host, port = split_address(listen.sip)
            with _listening("sip", listen.sip):
                self.addresses["sip"] = await self.switches.door.open(
                    host, port, shared=shared
                )
        if listen.sips is not None and self.switches.tls is not None:
            host, port = split_address(listen.sips)
            with _listening("sips", listen.sips):
                self.addresses["sips"] = await self.switches.door.open_tls(
                    host, port, self.switches.tls
                )
        if listen.hep is not None and self.captures is not None:
            host, port = split_address(listen.hep)
            with _listening("hep", listen.hep):
                self.addresses["hep"] = await self.captures.door.open(host, port)
        self.condition.listens = self.addresses
        self.follow(self.subscription)
        if self.cluster is not None:
            self._run(self._share(self.cluster))
        self._run(self._watch())
        self._run(self._keep_house())
        self._run(self._merge())
        # Before every door was open, calls may have left of which nobody told.
        self.departures.miss_now()
        for helper in self.helpers:
            self._run(helper.run())

    def follow(self, subscription: Subscription) -> None:
        """Follow the peer by this subscription, and by no other."""
        before, self._following = self._following, None
        if before is not None:
            before.cancel()
            subscription.state.sessions += self.subscription.state.sessions
        self.subscription = self.condition.subscription = subscription
        if self.settings.peer is not None:
            places = map(split_address, self.settings.peer.places)
            work = subscription.follow(*places)
            self._following = asyncio.ensure_future(work)

    async def reload(self) -> bool:
        """Read everything again and go on with it; calls are answered meanwhile.

        What cannot be used leaves all as it was, and is noted.

        Returns:
            Whether it was taken.
        """
        async with self._reloading:
            try:
                material = await asyncio.to_thread(self.reloads.read)
                later = take_material(self, material)
            except (TallystickError, OSError) as error:
                why = str(error)
            except Exception:  # ruff: ignore[blind-except] (the node must go on)
                self._failed()
                why = "The program met a fault; everything is as it was."
            else:
                self.condition.reload_failure = ""
                self.metrics.reloads.add("taken")
                names = {"from_next_start": ", ".join(later)} if later else {}
                self.log.note("reloaded", **names)
                return True
            self.condition.reload_failure = why
            self.metrics.reloads.add("refused")
            self.log.note("reload-refused", why=why)
            return False

    async def stop(self) -> None:
        """Answer who waits, tell the peer, write what is not on disk, and end."""
        if self._http is not None:
            self._http.close()
        for helper in self.helpers:
            helper.stop()
        self.arrivals.due(now_ms=now_ms() + self.settings.limits.deadline_ms)
        if self._connections is not None:
            self._connections.close()
        closing = [self.switches.door.close(), self.door.close()]
        if self.captures is not None:
            closing.append(self.captures.door.close())
        # Whoever does not take his last words must not keep verdicts off the disk.
        ends = [asyncio.ensure_future(one) for one in closing]
        done, _ = await asyncio.wait(ends, timeout=STOP_S)
        await asyncio.gather(*done, return_exceptions=True)
        left = {*self._tasks, *filter(None, [self._following])}
        while left:  # what ends a wait just then may swallow a cancellation
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=0.5)
        self.courses.fetch(now_ms=now_ms())
        self.counts.fetch(now_ms=now_ms(), everything=True)
        await self._keep_verdicts(everything=True)

    def health(self) -> dict[str, object]:
        """Tell how the node stands; ready: a call could be judged."""
        return self.condition.told()

    async def _share(self, cluster: Cluster) -> None:
        """Work with the other nodes; where that cannot go on, this one ends."""
        try:
            await cluster.run()
        except Exception:  # ruff: ignore[blind-except] (another takes its place)
            self._failed()
        signal.raise_signal(signal.SIGTERM)

    def _run(self, work: Awaitable[None]) -> None:
        self._tasks.append(asyncio.ensure_future(work))

    async def _watch(self) -> None:
        """Answer those whose time has come; promise no more than was heard."""
        self._clock = self._clock_watch()
        while True:
            began_s = time.monotonic()
            await asyncio.sleep(TICK_S)
            self.metrics.late.add(max(0.0, time.monotonic() - began_s - TICK_S))
            try:
                moment = now_ms()
                self._look(moment)
                self.arrivals.due(now_ms=moment)
            except Exception:  # ruff: ignore[blind-except] (the next turn must come)
                self._failed()

    def _look(self, moment: int) -> None:
        """Look at the clocks, and at what is still to be read."""
        change = self._clock.look(moment, steady_ms()) if self._clock else ""
        if change == "back":
            self._begin_stream(moment)
        elif change == "ahead":
            # What left before was stamped by a clock that was behind.
            self._heard.forget(moment)
            self.departures.miss_now()
        if change:
            self.arrivals.set_clock(now_ms=moment)
            self.log.note("clock", change=change)
        doors = self._connections
        since = None if doors is None else doors.next_turn()
        upto_ms = self._heard.turn(moment, unread_since=since)
        self.departures.hear_upto(upto_ms)

    def _clock_watch(self) -> ClockWatch:
        window = self.arrivals.hold.matcher.window
        return ClockWatch(
            now_ms(),
            steady_ms(),
            allowed_ms=self.secrets.signed.terms.clock_ms,
            still_ms=max(1_000, window.before_ms - window.usual_ms),
        )

    def _begin_stream(self, moment: int) -> None:
        """Promise anew: the old promises are of a time that has not come yet."""
        self._heard.forget(moment)
        if self.cluster is not None:
            # The stream is the party's, and counts by the log's time.
            self.departures.miss_now()
            return
        publisher = Publisher(
            self.secrets.signed.terms, stream=secrets.token_bytes(8), now_ms=moment
        )
        publisher.heard_ms = moment
        self.departures.agree(self.secrets, publisher)
        self.door.agree(self.door.side, publisher)

    def _failed(self) -> None:
        """Note a fault; what it kept from being told, nobody may be accused of."""
        self.log.note("fault")
        self.departures.miss_now()

    def _refused(self) -> None:
        """Count what is no HTTP; a call that leaves may be in it."""
        self.metrics.refused.inc()
        self.departures.miss_now()

    async def _merge(self) -> None:
        """Make few files of many, and delete what is older than agreed."""
        while True:
            await asyncio.sleep(MERGING_S)
            try:
                await self._merge_all()
                async with self._disk:
                    look = partial(self.expiring.look, self._kept(), now_ms=now_ms())
                    await asyncio.to_thread(look)
            except Exception:  # ruff: ignore[blind-except] (the next turn must come)
                self._failed()

    async def _merge_all(self) -> None:
        for kept in self._kept():
            more = True
            while more:  # a bounded piece at a time
                more = await self._merge_some(kept.merge)

    def _kept(self) -> tuple[Kept[Any], ...]:
        return self.given, self.verdicts, self.courses, self.counts

    async def _merge_some(self, merge: Callable[..., bool]) -> bool:
        async with self._disk:
            more = await asyncio.to_thread(merge, now_ms=now_ms())
        await asyncio.sleep(HOUSEKEEPING_S)
        return more

    async def _keep_house(self) -> None:
        """Write verdicts, let go of what is old, measure, note what has changed."""
        known = _Known()
        while True:
            await asyncio.sleep(HOUSEKEEPING_S)
            try:
                await self._keep_verdicts()
                self._tidy(known)
            except Exception:  # ruff: ignore[blind-except] (the next turn must come)
                self._failed()

    async def _keep_verdicts(self, *, everything: bool = False) -> None:
        """Write verdicts whose time has come; calls are answered meanwhile."""
        async with self._disk:
            moment = now_ms()
            for kept in self._kept():
                await _written(kept, moment, everything=everything)

    def _tidy(self, known: "_Known") -> None:
        moment = now_ms()
        self.arrivals.tidy(now_ms=moment)
        self.arrivals.refresh(now_s=moment // 1000)
        if self.captures is not None:
            self.captures.keep_house()
        self.courses.fetch(now_ms=moment)
        self.counts.fetch(now_ms=moment)
        following = self.reloads.following
        if following is not None and following.signed.terms.from_ms <= moment:
            take_terms(self, following)
            self.log.note("terms-changed")
        state = self.subscription.state
        if (state.connected, state.failure) != (known.connected, known.failure):
            known.connected, known.failure = state.connected, state.failure
            if state.connected:
                self.log.note("peer-connected", peer=self.secrets.peer)
            else:
                self.log.note("peer-lost", why=state.failure)
        for event, count in (
            ("verdicts-lost", self.verdicts.lost),
            ("answer-failed", self.arrivals.faults),
        ):
            if count > known.counts.get(event, 0):
                self.log.note(event, count=count - known.counts.get(event, 0))
                known.counts[event] = count


async def _written(kept: Kept[Any], moment: int, *, everything: bool) -> None:
    if kept.due(now_ms=moment, everything=everything):
        rows = kept.take()
        await asyncio.to_thread(kept.write, rows, now_ms=moment)


@dataclass(slots=True)
class _Known:
    """What has been noted already."""

    connected: bool = False
    failure: str = ""
    counts: dict[str, int] = field(default_factory=dict)


def why_not(name: str, address: str, error: OSError) -> str:
    """Say why an address of `[listen]` cannot be listened on."""
    # The event loop's own text repeats the address; a name that leads nowhere has a
    # number of its own kind.
    why = error.strerror or type(error).__name__
    if error.errno is not None and error.errno in errno.errorcode:
        why = os.strerror(error.errno)
    hint = "; does a node run already?" if error.errno == errno.EADDRINUSE else "."
    return f"`listen.{name}`: {address} cannot be listened on: {why.lower()}{hint}"


@contextlib.contextmanager
def _listening(name: str, address: str) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise UnavailableError(
            "node-listen",
            why_not(name, address, error),
            advice="`tally node check` tries every address; `ss -lntup` shows who"
            " listens.",
        ) from None


def split_address(address: str) -> tuple[str, int]:
    """Split `host:port`; brackets around an IPv6 address are taken off."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)
