"""Several nodes of one party that share a real store, and answer as one."""

import asyncio
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from tallystick.node.service import Node, now_ms

from .pair import agreed, node_of, post
from .stores import Store, sharing

A, B = "+375291234567", "+74951234567"
ACCUSING = {"no_departure", "altered", "repeated"}


@dataclass
class Parties:
    """BY's members and RU's."""

    by: list[Node]
    ru: list[Node]

    async def stop(self) -> None:
        """End them all."""
        for node in (*self.ru, *self.by):
            await node.stop()


async def both(folder: Path, store: Store, members: int = 2) -> Parties:
    """Start two parties of several members each; wait until calls can be judged."""
    agreed(folder)
    by: list[Node] = []
    for number in range(members):
        more = sharing(store, "BY", number, members=members)
        node = node_of(folder, "BY", peer=None, more=more)
        await node.start()
        by.append(node)
    addresses = ", ".join('"{}:{}"'.format(*one.addresses["channel"]) for one in by)
    ru: list[Node] = []
    for number in range(members):
        more = f"[peer]\naddresses = [{addresses}]\n"
        more += sharing(store, "RU", number, members=members)
        node = node_of(folder, "RU", peer=None, more=more)
        await node.start()
        ru.append(node)
    parties = Parties(by, ru)
    await judged(parties)
    return parties


async def judged(parties: Parties) -> None:
    """Wait until calls that arrive now can be judged at every member."""
    async with asyncio.timeout(60):
        while not all(  # ruff: ignore[async-busy-wait]
            one.health()["ready"] for one in parties.ru
        ):
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.7)


def call(name: str, number: int, **more: str) -> dict[str, object]:
    """Return a call that leaves or arrives now."""
    said = {"calling_number": A, "called_number": f"+7495{2_000_000 + number}"}
    return {"call_id": f"{name}-{number}", "at_ms": now_ms()} | said | more


async def asked(node: Node, said: dict[str, object]) -> dict:
    """Ask about a call, and again while nothing is known: a slow machine is no fault.

    What is said at first is never an accusation that is taken back.
    """
    answer: dict = {}
    async with asyncio.timeout(60):
        while answer.get("outcome", "unproven") == "unproven":
            _, answer = await post(node, "/v1/arrivals", said)
            if answer["why"] not in {"stream_behind", "silent"}:
                break
            await asyncio.sleep(0.05)
    return answer


