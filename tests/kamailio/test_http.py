"""Gateways that ask by HTTP, while a node hangs."""

import asyncio
import contextlib
import signal
import time

from tallystick.node.rehearsal.asking import Asker, run_node
from tallystick.node.rehearsal.course import post
from tallystick.node.rehearsal.parties import prepare
from tallystick.node.rehearsal.ways import BySwitches
from tallystick.testing.callers import DECLINED, OK
from tallystick.testing.live_calls import Kind

MOST_MS = 1_000
"""Half a second for the node, the rest for everything else on a busy machine."""


def kind(round_: str, enters, count: int, first: int) -> Kind:
    """Return calls of numbers that no other round has."""
    calls = ((f"+37529{n}", f"+7495{n}") for n in range(first, first + count))
    return Kind(
        round=round_,
        title=round_,
        honest=enters == "home",
        enters=enters,
        calls=tuple(calls),
    )


async def until_paired(ru: Asker, call_ids: list[str]) -> bool:
    """Wait until the departures of calls have come after all."""
    ends = time.monotonic() + 8
    while time.monotonic() < ends:
        said = [await asyncio.to_thread(ru.verdict, one) for one in call_ids]
        if all(one is not None and one.outcome == "paired" for one in said):
            return True
        await asyncio.sleep(0.1)
    return False


def test_a_node_that_hangs_costs_a_call_half_a_second(debian_command, tmp_path):
    """Calls go on; what the node of their country missed, it is told afterwards."""
    debian_command("kamailio", package="kamailio")
    debian_command("sipp", package="sip-tester")

    async def run():
        posts = {"BY": post(), "RU": post()}
        settings = prepare(tmp_path, posts)
        ru = Asker(posts["RU"].http)
        async with contextlib.AsyncExitStack() as stack:
            nodes = {
                party: await stack.enter_async_context(run_node(settings[party]))
                for party in posts
            }
            switches = BySwitches(tmp_path / "switches", asks="http").open(posts)
            way = await stack.enter_async_context(switches)
            await ru.ready(nodes["RU"])

            async def answers(calls: Kind) -> set[int]:
                return {one.status for one in await way.place(calls)}

            assert await answers(kind("first", "home", 10, 2_000_000)) == {OK}
            invented = kind("invented", "abroad", 3, 2_100_000)
            assert await answers(invented) == {DECLINED}

            nodes["BY"].process.send_signal(signal.SIGSTOP)
            untold = await way.place(kind("untold", "home", 8, 2_200_000))
            nodes["BY"].process.send_signal(signal.SIGCONT)
            assert {one.status for one in untold} == {OK}
            assert max(one.waited_ms for one in untold) < MOST_MS
            assert await until_paired(ru, [one.call_id for one in untold])

            nodes["RU"].process.send_signal(signal.SIGSTOP)
            unasked = await way.place(kind("unasked", "abroad", 8, 2_300_000))
            # By now nobody asks any more.
            quick = await way.place(kind("quick", "abroad", 4, 2_400_000))
            nodes["RU"].process.send_signal(signal.SIGCONT)
            assert {one.status for one in unasked + quick} == {OK}
            assert max(one.waited_ms for one in unasked) < MOST_MS
            assert max(one.waited_ms for one in quick) < 300

    asyncio.run(run())
