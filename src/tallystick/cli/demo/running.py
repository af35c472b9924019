"""Both sides of the demonstration at work: nodes, offices, consoles, and calls."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tallystick.cli.demo.calling import call
from tallystick.cli.demo.preparing import Prepared, take_up
from tallystick.model import UnavailableError
from tallystick.node.rehearsal.asking import Asker, run_node
from tallystick.node.rehearsal.course import Told
from tallystick.node.rehearsal.parties import PARTIES
from tallystick.node.rehearsal.ways import ByHttp
from tallystick.node.service import now_ms
from tallystick.testing.programs import Program

PATIENCE_S: Final = 60.0
"""Six programs begin at once, perhaps on a small machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtWork:
    """Both sides at work.

    Attributes:
        prepared: What runs.
        nodes: Their programs, each of which keeps an office and a console.
        ways: By which calls are placed, by the party where they arrive.
    """

    prepared: Prepared
    nodes: tuple[Program, ...]
    ways: dict[str, ByHttp]

    async def until(self, told: asyncio.Event) -> None:
        """Let it run until somebody is told to end it.

        Raises:
            UnavailableError: "demo-ended": a node has ended by itself.
        """
        ends = (told.wait(), *(node.process.wait() for node in self.nodes))
        waits = [asyncio.ensure_future(one) for one in ends]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
        for node in self.nodes:
            if node.process.returncode is not None:
                raise UnavailableError(
                    "demo-ended",
                    "A node of the demonstration has ended by itself.",
                    advice=f"{node.log} may say why.",
                )


@asynccontextmanager
async def at_work(folder: Path, told: Told) -> AsyncGenerator[AtWork]:
    """Run both sides until the block ends.

    A program that does not come to answer is an error as in `Asker.until`.

    Args:
        folder: Of both sides, as they were prepared or left.
        told: Hears what is being done.

    Yields:
        Both, once their consoles answer.
    """
    prepared = take_up(folder)
    posts = {party: one.post for party, one in prepared.doors.items()}
    async with AsyncExitStack() as stack:
        told("start two countries", 0, 1)
        nodes = {
            party: await stack.enter_async_context(run_node(settings))
            for party, settings in prepared.settings.items()
        }
        for party, node in nodes.items():
            where = prepared.doors[party].address.removeprefix("http://")
            asker = Asker(posts[party].http)
            await asker.until("/healthz", node, patience_s=PATIENCE_S)
            await Asker(where).until("/sign-in", node, patience_s=PATIENCE_S)
        pairs = (PARTIES, PARTIES[::-1])
        ways = {pair[-1]: ByHttp(posts, way=pair) for pair in pairs}
        calling = [
            asyncio.create_task(call(way, seed=now_ms())) for way in ways.values()
        ]
        try:
            yield AtWork(prepared=prepared, nodes=tuple(nodes.values()), ways=ways)
        finally:
            for one in calling:
                one.cancel()
            await asyncio.gather(*calling, return_exceptions=True)
