"""Reads delimited text: the plain table, the systems' own files, mapped files."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Final

from tallystick.domains.calls.records.batch import Reject
from tallystick.domains.calls.records.blocks import Block, BlockCutter, LongLine, utf8
from tallystick.domains.calls.records.formats import Detected
from tallystick.domains.calls.records.layout import Layout
from tallystick.domains.calls.records.mapping import Mapping, Source
from tallystick.domains.calls.records.rows import TOO_LONG, Dialect, Rows, parse_rows
from tallystick.domains.calls.records.source import ByteStream
from tallystick.model.errors import MalformedError

MAX_BLOCK_BYTES: Final = 12 << 20
MIN_BLOCK_BYTES: Final = 64 << 10
BYTES_PER_ROW: Final = 128  # of a typical plain table


class DelimitedReader:
    """The rows of one delimited file, block after block.

    Attributes:
        layout: Where the columns are; known once the reader is made.
        stream: The bytes, for progress.

    Bounds: See `MAX_BLOCK_BYTES` and `rows.parse_rows`.
    """

    def __init__(self, detected: Detected, *, batch_rows: int) -> None:
        mapping = detected.mapping
        block_bytes = min(
            MAX_BLOCK_BYTES, max(MIN_BLOCK_BYTES, batch_rows * BYTES_PER_ROW)
        )
        self.stream = ByteStream(detected.head.path, chunk_bytes=block_bytes)
        pieces = utf8(
            _line_ends(self.stream.pieces(), detected),
            encoding=mapping.encoding or detected.head.encoding,
        )
        cutter = BlockCutter(block_bytes=block_bytes, quote=bool(mapping.quote))
        self._blocks = cutter.blocks(pieces)
        self._file = str(detected.head.path)
        separator = mapping.separator or detected.head.best_separator()
        self._dialect, self.layout = self._start(mapping, separator)

    def rows(self) -> Iterator[Rows]:
        """Yield the rows of each block, and at last what broke the file off."""
        line = self._first_line
        if not self._begins:
            yield self._no_rows([])
        for block in self._blocks:
            if isinstance(block, LongLine):
                line = block.line
                yield self._no_rows([Reject(line, "", TOO_LONG)])
                continue
            line = block.line + block.lines
            yield parse_rows(block, self._dialect)
        if self.stream.broken:
            broken = self.stream.broken
            reason = f"{broken[0].upper()}{broken[1:]}; all whole rows before are read."
            yield self._no_rows([Reject(line, "", reason)])

    def _no_rows(self, rejects: list[Reject]) -> Rows:
        empty = parse_rows(Block(b"\n", 1, 1), self._dialect)
        return replace(empty, rejects=rejects)

    def _start(self, mapping: Mapping, separator: str) -> tuple[Dialect, Layout]:
        """Take the header off the first block and find the columns in it.

        Raises:
            MalformedError: "no-header": the first line is no row.
        """
        first = next(self._blocks, None)
        if not isinstance(first, Block):
            raise MalformedError(
                "no-header",
                f"{self._file}: the first line is longer than 1 MiB; no table of "
                "call records begins so.",
            )
        first = _without_lines(first, mapping.skip_lines)
        while first.text.startswith(b"\n"):
            first = _without_lines(first, 1)
        values = self._values(first, separator, mapping)
        names = values if mapping.header else _named(mapping.names, len(values))
        header_line = first.line
        if mapping.header:
            names = self._checked(names, header_line)
            first = _without_lines(first, 1)
        self._begins = first.lines > 0
        self._first_line = first.line
        self._blocks = chain([first] if self._begins else [], self._blocks)
        sources = find_sources(mapping, names, file=self._file)
        return (
            Dialect(tuple(names), separator, mapping.quote),
            Layout(self._file, mapping, sources),
        )

    def _values(self, first: Block, separator: str, mapping: Mapping) -> list[str]:
        """Return the values of the first line.

        Raises:
            MalformedError: "no-header": it is no row.
        """
        line = first.text.partition(b"\n")[0].decode(errors="replace")
        if not line.strip("\0 \t"):
            raise MalformedError(
                "no-header", f"{self._file} has no row in line {first.line}."
            )
        if not mapping.quote:
            return line.split(separator)
        try:
            return next(csv.reader([line], delimiter=separator))
        except csv.Error:
            raise MalformedError(
                "no-header",
                f"{self._file}: line {first.line} cannot be read as a row.",
            ) from None

    def _checked(self, names: list[str], line: int) -> list[str]:
        """Name the columns that have no name.

        Raises:
            MalformedError: "duplicate-column": one is there twice.
        """
        named = [name.strip() for name in names]
        for at, name in enumerate(named):
            if name and name in named[:at]:
                raise MalformedError(
                    "duplicate-column",
                    f"{self._file}: line {line} names the column {name!r} twice "
                    f"(columns {named.index(name) + 1} and {at + 1}).",
                    advice="Rename one of them.",
                )
        return _named(tuple(named), len(named))


def _line_ends(pieces: Iterator[bytes], detected: Detected) -> Iterator[bytes]:
    """Yield the pieces; line ends of old Macintoshes become those of others."""
    old = b"\r" in detected.head.data and b"\n" not in detected.head.data
    for piece in pieces:
        yield piece.replace(b"\r", b"\n") if old else piece


def _without_lines(block: Block, lines: int) -> Block:
    text = block.text
    for _ in range(lines):
        text = text.partition(b"\n")[2]
    skipped = min(lines, block.lines)
    return Block(text, block.line + skipped, block.lines - skipped, block.cut_off)


def _named(names: tuple[str, ...], width: int) -> list[str]:
    """Return `width` unique names; a column without one is called by its position."""
    return [
        names[at] if at < len(names) and names[at] else f"column_{at + 1}"
        for at in range(width)
    ]


def find_sources(
    mapping: Mapping, names: list[str], *, file: str
) -> dict[str, tuple[str, ...]]:
    """Return the source columns of each column of the plain table.

    Args:
        mapping: Says them by name or by position from 1.
        names: The columns that the file has.
        file: For the error.

    A column that the mapping names and the file has not is a MalformedError,
    "missing-column".
    """
    return {
        column: tuple(_find(source, column, names, file) for source in sources)
        for column, sources in mapping.columns.items()
    }


def _find(source: Source, column: str, names: list[str], file: str) -> str:
    if isinstance(source, int):
        if source <= len(names):
            return names[source - 1]
        raise MalformedError(
            "missing-column",
            f"{file} has {len(names)} columns; the mapping takes {column} from "
            f"column {source}.",
        )
    wanted = source.strip().lower()
    for name in names:
        if name.strip().lower() == wanted:
            return name
    raise MalformedError(
        "missing-column",
        f"{file} has no column {source!r}, from which the mapping takes {column}.",
        advice="Compare the header of the file with the mapping.",
    )
