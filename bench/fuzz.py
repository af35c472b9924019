"""Feed spoilt messages to every parser that reads from a network.

    python bench/fuzz.py --target identity --cases 1e6

Each case is a valid message, spoilt in a few places; it follows from the seed and its
number, so that `--first N --cases 1` makes it again. A case fails if anything but the
parser's own errors is raised, a law of the target is broken, or it takes longer than
20 ms of processor time for each 64 KiB begun. Printed for each target: cases, cases a
second, the longest case, how much memory grew, and the failures, each kind once with
its first case, which `--keep` writes to a folder. Ends with 1 if there are any.
"""

import argparse
import json
import resource
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from random import Random

from fuzzing.target import Target
from fuzzing.targets import TARGETS
from timing import machine

EACH_BYTES = 65_536
RETRIES = 3
MIX = 0x9E3779B97F4A7C15  # so that neighbouring seeds have no cases in common
GROWTH_MIB = 64


def case(target: Target, seed: int, number: int) -> bytes:
    """Return a case."""
    random = Random(seed * MIX + number)
    return target.alter(random, random.choice(target.corpus))


def taken_s(target: Target, data: bytes) -> tuple[float, str]:
    """Return the processor time of a case, and what went wrong with it."""
    wrong = ""
    started = time.thread_time()
    try:
        target.take(data)
    except target.allowed:
        pass
    except BaseException as error:  # a panic of a library in Rust is no Exception
        if isinstance(error, KeyboardInterrupt):
            raise
        wrong = _named(error)
    return time.thread_time() - started, wrong


def _named(error: BaseException) -> str:
    """Return what kind of failure it is, and where, without what was read."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "tallystick" in frame.filename] or frames
    law = f" ({error})" if isinstance(error, AssertionError) else ""
    where = Path(own[-1].filename).name
    return f"{type(error).__name__}{law} at {where}:{own[-1].lineno}"


def tried(target: Target, data: bytes) -> tuple[float, str]:
    """Return the same; what took too long is tried again, on a busy machine."""
    limit_s = target.limit_ms / 1000 * (1 + len(data) // EACH_BYTES)
    took_s, wrong = taken_s(target, data)
    for _ in range(RETRIES):
        if wrong or took_s <= limit_s:
            return took_s, wrong
        took_s, wrong = taken_s(target, data)
    return took_s, wrong or ("slow" if took_s > limit_s else "")


def run(name: str, given: argparse.Namespace) -> bool:
    """Feed one target; print its row and return whether all cases held."""
    target = TARGETS[name]()
    target.take(target.corpus[0])  # what is valid must be read without any error
    failures: Counter[str] = Counter()
    first: dict[str, int] = {}
    longest_s, began, shown = 0.0, time.perf_counter(), time.perf_counter()
    warm_kib = 0
    last = given.first + given.cases
    for number in range(given.first, last):
        data = case(target, given.seed, number)
        took_s, wrong = tried(target, data)
        longest_s = max(longest_s, took_s)
        if wrong:
            failures[wrong] += 1
            if first.setdefault(wrong, number) == number and given.keep:
                given.keep.mkdir(parents=True, exist_ok=True)
                (given.keep / f"{name}-{given.seed}-{number}").write_bytes(data)
        done = number - given.first + 1
        if done == max(1, given.cases // 5):
            warm_kib = _peak_kib()
        if not done % 64 and time.perf_counter() - shown > 1 and sys.stderr.isatty():
            shown = time.perf_counter()
            _show(name, done, given.cases, shown - began)
    grew_mib = (_peak_kib() - warm_kib) / 1024
    if grew_mib > GROWTH_MIB:
        failures["memory"] += 1
    row = {
        "target": name,
        "cases": given.cases,
        "seed": given.seed,
        "per_s": round(given.cases / (time.perf_counter() - began)),
        "longest_ms": round(longest_s * 1000, 2),
        "grew_mib": round(grew_mib, 1),
        "failures": {
            wrong: {"cases": count, "first": first.get(wrong, -1)}
            for wrong, count in failures.items()
        },
    }
    print(json.dumps(row), flush=True)
    return not failures


def _peak_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _show(name: str, done: int, of: int, took_s: float) -> None:
    rate = done / took_s
    left_s = (of - done) / rate
    said = f"\r{name}: {done:,} of {of:,}, {rate:,.0f}/s, {left_s:.0f} s left   "
    sys.stderr.write(said)


def main() -> int:
    """Feed the targets that are named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--target", action="append", choices=sorted(TARGETS))
    parser.add_argument("--cases", type=lambda text: int(float(text)), default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--keep", type=Path, help="folder for cases that failed")
    given = parser.parse_args()
    print(machine(), flush=True)
    held = [run(name, given) for name in given.target or TARGETS]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
