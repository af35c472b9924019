"""How long a harm report takes over so many kept verdicts, and how much memory.

    python bench/harm.py --verdicts 1e7

Verdicts are written as nodes keep them, 100,000 a file, of a month; a pairing in batch
that found most of their partners lies beside. What is counted is known beforehand and
compared. Time and peak memory are of the reading process alone.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tallystick.engines.kept import HarmJob, count_harm
from tallystick.harm import Period
from tallystick.node.kept.verdicts import SCHEMA
from timing import machine

FROM_MS, UNTIL_MS = 1_790_812_800_000, 1_793_491_200_000  # October 2026
FILE_ROWS = 100_000
SPOOFED = 0.01  # of crossings: no departure, acted on
LATE = 0.0001  # of crossings: acted on, and the departure came after


def write(folder: Path, rows: int) -> dict[str, int]:
    """Write verdicts and a pairing; return what is true of them."""
    drawn = np.random.default_rng(1)
    verdicts, result = folder / "verdicts", folder / "result"
    verdicts.mkdir()
    result.mkdir()
    truth = {"paired": 0, "no_departure": 0, "acted": 0, "honest": 0, "confirmed": 0}
    writers: dict[str, pq.ParquetWriter] = {}
    for start in range(0, rows, FILE_ROWS):
        count = min(FILE_ROWS, rows - start)
        at_ms = FROM_MS + (start + np.arange(count)) * (UNTIL_MS - FROM_MS) // rows
        luck = drawn.random(count)
        late, missing = luck < LATE, luck < SPOOFED
        ids = pa.array(np.char.add("call-", (start + np.arange(count)).astype(str)))
        table = _table(ids, at_ms, missing, drawn)
        if late.any():
            again = table.filter(pa.array(late))
            fixed = {"outcome": "paired", "action": "pass", "corrected": True}
            for name, value in fixed.items():
                place = SCHEMA.get_field_index(name)
                column = pa.array([value] * again.num_rows).cast(
                    SCHEMA.field(name).type
                )
                again = again.set_column(place, SCHEMA.field(name), column)
            table = pa.concat_tables([table, again])
        name = f"verdicts-{int(at_ms[-1]):015d}-{start // FILE_ROWS:06d}.parquet"
        pq.write_table(table, verdicts / name, compression="zstd")
        truth["paired"] += int((~missing).sum() + late.sum())
        truth["no_departure"] += int(missing.sum() - late.sum())
        truth["acted"] += int(missing.sum())
        truth["honest"] += int(late.sum())
        truth["confirmed"] += int(missing.sum() - late.sum())
        found = pa.table({"arrival_id": ids.filter(pa.array(~missing | late))})
        lacks = ids.filter(pa.array(missing & ~late))
        kinds = pa.array(["no_departure"] * len(lacks), pa.string())
        named = pa.table({"arrival_id": lacks, "kind": kinds})
        for kind, rows_of in (("pairs", found), ("findings", named)):
            if kind not in writers:
                path = result / f"{kind}.parquet"
                writers[kind] = pq.ParquetWriter(path, rows_of.schema)
            writers[kind].write_table(rows_of)
    for writer in writers.values():
        writer.close()
    (result / "summary.json").write_text("{}", encoding="utf-8")
    return truth


def _table(
    ids: pa.Array, at_ms: np.ndarray, missing: np.ndarray, drawn: np.random.Generator
) -> pa.Table:
    count = len(ids)
    trunk = np.char.add("RU-", drawn.integers(0, 40, count).astype(str))
    carrier = np.char.add("Carrier ", drawn.integers(0, 12, count).astype(str))
    columns = {
        "call_id": ids,
        "at_ms": at_ms,
        "trunk": trunk,
        "carrier": carrier,
        "outcome": np.where(missing, "no_departure", "paired"),
        "action": np.where(missing, "mask", "pass"),
        "rule": np.where(missing, "missing", "paired"),
        "mode": np.full(count, "live"),
        "would": np.where(missing, "mask", "pass"),
        "acting": np.where(missing, "missing", "paired"),
        "reasons": np.where(missing, "half_no_departure;origin_peer", "half_paired"),
        "why": np.where(missing, "nothing_known", "key"),
        "covered": np.full(count, True),
        "waited_ms": drawn.exponential(4, count).astype(np.int32),
        "offset_ms": drawn.integers(100, 900, count).astype(np.int32),
        "corrected": np.zeros(count, dtype=bool),
        "watched": np.zeros(count, dtype=bool),
    }
    arrays = [pa.array(columns[field.name]).cast(field.type) for field in SCHEMA]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def peak_mb() -> int:
    """Return the most memory this program has had since it began."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(
        int(line.split()[1]) // 1024
        for line in status.splitlines()
        if line.startswith("VmHWM")
    )


def read(folder: Path, memory_mb: int) -> dict[str, object]:
    """Count in this process; return figures, seconds and megabytes."""
    job = HarmJob(
        party="RU",
        peer="BY",
        period=Period(from_ms=FROM_MS, until_ms=UNTIL_MS),
        verdicts=(folder / "verdicts",),
        paired=(folder / "result",),
        memory_mb=memory_mb,
    )
    began = time.perf_counter()
    figures = count_harm(job)
    return {
        "seconds": round(time.perf_counter() - began, 1),
        "peak_mb": peak_mb(),
        "paired": figures.outcomes["paired"],
        "no_departure": figures.outcomes["no_departure"],
        "acted": figures.acted.total,
        "honest": figures.acted.honest,
        "confirmed": figures.acted.confirmed,
    }


def main() -> None:
    """Write, count in a process of its own, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--verdicts", type=float, default=1e7)
    parser.add_argument("--memory", type=int, default=2048, help="megabytes")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.read is not None:
        print(json.dumps(read(told.read, told.memory)))
        return
    folder = Path(tempfile.mkdtemp(prefix="tally-harm-bench-"))
    try:
        truth = write(folder, int(told.verdicts))
        words = [sys.executable, __file__, "--read", str(folder)]
        done = subprocess.run(
            [*words, "--memory", str(told.memory)], capture_output=True, check=True
        )
        found = json.loads(done.stdout)
        wrong = {name: found[name] for name in truth if found[name] != truth[name]}
        size = sum(path.stat().st_size for path in folder.rglob("*.parquet"))
        rows = {"verdicts": int(told.verdicts), "megabytes": round(size / 1e6)}
        print(machine())
        print(json.dumps(rows | found | {"wrong": wrong}, indent=1))
        if wrong:
            sys.exit(1)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
