"""What works for people beside a node: its office and its console.

Processes of their own, so that nothing that people do can ever slow a call; one that
ends is started again, and the node goes on meanwhile.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from tallystick.node.children import end, following
from tallystick.node.config.settings import NodeSettings
from tallystick.node.watch.logs import Log

AGAIN_S: Final = 2.0
"""How long one that ended stays away."""
_ROOMS: Final = ("office", "console")


def rooms_of(settings: NodeSettings) -> tuple[str, ...]:
    """Return what a settings file wants beside the node."""
    return tuple(one for one in _ROOMS if getattr(settings, one) is not None)


@asynccontextmanager
async def beside(
    rooms: Sequence[str], arguments: Sequence[str], *, log: Log
) -> AsyncGenerator[None]:
    """Keep processes running, and end them afterwards.

    Args:
        rooms: As of `rooms_of`.
        arguments: What the command line said: `--config`, `--set`.
        log: Of the node.

    Yields:
        Once they are being started.
    """
    tasks = [asyncio.ensure_future(_keep(one, arguments, log)) for one in rooms]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _keep(room: str, arguments: Sequence[str], log: Log) -> None:
    command = (sys.executable, "-m", "tallystick", room, "run", *arguments)
    while True:
        process = await asyncio.create_subprocess_exec(*command, preexec_fn=following())
        try:
            status = await process.wait()
        finally:
            await end(process)
        log.note("beside-ended", room=room, status=status)
        await asyncio.sleep(AGAIN_S)
