"""What comes again, late, under an id that was used, or at the end of an epoch."""

import asyncio
from pathlib import Path

import pytest

from tallystick.channel import Covered, Delivered, DepartureRecord, states_of
from tallystick.domains.calls.live import LiveCall, NumberReader, live_half
from tallystick.domains.calls.numbers import Numbering
from tallystick.node.calls.departures import REPEAT_MS
from tallystick.node.service import Node, now_ms

from .pair import WINDOW_MS, agreed, both, node_of, post, ready, send
from .test_switches import LISTENS, ask, invite, sip, status
from .test_two_nodes import A, B, C, arriving, leaving, warm


@pytest.fixture
def by(tmp_path: Path) -> Node:
    """Return BY's node; it is not started."""
    agreed(tmp_path)
    return node_of(tmp_path, "BY", peer=None)


@pytest.fixture
def ru(by: Node, tmp_path: Path) -> Node:
    """Return RU's node; it is not started."""
    assert by.settings.party == "BY"  # whose fixture made the keys of both
    return node_of(tmp_path, "RU", peer=None)


def call(at_ms: int, *, calling: str = A, call_id: str = "same") -> LiveCall:
    """Return a call under an id that is used again."""
    return LiveCall(
        call_id=call_id, at_ms=at_ms, calling_number=calling, called_number=B
    )


@pytest.mark.parametrize(
    ("later_ms", "calling", "told"),
    [(0, A, 1), (REPEAT_MS, A, 1), (REPEAT_MS + 1, A, 2), (0, C, 2)],
)
def test_a_departure_said_again_is_told_once_and_another_is_told(
    by, later_ms, calling, told
):
    """A repetition adds nothing; the same id for another call does not hide it."""
    at = now_ms()
    assert by.departures.tell(call(at), now_ms=at)
    then = at + later_ms
    assert by.departures.tell(call(then, calling=calling), now_ms=then)
    assert by.departures.publisher.next_sequence == 1 + told


@pytest.mark.parametrize("behind_ms", [WINDOW_MS + 1, 30_000, 7_200_000])
def test_a_clock_that_is_behind_promises_nothing_of_the_call(by, behind_ms):
    """What is stamped long ago may leave now: the peer may not rest on its absence."""
    publisher, at = by.departures.publisher, now_ms()
    publisher.poll(now_ms=at + 1_000)
    by.departures.tell(call(at + 1_000 - behind_ms), now_ms=at + 1_000)
    publisher.flush(now_ms=at + 1_000)
    assert publisher.from_ms >= at + 1_000


@pytest.mark.parametrize("many", [False, True])
def test_a_departure_that_cannot_be_read_ends_the_promise_and_no_other(tmp_path, many):
    """One call of a batch that cannot be read costs the others nothing."""

    async def run():
        async with both(tmp_path) as (by, _):
            publisher, before = by.departures.publisher, now_ms()
            wrong = leaving(1) | {"at_ms": "now"}
            body = [leaving(2), wrong, leaving(3)] if many else wrong
            status, said = await post(by, "/v1/departures", body)
            assert publisher.from_ms >= before
            if many:
                assert status == 200
                assert [one.get("told") for one in said] == [True, None, True]
                assert "at_ms" in said[1]["detail"]
            else:
                assert status == 422

    asyncio.run(run())


def test_an_arrival_under_a_used_id_is_judged_anew(tmp_path):
    """The answer to a call is not given to another that bears its id."""

    async def run():
        async with both(tmp_path) as (by, ru):
            await warm(by, ru)
            await post(by, "/v1/departures", leaving(1))
            await asyncio.sleep(0.05)
            _, first = await post(ru, "/v1/arrivals", arriving(1))
            _, again = await post(ru, "/v1/arrivals", arriving(1))
            other = arriving(1, calling=C, called="+74957654321")
            _, another = await post(ru, "/v1/arrivals", other)
            assert first["outcome"] == "paired"
            assert again == first
            assert another["outcome"] == "no_departure"

    asyncio.run(run())


def test_a_departure_that_comes_after_the_answer_corrects_what_is_kept(tmp_path):
    """The verdict given stays given; who asks why later learns that it was wrong."""

    async def run():
        async with both(tmp_path) as (by, ru):
            await warm(by, ru)
            at = now_ms()
            _, said = await post(ru, "/v1/arrivals", arriving(1) | {"at_ms": at})
            assert said["outcome"] != "paired"
            await post(by, "/v1/departures", leaving(1) | {"at_ms": at - 20})
            async with asyncio.timeout(3):
                why = {"corrected": False}
                while not why["corrected"]:
                    _, why = await send(ru, "GET", "/v1/verdicts?call_id=ru-1")
            assert why["outcome"] == "paired"

    asyncio.run(run())


