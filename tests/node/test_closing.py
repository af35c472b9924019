"""How calls ended at both sides: compared, counted, kept and explained."""

import asyncio
from pathlib import Path

import pytest

from tallystick.node.kept.courses import find_course

from .pair import both, post, send
from .test_two_nodes import A, arriving, leaving, warm

ENDS = [
    # departure's end, arrival's end, sign
    (
        {"answered": True, "answer_ms": 4_000, "duration_ms": 60_000},
        {"answered": True, "answer_ms": 4_050, "duration_ms": 60_000},
        "agrees",
    ),
    (
        {"answered": True, "answer_ms": 1_000, "duration_ms": 66_000},
        {"answered": True, "answer_ms": 7_000, "duration_ms": 60_000},
        "false_answer",
    ),
    (
        {"answered": True, "answer_ms": 4_000, "duration_ms": 90_000},
        {"answered": True, "answer_ms": 4_000, "duration_ms": 60_000},
        "stretched",
    ),
]


async def _compared(node) -> dict[str, int]:
    """Return what was compared, once housekeeping has looked."""
    before = sum(node.metrics.crossings.by.values())
    async with asyncio.timeout(4):
        # ruff: ignore[async-busy-wait] (the node counts, and tells nobody)
        while sum(node.metrics.crossings.by.values()) == before:
            await asyncio.sleep(0.05)
    return {sign: count for (sign,), count in node.metrics.crossings.by.items()}


def test_ends_that_disagree_show_at_once_and_are_kept(tmp_path: Path):
    """A false answer and a stretched call are counted and explained, by call."""

    async def run():
        async with both(tmp_path) as (by, ru):
            await warm(by, ru)
            for number, (left, came, _) in enumerate(ENDS):
                called = f"+7495{3_000_000 + number}"
                await post(by, "/v1/departures", leaving(number, called=called))
                await asyncio.sleep(0.03)
                _, said = await post(
                    ru, "/v1/arrivals", arriving(number, called=called)
                )
                assert said["outcome"] == "paired", str(said)
                end = {"call_id": f"by-{number}"} | left
                await post(by, "/v1/releases", end)
                await post(ru, "/v1/releases", {"call_id": f"ru-{number}"} | came)
            counts: dict[str, int] = {}
            while sum(counts.values()) < len(ENDS):
                counts = await _compared(ru)
            assert counts == {sign: 1 for *_, sign in ENDS}
            _, why = await send(ru, "GET", "/v1/verdicts?call_id=ru-2")
            assert (why["course"]["sign"], why["course"]["by_ms"]) == (
                "stretched",
                30_000,
            )
            _, why = await send(ru, "GET", "/v1/verdicts?call_id=ru-0")
            assert why["course"] is None
            _, text = await send(ru, "GET", "/metrics")
            line = b'tally_crossings_compared_total{sign="false_answer"} 1.0'
            assert line in text

    asyncio.run(run())
    kept = find_course(tmp_path / "RU" / "courses", "ru-1")
    assert kept is not None
    assert kept["sign"] == "false_answer"
    for path in (tmp_path / "RU" / "courses").iterdir():
        assert A[1:].encode() not in path.read_bytes()


@pytest.mark.parametrize("every", [True, False])
def test_a_call_stopped_short_is_noted_only_where_every_arrival_is_asked(
    tmp_path: Path, every: bool
):
    """An answered departure that never came counts only if it could not be missed."""

    async def run():
        first = "every_arrival = true\n" if every else ""
        async with both(tmp_path, ru_first=first) as (by, ru):
            await warm(by, ru)
            await asyncio.sleep(0.15)
            await post(by, "/v1/departures", leaving(1))
            end = {"answered": True, "answer_ms": 1_000, "duration_ms": 30_000}
            await post(by, "/v1/releases", end | {"call_id": "by-1"})
            await asyncio.sleep(0.1)
            matcher = ru.arrivals.hold.matcher
            # So long later the departure is let go; nobody can wait that long here.
            matcher.expire(ru.condition.now_ms() + matcher.window.life_ms + 1)
            ru.courses.fetch(now_ms=ru.condition.now_ms())
            counts = {sign: n for (sign,), n in ru.metrics.crossings.by.items()}
            assert counts == ({"short_stop": 1} if every else {})

    asyncio.run(run())


def test_one_unreadable_arrival_silences_short_stops(tmp_path: Path):
    """What may have been that arrival is not called stopped short."""

    async def run():
        async with both(tmp_path, ru_first="every_arrival = true\n") as (by, ru):
            await warm(by, ru)
            await asyncio.sleep(0.15)
            await post(by, "/v1/departures", leaving(1))
            end = {"answered": True, "answer_ms": 1_000, "duration_ms": 30_000}
            await post(by, "/v1/releases", end | {"call_id": "by-1"})
            status, _ = await post(ru, "/v1/arrivals", {"call_id": "ru-1"})
            assert status == 422
            await asyncio.sleep(0.1)
            matcher = ru.arrivals.hold.matcher
            matcher.expire(ru.condition.now_ms() + matcher.window.life_ms + 1)
            ru.courses.fetch(now_ms=ru.condition.now_ms())
            assert ru.metrics.crossings.by == {}

    asyncio.run(run())
