"""The few steps by which files here change.

Each is whole or not there at all once it returned, also after a power cut; the program
may end behind any of them. Nothing else in this room writes.
"""

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tallystick.model import UnavailableError

PATIENCE_S: Final = 2.0
"""How long to wait for another program; what is done under a lock takes a moment."""
ASK_S: Final = 0.02


class Disk:
    """A disk that does what it is told."""

    def put(self, path: Path, data: bytes) -> None:
        """Have a file hold just this, or what it held before."""
        self.make(path.parent)
        new = path.with_name(f".{path.name}.new")
        self.write(new, data)
        self.rename(new, path)
        self.sync(path.parent)

    def make(self, folder: Path) -> None:
        """Have a folder be there, and those above it."""
        if folder.is_dir():
            return
        self.make(folder.parent)
        folder.mkdir(exist_ok=True)
        self.sync(folder.parent)

    def write(self, path: Path, data: bytes) -> None:  # ruff: ignore[no-self-use] (tests have disks that fail)
        """Write a whole file that nobody looks at yet."""
        with path.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def rename(self, old: Path, new: Path) -> None:  # ruff: ignore[no-self-use] (tests have disks that fail)
        """Put a file in the place of another, at once."""
        old.replace(new)

    def remove(self, path: Path) -> None:  # ruff: ignore[no-self-use] (tests have disks that fail)
        """Take a file away that nobody needs any more; it may come back."""
        path.unlink(missing_ok=True)

    def sync(self, folder: Path) -> None:  # ruff: ignore[no-self-use] (tests have disks that fail)
        """Let a folder's names survive a power cut."""
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def extend(self, path: Path, at: int, data: bytes) -> None:  # ruff: ignore[no-self-use] (tests have disks that fail)
        """Write behind the first `at` bytes of a file, and drop what was there."""
        with path.open("r+b" if path.exists() else "wb") as file:
            file.truncate(at)
            file.seek(at)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())


@contextmanager
def locked(path: Path) -> Generator[None]:
    """Keep other programs out.

    Yields:
        Once nobody else holds the lock.

    Raises:
        UnavailableError: "log-busy" when somebody does for longer than `PATIENCE_S`.
    """
    with path.open("ab") as file:
        ends_s = time.monotonic() + PATIENCE_S
        while not _lock(file.fileno()):
            if time.monotonic() >= ends_s:
                raise UnavailableError(
                    "log-busy",
                    "Another program is writing there.",
                    advice="Wait until it has ended; two must never write at once.",
                )
            time.sleep(ASK_S)
        yield


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
