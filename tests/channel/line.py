"""A publisher, a subscriber, and what a line may do between them."""

from dataclasses import dataclass, field

from tallystick.channel import (
    Delivered,
    DepartureRecord,
    Feed,
    Frame,
    Publisher,
    Subscriber,
)

from .parties import NOW_MS, check, departure, frames_of, publisher, subscriber


@dataclass
class Line:
    """Two nodes in virtual time.

    Attributes:
        told: Every departure the publisher knows of: begin, sequence (0: not yet).
        got: Every departure the subscriber took, by sequence.
    """

    publisher: Publisher = field(default_factory=publisher)
    subscriber: Subscriber = field(default_factory=subscriber)
    now_ms: int = NOW_MS
    told: dict[int, int] = field(default_factory=dict)
    begun: list[tuple[int, int]] = field(default_factory=list)
    got: dict[int, DepartureRecord] = field(default_factory=dict)
    delivered: list[Delivered] = field(default_factory=list)
    calls: int = 0

    def __post_init__(self) -> None:
        """Open the first session."""
        self.connect()

    def connect(self) -> None:
        """Open a session where the subscriber stopped."""
        self.subscriber.open_session()
        self.feed = Feed(
            self.publisher,
            check,
            position=self.subscriber.position,
            now_ms=self.now_ms,
        )

    def wait(self, pause_ms: int) -> None:
        """Let time pass."""
        self.now_ms += pause_ms
        self.publisher.poll(now_ms=self.now_ms)

    def begin(self) -> None:
        """Let a call leave whose tokens are not made yet."""
        self.begun.append((self.now_ms, self.publisher.begin(self.now_ms)))

    def tell(self) -> None:
        """Tell of the newest call that is begun, or of one that leaves now."""
        at_ms, ticket = self.begun.pop() if self.begun else (self.now_ms, 0)
        self.calls += 1
        one = departure(at_ms, number=self.calls)
        sequence = self.publisher.depart(one, now_ms=self.now_ms, ticket=ticket)
        self.told[sequence] = at_ms

    def sent(self, limit_bytes: int = 1_000_000) -> list[Frame]:
        """Return the frames that the publisher sends now."""
        data = self.feed.data_to_send(now_ms=self.now_ms, limit_bytes=limit_bytes)
        return frames_of(data)

    def take(self, frames: list[Frame]) -> None:
        """Give frames to the subscriber, and what it asks for to the feed."""
        for frame in frames:
            delivered = self.subscriber.receive(frame, now_ms=self.now_ms)
            self.delivered.append(delivered)
            for one in delivered.departures:
                assert one.sequence not in self.got
                self.got[one.sequence] = one
        for frame in frames_of(self.subscriber.data_to_send()):
            self.feed.receive(frame, now_ms=self.now_ms)

    def check(self) -> None:
        """See that nothing is missing where the subscriber relies on it."""
        covered = self.subscriber.covered
        if covered is None:
            return
        assert covered.to_ms < self.now_ms
        for sequence, at_ms in self.told.items():
            if covered.from_ms < at_ms <= covered.to_ms:
                assert sequence in self.got, (covered, at_ms, sequence)
        for at_ms, _ in self.begun:
            assert not covered.from_ms < at_ms <= covered.to_ms
