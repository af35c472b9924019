"""Whatever a node has not read yet, its promise does not pass."""

from collections import deque
from dataclasses import dataclass, field
from operator import itemgetter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channel.parties import NOW_MS, departure, publisher
from tallystick.net.exchange import Exchange
from tallystick.net.http import Connections
from tallystick.node.calls.heard import LAG_TURNS, TURNS_KEPT, Heard

BATCH = "x" * 3_000  # some three fit into what is read in one go


@dataclass
class Loop:
    """An event loop that comes around when it is told to."""

    now_ms: int = NOW_MS
    soon: deque = field(default_factory=deque)

    def time(self):
        return self.now_ms / 1000

    def call_soon(self, work):
        self.soon.append(work)

    def call_later(self, _wait_s, _work):
        return self

    def cancel(self):
        """Do nothing: no timer is set here."""


@dataclass
class Client:
    """A switch, the kernel before a node's door, and the transport behind it."""

    doors: Connections
    sent: deque = field(default_factory=deque)  # (when, bytes), not yet read
    is_paused: bool = False

    def __post_init__(self):
        self.line = self.doors()
        self.line.connection_made(self)

    def read(self):
        """Let the loop look for what has come."""
        if self.sent and not self.is_paused:
            data = b"".join(data for _, data in self.sent)
            self.sent.clear()
            self.line.data_received(data)

    def pause_reading(self):
        self.is_paused = True

    def resume_reading(self):
        self.is_paused = False

    def write(self, data):
        """Lose the answer."""

    def close(self):
        """Stay open."""


def request(at_ms: int) -> bytes:
    body = f"{at_ms} {BATCH}"
    return f"POST / HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


TURNS = st.tuples(
    st.integers(1, 300),  # milliseconds since the last turn
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 299)), max_size=4),  # requests
    st.integers(0, 4),  # how much else the loop gets done
    st.booleans(),  # whether held answers are given
)


@pytest.mark.property
@settings(max_examples=300, deadline=None)
@given(st.lists(TURNS, max_size=25), st.booleans())
def test_what_was_said_before_the_promised_moment_was_read(turns, holds) -> None:
    """However a loop is late and clients are in a hurry, nothing is passed over."""
    loop, read, held = Loop(), set(), []

    def handle(exchange: Exchange) -> None:
        read.add(int(exchange.body.split()[0]))
        held.append(exchange)
        if not holds:
            exchange.answer(200)

    doors = Connections(handle, loop)
    clients = [Client(doors) for _ in range(3)]
    heard, said = Heard(loop.now_ms), set()
    for wait_ms, requests, work, answers in turns:
        for who, after_ms in sorted(requests, key=itemgetter(1)):
            at_ms = loop.now_ms * 1000 + min(after_ms, wait_ms) * 1000 + len(said)
            said.add(at_ms)
            clients[who].sent.append((at_ms, request(at_ms)))
        loop.now_ms += wait_ms
        if answers:
            for one in held:
                one.answer(200)
            held.clear()
        for _ in range(min(work, len(loop.soon))):
            loop.soon.popleft()()
        upto_ms = heard.turn(loop.now_ms, unread_since=doors.next_turn())
        assert upto_ms <= loop.now_ms
        assert {one for one in said if one < upto_ms * 1000} <= read
        for client in clients:
            client.read()


def test_what_was_heard_follows_the_clock_while_nothing_is_unread():
    """An idle node's promise lags by a few turns, and by no more."""
    heard = Heard(0)
    said = [heard.turn(5 * turn) for turn in range(1, 9)]
    assert said == [0] * LAG_TURNS + [5, 10, 15, 20, 25]


def test_a_backlog_longer_than_is_remembered_keeps_the_last_moment():
    """Where it is not known any more when something came, nothing new is heard."""
    heard = Heard(0)
    for turn in range(1, TURNS_KEPT + 100):
        assert heard.turn(5 * turn, unread_since=10) <= 5 * (10 - LAG_TURNS)


def test_the_watermark_stays_behind_what_was_heard():
    """Neither time nor full frames move a promise beyond it."""
    one = publisher()
    one.heard_ms = NOW_MS + 50
    one.poll(now_ms=NOW_MS + 400)
    assert one.watermark_ms == NOW_MS + 50
    one.depart(departure(NOW_MS + 60), now_ms=NOW_MS + 400)
    one.flush(now_ms=NOW_MS + 450)
    assert (one.watermark_ms, one.lost) == (NOW_MS + 50, 0)


@pytest.mark.parametrize(("unread", "lost"), [(0, 0), (1, 1), (700, 1)])
def test_a_client_that_is_gone_before_all_was_read_is_a_loss(unread, lost):
    """Half a request, or one in line, may be a call of which nobody will hear."""
    losses = []
    doors = Connections(
        lambda one: one.answer(200), Loop(), refused=lambda: losses.append(1)
    )
    client = Client(doors)
    whole = request(1)
    client.sent.append((0, whole + whole[:unread]))
    client.read()
    client.line.connection_lost(None)
    assert len(losses) == lost
    assert not doors.behind
