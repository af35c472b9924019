"""A node that is served from a thread, for those who ask it by other means."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Generator
from contextlib import AbstractAsyncContextManager

from tallystick.node.service import Node

Nodes = Callable[[], AbstractAsyncContextManager[Node]]


@contextlib.contextmanager
def served(run: Nodes) -> Generator[str]:
    """Yield where a node answers by HTTP, until the block ends.

    Args:
        run: Runs the node, and whatever belongs to it.
    """
    ready, done = threading.Event(), threading.Event()
    found: list[str] = []
    failures: list[BaseException] = []

    async def hold() -> None:
        async with run() as node:
            host, port = node.addresses["http"]
            found.append(f"http://{host}:{port}")
            ready.set()
            await asyncio.to_thread(done.wait)

    def work() -> None:
        try:
            asyncio.run(hold())
        except BaseException as error:  # ruff: ignore[blind-except] (told to the test)
            failures.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        assert ready.wait(20)
        assert not failures
        yield found[0]
    finally:
        done.set()
        thread.join(20)
    assert not thread.is_alive()
    assert not failures
