"""What all benchmarks share: how long something takes, and on which machine."""

import os
import platform
import time
from collections.abc import Callable


def shortest_s(work: Callable[[], object], rounds: int = 1) -> float:
    """Return the seconds of the shortest of a few runs."""
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return min(taken)


def machine() -> str:
    """Return one line on the machine and on how busy it was at the start."""
    load = os.getloadavg()[0]
    return f"{platform.machine()}, {os.cpu_count()} cores, load {load:.1f} at the start"
