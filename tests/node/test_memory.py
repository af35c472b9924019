"""A busy node looks for garbage among what is new only: nothing else may need it."""

import asyncio
import gc
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop

from .pair import both

TIMES = 200
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: n\r\nConnection: close\r\n\r\n"
UNKNOWN = b"GET /nowhere HTTP/1.1\r\nHost: n\r\n\r\n"


def _ask(address: tuple[str, int], said: bytes) -> None:
    with socket.create_connection(address, timeout=5) as line:
        line.sendall(said)
        line.recv(4_096)


STRANGERS: dict[str, tuple[str, bytes]] = {
    "a request": ("http", REQUEST),
    "a door that is not there": ("http", UNKNOWN),
    "no HTTP": ("http", b"\0\1\2\r\n\r\n"),
    "no frame": ("channel", bytes(64)),
    "no SIP": ("sip", b"\0\1\2\r\n\r\n"),
}


@pytest.mark.parametrize("who", STRANGERS)
def test_a_connection_that_has_ended_is_freed_at_once(tmp_path: Path, who: str) -> None:
    door, said = STRANGERS[who]

    def many(address: tuple[str, int], times: int) -> None:
        for _ in range(times):
            _ask(address, said)

    async def run() -> int:
        switches = (
            '[[switches]]\nname = "s"\nnetworks = ["127.0.0.1"]\nside = "arrivals"'
        )
        listens = 'sip = "127.0.0.1:0"\n'
        async with both(tmp_path, ru=switches, listens=listens) as (_, ru):
            return await _kept(lambda n: many(ru.addresses[door], n))

    assert uvloop.run(run()) < TIMES, "at least one object stays of each"


async def _kept(work: Callable[[int], None]) -> int:
    """Return how many more objects are there behind it, garbage included."""
    await asyncio.to_thread(work, 10)  # what is made once is made
    await asyncio.sleep(0.1)
    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_objects())
        await asyncio.to_thread(work, TIMES)
        await asyncio.sleep(0.1)
        return len(gc.get_objects()) - before
    finally:
        gc.enable()
