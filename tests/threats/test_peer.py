"""The peer itself: right keys, wrong words."""

import asyncio
import contextlib

import pytest

from node.pair import agreed, node_of, post
from node.test_two_nodes import arriving
from tallystick.node.service import now_ms

from .liar import Liar, promise
from .nodes import until

FRAMES = 150
CAPACITY = 2_000
LIMITS = f"[limits]\ndepartures = {CAPACITY}\n"


@contextlib.asynccontextmanager
async def lied_to(folder, lies, *, more=""):
    """Run RU's node with a peer that has BY's keys and says what it likes."""
    agreed(folder)
    liar = Liar(node_of(folder, "BY", peer=None))
    liar.lies = list(lies(liar))
    ru = node_of(folder, "RU", peer=await liar.open(), more=more)
    await ru.start()
    try:
        await until(lambda: liar.sessions)
        yield ru, liar
    finally:
        await ru.stop()
        await liar.close()


def _flood(liar):
    at_ms = now_ms()
    return [liar.begin(at_ms), *liar.flood(FRAMES, at_ms)]


def test_a_flood_takes_no_more_memory_than_its_bound_and_stops_no_answer(tmp_path):
    """150,000 departures of one number, and ends of them, while calls are asked."""

    async def run():
        async with lied_to(tmp_path, _flood, more=LIMITS) as (ru, _):
            matcher, longest_s = ru.arrivals.hold.matcher, 0.0
            loop = asyncio.get_running_loop()
            number = 0
            while ru.subscriber.next_sequence <= FRAMES * 1_024:
                number, began = number + 1, loop.time()
                _, said = await post(ru, "/v1/arrivals", arriving(number))
                longest_s = max(longest_s, loop.time() - began)
                assert said["action"] in {"pass", "log"}
                assert len(matcher) <= CAPACITY
            assert number > 3
            assert longest_s < 1.0
            assert len(matcher.closings) <= FRAMES  # ends of one call are one crossing

    asyncio.run(run())


GREAT = b"TY\x01\x05\xff\xff\xff\xff"
LIES = {
    "a frame of 4 GiB": lambda liar: [liar.begin(now_ms()), GREAT, bytes(200_000)],
    "no frame": lambda liar: [liar.begin(now_ms()), b"GET / HTTP/1.1\r\n\r\n"],
    "departures that count twice": lambda liar: [
        liar.begin(now_ms()),
        *liar.flood(1, now_ms()),
        promise(1, 500, now_ms()),
    ],
    "departures of another year": lambda liar: [
        liar.begin(now_ms()),
        *liar.flood(1, now_ms() - 365 * 86_400_000),
    ],
    "no beginning": lambda liar: list(liar.flood(1, now_ms())),
}


@pytest.mark.parametrize("lie", LIES)
def test_who_contradicts_himself_is_left_and_covers_nothing(tmp_path, lie):
    """The session ends with a reason, and nothing rests on what was promised."""

    async def run():
        async with lied_to(tmp_path, LIES[lie]) as (ru, liar):
            await until(lambda: ru.subscription.state.failure)
            await until(lambda: liar.sessions > 1)
            _, said = await post(ru, "/v1/arrivals", arriving(1))
            assert said["outcome"] == "unproven"
            assert len(ru.arrivals.hold.matcher) <= 1_024

    asyncio.run(run())


@pytest.mark.parametrize("ahead_ms", [1_000, 86_400_000])
def test_a_promise_of_the_future_covers_no_call(tmp_path, ahead_ms):
    """A watermark beyond the clocks' difference is counted and not believed."""

    def ahead(liar):
        return [liar.begin(now_ms()), promise(0, 1, now_ms() + ahead_ms)]

    async def run():
        async with lied_to(tmp_path, ahead) as (ru, _):
            await until(lambda: ru.subscriber.oddities.future)
            assert ru.subscriber.covered is None
            _, said = await post(ru, "/v1/arrivals", arriving(1))
            assert said["outcome"] == "unproven"

    asyncio.run(run())


def test_a_promise_of_what_was_not_delivered_covers_no_call(tmp_path):
    """A heartbeat that names a frame which never came is not believed."""

    def ahead(liar):
        return [liar.begin(now_ms()), promise(7, 9_000, now_ms())]

    async def run():
        async with lied_to(tmp_path, ahead) as (ru, _):
            await until(lambda: ru.subscriber.oddities.gaps)
            assert ru.subscriber.covered is None

    asyncio.run(run())
