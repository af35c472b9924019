"""Nodes that watch by captures: what they tell, keep, and never do."""

import asyncio
import contextlib
import socket
from pathlib import Path

import pytest

from hep.packets import packet, sip
from tallystick.agreement import Verdict, only_watched
from tallystick.model import ConfigError
from tallystick.node.config.check import check_node
from tallystick.node.service import Node, now_ms

from .pair import WINDOW_MS, agreed, both, node_of, post, send
from .test_two_nodes import C, arriving, leaving, warm

LISTENS = 'hep = "127.0.0.1:0"\n'
CAPTURE = """
[[captures]]
name = "gateway"
networks = ["127.0.0.1"]
trunks = ["198.51.100.0/24"]
side = "{}"
"""
OWN, ABROAD = "192.0.2.10", "198.51.100.7"
OUT = {"source": OWN, "destination": ABROAD}
IN = {"source": ABROAD, "destination": OWN}
RULES = """
format = "tallystick-rules/1"
name = "test"
version = 1
[[rules]]
id = "missing"
when = { half = ["no_departure"] }
action = "reject"
mode = "live"
"""


def capture(node: Node, what: str, way: dict, *, at_ms: int | None = None, **said):
    """Send a capture to a node by UDP."""
    data = packet(sip(what, **said), at_ms=at_ms or now_ms(), **way)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(data, node.addresses["hep"])


async def kept(node: Node, call_id: str) -> dict:
    """Return the verdict on a call, once there is one."""
    async with asyncio.timeout(3):
        while (found := node.verdicts.recent(call_id)) is None:  # ruff: ignore[async-busy-wait]
            await asyncio.sleep(0.01)
    return found


@contextlib.asynccontextmanager
async def watching_departures(folder: Path):
    """Run BY, which watches departures, and RU, which follows it."""
    agreed(folder)
    more = CAPTURE.format("departures")
    by = node_of(folder, "BY", peer=None, listens=LISTENS, more=more)
    await by.start()
    host, port = by.addresses["channel"]
    ru = node_of(folder, "RU", peer=f"{host}:{port}")
    await ru.start()
    try:
        async with asyncio.timeout(5):
            while not ru.subscription.state.connected:  # ruff: ignore[async-busy-wait]
                await asyncio.sleep(0.01)
        yield by, ru
    finally:
        await ru.stop()
        await by.stop()


def test_a_watched_departure_pairs_and_a_missing_one_proves_nothing(tmp_path: Path):
    """Whatever a capture lost, the peer never calls a call missing."""

    async def run():
        async with watching_departures(tmp_path) as (by, ru):
            for number in range(12):
                called = f"+7495{2_000_000 + number}"
                capture(by, "INVITE", OUT, call=number, called=called)
            await asyncio.sleep(WINDOW_MS / 4000)
            for number in range(12):
                called = f"+7495{2_000_000 + number}"
                call = arriving(number, called=called)
                _, said = await post(ru, "/v1/arrivals", call)
                assert said["outcome"] == "paired", str(said)
            # A departure that a switch told, too, is no promise any more.
            await post(by, "/v1/departures", leaving(50, called="+74951110000"))
            await asyncio.sleep(0.2)
            for lost in (
                arriving(90, calling=C),
                arriving(91, called="+74951110000", calling=C),
                arriving(92, called="+74952000003"),
            ):
                _, said = await post(ru, "/v1/arrivals", lost)
                assert (said["outcome"], said["why"]) == ("unproven", "no_promise")
            assert by.departures.publisher.watermark_ms == 0
            assert ru.subscriber.covered is None
            assert ru.health()["ready"] is False

    asyncio.run(run())


def test_the_end_of_a_watched_departure_is_told(tmp_path: Path, monkeypatch):
    """Once all of it was seen."""
    from tallystick.domains.calls.records.sip import calls

    monkeypatch.setattr(calls, "LINGER_MS", 50)

    async def run():
        async with watching_departures(tmp_path) as (by, _):
            publisher, told = by.departures.publisher, []
            close = publisher.close

            def closed(end, **when):
                told.append((close(end, **when), end))

            monkeypatch.setattr(publisher, "close", closed)
            begin_ms = now_ms() - 1_500
            for what, way, after_ms, said in (
                ("INVITE", OUT, 0, {}),
                ("200 INVITE", IN, 300, {}),
                ("BYE", OUT, 1_200, {"to_tag": "b"}),
            ):
                capture(by, what, way, at_ms=begin_ms + after_ms, **said)
            async with asyncio.timeout(4):
                while not told:  # ruff: ignore[async-busy-wait]
                    await asyncio.sleep(0.05)
            return told

    ((is_told, end),) = asyncio.run(run())
    assert is_told
    assert (end.sequence_of, end.answered) == (1, True)
    assert (end.answer_ms, end.duration_ms, end.cause) == (300, 900, 16)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "rules.toml").write_text(RULES, encoding="utf-8")
    return tmp_path


