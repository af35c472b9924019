"""Time a log on disk: appending, auditing, proving, and checking a bundle.

    python bench/merkle.py --entries 100000

Each append is on the disk for good before it returns, whatever its number of entries;
how long that takes is the disk's word: `sync` times one write of 4 KiB that waits for
it. Auditing reads every file again and compares it.
"""

import argparse
import json
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tallystick.proof import (
    Opening,
    SigningKey,
    audit,
    hashes_of,
    inclusion_proof,
    make_bundle,
    tiles_at,
    verify_bundle,
)
from tallystick.store.log import Disk, create_log, open_log, read_file
from timing import machine, shortest_s

KEY = SigningKey(party="BY", seed=bytes(32))
CONTENT = json.dumps({"route": "BY-RU-7", "hour": "2026-11-22T12", "calls": 5120})


def openings(count: int) -> Iterator[Opening]:
    """Yield openings of some hundred bytes."""
    for _ in range(count):
        yield Opening(kind="counts", salt=os.urandom(32), content=CONTENT)


def say(what: str, **figures: float) -> None:
    """Print one line of figures."""
    row = {name: round(value, 4) for name, value in figures.items()}
    print(json.dumps({"what": what, **row}), flush=True)


def measure(folder: Path, count: int) -> None:
    """Time everything on one log."""
    disk, data = Disk(), os.urandom(4096)
    sync_s = shortest_s(lambda: disk.put(folder / "x", data), rounds=20)
    say("sync", ms=sync_s * 1000)
    create_log(folder / "log", KEY)
    with open_log(folder / "log", KEY) as log:
        for batch, times in ((1, 100), (256, 20), (4096, max(1, count // 4096))):
            begun = time.perf_counter()
            for _ in range(times):
                log.append(openings(batch))
            took_s = time.perf_counter() - begun
            rate = batch * times / took_s
            say(f"append by {batch}", per_s=rate, ms_each_append=took_s / times * 1000)
        size = log.size
        read = hashes_of(size, log.fetch)
        each = range(0, size, max(1, size // 1000))
        took_s = shortest_s(lambda: [inclusion_proof(at, size, read) for at in each])
        say("proof", per_s=len(each) / took_s)
        bundle = make_bundle([KEY.public()], [log.part([0, size // 2, size - 1], [])])
    begun = time.perf_counter()
    with open_log(folder / "log", KEY):
        say("open", entries=size, ms=(time.perf_counter() - begun) * 1000)
    public = folder / "log" / "public"
    note = read_file(public / "checkpoint") or b""
    fetch = tiles_at(lambda path: read_file(public / path))
    took_s = shortest_s(lambda: audit(note, KEY.public(), [], fetch), rounds=2)
    say("audit", entries=size, per_s=size / took_s)
    took_s = shortest_s(lambda: verify_bundle(bundle), rounds=20)
    say("verify a bundle of three", bytes=len(bundle), ms=took_s * 1000)
    files = [one.stat().st_size for one in public.rglob("*") if one.is_file()]
    say("served", files=len(files), bytes_per_entry=sum(files) / size)
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    say("memory", peak_mib=peak_kib / 1024)


def main() -> None:
    """Measure, and print a line of JSON for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--entries", type=lambda text: int(float(text)), default=100_000
    )
    parser.add_argument("--folder", type=Path, help="a disk to measure; else /tmp")
    given = parser.parse_args()
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        measure(Path(folder), given.entries)


if __name__ == "__main__":
    main()
