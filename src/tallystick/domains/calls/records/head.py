"""The beginning of a file, by which its format is recognised."""

import codecs
import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tallystick.domains.calls.records.source import ByteStream
from tallystick.model.errors import MalformedError

HEAD_BYTES: Final = 64 << 10
SEPARATORS: Final = (",", ";", "\t", "|")
ROWS: Final = 50

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_AS_CSV: Final = "Export the table as CSV (UTF-8) and give that."
# First bytes of what people hand in by mistake.
_FOREIGN: Final = (
    (b"PK\x03\x04", "an Excel workbook or ZIP archive", _AS_CSV),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file", _AS_CSV),
    (b"SQLite format 3\0", "an SQLite database", _AS_CSV),
    (b"%PDF", "a PDF document", _AS_CSV),
    (b"BZh", "packed with bzip2", "Unpack it, or pack it with gzip or Zstandard."),
    (b"\xfd7zXZ\0", "packed with xz", "Unpack it, or pack it with gzip or Zstandard."),
    (b"7z\xbc\xaf", "a 7-Zip archive", "Unpack it."),
    (b"Rar!", "a RAR archive", "Unpack it."),
    (b"ARROW1", "an Arrow file", "Write it as Parquet or CSV."),
    (b"Obj\x01", "an Avro file", "Write it as Parquet or CSV."),
    (b"ORC", "an ORC file", "Write it as Parquet or CSV."),
    (b"\x7fELF", "a program", ""),
    (b"\x89PNG", "a picture", ""),
    (b"\xff\xd8\xff", "a picture", ""),
)

# Shares above which a file is no text. A torn write may leave runs of NUL bytes in a
# log, but half of UTF-16 without its mark is NUL.
_MAX_NUL_SHARE: Final = 0.3
_MAX_CONTROL_SHARE: Final = 0.05
_CONTROLS: Final = bytes(set(range(1, 32)) - set(b"\t\n\r\f\v\x1b")) + b"\x7f"


@dataclass(frozen=True, slots=True)
class Head:
    """The first bytes of a file, unpacked.

    Attributes:
        path: The file.
        data: At most HEAD_BYTES.
        whole: `data` is the whole file.
        encoding: By byte order mark, else "utf-8".
        broken: Why the file could not be read farther, or empty.
    """

    path: Path
    data: bytes
    whole: bool
    encoding: str
    broken: str = ""

    @classmethod
    def of(cls, path: Path) -> "Head":
        """Read the head of the file at `path`.

        Raises:
            MalformedError: "empty-file", or "broken-file" where not even the first
                byte can be unpacked.
        """
        stream = ByteStream(path, chunk_bytes=HEAD_BYTES)
        data = b""
        whole = True
        for piece in stream.pieces():
            data += piece
            if len(data) > HEAD_BYTES:
                whole = False
                break
        if not data and stream.broken:
            raise MalformedError("broken-file", f"{path}: {stream.broken}.")
        if not data:
            raise MalformedError("empty-file", f"{path} is empty.")
        encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "")
        return cls(path, data[:HEAD_BYTES], whole, encoding or "utf-8", stream.broken)

    def text_lines(self, encoding: str = "") -> list[str]:
        """Return the whole lines of the head; bytes that are no text become U+FFFD."""
        text = self.data.decode(encoding or self.encoding, errors="replace")
        lines = text.removeprefix("\ufeff").splitlines()
        return lines if self.whole or len(lines) < 2 else lines[:-1]

    def rows(self, separator: str, encoding: str = "") -> list[list[str]]:
        """Return the values of the first rows, blank lines left out."""
        lines = [line for line in self.text_lines(encoding) if line.strip("\0 ")]
        reader = csv.reader(
            [line.replace("\0", "") for line in lines], delimiter=separator
        )
        try:
            return [row for row, _ in zip(reader, range(ROWS), strict=False)]
        except csv.Error:
            return []

    def best_separator(self) -> str:
        """Return the separator that cuts the first rows into the most columns."""

        def columns(separator: str) -> int:
            widths = [len(row) for row in self.rows(separator)]
            return min(widths[0], max(widths[1:], default=widths[0])) if widths else 0

        return max(SEPARATORS, key=columns)

    def refuse_foreign(self) -> None:
        """Refuse what is no table of text at all.

        Raises:
            MalformedError: "not-records" or "not-text".
        """
        for magic, what, advice in _FOREIGN:
            if self.data.startswith(magic):
                raise MalformedError(
                    "not-records", f"{self.path} is {what}.", advice=advice
                )
        if self.encoding == "utf-8":
            size = len(self.data)
            controls = size - len(self.data.translate(None, _CONTROLS))
            if (
                controls > size * _MAX_CONTROL_SHARE
                or self.data.count(0) > size * _MAX_NUL_SHARE
            ):
                raise MalformedError(
                    "not-text",
                    f"{self.path} is binary data, not a table of call records.",
                    advice="If it is text in UTF-16 without a byte order mark, say "
                    'encoding = "utf-16-le" in a mapping file.',
                )
