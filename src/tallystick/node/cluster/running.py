"""A node that is one of several: its member, the line to the log, the peer's stream."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

from tallystick.channel import Frame, encode_frame
from tallystick.cluster import Member, Place, Replica
from tallystick.net.link import Door, Side, Subscription
from tallystick.net.log import Ends, LogLine
from tallystick.node.calls.departures import Departures
from tallystick.node.cluster.shared import SharedArrivals

PUMP_S: Final = 0.004
"""How long events wait for others to share their batch."""

TICK_S: Final = 0.01
TURN_S: Final = 0.02
SESSION_MS: Final = 2_000
"""How long a session with the peer may take to show in the log."""

FRAMES_WAITING: Final = 4_096


class Cluster:
    """Runs a member.

    Attributes:
        member: What it appends and reads.
        line: The line to the log.
    """

    def __init__(
        self, member: Member, line: LogLine, *, now_ms: Callable[[], int]
    ) -> None:
        """Prepare; nothing is connected before `run`."""
        self.member = member
        self.line = line
        self._now_ms = now_ms
        self._departures: Departures | None = None
        self._arrivals: SharedArrivals | None = None
        self._door: Door | None = None
        self._served: Replica | None = None
        self._is_awake = False

    def lead(
        self, departures: Departures, arrivals: SharedArrivals, door: Door
    ) -> None:
        """Tell these what the log says; the door stays shut until it is known."""
        self._departures, self._arrivals, self._door = departures, arrivals, door
        door.shut()

    def wake(self) -> None:
        """Append before long what the member has to say."""
        if not self._is_awake:
            self._is_awake = True
            asyncio.get_running_loop().call_later(PUMP_S, self._pump)

    async def run(self) -> None:
        """Read and append until cancelled, or until there is no log any more."""
        ticking = asyncio.ensure_future(self._tick())
        try:
            await self.line.follow(
                Ends(
                    place=lambda: self.member.place,
                    opened=self._opened,
                    taken=self._taken,
                    closed=self.member.close,
                )
            )
        finally:
            ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ticking

    @property
    def is_live(self) -> bool:
        """Whether what is said now is soon read in the log."""
        return self.member.is_live(now_ms=self._now_ms())

    @property
    def missing(self) -> list[str]:
        """Names of those without whom nothing is promised, and who are not there."""
        replica = self.member.replica
        return [] if replica is None else replica.members.missing()

    def told(self) -> dict[str, object]:
        """Return how the member stands, by name."""
        replica = self.member.replica
        here = [] if replica is None else list(replica.members)
        return {
            "live": self.is_live,
            "failure": self.line.state.failure,
            "follows_peer": self.member.speaks,
            "members": sorted(one.name for one in here if not one.is_silent),
            "missing": self.missing,
            "faults": self.member.faults,
            "namesakes": self.member.namesakes,
        }

    async def _tick(self) -> None:
        while True:
            self._pump()
            self._attend()
            await asyncio.sleep(TICK_S)

    def _opened(self, log: bytes) -> None:
        self.member.open(log, now_ms=self._now_ms())
        self._pump()

    def _taken(self, place: Place, data: bytes) -> None:
        now_ms = self._now_ms()
        words = self.member.take(place, data, now_ms=now_ms)
        if words and self._arrivals is not None:
            self._arrivals.hear(words, now_ms=now_ms)

    def _pump(self) -> None:
        self._is_awake = False
        batches = self.member.data_to_send(now_ms=self._now_ms())
        if batches:
            self.line.append(batches)

    def _attend(self) -> None:
        """Serve the peer while the state is known, and send it elsewhere while not."""
        door, arrivals, departures = self._door, self._arrivals, self._departures
        if door is None or arrivals is None or departures is None:
            return
        replica = self.member.replica if self.is_live else None
        if replica is self._served:
            return
        self._served = replica
        if replica is None:
            door.shut()
        else:
            arrivals.hold = replica.hold
            departures.publisher = replica.publisher
            door.serve(replica.publisher)


class SharedSubscription(Subscription):
    """Follows the peer's stream for all members, while it is this one's turn.

    What the peer says is put into the log as it came, and taken by all from there.
    """

    def __init__(
        self, side: Side, cluster: Cluster, subscription: Subscription
    ) -> None:
        """Follow as another subscription would."""
        super().__init__(
            side, subscription.subscriber, lambda _: None, tls=subscription.tls
        )
        self._cluster = cluster
        self._replica: Replica | None = None
        self._opened_ms = 0

    async def _session(self, host: str, port: int) -> None:
        member = self._cluster.member
        # Turns change once in hours; whose it is hangs on the time too.
        while not (  # ruff: ignore[async-busy-wait]
            member.speaks and self._cluster.is_live
        ):
            await asyncio.sleep(TURN_S)
        replica = member.replica
        if replica is not None:
            self._replica, self.subscriber = replica, replica.subscriber
            await super()._session(host, port)

    def _begin(self) -> None:
        self.state.connected = True
        self.state.sessions += 1
        self.state.failure = ""
        self._opened_ms = self._side.now_ms()
        self._cluster.member.open_session()

    def _take(self, frames: list[Frame], writer: asyncio.StreamWriter) -> None:
        """Put frames into the log.

        Raises:
            EOFError: It is another member's turn, or the log is away.
        """
        member = self._cluster.member
        young = self._side.now_ms() - self._opened_ms < SESSION_MS
        if (
            member.replica is not self._replica
            or not member.speaks
            or not (member.has_session or young)
            or member.waiting > FRAMES_WAITING
            or not all(member.hear(encode_frame(frame)) for frame in frames)
        ):
            raise EOFError
        self._cluster.wake()
        out = member.to_peer()
        if out:
            writer.write(out)