async def warm(parties: Parties, first: int = 0) -> None:
    """Let genuine calls pass, told and asked by turns; all of them must pair."""
    left_ms = {}
    for number in range(first, first + 12):
        leaving = call("by", number)
        left_ms[number] = leaving["at_ms"]
        await post(parties.by[number % 2], "/v1/departures", leaving)
    await asyncio.sleep(0.15)
    for number in range(first, first + 12):
        ru = parties.ru[(number // 2) % 2]
        came_ms = min(now_ms(), left_ms[number] + 150)
        said = await asked(ru, call("ru", number) | {"at_ms": came_ms})
        assert said["outcome"] == "paired", said["why"]


def test_calls_spread_over_members_have_the_outcomes_of_one_node(tmp_path, store):
    """Told to any member, asked of any: paired, altered, repeated and missing alike."""

    async def run():
        parties = await both(tmp_path, store)
        by, ru = parties.by, parties.ru
        try:
            await warm(parties)
            await post(by[0], "/v1/departures", call("by", 100))
            await post(by[1], "/v1/departures", call("by", 101))
            await asyncio.sleep(0.2)
            first = await asked(ru[0], call("ru", 100))
            again = await asked(ru[1], call("ru", 100))
            twice = await asked(ru[1], call("other", 100))
            another = call("ru", 101, calling_number="+375447654321")
            other = await asked(ru[0], another)
            strange = await asked(ru[1], call("ru", 102))
            said = [one["outcome"] for one in (first, again, twice, other, strange)]
            assert said == ["paired", "paired", "repeated", "altered", "no_departure"]
            assert await ru[0].reload()  # rules and lists; the log's state stays
            _, kept = await post(ru[0], "/v1/arrivals", call("ru", 100))
            assert kept["outcome"] == "paired"
            ending = {"answered": True, "answer_ms": 10, "duration_ms": 10}
            _, known = await post(by[1], "/v1/releases", {"call_id": "by-100"} | ending)
            assert known["known"]
            _, known = await post(ru[1], "/v1/releases", {"call_id": "ru-100"} | ending)
            assert known["known"]
        finally:
            await parties.stop()

    asyncio.run(run())


def test_the_store_holds_no_number_and_no_name_of_a_call(tmp_path, store):
    """What the store keeps is blinded."""

    async def run():
        parties = await both(tmp_path, store)
        try:
            await warm(parties)
        finally:
            await parties.stop()

    asyncio.run(run())
    with socket.create_connection(("127.0.0.1", store.port)) as line:
        line.sendall(b"SAVE\r\n")
        assert line.recv(100).startswith(b"+OK")
    kept = (store.folder / "dump.rdb").read_bytes()
    assert len(kept) > 1_000
    for secret in (A, "75291234567", "4952000", "by-1", "ru-1"):
        assert secret.encode() not in kept


def test_no_honest_call_is_accused_when_store_and_member_are_killed(tmp_path, store):
    """Under load the store is killed, comes back empty, and a member ends; every call
    is answered in time, and coverage returns by itself."""

    async def run():
        parties = await both(tmp_path, store)
        by, ru = parties.by, parties.ru
        heard: dict[int, dict] = {}

        async def one(number: int) -> None:
            departing = by[0] if len(by) < 2 else by[number % 2]
            await post(departing, "/v1/departures", call("by", number))
            await asyncio.sleep(0.12)
            began = time.monotonic()
            _, said = await post(ru[number % 2], "/v1/arrivals", call("ru", number))
            heard[number] = said | {"took_s": time.monotonic() - began}

        try:
            await warm(parties)
            tasks = []
            for number in range(1_000, 1_240):
                tasks.append(asyncio.create_task(one(number)))
                await asyncio.sleep(0.02)
                if number == 1_050:
                    store.kill()
                if number == 1_110:
                    store.start()
                if number == 1_180:
                    await by.pop().stop()
            await asyncio.gather(*tasks)
            said = [one["outcome"] for one in heard.values()]
            assert len(said) == 240
            assert not ACCUSING & set(said)
            assert said.count("paired") > 30
            assert "unproven" in said
            assert max(one["took_s"] for one in heard.values()) < 1.0
            # A member of BY is gone for good, and nobody said that its switches have
            # others: so nothing is promised, until it is back.
            _, strange = await post(ru[0], "/v1/arrivals", call("ru", 5_000))
            assert strange["outcome"] == "unproven"
            more = sharing(store, "BY", 1)
            by.append(node_of(tmp_path, "BY", peer=None, more=more))
            await by[1].start()
            await judged(parties)
            await warm(parties, first=6_000)
            strange = await asked(ru[1], call("ru", 6_100))
            assert strange["outcome"] == "no_departure"
        finally:
            await parties.stop()

    asyncio.run(run())


def test_without_its_store_a_node_answers_at_once(tmp_path, store):
    """A node that never reached its store keeps nobody waiting."""

    async def run():
        agreed(tmp_path)
        store.kill()
        node = node_of(tmp_path, "RU", peer=None, more=sharing(store, "RU", 0))
        await node.start()
        try:
            began = time.monotonic()
            _, said = await post(node, "/v1/arrivals", call("ru", 1))
            assert (said["outcome"], said["action"]) == ("unproven", "pass")
            assert time.monotonic() - began < 0.3
            assert not node.health()["ready"]
            _, told = await post(node, "/v1/departures", call("by", 1))
            assert told["told"]  # once the store is there
        finally:
            await node.stop()

    asyncio.run(run())


def test_a_member_whose_clock_was_set_accuses_nobody_for_a_while(tmp_path, store):
    """Its waiting calls are answered, its next ones unproven; the other goes on."""

    async def run():
        parties = await both(tmp_path, store)
        ru = parties.ru
        try:
            await warm(parties)
            waiting = asyncio.create_task(
                post(ru[0], "/v1/arrivals", call("ru", 200) | {"at_ms": now_ms() + 90})
            )
            await asyncio.sleep(0.03)
            ru[0].arrivals.set_clock(now_ms=now_ms())
            _, said = await asyncio.wait_for(waiting, 1)
            assert said["outcome"] == "unproven"
            _, said = await post(ru[0], "/v1/arrivals", call("ru", 201))
            assert (said["outcome"], said["why"]) == ("unproven", "clock_unknown")
            said = await asked(ru[1], call("ru", 202))
            assert said["outcome"] == "no_departure"
            await asyncio.sleep(0.6)  # a window
            said = await asked(ru[0], call("ru", 203))
            assert said["outcome"] == "no_departure"
        finally:
            await parties.stop()

    asyncio.run(run())
