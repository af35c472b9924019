"""The file that holds a store: its form, written and read a piece at a time.

Source: spec/backup.md.
"""

import hashlib
import os
import struct
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final, NoReturn, Protocol, TypeVar

import msgspec
import zstandard

from tallystick.model import ConfigError, MalformedError, VerificationError

MAGIC: Final = b"tally store backup "
VERSION: Final = 1
PIECE_BYTES: Final = 1 << 20
"""Rows are written together until they are about so much."""
LONGEST: Final = 64 << 20
"""No piece that is read may be longer."""
ROWS_MOST: Final = 2_000
_LENGTH: Final = struct.Struct(">I")
_FIRST_LINE: Final = 64
_BLOCK: Final = 1 << 16

Progress = Callable[[str, int, int], None]


class Stream(Protocol):
    """What is unpacked while it is read."""

    def read(self, size: int, /) -> bytes:
        """Return so many bytes; fewer near the end, none at it."""


_Read = TypeVar("_Read", "Head", "Piece")
Row = Sequence[Any]
"""Values are whole numbers, texts, bytes, truth values or none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What stands before the rows.

    Attributes:
        revision: Which tables the store had.
        made_ms: When it was taken.
        rows: How many there are, by table.
    """

    revision: str
    made_ms: int
    rows: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some rows of a table.

    Attributes:
        table: Its name.
        columns: Theirs.
        rows: Their values, in the order of the columns.
    """

    table: str
    columns: Sequence[str]
    rows: Sequence[Row]


@dataclass(slots=True)
class Writer:
    """Writes a file.

    Attributes:
        out: Where to.
        sum: SHA-256 of all pieces.
        rows: How many rows there were, by table.
    """

    out: Any
    sum: Any = field(default_factory=hashlib.sha256)
    rows: dict[str, int] = field(default_factory=dict)

    def head(self, head: Head) -> None:
        """Write what stands first."""
        self._put(["store", head.revision, head.made_ms, dict(head.rows)])

    def piece(self, piece: Piece) -> None:
        """Write some rows."""
        self._put(["rows", piece.table, list(piece.columns), piece.rows])
        self.rows[piece.table] = self.rows.get(piece.table, 0) + len(piece.rows)

    def end(self) -> None:
        """Write what says that nothing is missing."""
        self._put(["end", self.rows, self.sum.hexdigest()])

    def _put(self, said: object) -> None:
        data = msgspec.msgpack.encode(said)
        whole = _LENGTH.pack(len(data)) + data
        self.sum.update(whole)
        self.out.write(whole)


@contextmanager
def writing(path: Path) -> Generator[Writer]:
    """Write a backup, which is there once it is whole.

    Args:
        path: Where; nothing may be there.

    Yields:
        What writes it.

    Raises:
        ConfigError: "backup-there".
    """
    if path.exists():
        raise ConfigError(
            "backup-there",
            f"{path.name} is there already.",
            advice="Take another name; a backup is never written over.",
        )
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    try:
        # It holds what the store holds: nobody else reads it.
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(MAGIC + f"{VERSION}\n".encode())
            packer = zstandard.ZstdCompressor(level=3, write_checksum=True)
            with packer.stream_writer(file, closefd=False) as out:
                writer = Writer(out)
                yield writer
                writer.end()
            file.flush()
            os.fsync(file.fileno())
        # Unlike a rename, a link takes no place that was taken meanwhile.
        os.link(new, path)
    finally:
        new.unlink(missing_ok=True)


@contextmanager
def reading(path: Path) -> Generator[tuple[Head, Iterator[Piece]]]:
    """Read a backup.

    The end is reached only where all of it was as it was written: whoever keeps rows
    before then must be able to let them go.

    Args:
        path: The file.

    Yields:
        Its head, and its pieces.

    Raises:
        MalformedError: "backup-damaged"; also while pieces are read, as
            "backup-unfinished" is. A file of another kind or version is refused by
            "backup-kind" or "backup-version".
    """
    with path.open("rb") as file:
        _check_first_line(file, path)
        unpacked = zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(
            file, read_across_frames=False
        )
        records = _records(unpacked, path)
        kind, *said = next(records)
        if kind != "store" or len(said) != 3:
            _refuse_damaged(path)
        head = dict(zip(("revision", "made_ms", "rows"), said, strict=True))
        yield _read(Head, head, path), _pieces(records, path)


def check_backup(path: Path, *, progress: Progress) -> Head:
    """Read a backup from end to end.

    Args:
        path: The file.
        progress: Is told which table is read, how many rows, and of how many.

    Returns:
        Its head.

    A file that is none, is damaged or unfinished is refused as by `reading`.
    """
    with reading(path) as (head, pieces):
        done = dict.fromkeys(head.rows, 0)
        for piece in pieces:
            done[piece.table] = done.get(piece.table, 0) + len(piece.rows)
            progress(piece.table, done[piece.table], head.rows.get(piece.table, 0))
    return head


def _check_first_line(file: BinaryIO, path: Path) -> None:
    line = file.readline(_FIRST_LINE)
    version = line.removeprefix(MAGIC).rstrip(b"\n")
    if not line.startswith(MAGIC) or not line.endswith(b"\n") or not version.isdigit():
        raise MalformedError(
            "backup-kind",
            f"{path.name} is no backup of a store.",
            advice="Give a file that `tally store backup` wrote.",
        )
    if int(version) != VERSION:
        raise VerificationError(
            "backup-version",
            f"{path.name} is a backup of version {int(version)}, and this program "
            f"reads version {VERSION}.",
            advice="Use the program that wrote it, or a newer one.",
        )


def _records(unpacked: Stream, path: Path) -> Iterator[Any]:
    """Read what was put.

    Yields:
        Each; the last is the end.

    Raises:
        MalformedError: As `reading`.
    """
    summed = hashlib.sha256()
    while True:
        before = summed.hexdigest()
        length = _exactly(unpacked, _LENGTH.size, path)
        size = _LENGTH.unpack(length)[0]
        if size > LONGEST:
            _refuse_damaged(path)
        data = _exactly(unpacked, size, path)
        summed.update(length + data)
        try:
            said = msgspec.msgpack.decode(data, type=list[Any])
        except msgspec.DecodeError:
            _refuse_damaged(path)
        if not said:
            _refuse_damaged(path)
        if said[0] == "end":
            if said[-1] != before or _some(unpacked, path):
                _refuse_damaged(path)
            yield said
            return
        yield said


def _pieces(records: Iterator[Any], path: Path) -> Iterator[Piece]:
    """Read rows.

    Yields:
        Them, a piece at a time.

    Raises:
        MalformedError: As `reading`.
    """
    counted: dict[str, int] = {}
    for kind, *said in records:
        if kind == "end":
            if said[0] != counted:
                _refuse_damaged(path)
            return
        if kind != "rows" or len(said) != 3:
            _refuse_damaged(path)
        named = dict(zip(("table", "columns", "rows"), said, strict=True))
        piece = _read(Piece, named, path)
        counted[piece.table] = counted.get(piece.table, 0) + len(piece.rows)
        yield piece


def _read(kind: type[_Read], said: object, path: Path) -> _Read:
    try:
        return msgspec.convert(said, kind)
    except msgspec.ValidationError:
        _refuse_damaged(path)


def _exactly(unpacked: Stream, size: int, path: Path) -> bytes:
    data = bytearray()
    while len(data) < size:
        try:
            part = unpacked.read(min(size - len(data), _BLOCK))
        except zstandard.ZstdError:
            _refuse_damaged(path)
        if not part:
            raise MalformedError(
                "backup-unfinished",
                f"{path.name} ends too early.",
                advice="It was not copied to its end; nothing of it was taken.",
            )
        data += part
    return bytes(data)


def _some(unpacked: Stream, path: Path) -> bool:
    try:
        return bool(unpacked.read(1))
    except zstandard.ZstdError:
        _refuse_damaged(path)


def _refuse_damaged(path: Path) -> NoReturn:
    raise MalformedError(
        "backup-damaged",
        f"{path.name} is not as it was written.",
        advice="Take another copy; nothing of this one was taken.",
    ) from None
