"""A Kamailio that asks its node by SIP over TLS, each with a certificate."""

import asyncio
import contextlib
from pathlib import Path

from node.pair import agreed, node_of
from node.tls import Signer
from tallystick.testing.callers import DECLINED, OK, Callers
from tallystick.testing.programs import free_port, running
from tallystick.testing.switches import (
    Gateway,
    callee_command,
    gateway_command,
    shipped,
)

LISTENS = """sips = "127.0.0.1:0"
sip_certificate = "node.pem"
sip_certificate_key = "node.key"
sip_client_ca = "authority.pem"
"""
SETTINGS = """
[[switches]]
name = "gateway"
networks = ["127.0.0.1"]
side = "arrivals"
dialect = "next-route"
certificate_names = ["gateway.example"]
"""
RULES = """
format = "tallystick-rules/1"
name = "test"
version = 1
[[rules]]
id = "nobody"
when = { number = ["unallocated"] }
action = "reject"
mode = "live"
"""


def test_a_kamailio_asks_by_tls(debian_command, debian_module, tmp_path: Path):
    """Honest calls go on, one from a number of nobody is refused with 603."""
    debian_command("kamailio", package="kamailio")
    debian_module("tls.so", package="kamailio-tls-modules")
    debian_command("sipp", package="sip-tester")
    agreed(tmp_path)
    (tmp_path / "rules.toml").write_text(RULES, encoding="utf-8")
    authority = Signer(tmp_path, "authority")
    authority.issue("node", "127.0.0.1", "node.example")
    authority.issue("gateway", "gateway.example")
    own, callee = (f"127.0.0.1:{free_port()}" for _ in range(2))
    callers = Callers(folder=tmp_path)
    first = 'rules = "rules.toml"\n'

    async def run():
        node = node_of(
            tmp_path, "RU", peer=None, first=first, listens=LISTENS, more=SETTINGS
        )
        await node.start()
        host, port = node.addresses["sips"]
        gateway = Gateway(
            config=shipped("kamailio/kamailio.cfg"),
            listen=own,
            node=f"sip:{host}:{port};transport=tls",
            next_hop=callee,
            more=(
                f"TLS_LISTEN=tls:127.0.0.1:{free_port()}",
                f'TLS_CA="{tmp_path}/authority.pem"',
                f'TLS_CERTIFICATE="{tmp_path}/gateway.pem"',
                f'TLS_KEY="{tmp_path}/gateway.key"',
            ),
        )
        programs = {
            "callee": callee_command(callee),
            "gateway": gateway_command(gateway, tmp_path),
        }
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(node.stop)
            for name, command in programs.items():
                program = running(command, name=name, folder=tmp_path)
                await stack.enter_async_context(program)
            honest = [(f"+3752912345{n:02d}", "+74951234567") for n in range(9)]
            said = await callers.place("honest", own, honest)
            assert [one.status for one in said] == [OK] * 9
            nobody = [("+375000000000", "+74951234567")]
            (said,) = await callers.place("nobody", own, nobody)
            assert said.status == DECLINED
            return dict(node.switches.door.server.counts)

    counts = asyncio.run(run())
    assert counts["asked"] == counts["answered"] == 10
    assert not counts.get("malformed")
