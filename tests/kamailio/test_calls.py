"""Kamailio on either side, SIPp as callers and callee, a node beside each switch."""

import asyncio
import contextlib

from node.pair import both
from node.test_two_nodes import warm
from tallystick.node.calls.arrivals import Answered
from tallystick.node.rehearsal.parties import RULES, Post
from tallystick.node.rehearsal.ways import gateway_of
from tallystick.node.service import Node
from tallystick.testing.callers import DECLINED, OK, Callers
from tallystick.testing.programs import free_port, running
from tallystick.testing.switches import callee_command, gateway_command

LISTENS = 'sip = "127.0.0.1:0"\n'
SWITCH = """
[[switches]]
name = "gateway"
networks = ["127.0.0.1"]
side = "{}"
dialect = "next-route"
"""


def place() -> str:
    """Return an address that nobody has now."""
    return f"127.0.0.1:{free_port()}"


def post_of(node: Node) -> Post:
    """Return where a running node listens."""
    at = {name: f"{host}:{port}" for name, (host, port) in node.addresses.items()}
    return Post(http=at["http"], sip=at["sip"], channel=at["channel"])


def test_genuine_calls_pass_and_invented_ones_are_refused(debian_command, tmp_path):
    """Told where they leave, calls are let through; one that nobody sent gets 603."""
    debian_command("kamailio", package="kamailio")
    debian_command("sipp", package="sip-tester")
    (tmp_path / "rules.toml").write_text(RULES, encoding="utf-8")
    at = {"BY": place(), "RU": place()}
    callee = place()
    callers = Callers(folder=tmp_path)

    async def statuses(name, party, calling, called, times=1):
        heard = await callers.place(name, at[party], [(calling, called)] * times)
        return [one.status for one in heard]

    async def run():
        async with contextlib.AsyncExitStack() as stack:
            nodes = both(
                tmp_path,
                by=SWITCH.format("departures"),
                ru=SWITCH.format("arrivals"),
                ru_first='rules = "rules.toml"\n',
                listens=LISTENS,
            )
            by, ru = await stack.enter_async_context(nodes)
            commands = {"callee": callee_command(callee)}
            for party, node, to in (("RU", ru, callee), ("BY", by, at["RU"])):
                gateway = gateway_of("sip", party, post_of(node), at[party], to)
                commands[party] = gateway_command(gateway, tmp_path)
            for name, command in commands.items():
                await stack.enter_async_context(
                    running(command, name=name, folder=tmp_path)
                )
            # Calls that arrive sooner than they are told wait once clocks are known.
            await warm(by, ru)
            said: list[Answered] = []
            ru.arrivals.watch(said.append)
            genuine = ("BY", "+375291234501", "+74951234567")
            invented = ("RU", "+375441234567", "+74951234568")
            assert await statuses("genuine", *genuine, times=9) == [OK] * 9
            assert await statuses("invented", *invented) == [DECLINED]
            assert await statuses("again", *genuine) == [OK]
            # Without the node: nobody is refused any more.
            await ru.switches.door.close()
            assert await statuses("unasked", *invented) == [OK]
            return [one.verdict.outcome for one in said]

    outcomes = asyncio.run(run())
    assert outcomes.count("paired") == 10
    assert outcomes.count("no_departure") == 1
