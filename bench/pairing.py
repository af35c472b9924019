"""Time `tally pair calls` as a user runs it, beside a bare join of the same keys.

    python bench/pairing.py --sizes 1e6,1e7 --memory 8GB --threads 2

For each size it prints seconds per stage, rows a second and peak memory, and as
reference the time of DuckDB's full outer join of the same two key columns, read from
Parquet under the same limits: once counting what met, once keeping which row met which.
Machines differ and are shared: quote the ratios.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import duckdb

from crossings import make_sides
from timing import machine

# Steps of the plan that pair by full keys; everything else reads, learns or judges.
FIRST_PASS = {
    *("departures", "arrivals", "candidates", "crowded_d", "crowded_a", "crowd"),
    *("pairs", "repeats", "sessions", "ranked", "ordered", "rest", "aligned"),
    *("open_departures", "open_arrivals", "unsettled_d", "unsettled_a"),
}


def bare_joins(
    paths: list[Path], memory: str, threads: int, spill: Path
) -> tuple[float, float]:
    """Return the seconds of a full outer join of both sides' key columns.

    First of one that only counts, then of one that keeps which row met which: without
    that nothing has been paired.
    """
    config = {
        "memory_limit": memory,
        "threads": threads,
        "temp_directory": str(spill),
        "preserve_insertion_order": False,
    }
    key = (
        "SELECT coalesce(try_cast(calling_number AS BIGINT), 0) AS key_hi,"
        " coalesce(try_cast(called_number AS BIGINT), 0) AS key_lo"
        " FROM read_parquet('{}')"
    )
    with duckdb.connect(config=config) as db:
        for side, path in zip(("d", "a"), paths, strict=True):
            target = path.with_suffix(".keys.parquet")
            db.execute(f"COPY ({key.format(path)}) TO '{target}' (FORMAT parquet)")
            db.execute(
                f"CREATE VIEW {side} AS SELECT * FROM"
                f" read_parquet('{target}', file_row_number = true)"
            )
        join = "FROM d FULL JOIN a ON d.key_hi = a.key_hi AND d.key_lo = a.key_lo"
        seconds = []
        for query in (
            f"SELECT count(*), count(d.key_hi), count(a.key_hi) {join}",
            (
                "CREATE TABLE met AS SELECT d.file_row_number AS d_row,"
                f" a.file_row_number AS a_row {join}"
            ),
        ):
            started = time.perf_counter()
            db.execute(query).fetchall()
            seconds.append(time.perf_counter() - started)
    return seconds[0], seconds[1]


def measure(calls: int, work: Path, memory: str, threads: int) -> dict[str, object]:
    """Make the records if need be, pair them in a process of its own, and join."""
    paths = make_sides(work, calls, memory=memory, threads=threads)
    out = work / f"result-{calls}"
    command = [
        *(sys.executable, "-m", "tallystick", "pair", "calls"),
        *map(str, paths),
        *("--out", str(out), "--memory", memory, "--threads", str(threads)),
        *("--departure-country", "BY", "--arrival-country", "RU", "--work", str(work)),
    ]
    started = time.perf_counter()
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    wall = time.perf_counter() - started
    if done.returncode not in {0, 1}:
        sys.exit(f"tally failed:\n{done.stderr}")
    told = json.loads((out / "summary.json").read_text())
    seconds = {step["name"]: step["seconds"] for step in told["steps"]}
    pairing = sum(s for name, s in seconds.items() if name in FIRST_PASS)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    counting, keeping = bare_joins(paths, memory, threads, work / "spill")
    halves = sum(told["inputs"][s]["halves"] for s in ("departures", "arrivals"))
    return {
        "calls": calls,
        "total_s": round(wall, 1),
        "read_s": round(seconds["learn_numbers"] + seconds["read"], 1),
        "pair_s": round(pairing, 1),
        "join_counting_s": round(counting, 2),
        "pair_to_join_counting": round(pairing / counting, 1),
        "join_keeping_s": round(keeping, 2),
        "pair_to_join_keeping": round(pairing / keeping, 1),
        "halves_per_s": round(halves / wall),
        "peak_gb": round(peak, 1),
        "pairs": told["pairs"]["total"],
    }


def main() -> None:
    """Print one line a size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1e6")
    parser.add_argument("--memory", default="8GB")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--work", type=Path, default=Path("build/bench"))
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    print(machine())
    for size in given.sizes.split(","):
        row = measure(int(float(size)), given.work, given.memory, given.threads)
        print(json.dumps(row))


if __name__ == "__main__":
    main()
