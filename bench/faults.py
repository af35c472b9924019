"""What goes wrong, under load, and what it does to calls: one row for each fault.

    python bench/faults.py
    python bench/faults.py --only line-cut,clock-hour

Two nodes and the calls between them, whose truth is known: of a hundred calls twenty
were never sent by anybody, the others are honest. Rules are live. Each row tells

- how many honest calls something would have been done to: there must be none;
- how many spoofed calls were refused before the fault, in it, and after it, of all
  that were asked about then (in a fault they pass: nothing may rest on silence);
- how long honest callers waited for a verdict, in milliseconds;
- how many seconds after its end calls were judged again (eight seconds are the agreed
  window: so long the other side's record must reach back);
- calls that got no answer, or were not told of: their switch let them go on;
- `program_faults`: how often a node noted a mistake of its own, or died of one.

Namespaces need root and iproute2; without netem in the kernel the line is made of TUN
devices, on which this program delays and loses packets. Without root a relay of TCP
connections stands in for the line: delay is real there, and loss is a stall until the
second attempt. Clocks are set in the nodes' own processes (`trial/clocked.py`).
"""

import argparse
import asyncio
import contextlib
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import uvloop

from timing import machine
from trial import relay as on_line
from trial.network import run, two_namespaces, why_no_namespaces
from trial.nodes import HOST, NodeProcess, free_port
from trial.relay import Forge, Relay
from trial.sip import sip_switches
from trial.world import SHORT, Pace, World, under_load, world

HOUR_S = 3_600
EPOCH_S = 3.0
"""How long before the end of an epoch its trial begins."""


@dataclass(frozen=True)
class Trial:
    """A row of the table.

    Attributes:
        says: What goes wrong.
        fault: Lets it happen; the load goes on meanwhile.
        prepare: What is set up before the nodes start.
    """

    says: str
    fault: Callable[[World], Awaitable[None]]
    prepare: Callable[[World], Awaitable[None] | None] | None = None


# Nodes that die.


async def peer_killed(made: World) -> None:
    """Kill the telling node, leave it dead, and start it again."""
    await made.by.kill()
    await asyncio.sleep(made.pace.during_s)
    await made.by.start()


async def peer_restarted(made: World) -> None:
    """Kill the telling node and start it again at once, three times."""
    for _ in range(3):
        await made.by.kill()
        await made.by.start()
        await asyncio.sleep(made.pace.during_s / 6)


async def node_restarted(made: World) -> None:
    """Kill the asking node and start it again at once, three times."""
    for _ in range(3):
        await made.ru.kill()
        await made.ru.start()
        await asyncio.sleep(made.pace.during_s / 6)


async def peer_stalled(made: World) -> None:
    """Let the telling node stand still for a third of a second, again and again."""
    for _ in range(max(3, round(made.pace.during_s))):
        await _still(made.by, 0.3)
        await asyncio.sleep(0.5)


async def both_stalled(made: World) -> None:
    """Let each node stand still, for longer and longer."""
    for still_s in (0.05, 0.1, 0.2, 0.4, 0.8, made.pace.during_s / 2):
        await _still(made.by, still_s)
        await _still(made.ru, still_s)
        await asyncio.sleep(0.2)


async def _still(node: NodeProcess, seconds: float) -> None:
    node.pause()
    await asyncio.sleep(seconds)
    node.go_on()


# The line.


async def on_a_line(made: World) -> None:
    """Put the nodes into namespaces, or a relay between them."""
    why = why_no_namespaces()
    if why:
        made.notes["line"] = f"relay: {why}"
        made.line = relay = Relay(made.by.where.channel)
        await relay.open()
        made.closing.push_async_callback(relay.close)
        made.ru.peer = relay.address
        return
    sides = await made.closing.enter_async_context(two_namespaces())
    made.by.where, made.ru.where = sides.by, sides.ru
    made.line, made.notes["line"] = sides, sides.means


async def with_relay(made: World) -> None:
    """Put somebody on the line who can do what he likes."""
    made.line = relay = Relay(made.by.where.channel)
    await relay.open()
    made.closing.push_async_callback(relay.close)
    made.ru.peer = relay.address


async def line_cut(made: World) -> None:
    """Cut the line without a word to either side."""
    made.line.cut()
    await asyncio.sleep(made.pace.during_s)
    made.line.mend()


async def line_flaps(made: World) -> None:
    """Cut and mend it, over and over."""
    for number in range(max(4, round(made.pace.during_s))):
        made.line.cut()
        await asyncio.sleep(0.1 + number % 3 * 0.2)
        made.line.mend()
        await asyncio.sleep(0.4)


