"""Two live nodes under the load of a country's gateway, on the loopback.

    python bench/load.py --rate 3250 --seconds 600 --burst 12000

Every call is told to BY's node and 50 ms later asked about at RU's; five in a hundred
were never sent by anybody and are asked about only. Rules are live: whatever rests on
absence is refused. Each call has numbers that no other has, so nothing is remembered
from one to the next. The generator is one process beside the two nodes and shares the
machine's cores with them.

Printed, as JSON: what was said of honest and of spoofed calls; milliseconds until a
switch had its answer (`told_ms`, `verdict_ms`; `spoofed_ms` with the wait until the
peer's record covers the call); `visible_ms`, from the answer to a departure until a
verdict that rests on it, asked for at once; memory of both nodes at the beginning, in
the middle and at the end; processor time for each call.
"""

import argparse
import asyncio
import json
import os
import resource
import sys
import tempfile
from array import array
from collections.abc import Callable
from pathlib import Path

import uvloop

from timing import machine
from trial.lines import Pool
from trial.nodes import NodeProcess, agree, place
from trial.traffic import AT_ONCE, GENUINE, SPOOFED, Mix, Traffic, spread

BURST_EVERY_S = 10.0


def plan(rate: float, burst: float, burst_s: float) -> Callable[[float], float]:
    """Return the rate by the time: every ten seconds it goes up for a while."""

    def rate_of(passed_s: float) -> float:
        in_burst = burst and passed_s % BURST_EVERY_S >= BURST_EVERY_S - burst_s
        return burst if in_burst else rate

    return rate_of


async def measure(given: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Start both nodes, let calls come, and return the row."""
    agree(folder)
    by, ru = (NodeProcess(folder, party, place()) for party in ("BY", "RU"))
    ru.peer = by.where.channel
    nodes = (by, ru)
    try:
        for node in nodes:
            await node.start()
        return await _load(given, by, ru)
    finally:
        for node in nodes:
            await node.stop()
        if given.logs:
            for node in nodes:
                print(node.log.read_text(encoding="utf-8"), file=sys.stderr)


async def _load(
    given: argparse.Namespace, by: NodeProcess, ru: NodeProcess
) -> dict[str, object]:
    pools = [Pool(node.where.http, size=given.lines) for node in (by, ru)]
    for pool in pools:
        pool.open()
    traffic = Traffic(*pools, mix=Mix(spoofed=given.spoofed))
    await asyncio.sleep(0.5)
    # Until RU's record covers a whole window and the clocks are known.
    await traffic.place(lambda _: min(200.0, given.rate), 10)
    await asyncio.sleep(1)
    traffic.forget()
    before_s = [node.cpu_s() for node in (by, ru)]
    memory: list[tuple[float, float]] = []
    watch = asyncio.ensure_future(_watch(memory, by, ru))
    row: dict[str, object] = {}
    if given.closed:
        row["calls_s"] = round(await traffic.place_closed(given.closed, given.seconds))
    else:
        rate_of = plan(given.rate, given.burst, given.burst_seconds)
        await traffic.place(rate_of, given.seconds)
    await asyncio.sleep(1.5)
    watch.cancel()
    after_s = [node.cpu_s() for node in (by, ru)]
    placed = sum(traffic.placed.values())
    used = [(b - a) / placed * 1e6 for a, b in zip(before_s, after_s, strict=True)]
    for pool in pools:
        pool.close()
    return row | {
        "calls": placed,
        "honest_acted_on": len(traffic.acted_on),
        "said": {
            f"{kind} {outcome or 'unanswered'}{' refused' if acted else ''}": count
            for (kind, outcome, acted), count in sorted(traffic.said.items())
        },
        "untold": traffic.untold,
        "waited_for_a_line": [pool.waited for pool in pools],
        "told_ms": spread(traffic.told_ms),
        "verdict_ms": spread(traffic.took_ms[GENUINE]),
        "spoofed_ms": spread(traffic.took_ms[SPOOFED]),
        "visible_ms": spread(traffic.took_ms[AT_ONCE]),
        "by_cpu_us_per_call": round(used[0]),
        "ru_cpu_us_per_call": round(used[1]),
        "generator_lag_ms": round(traffic.lag_s * 1000, 1),
        "by_memory_mb": _memory(memory, 0),
        "ru_memory_mb": _memory(memory, 1),
        "faults": by.troubles() + ru.troubles(),
    }


async def _watch(
    memory: list[tuple[float, float]], by: NodeProcess, ru: NodeProcess
) -> None:
    while True:
        memory.append((by.rss_mb(), ru.rss_mb()))
        await asyncio.sleep(1)


def _memory(seen: list[tuple[float, float]], which: int) -> list[int]:
    """Return memory at the beginning, after each quarter, and the most."""
    row = array("f", (one[which] for one in seen))
    points = [row[round(part / 4 * (len(row) - 1))] for part in range(5)]
    return [round(one) for one in (*points, max(row))]


def main() -> None:
    """Print one row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rate", type=float, default=3250, help="calls a second")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--burst", type=float, default=0, help="calls a second")
    parser.add_argument("--burst-seconds", type=float, default=1.0)
    parser.add_argument(
        "--lines", type=int, default=200, help="connections to each node"
    )
    parser.add_argument("--spoofed", type=int, default=5, help="of a hundred calls")
    parser.add_argument(
        "--closed", type=int, default=0, help="keep so many calls under way instead"
    )
    parser.add_argument("--logs", action="store_true", help="show what nodes noted")
    given = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as work:
        row = uvloop.run(measure(given, Path(work)))
    used = resource.getrusage(resource.RUSAGE_SELF)
    row["generator_cpu_s"] = round(used.ru_utime + used.ru_stime, 1)
    print(json.dumps(row))
    if row["honest_acted_on"]:
        sys.exit(1)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    main()
