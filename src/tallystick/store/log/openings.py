"""What the commitments of a log were made of: for its keeper's eyes only.

Lines of JSON, 256 entries a file, named as the tiles are. What lies behind the last
entry of the log was left by a program that was ended, and is written over. Of what was
let go of, as both parties agreed, only the kind stays.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

import msgspec

from tallystick.model import TallystickError, UnavailableError
from tallystick.proof import ENTRIES, WIDTH, Opening, Tile
from tallystick.store.log.disk import Disk

_HEAD: Final = "tile/entries/"


class _Line(msgspec.Struct, array_like=True, frozen=True):
    kind: str
    salt: bytes
    content: str


class Forgotten(NamedTuple):
    """In the place of an opening that was let go of: nobody can open the entry."""

    kind: str


class Openings:
    """The openings of one log.

    Bounds: one file is read at a time, line by line.
    """

    def __init__(self, folder: Path, disk: Disk) -> None:
        """Keep them in `folder`."""
        self._folder = folder
        self._disk = disk

    def extend(self, size: int, openings: Sequence[Opening]) -> None:
        """Write openings behind the first `size`; all go into one file.

        Raises:
            UnavailableError: "opening-missing" when earlier ones are not there.
        """
        path = self._path(size)
        at = 0
        if size % WIDTH:
            at = sum(map(len, self._lines(size - size % WIDTH, size)))
        data = b"".join(
            msgspec.json.encode(_Line(one.kind, one.salt, one.content)) + b"\n"
            for one in openings
        )
        self._disk.make(path.parent)
        self._disk.extend(path, at, data)
        self._disk.sync(path.parent)

    def forget(self, places: Iterable[int]) -> None:
        """Let go of openings, a file at a time; a second time changes nothing.

        Raises:
            UnavailableError: "opening-missing" when one is not there or damaged.
        """
        for first, some in groupby(sorted(set(places)), lambda at: at - at % WIDTH):
            path, gone = self._path(first), {at - first for at in some}
            lines = list(self._lines(first, first + max(gone) + 1))
            with path.open("rb") as file:
                rest = itertools.islice(file, len(lines), None)
                kept = b"".join(
                    _forgotten(first + at, line) if at in gone else line
                    for at, line in enumerate([*lines, *rest])
                )
            self._disk.put(path, kept)

    def read(self, start: int, end: int) -> Iterator[Opening | Forgotten]:
        """Read openings in their order.

        Yields:
            Those of the entries from `start` up to `end`.

        Raises:
            UnavailableError: "opening-missing" when one is not there or damaged.
        """
        for index, raw in enumerate(self._lines(start, end), start):
            try:
                line = msgspec.json.decode(raw, type=_Line)
                if not line.salt:
                    yield Forgotten(line.kind)
                    continue
                yield Opening(kind=line.kind, salt=line.salt, content=line.content)
            except (msgspec.MsgspecError, TallystickError):
                _refuse(index)

    def _path(self, index: int) -> Path:
        tile = Tile(ENTRIES, index // WIDTH)
        return self._folder / tile.path.removeprefix(_HEAD)

    def _lines(self, start: int, end: int) -> Iterator[bytes]:
        while start < end:
            stop = min(end, start - start % WIDTH + WIDTH)
            first = start % WIDTH
            try:
                with self._path(start).open("rb") as file:
                    for line in itertools.islice(file, first, first + stop - start):
                        if not line.endswith(b"\n"):
                            _refuse(start)
                        yield line
                        start += 1
            except FileNotFoundError:
                _refuse(start)
            if start < stop:
                _refuse(start)


def _forgotten(index: int, line: bytes) -> bytes:
    """Return the line that stands for one that was let go of."""
    try:
        kind = msgspec.json.decode(line, type=_Line).kind
    except msgspec.MsgspecError:
        _refuse(index)
    return msgspec.json.encode(_Line(kind, b"", "")) + b"\n"


def _refuse(index: int) -> NoReturn:
    raise UnavailableError(
        "opening-missing",
        "What entry {index} was made of is not there, or is damaged.",
        advice="Restore the newest copy of the folder; without it the entry cannot be "
        "shown to anybody.",
        index=index,
    )