def slow_line(delay_ms: int, loss: float) -> Callable[[World], Awaitable[None]]:
    """Return a fault: each way takes so long, and so much is lost."""

    async def fault(made: World) -> None:
        made.line.slow(delay_ms, loss)
        await asyncio.sleep(made.pace.during_s)
        made.line.slow(0, 0.0)

    return fault


def forged(*forges: Callable[[], Forge]) -> Callable[[World], Awaitable[None]]:
    """Return a fault: these are done to the publisher's frames, one after another."""

    async def fault(made: World) -> None:
        for forge in forges:
            made.line.forge = forge()
            await asyncio.sleep(max(made.pace.during_s / len(forges), 1.0))
        made.line.forge = None

    return fault


# Clocks.


def with_clocks(made: World) -> None:
    """Give both nodes clocks that can be set while they run."""
    for node in (made.by, made.ru):
        node.clock = made.folder / f"{node.party}.clock"
        _set(node, 0)


def _set(node: NodeProcess, ahead_s: float) -> None:
    """Set a node's clock; it is a file that the node has mapped."""
    if node.clock is not None:
        with node.clock.open("r+b" if node.clock.exists() else "wb") as file:
            file.write(round(ahead_s * 1e9).to_bytes(8, signed=True))


def clock_off(by_s: float) -> Callable[[World], Awaitable[None]]:
    """Return a fault: each node's clock is set ahead, back, and right again."""

    async def fault(made: World) -> None:
        # So long that a clock which was set back comes again to where it was.
        again_s = by_s + 3 if by_s <= 60 and made.pace.during_s > 5 else 0
        for node in (made.by, made.ru):
            for ahead_s in (by_s, -by_s):
                _set(node, ahead_s)
                await asyncio.sleep(max(made.pace.during_s / 4, again_s))
                _set(node, 0)
                await asyncio.sleep(made.pace.during_s / 8)

    return fault


# Disks.


