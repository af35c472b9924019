"""A Kamailio that sends captures of the calls it carries, and a node that watches."""

import asyncio
import contextlib
from pathlib import Path

from node.pair import agreed, node_of
from tallystick.testing.callers import OK, Callers
from tallystick.testing.programs import find_program, free_port, running
from tallystick.testing.switches import callee_command, shipped

SETTINGS = """
[[captures]]
name = "gateway"
networks = ["127.0.0.0/8"]
trunks = ["127.0.0.32"]
"""
CARRIES = f"""#!KAMAILIO
#!define WATCHER "sip:127.0.0.1:HEP_PORT"
debug=0
log_stderror=yes
children=2
auto_aliases=no
dns=no
rev_dns=no
listen=udp:127.0.0.31:OWN_PORT
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "siputils.so"
include_file "{shipped("kamailio/watch.cfg")}"
request_route {{
    if (has_totag()) {{
        loose_route();
        t_relay();
        exit;
    }}
    record_route();
    $du = "sip:127.0.0.32:NEXT_PORT";
    t_relay();
}}
"""


def test_calls_that_a_kamailio_carries_are_seen(debian_command, tmp_path: Path):
    """Nine calls leave by a trunk: nine departures, and what follows in each."""
    debian_command("kamailio", package="kamailio")
    debian_command("sipp", package="sip-tester")
    agreed(tmp_path)
    own, callee = free_port("127.0.0.31"), free_port("127.0.0.32")
    callers = Callers(folder=tmp_path)

    async def run():
        listens = 'hep = "127.0.0.1:0"\n'
        node = node_of(tmp_path, "BY", peer=None, listens=listens, more=SETTINGS)
        await node.start()
        config = CARRIES
        for name, port in (
            ("HEP_PORT", node.addresses["hep"][1]),
            ("OWN_PORT", own),
            ("NEXT_PORT", callee),
        ):
            config = config.replace(name, str(port))
        (tmp_path / "carries.cfg").write_text(config, encoding="ascii")
        switch = (
            *(find_program("kamailio"), "-DD", "-E", "-m", "32", "-M", "4"),
            *("-f", str(tmp_path / "carries.cfg"), "-Y", str(tmp_path)),
            *("-P", str(tmp_path / "pid")),
        )
        programs = {"callee": callee_command(f"127.0.0.32:{callee}"), "switch": switch}
        counts = node.captures.watch.counts
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(node.stop)
            for name, command in programs.items():
                program = running(command, name=name, folder=tmp_path)
                await stack.enter_async_context(program)
            calls = [(f"+3752912345{n:02d}", "+74951234567") for n in range(9)]
            said = await callers.place("calls", f"127.0.0.31:{own}", calls)
            assert [one.status for one in said] == [OK] * 9
            async with asyncio.timeout(5):
                while _seen(counts) < 45:  # ruff: ignore[async-busy-wait]
                    await asyncio.sleep(0.02)
            return dict(counts), node.departures.publisher.next_sequence - 1

    counts, told = asyncio.run(run())
    assert told == 9
    assert counts["began"] == 9
    # The hops before the trunk are somebody else's; nothing came broken.
    assert counts["elsewhere"] > 0
    known = {"began", "followed", "without-beginning", "elsewhere", "other-message"}
    assert set(counts) <= {*known, "ended"}


def _seen(counts) -> int:
    """Return how many messages of the trunk were seen.

    Of each call INVITE, 180, 200, BYE and its 200; the switch's processes send their
    captures past one another, so that an answer can be there before what it answers.
    """
    return sum(counts[what] for what in ("began", "followed", "without-beginning"))
