"""Run the program with a clock that somebody else sets while it runs.

    python clocked.py CLOCK -- node run --config node.toml

`CLOCK` is a file of eight bytes: by how many nanoseconds the clock of the day is ahead,
highest byte first, signed. The steady clock stays as it is. A node reads the time in
one place, so it sees just what it would see were the machine's clock set. (A library
laid under the whole process, such as faketime, moves the timers of its locks as well,
and then the process stands still for reasons that no real clock gives.)
"""

import mmap
import sys
import time
from collections.abc import Callable
from pathlib import Path


def ahead(path: Path) -> Callable[[], int]:
    """Return the clock of the day as the file wants it."""
    with path.open("rb") as file:
        shared = mmap.mmap(file.fileno(), 8, prot=mmap.PROT_READ)
    true_ns = time.time_ns

    def time_ns() -> int:
        return true_ns() + int.from_bytes(shared[:8], signed=True)

    return time_ns


def main() -> None:
    """Set the clock, then be the program."""
    path, words = Path(sys.argv[1]), sys.argv[3:]
    time.time_ns = ahead(path)  # ruff: ignore[shared-clock-mock] (what it is for)
    from tallystick.cli import main as tally  # ruff: ignore[import-outside-top-level]

    sys.argv = ["tally", *words]
    tally()


if __name__ == "__main__":
    main()
