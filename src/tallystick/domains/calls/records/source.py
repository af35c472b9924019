"""The bytes of a file, whatever it is packed in.

A file is recognised as gzip or Zstandard by its first bytes, never by its name.
"""

import errno
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import zstandard

from tallystick.model.errors import UnavailableError

CHUNK_BYTES: Final = 1 << 20
# One piece of Zstandard input may unfold to 32,000 times its size; 4 KiB at a time
# keep a decompression bomb under 128 MiB while costing nothing on honest files.
ZSTD_STEP_BYTES: Final = 4 << 10
ZSTD_WINDOW_BYTES: Final = 128 << 20
# Behind this many bytes before a damage nothing is lost.
RESCUE_BYTES: Final = 256
GZIP_MAGIC: Final = b"\x1f\x8b"
ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"

_OS_ERRORS: Final = {
    errno.ENOENT: ("no-file", "{path} does not exist.", "Check the path."),
    errno.EISDIR: (
        "is-a-directory",
        "{path} is a directory, not a file of call records.",
        "Name the files inside it.",
    ),
    errno.EACCES: (
        "no-permission",
        "{path} may not be read by this user.",
        "Ask for permission to read it.",
    ),
}


def unavailable(path: Path, error: OSError) -> UnavailableError:
    """Return the error that tells a person why `path` cannot be read."""
    code, sentence, advice = _OS_ERRORS.get(
        error.errno or 0,
        ("unreadable-file", "{path} cannot be read: {why}.", ""),
    )
    return UnavailableError(
        code,
        sentence.format(path=path, why=error.strerror or "unknown reason"),
        advice=advice,
    )


def open_binary(path: Path) -> BinaryIO:
    """Open `path` for reading.

    A file that is missing, a directory, or closed to this user is an
    UnavailableError.
    """
    try:
        return path.open("rb")
    except OSError as error:
        fault = unavailable(path, error)
    raise fault


class ByteStream:
    """The unpacked bytes of one file, in pieces.

    Attributes:
        path: The file.
        bytes_read: Bytes taken from the disk so far.
        bytes_total: Bytes of the file on disk.
        broken: Empty, or why nothing can be read beyond the last piece.

    Bounds: Memory is one piece: `chunk_bytes` plain, 128 MiB in the worst packed
        file.
    """

    def __init__(self, path: Path, *, chunk_bytes: int = CHUNK_BYTES) -> None:
        self.path = path
        self.bytes_read = 0
        self.broken = ""
        self._chunk_bytes = chunk_bytes
        with open_binary(path) as file:
            self.bytes_total = os.fstat(file.fileno()).st_size

    def pieces(self) -> Iterator[bytes]:
        """Yield the unpacked bytes; stop early and set `broken` at a fault."""
        try:
            with open_binary(self.path) as file:
                yield from self._unpacked(file)
        except EOFError:
            self.broken = "the packed data end in the middle: the file is cut off"
        except (zlib.error, zstandard.ZstdError):
            self.broken = "the packed data are damaged"
        except OSError as error:
            self.broken = f"the disk gives no more: {error.strerror}"

    def _unpacked(self, file: BinaryIO) -> Iterator[bytes]:
        first = file.read(self._chunk_bytes)
        raw = self._raw(first, file)
        if first.startswith(GZIP_MAGIC):
            return _gunzip(raw)
        return _unzstd(raw) if first.startswith(ZSTD_MAGIC) else raw

    def _raw(self, first: bytes, file: BinaryIO) -> Iterator[bytes]:
        data = first
        while data:
            self.bytes_read += len(data)
            yield data
            data = file.read(self._chunk_bytes)


def _gunzip(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield what gzip members hold, at most CHUNK_BYTES at a time.

    Raises:
        EOFError: The last member is not complete.
        error: What zlib raises for damaged data.
    """
    member = zlib.decompressobj(wbits=31)
    inside = False
    for piece in pieces:
        data = piece
        while data:
            before = member.copy()
            try:
                unpacked = member.decompress(data, CHUNK_BYTES)
            except zlib.error:
                yield from _rescued(before, data)
                raise
            if unpacked:
                yield unpacked
            data = member.unconsumed_tail
            inside = not member.eof
            if member.eof:
                data = member.unused_data.lstrip(b"\0")  # padding between members
                member = zlib.decompressobj(wbits=31)
    rest = member.flush()  # what the last bounded call held back
    if rest:
        yield rest
    if inside and not member.eof:
        raise EOFError


def _rescued(member: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
    """Yield what can be unpacked before the damage, in small steps."""
    while data:
        try:
            yield member.decompress(data, RESCUE_BYTES)
        except zlib.error:
            return
        data = member.unconsumed_tail


def _unzstd(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield what Zstandard frames hold, in steps of ZSTD_STEP_BYTES of input.

    Raises:
        EOFError: The last frame is not complete.
    """
    unpacker = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_BYTES)
    frame = unpacker.decompressobj()
    inside = False
    for piece in pieces:
        for start in range(0, len(piece), ZSTD_STEP_BYTES):
            data = piece[start : start + ZSTD_STEP_BYTES]
            while data:
                unpacked = frame.decompress(data)
                if unpacked:
                    yield unpacked
                inside = not frame.eof
                data = frame.unused_data if frame.eof else b""
                if frame.eof:
                    frame = unpacker.decompressobj()
    if inside:
        raise EOFError
