"""A node in place of a national verification node, and scripts that ask it."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from tallystick.node.calls.unnamed import REMEMBERED, Unnamed
from tallystick.node.doors.national import SAME_MS
from tallystick.node.service import now_ms

from .pair import both, post, send
from .test_stir import RULES, ask
from .test_two_nodes import A, B, C, warm

OPEN = "[national]\nenabled = true\n"
STRICT = 'rules = "rules.toml"\n'
SAVE, CHECK = "/aos/saveRequest", "/aos/checkRequest"
CALL = {"msisdnA": A[1:], "msisdnB": B[1:]}


@contextlib.asynccontextmanager
async def nodes(folder: Path):
    """Run both with the doors open and rules in force; the clocks are known."""
    (folder / "rules.toml").write_text(RULES, encoding="utf-8")
    async with both(folder, by=OPEN, ru=OPEN, ru_first=STRICT) as (by, ru):
        await warm(by, ru)
        yield by, ru


async def check(node, **changes):
    status, said = await post(node, CHECK, CALL | changes)
    assert status == 200
    return said["result"]


def test_a_call_that_was_told_passes_and_another_is_refused(tmp_path: Path):
    """Over the wire, with the numbers as the scripts write them."""

    async def run():
        async with nodes(tmp_path) as (by, ru):
            assert await post(by, SAVE, CALL) == (200, {"result": True})
            await asyncio.sleep(0.05)
            assert await check(ru) is True
            assert await check(ru, msisdnA=C[1:]) is False
            # Refused, it is judged anew: now it was told.
            await post(by, SAVE, CALL | {"msisdnA": C[1:]})
            await asyncio.sleep(0.05)
            assert await check(ru, msisdnA=C[1:]) is True

    asyncio.run(run())


def test_a_question_asked_again_gets_the_same_answer(tmp_path: Path):
    """At once, and later than anybody takes it for the same: nobody is refused."""

    async def run():
        async with nodes(tmp_path) as (by, ru):
            said = []
            ru.arrivals.watch(said.append)
            await post(by, SAVE, CALL)
            await asyncio.sleep(0.05)
            at_once = await asyncio.gather(*(check(ru) for _ in range(5)))
            assert at_once == [True] * 5
            assert [one.verdict.outcome for one in said] == ["paired"]
            await asyncio.sleep(SAME_MS / 1000 + 0.1)
            assert await check(ru) is True
            late = said[-1]
            assert (late.verdict.outcome, late.evidence.why) != ("repeated", "used_up")
            assert late.verdict.action == "pass"

    asyncio.run(run())


def test_a_question_asked_while_it_waits_is_answered_with_it(tmp_path: Path):
    """Signalling outran the stream, and the script lost patience."""

    async def run():
        async with nodes(tmp_path) as (by, ru):
            asked = [asyncio.create_task(check(ru)) for _ in range(3)]
            await asyncio.sleep(0.03)
            await post(by, SAVE, CALL)
            assert await asyncio.gather(*asked) == [True] * 3

    asyncio.run(run())


def test_two_calls_that_are_told_alike_are_two(tmp_path: Path):
    """Two switchboards may have two calls under way at once."""

    async def run():
        async with nodes(tmp_path) as (by, ru):
            for _ in range(2):
                await post(by, SAVE, CALL)
                await asyncio.sleep(0.01)  # a half is known by its millisecond, too
            assert by.departures.publisher.next_sequence == 15
            await asyncio.sleep(0.05)
            outcomes = []
            for number in range(2):
                call = {
                    "call_id": f"two-{number}",
                    "calling_number": A,
                    "called_number": B,
                }
                _, said = await post(ru, "/v1/arrivals", call)
                outcomes.append(said["outcome"])
            assert outcomes == ["paired", "paired"]

    asyncio.run(run())


def test_without_the_other_side_everything_passes(tmp_path: Path):
    """Nothing rests on silence."""

    async def run():
        async with nodes(tmp_path) as (by, ru):
            await by.door.close()
            await asyncio.sleep(0.3)
            assert await check(ru, msisdnA=C[1:]) is True

    asyncio.run(run())


@pytest.mark.parametrize("number", [A, int(A[1:]), A[1:], "", None])
def test_numbers_as_texts_and_integers(tmp_path: Path, number):
    """With a plus, too; and a caller may be missing."""

    async def run():
        async with nodes(tmp_path) as (by, ru):
            calling = A if number else ""
            call = {"call_id": "x", "calling_number": calling, "called_number": B}
            await post(by, "/v1/departures", call)
            await asyncio.sleep(0.05)
            said = []
            ru.arrivals.watch(said.append)
            assert await check(ru, msisdnA=number, redirectingNumber=None) is True
            assert [one.verdict.outcome for one in said] == ["paired"]

    asyncio.run(run())


@pytest.mark.parametrize("body", [{}, {"msisdnB": []}, [CALL], {"msisdnB": True}])
def test_what_cannot_be_read_refuses_no_call_and_ends_the_promise(tmp_path, body):
    """A script goes on at any other answer than an explicit false."""

    async def run():
        async with both(tmp_path, by=OPEN) as (by, _):
            before = by.departures.publisher.from_ms
            status, said = await post(by, CHECK, body)
            assert (status, "result" in said) == (422, False)
            assert by.departures.publisher.from_ms == before
            status, said = await post(by, SAVE, body)
            assert (status, "result" in said) == (422, False)
            by.departures.publisher.flush(now_ms=now_ms())
            assert by.departures.publisher.from_ms > before

    asyncio.run(run())


def test_the_doors_are_shut_unless_opened(tmp_path: Path):
    """Nobody answers there by default; the verdict of a call has a name."""

    async def run():
        async with both(tmp_path, by=OPEN) as (by, ru):
            assert (await post(ru, CHECK, CALL))[0] == 404
            _, headers, _ = await ask(by, CHECK, CALL)
            where = f"/v1/verdicts?call_id={headers['x-call-id']}"
            assert (await send(by, "GET", where))[0] == 200

    asyncio.run(run())


def test_names_last_for_their_span_and_are_bounded():
    """Neither time nor a flood makes the memory grow."""
    ids = map(str, range(10**9))
    unnamed = Unnamed(span_ms=100, draw=lambda: next(ids))
    first = unnamed.name(1, now_ms=1_000)
    assert unnamed.name(1, now_ms=1_100) == first
    assert unnamed.name(1, now_ms=1_101) != first
    unnamed.forget(1, first)  # another one is known by now
    assert unnamed.name(1, now_ms=1_150).at_ms == 1_101
    assert unnamed.name(1, now_ms=900).at_ms == 900  # a clock set back
    for question in range(REMEMBERED + 10):
        unnamed.name(question, now_ms=2_000)
    assert len(unnamed) == REMEMBERED
    unnamed.name(-1, now_ms=2_101)
    assert len(unnamed) == 1
