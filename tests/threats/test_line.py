"""Somebody on the line between two nodes."""

import asyncio
import ssl
import zlib

import pytest

from node.pair import agreed, node_of, post
from node.test_two_nodes import A, B, arriving
from tallystick.channel.frame import Data
from tallystick.channel.reader import FrameReader
from tallystick.net.link import door_tls, peer_tls

from .nodes import across, certificate, honest, until, warm

NEVER = {"no_departure", "altered", "repeated"}


def tokens(node) -> set[bytes]:
    """Return every token that a node has told of."""
    kept = node.door.publisher.kept
    reader = FrameReader()
    reader.widen()
    every = b"".join(
        kept.get(number).data for number in range(kept.oldest, kept.next_number)
    )
    return {
        token
        for frame in reader.feed(every)
        if isinstance(frame, Data)
        for one in frame.departures
        for token in (one.pair, one.called, one.calling)
    }


def forms(number: str) -> set[bytes]:
    """Return how a number might stand in bytes: text, packed digits, an integer."""
    digits = number.lstrip("+")
    even = digits + "f" * (len(digits) % 2)
    swapped = "".join(b + a for a, b in zip(even[::2], even[1::2], strict=True))
    packed = {bytes.fromhex(even), bytes.fromhex(swapped)}
    return packed | {digits[3:].encode(), int(digits).to_bytes(8), digits[-7:].encode()}


@pytest.mark.parametrize("tls", [False, True])
def test_no_number_and_under_tls_no_token_is_read(tmp_path, tls):
    """Of a number nothing crosses; of a token, nothing that TLS does not hide."""

    async def run():
        async with across(tmp_path, tls=tls) as (by, ru, relay):
            await warm(by, ru)
            said = await honest(by, ru, 1, 5)
            assert {one["outcome"] for one in said} == {"paired"}
            told = tokens(by)
            assert len(told) > 20
            capture = relay.capture
            seen = {token for token in told if token in capture}
            assert seen == (set() if tls else told)
            for number in (A, B, *(f"+7495{3_000_000 + n}" for n in range(1, 6))):
                assert not [form for form in forms(number) if form in capture]

    asyncio.run(run())


def test_the_subscriber_says_nothing_of_its_own_calls(tmp_path):
    """Neither what arrives, nor what was answered, goes back to the peer."""

    async def run():
        async with across(tmp_path) as (by, ru, relay):
            before = bytes(relay.said[0])
            await warm(by, ru)
            await honest(by, ru, 1, 3)
            await post(ru, "/v1/arrivals", arriving(9, calling="+375447654321"))
            assert relay.said == [before]  # hello and proof

    asyncio.run(run())


async def _stays_out(by, ru, seconds: float = 1.5) -> str:
    """See that no session comes about, and return why."""
    await until(lambda: ru.subscription.state.failure)
    await asyncio.sleep(seconds)
    assert ru.subscription.state.sessions == 0
    assert not by.door.sessions
    said = (await post(ru, "/v1/arrivals", arriving(1)))[1]
    assert (said["outcome"], said["action"]) == ("unproven", "pass")
    return ru.subscription.state.failure


def test_a_certificate_of_ones_own_does_not_serve(tmp_path):
    """TLS ended in between shows in the handshake, on both sides."""

    async def run():
        own, _ = door_tls(*certificate(tmp_path, "between"))
        way = across(tmp_path, tls=True, wait=False, own=own, onward=peer_tls())
        async with way as (by, ru, relay):
            assert "did not prove" in await _stays_out(by, ru)
            assert relay.told[0]  # it did read the welcome

    asyncio.run(run())


def test_tls_cannot_be_taken_away(tmp_path):
    """A subscriber told to use TLS speaks no other way, though the peer would."""

    async def run():
        async with across(tmp_path, peer_tls=True, wait=False) as (by, ru, _):
            await _stays_out(by, ru)

    asyncio.run(run())


@pytest.mark.parametrize(("at", "bits"), [(8, 1), (9, 8), (10, 1), (42, 1), (74, 1)])
def test_nothing_of_the_hello_can_be_changed(tmp_path, at, bits):
    """Versions, channel, agreement, nonce: with a right checksum, and refused."""

    def changed(frame: bytes) -> bytes:
        if frame[3] != 1:
            return frame
        body = frame[:at] + bytes((frame[at] ^ bits,)) + frame[at + 1 : -4]
        return body + zlib.crc32(body).to_bytes(4)

    async def run():
        way = across(tmp_path, wait=False, frames=True, to_publisher=changed)
        async with way as (by, ru, _):
            await _stays_out(by, ru, 0.5)

    asyncio.run(run())


