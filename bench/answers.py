"""Time the node's answer by HTTP beside a loop that only reads and answers.

    python bench/answers.py --rate 3000 --seconds 10

The bare loop is uvloop and httptools, a process of its own that gives every request the
same answer, of the length of a verdict, and does nothing else: what any server in
Python costs at least. Then two nodes, each call told and asked about. Processor time is
that of the answering process, from /proc; requests come on eight connections that stay
open. Machines differ: quote the ratio.
"""

import argparse
import asyncio
import json
import subprocess
import sys
from collections import Counter

import httptools
import uvloop

from node import LINES, Line, processor_s, timed_load
from timing import machine

ANSWER = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
)
LENGTH = 900  # of a verdict with its sentences in three languages


class Bare(asyncio.Protocol):
    """Answers every request alike."""

    reply = ANSWER % LENGTH + b"x" * LENGTH

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Read from here on."""
        self.transport = transport
        self.parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        """Read on."""
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        """Answer."""
        self.transport.write(self.reply)


async def serve_bare() -> None:
    """Listen, say where, and answer until killed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Bare, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


async def ask_bare(port: int, rate: int, seconds: float) -> int:
    """Place requests as `load` does and return how many were answered."""
    loop = asyncio.get_running_loop()
    took: list[float] = []
    lines = [
        (
            await loop.create_connection(
                lambda: Line(took, Counter()), "127.0.0.1", port
            )
        )[1]
        for _ in range(LINES)
    ]
    began, placed = loop.time(), 0
    while (passed := loop.time() - began) < seconds:
        while placed < passed * rate:
            call = {
                "call_id": f"a{placed}",
                "calling_number": "+375291234567",
                "called_number": "+79161234567",
            }
            lines[placed % LINES].send("/v1/arrivals", call)
            placed += 1
        await asyncio.sleep(0.002)
    await asyncio.sleep(0.5)
    return len(took)


def bare(rate: int, seconds: float) -> float:
    """Return processor microseconds a request of the bare loop."""
    command = (sys.executable, __file__, "--serve")
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        port = int((server.stdout or sys.stdin).readline())
        before = processor_s(server.pid)
        answered = uvloop.run(ask_bare(port, rate, seconds))
        return (processor_s(server.pid) - before) / answered * 1e6
    finally:
        server.terminate()
        server.wait(timeout=20)


def main() -> None:
    """Print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=3000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        uvloop.run(serve_bare())
        return
    print(machine())
    floor = bare(given.rate, given.seconds)
    row = timed_load(given.rate, given.seconds)
    left, came = (float(str(row[f"{one}_cpu_us_per_call"])) for one in ("by", "ru"))
    said = {"bare_us": floor, "told_us": left, "asked_us": came}
    said |= {"told_to_bare": left / floor, "asked_to_bare": came / floor}
    print(json.dumps({name: round(value, 2) for name, value in said.items()}))


if __name__ == "__main__":
    main()
