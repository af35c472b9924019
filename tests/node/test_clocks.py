"""Clocks that are set, disks that are full, logs that nobody reads: calls go on."""

import asyncio
import io
from pathlib import Path

import pytest

from channel.parties import NOW_MS, check, publisher, terms
from tallystick.channel import Heartbeat, Position, Resumed, Subscriber
from tallystick.node import service
from tallystick.node.calls.clockwatch import ClockWatch
from tallystick.node.service import Node
from tallystick.node.watch.logs import Log
from tallystick.pairing.live import LiveHalf, LiveMatcher, LiveWindow

from .pair import WINDOW_MS, both, post
from .test_two_nodes import arriving, leaving, warm


@pytest.mark.parametrize(
    ("set_ms", "passed_ms", "change"),
    [
        (0, 5, ""),
        (100, 5, ""),
        (-100, 5, ""),
        (101, 5, "ahead"),
        (3_600_000, 5, "ahead"),
        (-101, 5, "back"),
        (-3_600_000, 5, "back"),
        (0, 1_000, ""),
        (0, 1_001, "still"),
        (-101, 1_001, "back"),
    ],
)
def test_a_clock_that_was_set_is_noticed_once(set_ms, passed_ms, change):
    """More than the sides may disagree is noted; then the new time counts."""
    watch = ClockWatch(NOW_MS, 50, allowed_ms=100, still_ms=1_000)
    now, steady = NOW_MS + passed_ms + set_ms, 50 + passed_ms
    assert watch.look(now, steady) == change
    assert watch.look(now + 5, steady + 5) == ""


@pytest.mark.parametrize("back_ms", [1_000, 30_000, 3_600_000])
def test_a_clock_set_back_does_not_meet_its_old_promises_again(back_ms):
    """When the own clock comes to where it was set back, nothing is covered there.

    The peer's departures of that moment are stamped by its own clock, far ahead.
    """
    window = LiveWindow(before_ms=500, usual_ms=500)
    matcher = LiveMatcher(window)
    for number in range(10):
        at_ms = NOW_MS - 100 + number
        half = (at_ms, b"p%d" % number, b"c", b"g%d" % number)
        matcher.add(LiveHalf(number, *half), now_ms=NOW_MS)
        matcher.match(LiveHalf(b"a%d" % number, *half), now_ms=NOW_MS)
    subscriber = Subscriber(terms(), check)
    subscriber.open_session()
    stream = publisher().stream
    subscriber.receive(Resumed(Position(stream, 1), 1, NOW_MS - 60_000), now_ms=NOW_MS)

    def hear(watermark_ms: int, now_ms: int) -> None:
        promise = Heartbeat(0, 1, NOW_MS - 60_000, watermark_ms, watermark_ms)
        subscriber.receive(promise, now_ms=now_ms)
        covered = subscriber.covered
        assert covered is not None
        matcher.promise(covered.to_ms, since_ms=covered.from_ms)

    hear(NOW_MS, NOW_MS)
    arrival = LiveHalf(b"x", NOW_MS - 100, b"px", b"cx", b"gx")
    assert matcher.match(arrival, now_ms=NOW_MS).outcome == "no_departure"
    for passed_ms in range(0, 2 * back_ms, back_ms // 50):
        now = NOW_MS - back_ms + passed_ms
        hear(now + back_ms, now)
        for before_ms in (0, 50, 100, 101, 500):
            at = now - before_ms
            arrival = LiveHalf(b"%d" % at, at, b"py%d" % at, b"cy", b"gy")
            assert matcher.match(arrival, now_ms=now).outcome == "unproven"


@pytest.mark.parametrize("set_ms", [-60_000, 60_000])
def test_a_node_whose_clock_is_set_promises_anew(tmp_path: Path, set_ms: int):
    """What was stamped by another clock is not covered; soon calls are judged again."""

    async def run():
        async with both(tmp_path) as (by, ru):
            await warm(by, ru)
            before = by.departures.publisher.stream
            at = service.now_ms()
            clock = by._clock  # ruff: ignore[private-member-access] (nobody sets ours)
            clock.look(at - set_ms, service.steady_ms())
            await asyncio.sleep(0.2)
            publisher = by.departures.publisher
            assert publisher is by.door.publisher
            assert publisher.from_ms >= at
            assert (publisher.stream != before) == (set_ms < 0)
            if set_ms < 0:
                assert by.departures.release("by-1000", None, now_ms=0) is False
            await judged_after(ru, publisher.from_ms)
            called = "+74957654321"
            await post(by, "/v1/departures", leaving(2, called=called))
            await asyncio.sleep(0.05)
            _, said = await post(ru, "/v1/arrivals", arriving(2, called=called))
            assert said["outcome"] == "paired", str(said)

    asyncio.run(run())


@pytest.mark.parametrize("set_ms", [-3_600_000, 3_600_000])
def test_a_clock_set_at_the_asking_node_is_doubted_until_now_and_no_longer(
    tmp_path: Path, set_ms: int
):
    """Doubts of a clock that was ahead end when it is set right again."""

    async def run():
        async with both(tmp_path) as (by, ru):
            await warm(by, ru)
            ru.arrivals.hold.matcher.doubt(service.now_ms() + max(-set_ms, 0))
            clock = ru._clock  # ruff: ignore[private-member-access] (nobody sets ours)
            clock.look(service.now_ms() - set_ms, service.steady_ms())
            at = service.now_ms()
            await asyncio.sleep(0.05)
            await judged_after(ru, at)

    asyncio.run(run())


async def judged_after(ru: Node, from_ms: int) -> None:
    """Ask until a call is missed: never before the record covers a window again."""
    async with asyncio.timeout(10):
        for number in range(1_000):
            arrival = arriving(number, calling=f"+37544765{number:04}")
            _, said = await post(ru, "/v1/arrivals", arrival)
            if said["outcome"] != "unproven":
                assert said["outcome"] == "no_departure", str(said)
                assert arrival["at_ms"] >= from_ms + WINDOW_MS
                return


class _Full(io.StringIO):
    """A file on a disk without room."""

    def write(self, _text):
        raise OSError(28, self.__doc__)


@pytest.mark.parametrize("kind", ["full", "closed"])
def test_a_log_that_cannot_be_written_stops_nothing(kind):
    """Neither a full disk nor a reader that is gone reaches who notes something."""
    to = _Full()
    if kind == "closed":
        to.close()
    Log(to).note("fault")
