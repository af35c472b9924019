"""Two parties of several members each, two logs, and a border, in virtual time."""

import random
from collections import defaultdict
from dataclasses import dataclass, field
from hashlib import blake2b

from channel.parties import NOW_MS, check, terms
from tallystick.blinding import PrivateKey
from tallystick.channel import Departure, Feed, FrameReader, encode_frame, states_of
from tallystick.cluster import Join, LogKeys, Member, Place, Rules, Word, log_keys
from tallystick.pairing.live import HoldSettings, LiveHalf, LiveWindow

STEP_MS = 10
TERMS = terms(window_ms=1_000, clock_ms=100)
WINDOW = LiveWindow(
    before_ms=1_000, usual_ms=600, after_ms=100, horizon_ms=1_000, least_pairs=0
)
RULES = Rules(
    terms=TERMS,
    checks=check,
    window=WINDOW,
    waits=HoldSettings(grace_ms=250, deadline_ms=450),
    repeat_ms=32_000,
)
DEADLINE_MS = 450


def drawing(seed: int) -> random.Random:
    """Return a source that draws the same for the same seed."""
    return random.Random(seed)  # ruff: ignore[suspicious-non-cryptographic-random-usage]


def keys_of(party: str) -> LogKeys:
    """Return the keys of a party's log."""
    key = PrivateKey(party=party, secret=bytes([len(party)] * 32))
    return log_keys(key, TERMS.channel)


def token(*parts: object) -> bytes:
    """Return 16 bytes that stand for some parts."""
    return blake2b(repr(parts).encode(), digest_size=16).digest()


def departure(at_ms: int, calling: int, called: int) -> Departure:
    """Return the half of a call that leaves."""
    return Departure(
        at_ms,
        TERMS.epoch_index(at_ms),
        token("pair", calling, called),
        token("called", called),
        token("calling", calling),
        states_of(calling=1, called=1),
    )


def arrival(at_ms: int, calling: int, called: int) -> LiveHalf:
    """Return the half of a call that arrives."""
    one = departure(at_ms, calling, called)
    return LiveHalf(0, at_ms, one.pair, one.called, one.calling)


@dataclass
class Log:
    """What a store keeps: entries in one order, with its own time."""

    name: bytes = b"log-0001"
    entries: list[tuple[Place, bytes]] = field(default_factory=list)
    is_there: bool = True

    def append(self, data: bytes, now_ms: int) -> None:
        """Take an entry."""
        last = self.entries[-1][0] if self.entries else Place(0, 0)
        at_ms = max(now_ms, last.at_ms)
        turn = last.turn + 1 if at_ms == last.at_ms else 0
        self.entries.append((Place(at_ms, turn), data))

    def trim(self, before_ms: int) -> None:
        """Let go of what is old."""
        self.entries = [one for one in self.entries if one[0].at_ms >= before_ms]

    def restart(self) -> None:
        """Come back with nothing."""
        self.name = token(self.name)[:8]
        self.entries.clear()
        self.is_there = True


@dataclass
class Node:
    """A member, its line to the log, and its session with the peer."""

    member: Member
    name: str
    log: Log
    skew_ms: int = 0
    lag_ms: int = 0
    is_alive: bool = True
    is_cut: bool = False
    is_open: bool = False
    feed: Feed | None = None
    serves: "Node | None" = None
    publisher: object = None
    opened_ms: int = 0

    def step(self, now_ms: int) -> list[Word]:
        """Send and read what there is."""
        own_ms = now_ms + self.skew_ms
        reaches = self.log.is_there and not self.is_cut
        if not reaches and self.is_open:
            self.member.close()
            self.is_open = False
        if reaches and not self.is_open:
            self.member.open(self.log.name, now_ms=own_ms)
            self.is_open = True
        if not reaches:
            return []
        for data in self.member.data_to_send(now_ms=own_ms):
            self.log.append(data, now_ms)
        words: list[Word] = []
        for place, data in self.log.entries:
            if self.member.place < place and place.at_ms + self.lag_ms <= now_ms:
                words += self.member.take(place, data, now_ms=own_ms)
        return words


