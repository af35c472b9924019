"""What other programs lay beside a log, for its one writer to take.

A node, or a command that pairs in batch, must not write into a log that another program
keeps. It lays a file there, whole or not at all; whoever appends takes it away once it
is logged.
"""

import contextlib
import hashlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from tallystick.model import RefusedError, TallystickError
from tallystick.proof import KINDS, SALT_BYTES, Opening
from tallystick.proof.commitment import CONTENT_LIMIT
from tallystick.store.log.disk import Disk
from tallystick.store.log.folder import PRIVATE, check_log

WAITING: Final = f"{PRIVATE}/waiting"
FILES_LIMIT: Final = 10_000
_SUFFIX: Final = ".json"
_REFUSED: Final = ".refused"


def lay_in(folder: Path, kind: str, content: str, *, disk: Disk | None = None) -> Path:
    """Lay something beside a log, to be logged; once this returns it is there.

    The same content laid in again before it was logged stays one.

    Args:
        folder: Of the log.
        kind: One of `KINDS`.
        content: As of an `Opening`; one that cannot be logged is refused as there.
        disk: Writes the file.

    Raises:
        RefusedError: "log-waiting" when `FILES_LIMIT` are waiting already.
        UnavailableError: "no-log".
    """
    check_log(folder)
    Opening(kind=kind, salt=bytes(SALT_BYTES), content=content)
    if sum(1 for _ in waiting(folder)) >= FILES_LIMIT:
        raise RefusedError(
            "log-waiting",
            f"{FILES_LIMIT} things wait to be logged, and nobody takes them.",
            advice="Start the office that keeps this log, or `tally proof log take`.",
        )
    data = content.encode()
    name = f"{kind}-{hashlib.sha256(data).hexdigest()}{_SUFFIX}"
    (disk or Disk()).put(folder / WAITING / name, data)
    return folder / WAITING / name


def waiting(folder: Path) -> Iterator[Path]:
    """Yield what waits to be logged, in no order.

    Yields:
        Files of `lay_in`; others, and those still being written, are passed over.
    """
    with contextlib.suppress(FileNotFoundError):
        for path in (folder / WAITING).iterdir():
            kind, parted, _ = path.name.partition("-")
            if path.suffix == _SUFFIX and parted and kind in KINDS:
                yield path


def read_waiting(folder: Path, *, most: int) -> dict[Path, tuple[str, str]]:
    """Return kinds and contents of what waits, by file.

    What cannot be logged is put aside under another name.

    Args:
        folder: Of the log.
        most: So many at most.
    """
    found: dict[Path, tuple[str, str]] = {}
    for path in sorted(islice(waiting(folder), most)):
        kind = path.name.partition("-")[0]
        with path.open("rb") as file:
            data = file.read(CONTENT_LIMIT + 1)
        try:
            content = data.decode()
            Opening(kind=kind, salt=bytes(SALT_BYTES), content=content)
        except (UnicodeDecodeError, TallystickError):
            path.replace(path.with_suffix(_REFUSED))
            continue
        found[path] = (kind, content)
    return found
