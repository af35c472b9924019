"""Compare what could carry the log that several nodes of one party share.

    python bench/log.py --seconds 10 --rates 3250,12000

Two members, each a process of its own, append batches of events and read everything
that both append, as nodes would. Printed for each store and rate: milliseconds from
append to seen (p50, p99, longest), CPU seconds of store and of each member for a
thousand events, and, after the store was killed (SIGKILL) and started again, how many
acknowledged batches were gone and how long nothing was seen.

Needs Debian's redis-server and nats-server, and the packages redis (with hiredis) and
nats-py (which nothing else here needs).
"""

import argparse
import asyncio
import contextlib
import importlib
import json
import os
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from timing import machine

EVENT_BYTES = 78
PACE_S = 0.004
HEAD = struct.Struct(">IQd")
KEY = "log"
STORES = ("redis", "redis-aof", "nats-memory", "nats-file")
Take = Callable[[bytes], None]
Append = Callable[[bytes], Awaitable[object]]


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def start(store: str, port: int, folder: Path) -> subprocess.Popen[bytes]:
    """Start a store on the loopback and wait until it listens."""
    if store.startswith("redis"):
        keeps = ("--appendonly", "yes" if store == "redis-aof" else "no")
        place = ("--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder))
        command = ("redis-server", *place, "--save", "", *keeps)
    else:
        place = ("-a", "127.0.0.1", "-p", str(port), "-sd", str(folder))
        command = ("nats-server", "-js", *place)
    quiet = subprocess.DEVNULL
    server = subprocess.Popen(command, stdout=quiet, stderr=quiet)
    while server.poll() is None:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port)),
        ):
            return server
        time.sleep(0.02)
    raise SystemExit(f"{command[0]} does not start")


def redis_line(port: int, take: Take) -> Append:
    """Follow a stream of Redis; return how to append to it."""
    made = importlib.import_module("redis.asyncio").Redis
    write, read = made(port=port), made(port=port)

    async def follow() -> None:
        last, own = b"$", asyncio.current_task()
        # The client may answer a cancelled wait as if nothing had been.
        while own is not None and not own.cancelling():
            got: Any = await read.xread({KEY: last}, count=512, block=1000)
            for _, entries in got or ():
                for _, fields in entries:
                    take(fields[b"b"])
                last = entries[-1][0]

    _TASKS.append(asyncio.create_task(follow()))

    async def append(batch: bytes) -> object:
        await write.xadd(KEY, {"b": batch}, maxlen=100_000, approximate=True)
        return None

    return append


async def quiet(error: Exception) -> None:
    """Pass over an error of a connection; it is made anew."""
    del error
    await asyncio.sleep(0)


async def nats_line(port: int, take: Take, *, memory: bool) -> Append:
    """Follow a stream of JetStream; return how to append to it."""
    api = importlib.import_module("nats.js.api")
    line = await importlib.import_module("nats").connect(
        f"nats://127.0.0.1:{port}",
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.05,
        error_cb=quiet,
    )
    stream = line.jetstream(timeout=5)
    kept = api.StorageType.MEMORY if memory else api.StorageType.FILE
    config = api.StreamConfig(name=KEY, subjects=[KEY], storage=kept, max_age=60)
    await stream.add_stream(config)

    policy = api.DeliverPolicy.NEW
    told = await stream.subscribe(KEY, ordered_consumer=True, deliver_policy=policy)

    async def follow() -> None:
        async for message in told.messages:
            take(message.data)

    _TASKS.append(asyncio.create_task(follow()))

    async def append(batch: bytes) -> object:
        return await stream.publish(KEY, batch)

    return append


_TASKS: list[asyncio.Task[None]] = []


async def member(store: str, port: int, rate: float, seconds: float, name: int) -> None:
    """Append and read for a while, and print what was measured."""
    took: list[float] = []
    seen = 0

    def take(batch: bytes) -> None:
        nonlocal seen
        who, count, sent = HEAD.unpack_from(batch)
        seen += count
        if who == name:
            took.append(time.monotonic() - sent)

    if store.startswith("redis"):
        append = redis_line(port, take)
    else:
        append = await nats_line(port, take, memory=store == "nats-memory")
    await asyncio.sleep(1)
    loop, waiting = asyncio.get_running_loop(), set()
    began, placed = loop.time(), 0
    used = resource.getrusage(resource.RUSAGE_SELF)
    while (passed := loop.time() - began) < seconds:
        count = int(passed * rate) - placed
        if count:
            placed += count
            batch = HEAD.pack(name, count, time.monotonic()) + bytes(
                EVENT_BYTES * count
            )
            task = asyncio.ensure_future(append(batch))
            waiting.add(task)
            task.add_done_callback(waiting.discard)
        await asyncio.sleep(PACE_S)
    await asyncio.sleep(1)
    now = resource.getrusage(resource.RUSAGE_SELF)
    cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    print(json.dumps({"took": took, "seen": seen, "placed": placed, "cpu": cpu}))


