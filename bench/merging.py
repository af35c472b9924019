"""What merging an hour of kept verdicts costs.

    python bench/merging.py --files 90 --rows 32500

Files as a node writes them every ten seconds, 360 an hour. Printed: turns (each one
merged file), the longest, processor seconds of all, sizes before and after, and by how
much the process grew at most.
"""

import argparse
import resource
import tempfile
import time
import uuid
from pathlib import Path

import pyarrow as pa

from tallystick.node.kept.merging import HOUR_MS, files_of, merge_some, write_whole
from tallystick.node.kept.verdicts import KIND, SCHEMA
from timing import machine


def write(folder: Path, files: int, rows: int) -> None:
    """Write an hour's verdicts."""
    for number in range(files):
        at_ms = number * HOUR_MS // files
        columns = {
            "call_id": [str(uuid.uuid4()) for _ in range(rows)],
            "at_ms": list(range(at_ms, at_ms + rows)),
            "trunk": ["trunk-7"] * rows,
            "carrier": ["transit"] * rows,
            "outcome": ["paired"] * rows,
            "action": ["pass"] * rows,
            "rule": ["paired"] * rows,
            "mode": ["live"] * rows,
            "would": ["pass"] * rows,
            "acting": ["paired"] * rows,
            "reasons": ["half_paired"] * rows,
            "why": ["key"] * rows,
            "covered": [True] * rows,
            "waited_ms": [one % 30 for one in range(rows)],
            "offset_ms": [one % 400 for one in range(rows)],
            "corrected": [False] * rows,
            "reference": [""] * rows,
            "watched": [False] * rows,
        }
        path = folder / f"{KIND}-{at_ms:015d}-{number:06d}.parquet"
        write_whole(path, SCHEMA, [pa.table(columns, schema=SCHEMA)])


def size_mb(folder: Path) -> float:
    """Return what the files take."""
    return sum(path.stat().st_size for path in files_of(folder, KIND)) / 2**20


def memory_mb() -> float:
    """Return the most memory the process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Write, merge, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--files", type=int, default=90)
    options.add_argument("--rows", type=int, default=32_500)
    told = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, told.files, told.rows)
        before_mb, memory_before_mb = size_mb(folder), memory_mb()
        done: set[int] = set()
        turns: list[float] = []
        cpu_s = time.process_time()
        more = True
        while more:
            began_s = time.perf_counter()
            more = merge_some(folder, KIND, now_ms=3 * HOUR_MS, done=done)
            turns.append(time.perf_counter() - began_s)
        cpu_s = time.process_time() - cpu_s
        files = len(files_of(folder, KIND))
        print(machine())
        print(f"files   {told.files:,} of {told.rows:,} rows -> {files:,}")
        print(f"size    {before_mb:,.1f} MB -> {size_mb(folder):,.1f} MB")
        print(f"turns   {len(turns)}, the longest {max(turns):.2f} s")
        print(f"cpu     {cpu_s:.2f} s")
        print(f"memory  {memory_mb() - memory_before_mb:,.0f} MB more at most")


if __name__ == "__main__":
    main()
