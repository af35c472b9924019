"""Two nodes, the line between them, and the calls of one hour."""

import asyncio
import itertools
import socket
from pathlib import Path

import pytest

from tallystick.net.link import DEAD_S
from tallystick.node.service import now_ms

from .pair import both, post, send

A, B, C = "+375291234567", "+74951234567", "+375447654321"


def leaving(number: int, *, calling: str = A, called: str = B) -> dict[str, object]:
    """Return a call that leaves Belarus now."""
    return {
        "call_id": f"by-{number}",
        "calling_number": calling,
        "called_number": called,
        "at_ms": now_ms(),
    }


def arriving(number: int, *, calling: str = A, called: str = B) -> dict[str, object]:
    """Return a call that arrives in Russia now."""
    return leaving(number, calling=calling, called=called) | {"call_id": f"ru-{number}"}


async def warm(by, ru, count=12):
    """Let a few genuine calls pass, so that the clocks are known.

    On a busy machine one may be told too late; more are made until enough have paired.
    """
    paired = 0
    async with asyncio.timeout(15):
        for turn in itertools.count():
            calls = [
                (1_000 + number, f"+7495{2_000_000 + number}")
                for number in range(turn * count, turn * count + count)
            ]
            for number, called in calls:
                await post(by, "/v1/departures", leaving(number, called=called))
            await asyncio.sleep(0.1)
            for number, called in calls:
                call = arriving(number, called=called)
                _, said = await post(ru, "/v1/arrivals", call)
                paired += said["outcome"] == "paired"
            if paired >= count:
                return


def test_a_genuine_call_pairs_and_one_that_nobody_sent_does_not(tmp_path: Path):
    """A departure told on one side is found on the other; an invented one is not."""

    async def run():
        async with both(tmp_path) as (by, ru):
            await warm(by, ru)
            status, told = await post(by, "/v1/departures", leaving(1))
            assert (status, told["told"]) == (200, True)
            status, said = await post(ru, "/v1/arrivals", arriving(1))
            assert status == 200
            assert (said["outcome"], said["action"]) == ("paired", "pass")
            assert said["sentences"]["ru"]
            _, again = await post(ru, "/v1/arrivals", arriving(1))
            assert again == said
            _, said = await post(ru, "/v1/arrivals", arriving(2, calling=C))
            assert said["outcome"] == "no_departure", str(said)
            assert said["waited_ms"] <= 300
            # The default table only notes it: nothing is done that nobody signed.
            assert said["action"] in {"pass", "log"}
            status, why = await send(ru, "GET", "/v1/verdicts?call_id=ru-2")
            assert (status, why["outcome"]) == (200, "no_departure")

    asyncio.run(run())


def test_an_altered_calling_number_is_told_from_a_missing_call(tmp_path: Path):
    """The called number is known to the peer with another calling number."""

    async def run():
        async with both(tmp_path) as (by, ru):
            await warm(by, ru)
            await post(by, "/v1/departures", leaving(1, calling=C))
            await asyncio.sleep(0.05)
            _, said = await post(ru, "/v1/arrivals", arriving(1))
            assert said["outcome"] == "altered", str(said)

    asyncio.run(run())


def test_signalling_that_outruns_the_stream_waits_for_it(tmp_path: Path):
    """An arrival asked about before its departure is told still pairs."""

    async def run():
        async with both(tmp_path) as (by, ru):
            await warm(by, ru)
            ask = asyncio.create_task(post(ru, "/v1/arrivals", arriving(1)))
            await asyncio.sleep(0.03)
            await post(by, "/v1/departures", leaving(1) | {"at_ms": now_ms() - 30})
            _, said = await ask
            assert said["outcome"] == "paired", str(said)

    asyncio.run(run())


def test_without_the_peer_every_call_is_unproven_and_passes(tmp_path: Path):
    """When the peer is gone nothing rests on its silence."""

    async def run():
        async with both(tmp_path) as (by, ru):
            await warm(by, ru)
            await by.door.close()
            await asyncio.sleep(0.3)
            _, said = await post(ru, "/v1/arrivals", arriving(5, calling=C))
            assert (said["outcome"], said["action"]) == ("unproven", "pass")

    asyncio.run(run())


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"called_number": B}, 422, "call_id"),
        (arriving(1) | {"colour": "red"}, 422, "colour"),
        (arriving(1) | {"at_ms": "now"}, 422, "at_ms"),
        ([arriving(n) for n in range(251)], 413, "250"),
    ],
)
def test_what_a_switch_says_wrongly_is_explained(tmp_path, body, status, field):
    """A wrong request names the field and repeats no value."""

    async def run():
        async with both(tmp_path) as (_, ru):
            got, said = await post(ru, "/v1/arrivals", body)
            assert got == status
            assert field in said["detail"]
            assert B not in str(said)

    asyncio.run(run())


@pytest.mark.parametrize("door", ["departures", "arrivals", "releases"])
def test_json_that_lies_too_deep_is_refused_like_any_other(tmp_path, door):
    """Of a departure so hidden, the peer must not think that it was told."""

    async def run():
        async with both(tmp_path) as (by, _):
            before = now_ms()
            deep = b"[" * 100_000 + b"]" * 100_000
            status, said = await send(by, "POST", f"/v1/{door}", deep)
            assert (status, said["error"]) == (422, "content")
            if door == "departures":
                assert by.departures.publisher.from_ms >= before

    asyncio.run(run())


def test_verdicts_are_on_disk_after_a_stop_and_hold_no_number(tmp_path: Path):
    """What was said is kept, and none of it is a telephone number."""

    async def run():
        async with both(tmp_path) as (by, ru):
            await warm(by, ru)
            _, text = await send(ru, "GET", "/metrics")
            return text

    text = asyncio.run(run())
    kept = b"".join(path.read_bytes() for path in (tmp_path / "RU").rglob("*.parquet"))
    assert kept
    for held in (kept, text):
        for number in (A, B, C):
            assert number[4:].encode() not in held


def test_a_peer_that_is_gone_without_a_word_is_given_up_in_time(tmp_path: Path, lacks):
    """Dead connections do not take the places of living ones for long."""
    if not hasattr(socket, "TCP_USER_TIMEOUT"):
        lacks("this system has no TCP_USER_TIMEOUT")

    async def run():
        async with both(tmp_path) as (by, _):
            (session,) = by.door.sessions
            line = session._transport  # ruff: ignore[private-member-access] (kernel's)
            option = (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            assert line.get_extra_info("socket").getsockopt(*option) == DEAD_S * 1000

    asyncio.run(run())
