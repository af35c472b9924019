"""A country in a network of its own each, and the line between their nodes cut."""

import asyncio
import contextlib
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tallystick.node.rehearsal.asking import Asker, run_node
from tallystick.node.rehearsal.parties import WINDOW_MS, Post, prepare
from tallystick.node.rehearsal.ways import gateway_of
from tallystick.testing.callers import DECLINED, OK, Callers
from tallystick.testing.programs import running
from tallystick.testing.switches import callee_command, gateway_command

from .namespaces import LINE, TRUNK, NotAllowedError, cut, mend, two_countries

PORTS = {"sip": 5060, "http": 5061}
"""Beside each node two gateways, one that asks by SIP and one that asks by HTTP."""

GENUINE = 5
"""In a round. Beyond 20 waits in vain within 10 s a node lets nobody wait for 15 s."""

CALLEE = f"{TRUNK['RU']}:5080"


@pytest.fixture
def countries(debian_command, lacks):
    """Make the networks, or skip with the reason."""
    debian_command("ip", package="iproute2")
    debian_command("kamailio", package="kamailio")
    debian_command("sipp", package="sip-tester")
    with contextlib.ExitStack() as stack:
        try:
            made = stack.enter_context(two_countries())
        except NotAllowedError as error:
            lacks(f"networks cannot be made here (root and CAP_NET_ADMIN): {error}")
        yield made


def post_of(party: str) -> Post:
    """Return where a party's node listens."""
    return Post(
        http="127.0.0.1:8080",
        sip=f"{TRUNK[party]}:5070",
        channel=f"{LINE[party]}:7443",
        switch=TRUNK[party],
    )


class Border:
    """Both sides at work.

    Attributes:
        countries: The networks.
        folder: For everything.
    """

    def __init__(self, countries, folder: Path) -> None:
        """Place no call yet."""
        self.countries, self.folder = countries, folder
        self.rounds = 0

    @contextlib.asynccontextmanager
    async def open(self):
        """Run nodes, gateways and the callee."""
        posts = {party: post_of(party) for party in TRUNK}
        settings = prepare(self.folder, posts)
        async with contextlib.AsyncExitStack() as stack:
            for party, country in self.countries.items():
                node = run_node(settings[party], inside=country.inside)
                await stack.enter_async_context(node)
            commands = {"callee": ("RU", callee_command(CALLEE))}
            for asks, port in PORTS.items():
                hops = {"BY": f"{TRUNK['RU']}:{port}", "RU": CALLEE}
                for party in TRUNK:
                    at = f"{TRUNK[party]}:{port}"
                    gateway = gateway_of(asks, party, posts[party], at, hops[party])
                    folder = self.folder / party
                    commands[f"{asks}-{party}"] = (
                        party,
                        gateway_command(gateway, folder),
                    )
            for name, (party, command) in commands.items():
                program = running(
                    command,
                    name=name,
                    folder=self.folder,
                    inside=self.countries[party].inside,
                )
                await stack.enter_async_context(program)
            yield

    async def ready(self) -> None:
        """Wait until RU's node could judge a call, and has heard enough for it."""
        asker = Asker("127.0.0.1:8080")
        ends = time.monotonic() + 15
        while await self.countries["RU"].do(asker.ask, "/readyz") is None:
            assert time.monotonic() < ends, "RU's node is not ready"
            await asyncio.sleep(0.05)
        await asyncio.sleep(WINDOW_MS / 1000)

    async def place(self, asks: str, calls: list, *, honest: bool) -> set[int]:
        """Place calls and return the answers: honest ones in BY, spoofed ones at RU."""
        self.rounds += 1
        party = "BY" if honest else "RU"
        callers = Callers(
            folder=self.folder,
            host=TRUNK["BY"],
            inside=self.countries["BY"].inside,
        )
        name = f"{asks}-{'genuine' if honest else 'invented'}-{self.rounds}"
        heard = await callers.place(name, f"{TRUNK[party]}:{PORTS[asks]}", calls)
        return {one.status for one in heard}

    async def both(self) -> dict[str, tuple[set[int], set[int]]]:
        """Place genuine and invented calls by both kinds of gateway."""
        said = {}
        for asks in PORTS:
            first = 2_000_000 + self.rounds * 1_000
            said[asks] = await asyncio.gather(
                self.place(asks, numbers("+37529", first, GENUINE), honest=True),
                self.place(asks, numbers("+37544", first + 500, 3), honest=False),
            )
        return said


def numbers(calling: str, first: int, count: int) -> list[tuple[str, str]]:
    """Return calling and called numbers, none of them twice in a test."""
    return [(f"{calling}{n}", f"+7495{n}") for n in range(first, first + count)]


def outcomes(folder: Path) -> dict[str, set[str]]:
    """Return what RU's node said of genuine and invented calls."""
    said: dict[str, set[str]] = {"genuine": set(), "invented": set()}
    for path in (folder / "RU" / "kept" / "verdicts").glob("verdicts-*.parquet"):
        for row in pq.read_table(path).to_pylist():
            kind = "genuine" if "genuine" in row["call_id"] else "invented"
            said[kind].add(f"{row['outcome']} {row['action']}")
    return said


def test_a_cut_line_harms_nobody_and_a_mended_one_guards_again(countries, tmp_path):
    """Genuine calls pass whatever the line does; spoofed ones only while it is cut."""
    guarded = [{OK}, {DECLINED}]
    unguarded = [{OK}, {OK}]

    async def run():
        border = Border(countries, tmp_path)
        async with border.open():
            await border.ready()
            # Nothing rests on absence before some genuine calls have paired.
            first = numbers("+37529", 1_000_000, 10)
            assert await border.place("sip", first, honest=True) == {OK}
            assert await border.both() == dict.fromkeys(PORTS, guarded)
            cut(countries["BY"])
            assert await border.both() == dict.fromkeys(PORTS, unguarded)
            mend(countries["BY"])
            await border.ready()
            assert await border.both() == dict.fromkeys(PORTS, guarded)

    asyncio.run(run())
    said = outcomes(tmp_path)
    assert said["genuine"] == {"paired pass", "unproven pass"}
    assert said["invented"] == {"no_departure reject", "unproven pass"}
