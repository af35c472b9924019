"""A node as a process: told by signals, with room for connections and quiet memory."""

import asyncio
import contextlib
import gc
import resource
import signal
import sys
from collections.abc import Callable, Generator
from typing import Final

from tallystick.node.service import Node

RELOADS_LIMIT: Final = 2  # one under way, one that waits
FILES: Final = 8_192  # some 1,100 connections for each door, and what else is open
SWEEP_S: Final = 0.2  # at 3,000 calls a second some 30,000 objects: 1 ms
QUIET_S: Final = 10.0
GIVE_WAY_S: Final = 0.000_5  # after so long a thread lets those who answer go first


async def serve(node: Node, *, started: Callable[[Node], None]) -> None:
    """Run a node until it is told to stop (SIGTERM, SIGINT).

    SIGHUP reloads it; one that comes while a reload is under way is done after it.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, stop.set)
    up = asyncio.Event()
    reloads: set[asyncio.Task[None]] = set()

    def reload() -> None:
        if len(reloads) < RELOADS_LIMIT:
            task = asyncio.ensure_future(reload_once_up())
            reloads.add(task)
            task.add_done_callback(reloads.discard)

    async def reload_once_up() -> None:
        await up.wait()
        await node.reload()

    loop.add_signal_handler(signal.SIGHUP, reload)
    sys.setswitchinterval(GIVE_WAY_S)
    _allow_files()
    await node.start()
    up.set()
    with _swept(node):
        node.log.note("started", party=node.secrets.party)
        started(node)
        await stop.wait()
    loop.remove_signal_handler(signal.SIGHUP)
    await asyncio.gather(*reloads, return_exceptions=True)
    await node.stop()
    node.log.note("stopped")


@contextlib.contextmanager
def _swept(node: Node) -> Generator[None]:
    """Look for rings of garbage among what is new, and at the rest in quiet moments.

    The usual collector looks through all calls in memory every few seconds, for a
    third of a second: a switch would notice. What is let go is freed without it, so
    only rings of what lived long wait for a quiet moment (tests/node/test_memory.py).
    """

    async def sweep() -> None:
        quiet_s, known = 0.0, -1
        while True:
            await asyncio.sleep(SWEEP_S)
            calls = node.arrivals.count + node.departures.count
            quiet_s = quiet_s + SWEEP_S if calls == known else 0.0
            known = calls
            if QUIET_S <= quiet_s < QUIET_S + SWEEP_S:
                gc.collect()
            else:
                gc.collect(1)

    gc.collect()
    gc.freeze()
    gc.disable()
    task = asyncio.ensure_future(sweep())
    try:
        yield
    finally:
        task.cancel()
        gc.unfreeze()
        gc.enable()


def _allow_files() -> None:
    """Let as many connections be open as the machine allows.

    A connection too many for the process is closed before anybody hears of it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
