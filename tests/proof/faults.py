"""Disks on which a chosen step fails, is the last, or is lost with the power.

As a program: `python -m tests.proof.faults FOLDER` makes a log in `FOLDER/start`, and
for each step of an append a copy in which the appending process was killed there.
"""

import errno
import os
import shutil
import signal
import sys
from pathlib import Path

from tallystick.proof import Opening, SigningKey
from tallystick.store.log import Disk, create_log, open_log

BY = SigningKey(party="BY", seed=b"b" * 32)
BEFORE, MORE = 250, 20
"""Entries at first, and appended meanwhile: over the end of a tile."""


def openings(start: int, count: int) -> list[Opening]:
    """Return openings that differ."""
    return [
        Opening(kind="case", salt=at.to_bytes(32, "big"), content=f'{{"n":{at}}}')
        for at in range(start, start + count)
    ]


class Steps(Disk):
    """Counts the steps; `reached` is asked before each, and in the middle of writes."""

    def __init__(self) -> None:
        self.done = 0

    def reached(self, *, middle: bool) -> None:
        """Look at where we are."""

    def stored(self) -> None:
        """Look at where we are once a step is done."""

    def write(self, path: Path, data: bytes) -> None:
        self.reached(middle=False)
        if self.is_next():
            path.write_bytes(data[: len(data) // 2])
            self.reached(middle=True)
        super().write(path, data)
        self.stored()

    def extend(self, path: Path, at: int, data: bytes) -> None:
        self.reached(middle=False)
        if self.is_next():
            super().extend(path, at, data[: len(data) // 2])
            self.reached(middle=True)
        super().extend(path, at, data)
        self.stored()

    def rename(self, old: Path, new: Path) -> None:
        self.reached(middle=False)
        super().rename(old, new)
        self.stored()

    def sync(self, folder: Path) -> None:
        self.reached(middle=False)
        super().sync(folder)
        self.stored()

    def is_next(self) -> bool:  # ruff: ignore[no-self-use] (others override it)
        """Tell whether this step should be cut in its middle."""
        return False


class Killed(Steps):
    """A process that is killed at a step: before it, or in its middle."""

    def __init__(self, at: int, *, middle: bool) -> None:
        super().__init__()
        self._at = at
        self._middle = middle

    def is_next(self) -> bool:
        return self._middle and self.done == self._at

    def reached(self, *, middle: bool) -> None:
        if self.done == self._at and middle == self._middle:
            os.kill(os.getpid(), signal.SIGKILL)

    def stored(self) -> None:
        self.done += 1


class Failing(Steps):
    """A disk that refuses a step, having done it, half of it, or nothing."""

    def __init__(self, at: int, how: str) -> None:
        super().__init__()
        self._at = at
        self._how = how

    def is_next(self) -> bool:
        return self._how == "half" and self.done == self._at

    def reached(self, *, middle: bool) -> None:
        wanted = {"nothing": False, "half": True}.get(self._how)
        if self.done == self._at and middle is wanted:
            self.done += 1
            raise OSError(errno.ENOSPC, "No space left on device")

    def stored(self) -> None:
        self.done += 1
        if self._how == "stored" and self.done == self._at + 1:
            raise OSError(errno.EIO, "Input/output error")


class PowerCutError(Exception):
    """The power went."""


class Powerless(Steps):
    """A disk whose power goes at a step: names that were not synced may be lost."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self._at = at
        self.unsynced: dict[Path, bytes | None] = {}

    def reached(self, *, middle: bool) -> None:
        if self.done == self._at and not middle:
            raise PowerCutError

    def stored(self) -> None:
        self.done += 1

    def rename(self, old: Path, new: Path) -> None:
        before = new.read_bytes() if new.exists() else None
        super().rename(old, new)
        self.unsynced.setdefault(new, before)

    def extend(self, path: Path, at: int, data: bytes) -> None:
        new = not path.exists()
        super().extend(path, at, data)
        if new:
            self.unsynced.setdefault(path, None)

    def sync(self, folder: Path) -> None:
        super().sync(folder)
        for path in [path for path in self.unsynced if path.parent == folder]:
            del self.unsynced[path]

    def lose(self) -> None:
        """Let what was not synced be as it was before."""
        for path, before in self.unsynced.items():
            if before is None:
                path.unlink()
            else:
                path.write_bytes(before)


def start(folder: Path) -> None:
    """Make the log that all begin with."""
    create_log(folder, BY, origin="tallystick/log/BY/test")
    with open_log(folder, BY) as log:
        log.append(openings(0, BEFORE))


def append(folder: Path, disk: Disk) -> None:
    """Append what all append."""
    with open_log(folder, BY, disk=disk) as log:
        log.append(openings(BEFORE, MORE))


def _killed(folder: Path, disk: Disk) -> bool:
    child = os.fork()
    if not child:
        append(folder, disk)
        os._exit(0)
    return os.waitpid(child, 0)[1] == signal.SIGKILL


def main() -> None:
    """Make a copy of the log for each step at which it is killed."""
    folder = Path(sys.argv[1])
    start(folder / "start")
    for middle in (False, True):
        at = misses = 0
        while misses < 8:  # not every step can be cut in its middle
            one = folder / f"{'middle' if middle else 'before'}-{at}"
            shutil.copytree(folder / "start", one)
            if _killed(one, Killed(at, middle=middle)):
                misses = 0
            else:
                misses += 1
                shutil.rmtree(one)
            at += 1


if __name__ == "__main__":
    main()
