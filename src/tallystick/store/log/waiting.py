"""What other programs lay beside a log, for its one writer to take.

A node, or a command that pairs in batch, must not write into a log that another program
keeps. It lays a file there, whole or not at all; whoever appends takes it away once it
is logged.
"""

import contextlib
import hashlib
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Final

import msgspec

from tallystick.model import RefusedError, TallystickError
from tallystick.proof import KINDS, SALT_BYTES, Opening, kept_statement
from tallystick.proof.commitment import CONTENT_LIMIT
from tallystick.store.log.disk import Disk
from tallystick.store.log.folder import PRIVATE, LogFolder, check_log
from tallystick.store.log.openings import Forgotten

WAITING: Final = f"{PRIVATE}/waiting"
FILES_LIMIT: Final = 10_000
AT_ONCE: Final = 50
"""Entries under one checkpoint: some 50 MB at most."""
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
    if sum(1 for _ in laid_in(folder)) >= FILES_LIMIT:
        raise RefusedError(
            "log-waiting",
            "{n} things wait to be logged, and nobody takes them.",
            advice="Start the office that keeps this log, or `tally proof log take`.",
            n=FILES_LIMIT,
        )
    data = content.encode()
    name = f"{kind}-{hashlib.sha256(data).hexdigest()}{_SUFFIX}"
    (disk or Disk()).put(folder / WAITING / name, data)
    return folder / WAITING / name


def laid_in(folder: Path) -> Iterator[Path]:
    """Yield what waits to be logged, in no order.

    Yields:
        Files of `lay_in`; others, and those still being written, are passed over.
    """
    with contextlib.suppress(FileNotFoundError):
        for path in (folder / WAITING).iterdir():
            kind, parted, _ = path.name.partition("-")
            if path.suffix == _SUFFIX and parted and kind in KINDS:
                yield path


class _Named(msgspec.Struct):
    """JSON that names itself, so that it is logged once whatever else it says."""

    name: str


def ref_of(opening: Opening | Forgotten) -> str:
    """Return what names an opening's content, in at most 64 characters.

    Of a statement its identifier; of JSON its member `name`, where it has one; else
    the content's SHA-256. Nothing of what was let go of.
    """
    if isinstance(opening, Forgotten):
        return ""
    content = opening.content.encode()
    try:
        if opening.is_statement:
            return kept_statement(content).id
        name = msgspec.json.decode(content, type=_Named).name
        if 0 < len(name) <= 64 and name.isascii():
            return name
    except (TallystickError, msgspec.MsgspecError):
        pass  # people may log what they like
    return hashlib.sha256(content).hexdigest()


def take_waiting(
    log: LogFolder,
    *,
    draw: Callable[[int], bytes],
    logged: Callable[[Collection[str]], Collection[str]] | None = None,
) -> int:
    """Append what waits, each once, and take it away.

    Args:
        log: Open, so that nobody else writes meanwhile.
        draw: A cryptographic source of randomness.
        logged: Returns which of several `ref_of` the log has; None: it is looked
            through.

    Returns:
        How many entries were appended.
    """
    before = log.size
    while laid := _read(log.folder):
        openings: dict[str, Opening] = {}
        for kind, content in laid.values():
            one = Opening(kind=kind, salt=draw(SALT_BYTES), content=content)
            openings.setdefault(ref_of(one), one)
        there = logged(openings) if logged else _in_log(log, openings)
        log.append(one for ref, one in openings.items() if ref not in there)
        for path in laid:
            log.disk.remove(path)
    return log.size - before


def _in_log(log: LogFolder, refs: Collection[str]) -> set[str]:
    return {ref_of(one) for one in log.openings(0, log.size)} & set(refs)


def _read(folder: Path) -> dict[Path, tuple[str, str]]:
    """Return kinds and contents of what has waited longest, by file.

    What cannot be logged is put aside under another name.
    """
    found: dict[Path, tuple[str, str]] = {}
    oldest = sorted(laid_in(folder), key=lambda path: path.stat().st_mtime_ns)
    for path in oldest[:AT_ONCE]:
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