def test_a_node_is_not_fooled_by_itself(tmp_path):
    """A node whose own handshake is led back to it lets nobody in."""

    async def run():
        agreed(tmp_path)
        by = node_of(tmp_path, "BY", peer=None)
        await by.start()
        host, port = by.addresses["channel"]
        again = asyncio.create_task(by.subscription.follow((host, port)))
        try:
            await until(lambda: by.subscription.state.failure)
            await asyncio.sleep(0.5)
            assert by.subscription.state.sessions == 0
            assert not by.door.sessions
        finally:
            again.cancel()
            await asyncio.gather(again, return_exceptions=True)
            await by.stop()

    asyncio.run(run())


def test_a_recorded_session_serves_nobody(tmp_path):
    """Said again to the publisher it brings no call; told again, it is not believed."""

    async def run():
        async with across(tmp_path) as (by, ru, relay):
            await warm(by, ru)
            said, told = bytes(relay.said[0]), bytes(relay.told[0])
            reader, writer = await asyncio.open_connection(*by.addresses["channel"])
            writer.write(said)
            answer = await asyncio.wait_for(reader.read(), 5)
            writer.close()
            frames = FrameReader().feed(answer)
            assert [type(one).__name__ for one in frames] == ["Welcome", "Refused"]

        def tell(_, writer):
            writer.write(told)
            writer.close()

        server = await asyncio.start_server(tell, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        late = node_of(tmp_path, "RU", peer=f"{host}:{port}")
        await late.start()
        try:
            await until(lambda: late.subscription.state.failure)
            await asyncio.sleep(0.3)
            assert late.subscription.state.sessions == 0
            assert late.subscriber.covered is None
        finally:
            await late.stop()
            server.close()

    asyncio.run(run())


class Once:
    """Does something to one piece, when it is told to."""

    def __init__(self, do) -> None:
        self.armed = False
        self.do = do
        self.held = b""

    def __call__(self, data: bytes) -> bytes:
        if not self.armed:
            return data
        found = self.do(self, data)
        if found is None:
            return b""
        self.armed = False
        return found


def _flip(_, data):
    return data[:-6] + bytes((data[-6] ^ 1,)) + data[-5:]


def _later(once, data):
    """Hold a piece back until another has passed."""
    if not once.held:
        once.held = data
        return None
    return data + once.held


DAMAGE = {
    "flipped": _flip,
    "left out": lambda _, data: b"" if len(data) > 60 else data,
    "doubled": lambda _, data: data + data,
    "put in": lambda _, data: b"\x17\x03\x03\x00\x20" + bytes(32) + data,
    "cut short": lambda _, data: data[: len(data) // 2],
    "out of order": _later,
}


@pytest.mark.parametrize("tls", [True, False])
@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_on_the_line_is_seen_and_harms_no_call(tmp_path, damage, tls):
    """The session mends itself or begins anew; honest calls are never acted on."""
    once = Once(DAMAGE[damage])

    async def run():
        way = across(tmp_path, tls=tls, frames=not tls, to_subscriber=once)
        async with way as (by, ru, _):
            await warm(by, ru)
            once.armed = True
            said = await honest(by, ru, 1, 12)
            await until(lambda: not once.armed)
            await until(lambda: ru.subscription.state.connected)
            said += await honest(by, ru, 20, 12)
            assert {one["action"] for one in said} <= {"pass", "log"}
            assert NEVER.isdisjoint(one["outcome"] for one in said)
            if tls:
                assert ru.subscription.state.sessions > 1

    asyncio.run(run())


def test_a_line_that_is_held_up_harms_no_call(tmp_path):
    """While nothing passes every call goes on, and when all comes at once too."""

    async def run():
        async with across(tmp_path) as (by, ru, relay):
            await warm(by, ru)
            relay.passing.clear()
            said = await honest(by, ru, 1, 4)
            assert {one["outcome"] for one in said} == {"unproven"}
            relay.passing.set()
            said += await honest(by, ru, 10, 8)
            assert {one["action"] for one in said} <= {"pass", "log"}

    asyncio.run(run())


def test_a_stranger_with_the_agreement_but_no_key_gets_no_call(tmp_path):
    """Who can write a right hello is told that the party is there, and no more."""

    async def run():
        async with across(tmp_path) as (by, ru, relay):
            await warm(by, ru)
            hello, _ = bytes(relay.said[0])[:-76], None
            reader, writer = await asyncio.open_connection(*by.addresses["channel"])
            writer.write(hello)
            welcome = await asyncio.wait_for(reader.read(65_536), 5)
            assert len(FrameReader().feed(welcome)) == 1
            body = b"TY\x01\x03" + (64).to_bytes(4) + bytes(64)
            writer.write(body + zlib.crc32(body).to_bytes(4))
            refused = await asyncio.wait_for(reader.read(), 5)
            writer.close()
            assert len(refused) < 20
            assert len(by.door.sessions) == 1
            assert not {token for token in tokens(by) if token in welcome + refused}

    asyncio.run(run())


def test_the_channel_refuses_old_tls(tmp_path):
    """Nothing older than TLS 1.3 is spoken, on either side."""
    own, _ = door_tls(*certificate(tmp_path))
    for context in (own, peer_tls()):
        assert context.minimum_version == ssl.TLSVersion.TLSv1_3
