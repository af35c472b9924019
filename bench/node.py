"""Time two live nodes under a steady load of calls, on the loopback.

    python bench/node.py --rate 1000 --seconds 10

Every call is told to BY's node and, a moment later, asked about at RU's, each by an
HTTP request of its own on connections that stay open. Printed: how long the answer to
a switch took (p50, p99, longest), outcomes, and CPU seconds of each process for a
thousand calls. Load generator and both nodes share the machine's cores.
"""

import argparse
import asyncio
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import uvloop

from timing import machine
from trial.nodes import agree

TRANSIT_S = 0.05
LINES = 8


def start(
    folder: Path,
    party: str,
    other: str,
    more: str,
    *,
    listens: str = "",
    core: str = "",
) -> tuple[subprocess.Popen[str], dict[str, int]]:
    """Start a node, on one core if told so, and return it and its ports."""
    path = folder / f"{party}.toml"
    path.write_text(
        f'party = "{party}"\nfolder = "{party}"\n'
        f'[keys]\nown = "{party}.key"\nterms = "terms.toml"\n'
        '[listen]\nhttp = "127.0.0.1:0"\nchannel = "127.0.0.1:0"\n'
        f'{listens}[numbers]\nown = "{party}"\npeer = "{other}"\n{more}'
    )
    place = ("taskset", "-c", core) if core else ()
    node = subprocess.Popen(
        (*place, sys.executable, "-m", "tallystick", "node", "run", "--config", path),
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    ports: dict[str, int] = {}
    for line in node.stdout or ():
        if found := re.match(r"(http|channel)\s+\S+:(\d+)", line):
            ports[found[1]] = int(found[2])
        if len(ports) == 2:
            break
    return node, ports


class Line(asyncio.Protocol):
    """One connection that sends requests and times the answers."""

    def __init__(self, took: list[float], outcomes: Counter[str]) -> None:
        """Collect into these."""
        self.took, self.outcomes = took, outcomes
        self.sent: deque[float] = deque()
        self.data = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take whole answers off what came."""
        self.data += data
        while (end := self.data.find(b"\r\n\r\n")) >= 0:
            head = self.data[:end]
            length = int(head[head.index(b"content-length:") + 15 :].split(b"\r\n")[0])
            if len(self.data) < end + 4 + length:
                return
            body = self.data[end + 4 : end + 4 + length]
            self.data = self.data[end + 4 + length :]
            self.took.append(time.perf_counter() - self.sent.popleft())
            if found := re.search(rb'"outcome":"(\w+)"', body):
                self.outcomes[found[1].decode()] += 1

    def send(self, path: str, call: dict[str, object]) -> None:
        """Send one request."""
        body = json.dumps(call, separators=(",", ":")).encode()
        head = f"POST {path} HTTP/1.1\r\nhost: n\r\ncontent-length: {len(body)}\r\n\r\n"
        self.sent.append(time.perf_counter())
        if self.transport is not None:
            self.transport.write(head.encode() + body)


async def load(ports: tuple[int, int], rate: int, seconds: float) -> dict[str, object]:
    """Place calls at a steady rate."""
    loop = asyncio.get_running_loop()
    told: list[float] = []
    asked: list[float] = []
    outcomes: Counter[str] = Counter()

    async def lines(port: int, took: list[float]) -> list[Line]:
        return [
            (
                await loop.create_connection(
                    lambda: Line(took, outcomes), "127.0.0.1", port
                )
            )[1]
            for _ in range(LINES)
        ]

    departing = await lines(ports[0], told)
    arriving = await lines(ports[1], asked)
    await asyncio.sleep(1)
    began = loop.time()
    placed = 0
    while (passed := loop.time() - began) < seconds:
        while placed < passed * rate:
            call = {
                "call_id": f"d{placed}",
                "calling_number": f"+37529{1_000_000 + placed * 7919 % 8_999_999}",
                "called_number": f"+7916{1_000_000 + placed * 104_729 % 8_999_999}",
            }
            departing[placed % LINES].send("/v1/departures", call)
            there = call | {"call_id": f"a{placed}"}
            line = arriving[placed % LINES]
            loop.call_later(TRANSIT_S, line.send, "/v1/arrivals", there)
            placed += 1
        await asyncio.sleep(0.002)
    async with asyncio.timeout(10):
        while len(asked) < placed:
            await asyncio.sleep(0.01)
    return {
        "calls": placed,
        "rate": round(placed / seconds),
        "verdict_ms": _spread(asked[len(asked) // 10 :]),
        "told_ms": _spread(told[len(told) // 10 :]),
        "outcomes": dict(outcomes),
    }


def _spread(took: list[float]) -> dict[str, float]:
    took.sort()
    at = {"p50": 0.5, "p99": 0.99, "p999": 0.999}
    found = {name: took[int(share * (len(took) - 1))] for name, share in at.items()}
    return {k: round(v * 1000, 2) for k, v in (found | {"max": took[-1]}).items()}


def processor_s(pid: int) -> float:
    fields = (
        Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    )
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def two_nodes() -> Generator[tuple[list[subprocess.Popen[str]], tuple[int, int]]]:
    """Run both parties' nodes; yield them and their ports for switches."""
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        agree(folder)
        by, by_ports = start(folder, "BY", "RU", "")
        peer = f'[peer]\naddress = "127.0.0.1:{by_ports["channel"]}"\n'
        ru, ru_ports = start(folder, "RU", "BY", peer)
        try:
            time.sleep(9)  # until RU's record covers a whole window
            yield [by, ru], (by_ports["http"], ru_ports["http"])
        finally:
            for one in (by, ru):
                one.terminate()
                one.wait(timeout=20)


def timed_load(rate: int, seconds: float) -> dict[str, object]:
    """Run two nodes under load; return its row, and processor time for each call."""
    with two_nodes() as (both, ports):
        before = [processor_s(one.pid) for one in both]
        row = uvloop.run(load(ports, rate, seconds))
        after = [processor_s(one.pid) for one in both]
    for name, low, high in zip(("by", "ru"), before, after, strict=True):
        taken = (high - low) / int(str(row["calls"]))
        row[f"{name}_cpu_us_per_call"] = round(taken * 1e6)
    return row


def main() -> None:
    """Run two nodes and print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=10)
    given = parser.parse_args()
    print(machine())
    row = timed_load(given.rate, given.seconds)
    row["own_cpu_s"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_utime, 1)
    print(json.dumps(row))


if __name__ == "__main__":
    main()