@dataclass
class World:
    """BY tells, RU asks.

    Attributes:
        said: What was said of each arrival, in order, with the time.
    """

    sizes: tuple[int, int] = (1, 1)
    seed: int = 0
    failover_ms: int = 0
    now_ms: int = NOW_MS
    said: dict[bytes, list[tuple[int, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    asked: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Start all members."""
        self.draw = drawing(self.seed)
        self.logs = {"BY": Log(), "RU": Log()}
        self.nodes: dict[str, list[Node]] = {}
        for party, size in zip(("BY", "RU"), self.sizes, strict=True):
            names = tuple(f"{party}{n}" for n in range(size))
            self.nodes[party] = [self.node(party, name, names) for name in names]

    def node(self, party: str, name: str, names: tuple[str, ...]) -> Node:
        """Make a member that has seen nothing."""
        join = Join(name, names, self.failover_ms)
        member = Member(join, RULES, keys_of(party), draw=self.draw.randbytes)
        return Node(member, name, self.logs[party])

    def restart(self, party: str, place: int) -> None:
        """Start a member anew."""
        self.nodes[party][place].is_alive = False
        names = tuple(one.name for one in self.nodes[party])
        self.nodes[party][place] = self.node(party, names[place], names)

    def run(self, duration_ms: int) -> None:
        """Let time pass."""
        for _ in range(duration_ms // STEP_MS):
            self.now_ms += STEP_MS
            everybody = [*self.nodes["BY"], *self.nodes["RU"]]
            self.draw.shuffle(everybody)
            for node in everybody:
                if node.is_alive:
                    for word in node.step(self.now_ms):
                        self._hear(word)
            for node in self.nodes["RU"]:
                if node.is_alive:
                    self._follow(node)
            for log in self.logs.values():
                if self.now_ms % 1_000 < STEP_MS:
                    log.trim(self.now_ms - 60_000)

    def _hear(self, word: Word) -> None:
        said = self.said[word.ref]
        if not said or said[-1][1] != word.match.outcome:
            said.append((self.now_ms, word.match.outcome))

    def _follow(self, node: Node) -> None:
        """Carry frames from a node of BY to the member of RU that follows it."""
        member, server = node.member, node.serves
        gone = server is None or not server.is_alive
        gone = gone or server.member.replica is None
        gone = gone or server.member.replica.publisher is not node.publisher
        late = self.now_ms - node.opened_ms > 500 and not member.has_session
        if node.feed is not None and (gone or late or not member.speaks):
            node.feed = None
        if not member.speaks or not node.is_open:
            return
        if node.feed is None:
            self._connect(node)
        if node.feed is None or member.waiting > 1_000:
            return
        data = node.feed.data_to_send(now_ms=self.now_ms)
        for frame in frames_of(data):
            member.hear(encode_frame(frame))
        for frame in frames_of(member.to_peer()):
            node.feed.receive(frame, now_ms=self.now_ms)

    def _connect(self, node: Node) -> None:
        able = [
            one
            for one in self.nodes["BY"]
            if one.is_alive and one.is_open and one.member.is_live(now_ms=self.now_ms)
        ]
        if not able or node.member.replica is None:
            return
        node.serves = self.draw.choice(able)
        node.publisher = node.serves.member.replica.publisher
        node.opened_ms = self.now_ms
        position = node.member.replica.subscriber.position
        node.feed = Feed(node.publisher, check, position=position, now_ms=self.now_ms)
        node.member.open_session()

    def depart(self, ref: int, calling: int, called: int, *, at: Node) -> bool:
        """Let a call leave, told to one member."""
        one = departure(self.now_ms + at.skew_ms, calling, called)
        return at.member.depart(token(ref), one)

    def arrive(self, ref: int, calling: int, called: int, *, at: Node) -> None:
        """Let a call arrive, asked of one member."""
        half = arrival(self.now_ms + at.skew_ms, calling, called)
        at.member.ask(token(ref), (half,), patient=True)

    def last(self, ref: int) -> str:
        """Return what is known of an arrival in the end."""
        said = self.said.get(token(ref))
        return said[-1][1] if said else "unanswered"

    def in_time(self, ref: int, asked_ms: int) -> str:
        """Return what its switch was told, at the deadline at the latest."""
        said = self.said.get(token(ref), [])
        inside = [what for when, what in said if when - asked_ms <= DEADLINE_MS]
        return inside[0] if inside else "unproven"


def frames_of(data: bytes) -> list:
    """Read all frames of some bytes."""
    reader = FrameReader()
    reader.widen()
    return reader.feed(data)


@dataclass(frozen=True)
class Half:
    """A call that leaves or arrives, at a time from the beginning."""

    number: int
    at_ms: int
    calling: int
    called: int


@dataclass
class Plan:
    """What leaves and what arrives.

    Attributes:
        due: What each arrival is in truth.
    """

    leaves: list[Half] = field(default_factory=list)
    comes: list[Half] = field(default_factory=list)
    due: dict[int, str] = field(default_factory=dict)

    def leave(self, at_ms: int, calling: int, called: int) -> None:
        """Add a call that leaves."""
        self.leaves.append(Half(len(self.leaves), at_ms, calling, called))

    def come(self, at_ms: int, calling: int, called: int, due: str) -> None:
        """Add a call that arrives."""
        number = 10_000 + len(self.comes)
        self.comes.append(Half(number, at_ms, calling, called))
        self.due[number] = due


def play(world: World, plan: Plan, *, until_ms: int, each=lambda _: None) -> None:
    """Place calls at random members; `each` is called with the time passed."""
    begin = world.now_ms
    leave, come = by_turn(plan.leaves), by_turn(plan.comes)
    for turn in range(until_ms // STEP_MS):
        each(turn * STEP_MS)
        for one in leave[turn]:
            node = world.draw.choice(alive(world, "BY"))
            world.depart(one.number, one.calling, one.called, at=node)
        for one in come[turn]:
            node = world.draw.choice(alive(world, "RU"))
            world.arrive(one.number, one.calling, one.called, at=node)
            world.asked[one.number] = begin + turn * STEP_MS
        world.run(STEP_MS)


def by_turn(halves: list[Half]) -> dict[int, list[Half]]:
    """Return halves by the step of the simulation in which they fall."""
    turns = defaultdict(list)
    for one in halves:
        turns[one.at_ms // STEP_MS].append(one)
    return turns


def alive(world: World, party: str) -> list[Node]:
    """Return the members that answer their switches."""
    return [one for one in world.nodes[party] if one.is_alive]