def on_a_small_disk(made: World) -> None:
    """Put the asking node's verdicts on a disk of two megabytes."""
    made.ru.store.mkdir()
    if os.geteuid() == 0:
        run("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(made.ru.store))
        made.closing.callback(run, "umount", "-l", str(made.ru.store))
        made.notes["disk"] = "tmpfs"
    else:
        made.notes["disk"] = "file size limit: a disk of its own needs root"


async def disk_full(made: World) -> None:
    """Fill the disk, and let no file grow any more, logs among them."""
    pid, ballast = made.ru.pid, made.ru.store / "ballast"
    if os.geteuid() == 0:
        with contextlib.suppress(OSError), ballast.open("wb") as file:
            file.write(bytes(4 << 20))
    hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
    await asyncio.sleep(max(made.pace.during_s, 13))  # verdicts are written each ten
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
    ballast.unlink(missing_ok=True)
    made.notes["half_written"] = len(list(made.ru.store.rglob("*.part")))


async def store_gone(made: World) -> None:
    """Take the folder of verdicts away and put a file in its place."""
    store = made.ru.store
    await asyncio.sleep(made.pace.during_s / 2)
    shutil.rmtree(store, ignore_errors=True)
    store.write_bytes(b"")
    await asyncio.sleep(max(made.pace.during_s, 12))
    store.unlink()


# Keys.


def with_short_epochs(made: World) -> None:
    """Agree epochs of a minute, the shortest there are."""
    made.terms |= {"epoch_ms": 60_000, "overlap_ms": 30_000}
    with_clocks(made)


async def epoch_rotated(made: World) -> None:
    """Let the keys change while the telling node stands still."""
    left_s = 60 - time.time_ns() % 60_000_000_000 / 1e9
    # Both clocks alike, so that nobody waits a minute for the end of the epoch.
    for node in (made.by, made.ru):
        _set(node, left_s - EPOCH_S)
    await asyncio.sleep(EPOCH_S - 0.1)
    await _still(made.by, 0.2)
    await asyncio.sleep(made.pace.during_s / 4)


# Switches.


async def asked_again(made: World) -> None:
    """Say everything three times by HTTP, and twice by SIP, under the same ids."""
    switches = await sip_switches(made.by, made.ru, made.traffic)
    made.traffic.copies = 3
    await asyncio.sleep(made.pace.during_s)
    made.traffic.copies = 1
    made.traffic.forget_also()
    await asyncio.sleep(1)
    made.notes["sip_answers"] = sum(one.finals for one in switches)


def with_sip(made: World) -> None:
    """Let the nodes be asked by SIP, too."""
    made.by.where = replace(made.by.where, sip=(HOST, free_port()))
    made.ru.where = replace(made.ru.where, sip=(HOST, free_port()))


async def switch_floods(made: World) -> None:
    """Let the peer's switch tell of far more calls than its node can take."""
    pool = made.flood_pool()
    sent = 0
    ends = time.perf_counter() + made.pace.during_s
    while time.perf_counter() < ends:
        body = json.dumps(
            [
                {
                    "call_id": f"f{sent}-{n}",
                    "calling_number": f"+37544{(sent * 250 + n) % 9_999_999:07}",
                    "called_number": f"+7812{(sent * 977 + n) % 9_999_999:07}",
                }
                for n in range(250)
            ]
        ).encode()
        head = b"POST /v1/departures HTTP/1.1\r\nhost: n\r\n"
        pool.say(sent, head, body)
        sent += 1
        await asyncio.sleep(0.02 if sent % 2 else 0)
    made.notes["flooded"] = sent * 250


TRIALS: dict[str, Trial] = {
    "peer-killed": Trial("the telling node is killed and stays away", peer_killed),
    "peer-restarted": Trial("it is killed and started again, 3 times", peer_restarted),
    "node-restarted": Trial("so is the asking node", node_restarted),
    "peer-stalled": Trial("the telling node stands still for 0.3 s", peer_stalled),
    "both-stalled": Trial("either stands still, 50 ms to seconds", both_stalled),
    "line-cut": Trial("the line is cut", line_cut, on_a_line),
    "line-flaps": Trial("the line comes and goes", line_flaps, on_a_line),
    "slow-line": Trial(
        "200 ms there and back, 5 % lost", slow_line(100, 0.05), on_a_line
    ),
    "slower-line": Trial("200 ms each way, 5 % lost", slow_line(200, 0.05), on_a_line),
    "clock-1s": Trial("either clock 1 s off, both ways", clock_off(1), with_clocks),
    "clock-30s": Trial("either clock 30 s off", clock_off(30), with_clocks),
    "clock-hour": Trial("either clock an hour off", clock_off(HOUR_S), with_clocks),
    "disk-full": Trial("the disk is full", disk_full, on_a_small_disk),
    "store-gone": Trial("the folder of verdicts is gone", store_gone),
    "epoch": Trial(
        "keys change while a node stands still", epoch_rotated, with_short_epochs
    ),
    "reordered": Trial(
        "frames out of order",
        forged(on_line.HoldBack, lambda: on_line.reorder),
        with_relay,
    ),
    "replayed": Trial("old frames come again", forged(on_line.Replay), with_relay),
    "spoilt": Trial("bits change on the line", forged(on_line.Spoil), with_relay),
    "false-watermarks": Trial(
        "the peer promises 1 s, 30 s, a day ahead",
        forged(
            lambda: on_line.Promise(1_000),
            lambda: on_line.Promise(30_000),
            lambda: on_line.Promise(86_400_000),
        ),
        with_relay,
    ),
    "oversized": Trial("frames too long", forged(on_line.Oversize), with_relay),
    "flood": Trial(
        "every frame 300 times", forged(lambda: on_line.Flood(300)), with_relay
    ),
    "switch-floods": Trial("a switch tells of 12,000 calls a second", switch_floods),
    "asked-again": Trial("a switch says everything five times", asked_again, with_sip),
}


async def tried(name: str, pace: Pace) -> dict[str, object]:
    """Return the row of one trial."""
    with tempfile.TemporaryDirectory() as work:
        row = await _tried(TRIALS[name], Path(work), pace)
    return {"fault": name, "says": TRIALS[name].says} | row


async def _tried(trial: Trial, folder: Path, pace: Pace) -> dict[str, object]:
    async with world(folder, pace) as made:
        preparing = trial.prepare(made) if trial.prepare is not None else None
        if preparing is not None:
            await preparing
        return await under_load(made, trial.fault)


def main() -> None:
    """Try the faults and print a row for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="names, with commas between")
    parser.add_argument("--list", action="store_true", help="name all faults")
    parser.add_argument(
        "--short", action="store_true", help="a window of half a second, a small load"
    )
    parser.add_argument("--rate", type=float, default=0, help="calls a second")
    given = parser.parse_args()
    if given.list:
        for name, trial in TRIALS.items():
            print(f"{name:18} {trial.says}")
        return
    pace = SHORT if given.short else Pace()
    if given.rate:
        pace = replace(pace, rate=given.rate)
    print(machine(), file=sys.stderr)
    harmed = False
    for name in given.only.split(",") if given.only else TRIALS:
        row = uvloop.run(tried(name, pace))
        print(json.dumps(row), flush=True)
        harmed |= bool(row.get("honest_acted_on"))
    if harmed:
        sys.exit(1)


if __name__ == "__main__":
    main()