def cpu_s(pid: int) -> float:
    """Return the CPU seconds a process has used."""
    text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(store: str, rate: int, seconds: float) -> dict[str, object]:
    """Run a store and two members."""
    with tempfile.TemporaryDirectory() as work:
        port = free_port()
        server = start(store, port, Path(work))
        try:
            before = cpu_s(server.pid)
            command = (sys.executable, __file__, "--as-member", store, str(port))
            told = (str(rate / 2), str(seconds))
            members = [
                subprocess.Popen((*command, *told, str(n)), stdout=subprocess.PIPE)
                for n in (1, 2)
            ]
            rows = [json.loads(one.communicate()[0]) for one in members]
            used = cpu_s(server.pid) - before
            memory = resident_mb(server.pid)
        finally:
            server.kill()
            server.wait()
    took = sorted(1000 * one for row in rows for one in row["took"])
    events = sum(row["placed"] for row in rows)
    return {
        "store": store,
        "rate": rate,
        "all_seen": all(row["seen"] == events for row in rows),
        "p50_ms": round(took[len(took) // 2], 2),
        "p99_ms": round(took[int(0.99 * len(took))], 2),
        "max_ms": round(took[-1], 1),
        "store_cpu_ms_per_1000": round(used / events * 1e6, 2),
        "member_cpu_ms_per_1000": round(
            sum(row["cpu"] for row in rows) / 2 / events * 1e6, 2
        ),
        "store_mb": memory,
    }


def resident_mb(pid: int) -> int:
    """Return the memory a process holds."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(text.split("VmRSS:")[1].split()[0]) // 1024


async def interrupted(store: str) -> dict[str, object]:
    """Kill a store while batches are appended, start it again, and count."""
    with tempfile.TemporaryDirectory() as work:
        port = free_port()
        server = start(store, port, Path(work))
        seen: dict[int, float] = {}

        def take(batch: bytes) -> None:
            seen[HEAD.unpack_from(batch)[1]] = time.monotonic()

        if store.startswith("redis"):
            append = redis_line(port, take)
        else:
            append = await nats_line(port, take, memory=store == "nats-memory")
        await asyncio.sleep(0.5)
        acknowledged: set[int] = set()

        async def place(number: int) -> None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(append(HEAD.pack(1, number, 0) + bytes(78)), 2)
                acknowledged.add(number)

        tasks, killed, back = [], 0.0, 0.0
        for number in range(1500):
            tasks.append(asyncio.create_task(place(number)))
            await asyncio.sleep(PACE_S)
            if number == 500:
                server.send_signal(signal.SIGKILL)
                server.wait()
                killed = time.monotonic()
            if number == 600:
                server = start(store, port, Path(work))
                back = time.monotonic()
        await asyncio.gather(*tasks)
        await asyncio.sleep(1)
        server.kill()
        server.wait()
        after = [when for when in seen.values() if when > killed + 0.05]
        for one in _TASKS:
            one.cancel()
        return {
            "store": store,
            "acknowledged_and_never_seen": len(acknowledged - seen.keys()),
            "seen_again_s_after_start": round(min(after) - back, 2) if after else None,
        }


def main() -> None:
    """Measure what is asked for, or be one of the members."""
    if "--as-member" in sys.argv:
        store, port, rate, seconds, name = sys.argv[2:]
        work = member(store, int(port), float(rate), float(seconds), int(name))
        asyncio.run(work)
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rates", default="3250,12000")
    parser.add_argument("--stores", default=",".join(STORES))
    given = parser.parse_args()
    for command in ("redis-server", "nats-server"):
        if shutil.which(command) is None:
            parser.error(f"{command} is not installed")
    print(machine())
    for store in given.stores.split(","):
        for rate in given.rates.split(","):
            print(json.dumps(measure(store, int(rate), given.seconds)), flush=True)
        print(json.dumps(asyncio.run(interrupted(store))), flush=True)


if __name__ == "__main__":
    main()