def test_a_watched_arrival_is_judged_and_never_acted_on(rules: Path):
    """A live rule would reject, and that is kept; a switch that asks gets it."""

    async def run():
        nodes = both(
            rules,
            ru=CAPTURE.format("arrivals"),
            ru_first='rules = "rules.toml"\n',
            listens=LISTENS,
            by=CAPTURE.format("arrivals"),
        )
        async with nodes as (by, ru):
            await warm(by, ru)
            await post(by, "/v1/departures", leaving(1))
            capture(ru, "INVITE", IN, call=1)
            capture(ru, "INVITE", IN, call=1)
            capture(ru, "INVITE", IN, call=2, calling=C)
            capture(ru, "INVITE", OUT, call=3)
            genuine, invented = await kept(ru, "1@h"), await kept(ru, "2@h")
            assert (genuine["outcome"], genuine["watched"]) == ("paired", True)
            assert invented["outcome"] == "no_departure"
            assert invented["watched"] is True
            assert (invented["action"], invented["would"]) == ("pass", "reject")
            assert (invented["rule"], invented["mode"]) == ("missing", "dry-run")
            assert ru.verdicts.recent("3@h") is None
            asked = arriving(2, calling=C) | {"call_id": "2@h"}
            _, said = await post(ru, "/v1/arrivals", asked)
            assert (said["outcome"], said["action"]) == ("no_departure", "reject")
            # And the other way round: asked first, seen later, it stays what it was.
            asked = arriving(4, calling=C, called="+74951230000") | {"call_id": "4@h"}
            await post(ru, "/v1/arrivals", asked)
            capture(ru, "INVITE", IN, call=4, calling=C, called="+74951230000")
            await asyncio.sleep(0.1)
            _, said = await post(ru, "/v1/arrivals", asked)
            assert said["action"] == "reject"
            await asyncio.sleep(1.1)
            _, text = await send(ru, "GET", "/metrics")
            assert b'tally_captures_total{what="began"} 3.0' in text
            assert b'tally_captures_total{what="followed"} 1.0' in text
            assert b'tally_captures_total{what="other-side"} 1.0' in text

    asyncio.run(run())


def test_captures_come_by_tcp_too_and_from_senders_only(tmp_path: Path):
    """Packets in odd pieces count; a stranger's connection and rubbish are closed."""

    async def run():
        agreed(tmp_path)
        more = CAPTURE.format("arrivals")
        ru = node_of(tmp_path, "RU", peer=None, listens=LISTENS, more=more)
        await ru.start()
        try:
            data = b"".join(
                packet(sip("INVITE", call=n), at_ms=now_ms(), **IN) for n in range(20)
            )
            reader, writer = await asyncio.open_connection(*ru.addresses["hep"])
            for at in range(0, len(data), 333):
                writer.write(data[at : at + 333])
                await writer.drain()
            await kept(ru, "19@h")
            writer.write(b"HEP3\0\1")
            with contextlib.suppress(ConnectionError):
                assert await asyncio.wait_for(reader.read(1), 3) == b""
            writer.transport.abort()
            reader, writer = await asyncio.open_connection(
                *ru.addresses["hep"], local_addr=("127.0.0.9", 0)
            )
            with contextlib.suppress(ConnectionError):
                writer.write(data)
                assert await asyncio.wait_for(reader.read(1), 3) == b""
            writer.transport.abort()
            assert ru.captures.watch.counts["began"] == 20
            assert sum(ru.captures.watch.counts.values()) == 20
        finally:
            await ru.stop()

    asyncio.run(run())


def test_only_what_would_act_becomes_a_dry_run():
    """Passing and noting stay what they were; the rest is kept as what would be."""
    for action in ("pass", "log", "label", "mask", "divert", "reject"):
        verdict = Verdict(
            outcome="paired",
            action=action,
            rule="r",
            mode="live",
            would=action,
            acting="r",
            reasons=(),
        )
        seen = only_watched(verdict)
        if action in {"pass", "log"}:
            assert seen == verdict
        else:
            assert (seen.action, seen.mode, seen.would) == ("pass", "dry-run", action)


@pytest.mark.parametrize("side", ["departures", "arrivals", "both"])
def test_a_check_says_what_is_promised(tmp_path: Path, side):
    """Where departures are watched, nothing; and the port for captures is tried."""
    agreed(tmp_path)
    listens, more = LISTENS, CAPTURE.format(side)
    node = node_of(tmp_path, "BY", peer=None, listens=listens, more=more)
    found = {one.what: one.good for one in asyncio.run(check_node(node.settings))}
    assert all(found.values())
    assert "port hep" in found
    assert ("promise" in found) == (side != "arrivals")


@pytest.mark.parametrize(
    ("listens", "more", "says"),
    [
        ("", CAPTURE.format("both"), "captures need listen.hep"),
        (LISTENS, "", "listen.hep needs captures"),
        (LISTENS, CAPTURE.format("both").replace("127.0.0.1", "x"), "'gateway'"),
        (LISTENS, f'{CAPTURE.format("both")}key = "gone.txt"\n', "gone.txt"),
        (LISTENS, f'{CAPTURE.format("both")}key = "empty.txt"\n', "holds no word"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, listens, more, says):
    """Before the node starts, in a sentence."""
    agreed(tmp_path)
    (tmp_path / "empty.txt").write_bytes(b"\n")
    with pytest.raises(ConfigError, match=says):
        node_of(tmp_path, "RU", peer=None, listens=listens, more=more)