@pytest.mark.parametrize(
    ("departs_ms", "arrives_ms"),
    [
        (-60, -40),
        (-60, 60),
        (-1, 0),
        (0, -40),
        (20, -40),
        (20, 60),
        (-1, WINDOW_MS - 1),
    ],
)
def test_at_the_end_of_an_epoch_a_call_is_found_under_either_key(
    by, ru, departs_ms, arrives_ms
):
    """Whichever side of the end its halves fall on; the clocks may disagree."""
    assert across_an_end(by, ru, departs_ms, arrives_ms) == "paired"


@pytest.mark.parametrize("late_ms", [WINDOW_MS + 1, 5_000, 12_000])
def test_a_slow_call_across_the_end_of_an_epoch_is_not_called_missing(by, ru, late_ms):
    """Its departure, outside the window, protects it as in the middle of an epoch."""
    for _ in range(8):
        ru.arrivals.hold.matcher.coverage.note_offset(50)
    assert across_an_end(by, ru, -1, late_ms - 1) == "unproven"


STRANGER = {"calling_number": "+375291110099", "called_number": "+74959990099"}


@pytest.mark.parametrize("arrives_ms", [-12_000, -60, 0, 60, 12_000])
def test_at_the_end_of_an_epoch_a_call_that_nobody_sent_is_missing(by, ru, arrives_ms):
    """The record covers it; that it is of one epoch or the other changes nothing."""
    for _ in range(8):
        ru.arrivals.hold.matcher.coverage.note_offset(50)
    said = across_an_end(by, ru, arrives_ms - 50, arrives_ms, **STRANGER)
    assert said == "no_departure"


def across_an_end(
    by: Node, ru: Node, departs_ms: int, arrives_ms: int, **arrives_as: str
) -> str:
    """Return what is said of a call whose halves begin so near the end of an epoch."""
    terms = by.secrets.signed.terms
    end = terms.from_ms + terms.epoch_ms
    left, came = end + departs_ms, end + arrives_ms
    leaves = call(left)
    reader = NumberReader(Numbering.from_countries("BY", "RU"), side="departures")
    numbers = reader.read(leaves)
    epoch = terms.epoch_index(left)
    half = live_half(leaves, numbers, by.secrets.keys(epoch), ident=0, arrives=False)
    states = states_of(calling=half.calling_state, called=half.called_state)
    told = DepartureRecord(
        1, left, half.pair, half.called, half.calling, states, half.flags
    )
    later = max(left, came) + 200
    ru.arrivals.take(
        Delivered((told,), (), epoch),
        Covered(left - 60_000, later),
        stream=bytes(8),
        now_ms=later,
    )
    said = []
    asked = call(came)._replace(**arrives_as)
    ru.arrivals.ask(asked, said.append, now_ms=later)
    return said[0].evidence.half


@pytest.mark.parametrize("way", ["http", "sip"])
def test_a_fault_of_ours_accuses_nobody_and_loses_no_call(
    tmp_path, monkeypatch, capsys, caplog, way
):
    """What a fault kept from being told is not promised, nor shown in any log."""

    def fail(call, *, now_ms):
        raise ValueError(call.called_number, now_ms)

    async def run():
        nodes = both(tmp_path, by=sip("departures", "redirect"), listens=LISTENS)
        async with nodes as (by, _):
            monkeypatch.setattr(by.departures, "tell", fail)
            before = now_ms()
            if way == "http":
                assert (await post(by, "/v1/departures", leaving(1)))[0] == 500
            else:
                assert status(await ask(by, invite(1))) == 302
            assert by.departures.publisher.from_ms >= before

    asyncio.run(run())
    said = caplog.text + "".join(capsys.readouterr())
    assert "fault" in said
    assert B.lstrip("+") not in said


def test_strangers_who_say_nothing_do_not_keep_the_peer_out(tmp_path):
    """Connections that prove nothing take none of the places of the peer."""

    async def run():
        agreed(tmp_path)
        by = node_of(tmp_path, "BY", peer=None)
        await by.start()
        host, port = by.addresses["channel"]
        ru = node_of(tmp_path, "RU", peer=f"{host}:{port}")
        strangers = [await asyncio.open_connection(host, port) for _ in range(100)]
        try:
            await ru.start()
            async with asyncio.timeout(3):
                await ready(ru)
        finally:
            for _, writer in strangers:
                writer.close()
            await ru.stop()
            await by.stop()

    asyncio.run(run())
