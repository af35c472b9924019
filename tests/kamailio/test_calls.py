"""Kamailio on either side, SIPp as callers and callee, a node beside each switch."""

import asyncio
import contextlib
import socket
import subprocess  # ruff: ignore[suspicious-subprocess-import]
from collections.abc import AsyncGenerator
from pathlib import Path

from node.pair import both
from node.test_two_nodes import warm
from tallystick.node.arrivals import Answered
from tallystick.node.service import Node

CONFIG = Path(__file__).parents[2] / "deploy" / "kamailio" / "kamailio.cfg"
LISTENS = 'sip = "127.0.0.1:0"\n'
SWITCH = """
[[switches]]
name = "gateway"
networks = ["127.0.0.1"]
side = "{}"
dialect = "next-route"
"""
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
HEAD = """Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:{calling}@[local_ip]:[local_port];user=phone>;tag=[call_number]
To: <sip:{called}@[remote_ip]:[remote_port];user=phone>{tag}
Call-ID: [call_id]
Max-Forwards: 70
"""
SDP = """v=0
o=user 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio 6000 RTP/AVP 0
"""
CALL = """<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="caller">
<send retrans="500"><![CDATA[
INVITE sip:{called}@[remote_ip]:[remote_port];user=phone SIP/2.0
{head}CSeq: 1 INVITE
Contact: <sip:caller@[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

{sdp}]]></send>
<recv response="100" optional="true"/>
<recv response="180" optional="true"/>
<recv response="{answer}" rrs="true"/>
{rest}
</scenario>
"""
ACK = """<send><![CDATA[
ACK {target} SIP/2.0
[last_Via:]
{routes}From: <sip:{calling}@[local_ip]:[local_port];user=phone>;tag=[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
"""


def free_port() -> int:
    """Return a UDP port that nobody has now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def scenario(calling: str, called: str, *, answer: int) -> str:
    """Return a caller who calls once and hears an answer."""
    head = HEAD.format(calling=calling, called=called, tag="")
    if answer == 200:
        rest = ACK.format(
            calling=calling, called=called, target="[next_url]", routes="[routes]\n"
        ).replace("[last_Via:]\n", HEAD.splitlines()[0] + "\n")
    else:
        target = f"sip:{called}@[remote_ip]:[remote_port];user=phone"
        rest = ACK.format(calling=calling, called=called, target=target, routes="")
    return CALL.format(called=called, head=head, sdp=SDP, answer=answer, rest=rest)


@contextlib.asynccontextmanager
async def process(*command: str, cwd: Path) -> AsyncGenerator[None, None]:
    """Run a program for as long as it is needed, and end it."""
    one = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        await asyncio.sleep(0.5)
        assert one.returncode is None, f"{command[0]} did not start"
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            one.terminate()
        try:
            await asyncio.wait_for(one.wait(), 5)
        except TimeoutError:
            one.kill()
            await one.wait()


def gateway(command: str, port: int, node: Node, next_port: int, folder: Path):
    """Run a Kamailio that asks a node and sends calls on."""
    host, sip_port = node.addresses["sip"]
    return process(
        *(command, "-DD", "-E", "-m", "32", "-M", "4", "-f", str(CONFIG)),
        *("-A", f"LISTEN=udp:127.0.0.1:{port}"),
        *("-A", f'NODE="sip:{host}:{sip_port}"'),
        *("-A", f'NEXT="sip:127.0.0.1:{next_port}"'),
        *("-P", str(folder / f"kamailio-{port}.pid"), "-Y", str(folder)),
        cwd=folder,
    )


async def call(
    sipp: str, folder: Path, port: int, who: tuple[str, str], *, answer: int, times=1
) -> bool:
    """Place calls; return whether each of them heard that answer."""
    path = folder / f"call-{answer}.xml"
    path.write_text(scenario(*who, answer=answer), encoding="ascii")
    one = await asyncio.create_subprocess_exec(
        *(sipp, "-sf", str(path), f"127.0.0.1:{port}", "-i", "127.0.0.1"),
        *("-p", str(free_port()), "-m", str(times), "-r", "20", "-nostdin"),
        *("-timeout", "10", "-timeout_error"),
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return await asyncio.wait_for(one.wait(), 20) == 0


def test_genuine_calls_pass_and_invented_ones_are_refused(debian_command, tmp_path):
    """Told where they leave, calls are let through; one that nobody sent gets 603."""
    kamailio = debian_command("kamailio", package="kamailio")
    sipp = debian_command("sipp", package="sip-tester")
    (tmp_path / "rules.toml").write_text(RULES, encoding="utf-8")
    by_port, ru_port, callee = free_port(), free_port(), free_port()

    async def run():
        nodes = both(
            tmp_path,
            by=SWITCH.format("departures"),
            ru=SWITCH.format("arrivals"),
            ru_first='rules = "rules.toml"\n',
            listens=LISTENS,
        )
        uas = ("-sn", "uas", "-i", "127.0.0.1", "-p", str(callee), "-nostdin")
        async with (
            nodes as (by, ru),
            process(sipp, *uas, cwd=tmp_path),
            gateway(kamailio, ru_port, ru, callee, tmp_path),
            gateway(kamailio, by_port, by, ru_port, tmp_path),
        ):
            # Calls that arrive sooner than they are told wait once clocks are known.
            await warm(by, ru)
            said: list[Answered] = []
            ru.arrivals.watch(said.append)
            genuine = ("+37529123450[call_number]", "+74951234567")
            assert await call(sipp, tmp_path, by_port, genuine, answer=200, times=9)
            invented = ("+375441234567", "+74951234568")
            assert await call(sipp, tmp_path, ru_port, invented, answer=603)
            assert await call(sipp, tmp_path, by_port, genuine, answer=200)
            # Without the node, without the peer: nobody is refused any more.
            await ru.switches.door.close()
            assert await call(sipp, tmp_path, ru_port, invented, answer=200)
            return [one.verdict.outcome for one in said]

    outcomes = asyncio.run(run())
    assert outcomes.count("paired") == 10
    assert outcomes.count("no_departure") == 1
