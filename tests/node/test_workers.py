"""Several processes on the same ports, started as an operator starts them."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess  # ruff: ignore[suspicious-subprocess-import] (our own program)
import sys
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from tallystick.node.service import now_ms
from tallystick.testing.programs import free_port

from .pair import COUNTRIES, WINDOW_MS, agreed

A = "+375291234567"
ACCUSING = {"no_departure", "altered", "repeated"}


def free_ports(count: int) -> list[int]:
    """Return ports nobody listens on."""
    return [free_port() for _ in range(count)]


@pytest.fixture
def ports(tmp_path: Path) -> Generator[dict[str, int]]:
    """Run BY and RU, two processes each; return where they listen by HTTP."""
    agreed(tmp_path)
    http = dict(zip(COUNTRIES, free_ports(2), strict=True))
    channel = dict(zip(COUNTRIES, free_ports(2), strict=True))
    running = []
    for party, other in (COUNTRIES, COUNTRIES[::-1]):
        peer = f'[peer]\naddress = "127.0.0.1:{channel[other]}"\n'
        path = tmp_path / f"{party}.toml"
        path.write_text(
            f'party = "{party}"\nfolder = "{party}"\nworkers = 2\n'
            f'[keys]\nown = "{party}.key"\nterms = "terms.toml"\n'
            f'[listen]\nhttp = "127.0.0.1:{http[party]}"\n'
            f'channel = "127.0.0.1:{channel[party]}"\n'
            f'[numbers]\nown = "{party}"\npeer = "{other}"\n'
            + (peer if party == "RU" else "")
        )
        command = (sys.executable, "-m", "tallystick", "node", "run", "--config", path)
        running.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
    yield http | {
        f"{party}-pid": one.pid for party, one in zip(COUNTRIES, running, strict=True)
    }
    for one in running:
        one.terminate()
    for one in running:
        assert one.wait(20) == 0


def children(pid: int) -> list[int]:
    """Return the processes that a process started."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(one) for one in text.split()]


async def send(port: int, method: str, path: str, body: object = None) -> dict:
    """Send one request on a connection of its own: the kernel chooses the process."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        data = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: n\r\nContent-Length: {len(data)}"
        writer.write(f"{head}\r\nConnection: close\r\n\r\n".encode() + data)
        got = await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()
    return json.loads(got.partition(b"\r\n\r\n")[2])


def call(name: str, number: int) -> dict[str, object]:
    """Return a call that leaves or arrives now."""
    called = f"+7495{2_000_000 + number}"
    return {
        "call_id": f"{name}-{number}",
        "at_ms": now_ms(),
        "calling_number": A,
        "called_number": called,
    }


async def asked(port: int, said: dict[str, object]) -> dict:
    """Ask, and again while the log is behind: a slow machine is no fault."""
    answer: dict = {}
    async with asyncio.timeout(10):
        while answer.get("outcome", "unproven") == "unproven":
            answer = await send(port, "POST", "/v1/arrivals", said)
            if answer["why"] not in {"stream_behind", "silent"}:
                break
            await asyncio.sleep(0.05)
    return answer


async def ready(port: int) -> None:
    """Wait until every process says that a call could be judged."""
    async with asyncio.timeout(40):
        row = 0
        while row < 12:
            with contextlib.suppress(OSError, ValueError):
                health = await send(port, "GET", "/healthz")
                row = row + 1 if health["ready"] else 0
            await asyncio.sleep(0.03)
    await asyncio.sleep(WINDOW_MS / 1000 + 0.2)


async def pairs(ports: dict[str, int], numbers: range) -> None:
    """Let genuine calls pass; all of them must pair."""
    left_ms = {}
    for number in numbers:
        said = call("by", number)
        left_ms[number] = said["at_ms"]
        await send(ports["BY"], "POST", "/v1/departures", said)
    await asyncio.sleep(0.2)
    for number in numbers:
        came_ms = min(now_ms(), left_ms[number] + 200)
        said = await asked(ports["RU"], call("ru", number) | {"at_ms": came_ms})
        assert said["outcome"] == "paired", said["why"]


def test_a_port_that_is_drawn_cannot_be_shared(tmp_path):
    """Each process would listen elsewhere; it is said before anything starts."""
    agreed(tmp_path)
    path = tmp_path / "node.toml"
    path.write_text(
        'party = "BY"\nworkers = 2\n[keys]\nown = "BY.key"\nterms = "terms.toml"\n'
        '[listen]\nhttp = "127.0.0.1:0"\n[numbers]\nown = "BY"\npeer = "RU"\n'
    )
    command = (sys.executable, "-m", "tallystick", "node", "run", "--config", path)
    said = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False
    )
    assert said.returncode == 2
    assert "listen.http" in said.stderr


def test_processes_on_one_port_answer_as_one_node(ports):
    """Calls go to whichever process the kernel chooses; one of each is killed, and
    another takes its place; no honest call is accused."""

    async def run():
        await ready(ports["RU"])
        await pairs(ports, range(30))
        strange = [await asked(ports["RU"], call("x", 100 + n)) for n in range(6)]
        assert {one["outcome"] for one in strange} == {"no_departure"}
        again = [await asked(ports["RU"], call("y", n)) for n in range(6)]
        assert {one["outcome"] for one in again} == {"repeated"}
        for party in COUNTRIES:
            os.kill(children(ports[f"{party}-pid"])[0], signal.SIGKILL)
        outcomes = []
        for number in range(200, 300):
            with contextlib.suppress(OSError, ValueError):
                await send(ports["BY"], "POST", "/v1/departures", call("by", number))
                await asyncio.sleep(0.02)
                said = await send(
                    ports["RU"], "POST", "/v1/arrivals", call("ru", number)
                )
                outcomes.append(said["outcome"])
        assert len(outcomes) > 80
        assert not ACCUSING & set(outcomes)
        await asyncio.sleep(2)
        await ready(ports["RU"])
        await pairs(ports, range(300, 320))
        strange = await asked(ports["RU"], call("x", 400))
        assert strange["outcome"] == "no_departure"

    began = time.monotonic()
    asyncio.run(run())
    assert time.monotonic() - began < 90
