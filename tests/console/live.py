"""Two nodes at work in a thread, with calls between them."""

import asyncio
import contextlib
import threading
from collections.abc import Generator
from pathlib import Path

from node.pair import both
from node.test_two_nodes import warm


@contextlib.contextmanager
def calls(folder: Path) -> Generator[str]:
    """Run both sides of a channel; return where the arrivals' node answers."""
    ready, done = threading.Event(), threading.Event()
    where = []

    async def run():
        async with both(folder) as (by, ru):
            await warm(by, ru)
            where.append("http://{}:{}".format(*ru.addresses["http"]))
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    try:
        assert ready.wait(40)
        yield where[0]
    finally:
        done.set()
        thread.join(20)
