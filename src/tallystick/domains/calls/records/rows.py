"""Parses a block of delimited text into columns of text.

The fast way hands the block to Polars and then proves, by counting separators and
line ends, that every row had exactly the columns of the header. Where the proof
fails, the suspicious lines are sifted out, read one by one, and each bad one named.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import polars as pl

from tallystick.domains.calls.records.batch import Reject
from tallystick.domains.calls.records.blocks import Block, count_byte
from tallystick.domains.calls.records.sift import MAX_LINES_PER_ROW, sift

# A panic is Polars giving up on a block; it derives from BaseException.
_POLARS_FAULTS: Final = (pl.exceptions.PolarsError, pl.exceptions.PanicException)

NUL: Final = (
    "The line holds NUL bytes: it was not completely written to the disk it comes from."
)
NOT_UTF8: Final = (
    "The line is not UTF-8; state its encoding in a mapping file, for example "
    'encoding = "cp1251".'
)
UNCLOSED: Final = "A quotation mark opens in this line and is never closed."
TOO_LONG: Final = "The line is longer than 1 MiB: no call record is; it was skipped."


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a delimited text is written.

    Attributes:
        names: Names of its columns, unique.
        separator: One character.
        quote: The quotation mark, or empty where the text has none.
    """

    names: tuple[str, ...]
    separator: str
    quote: str


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one block.

    Attributes:
        frame: The columns of the source; text, or typed where the source is.
        lines: For each row of `frame` where it stood in the source.
        rejects: Lines that are no row.
    """

    frame: pl.DataFrame
    lines: pl.Series
    rejects: list[Reject]


def parse_rows(block: Block, dialect: Dialect) -> Rows:
    """Return the rows of `block`.

    Bounds: The fast way holds the block and its columns; the careful way, for a
        block that is irregular throughout, about six times the block.
    """
    return (
        _fast(block, dialect) or _sifted(block, dialect) or careful_rows(block, dialect)
    )


def _sifted(block: Block, dialect: Dialect) -> Rows | None:
    """Read most lines the fast way and only the suspicious ones carefully.

    Returns:
        None when that does not work out: the block is irregular throughout.
    """
    width = len(dialect.names)
    sifted = sift(block, separator=dialect.separator, quote=dialect.quote, width=width)
    fast = _fast(sifted.regular, dialect)
    if fast is None or fast.frame.height != len(sifted.lines):
        return None
    slow = _read_lines(sifted.suspicious, dialect)
    lines = pl.concat([sifted.lines, slow.lines])
    order = lines.arg_sort()
    frame = pl.concat([fast.frame, slow.frame])[order]
    return Rows(frame, lines[order], slow.rejects)


def _fast(block: Block, dialect: Dialect) -> Rows | None:
    """Parse with Polars; None when the block is not perfectly regular."""
    text = block.text
    if b"\0" in text:
        return None
    quote = dialect.quote if dialect.quote.encode() in text else ""
    try:
        frame = pl.read_csv(
            text,
            has_header=False,
            schema=dict.fromkeys(dialect.names, pl.String),
            separator=dialect.separator,
            quote_char=quote or None,
            empty_string_is_null=False,
        )
    except _POLARS_FAULTS:
        return None
    if frame.height != block.lines:
        return None  # values with line breaks are read carefully
    # Longer rows made Polars fail, and shorter ones it filled up with nothing.
    if quote:
        full = not frame[:, -1].eq("").any() or _separators_add_up(
            block, frame, dialect
        )
    else:
        full = count_byte(text, dialect.separator.encode()) == frame.height * (
            len(dialect.names) - 1
        )
    return Rows(frame, _lines(block.line, frame.height), []) if full else None


def _separators_add_up(block: Block, frame: pl.DataFrame, dialect: Dialect) -> bool:
    """Tell whether the separators are those between all columns and in values."""
    within = frame.select(
        pl.sum_horizontal(
            pl.all().str.count_matches(dialect.separator, literal=True)
        ).sum()
    ).item()
    between = frame.height * (len(dialect.names) - 1)
    return count_byte(block.text, dialect.separator.encode()) == between + int(within)


def _lines(first: int, height: int) -> pl.Series:
    return pl.int_range(first, first + height, dtype=pl.Int64, eager=True)


def careful_rows(block: Block, dialect: Dialect) -> Rows:
    """Return the rows of `block`, read line by line.

    Every line that is no row becomes a reject; blank lines are passed over.
    """
    return _read_lines([block], dialect)


def _read_lines(blocks: list[Block], dialect: Dialect) -> Rows:
    rows: list[list[str]] = []
    lines: list[int] = []
    rejects: list[Reject] = []
    width = len(dialect.names)
    for block in blocks:
        for line, row, fault in _scan(block, dialect):
            if row is not None and len(row) == width:
                rows.append(row)
                lines.append(line)
            elif fault or row is not None:
                last = block.cut_off and line == block.line + block.lines - 1
                reason = fault or _wrong_width(row, width, last)
                rejects.append(Reject(line, "", reason))
    columns = zip(*rows, strict=True) if rows else ([] for _ in dialect.names)
    frame = pl.DataFrame(
        [
            pl.Series(name, values, dtype=pl.String)
            for name, values in zip(dialect.names, columns, strict=True)
        ]
    )
    return Rows(frame, pl.Series(lines, dtype=pl.Int64), rejects)


def _wrong_width(row: list[str] | None, width: int, last: bool) -> str:
    found = len(row or [])
    values = "value" if found == 1 else "values"
    cut = "; the file seems to be cut off here" if last and found < width else ""
    return f"The line has {found} {values} where {width} are expected{cut}."


def _scan(
    block: Block, dialect: Dialect
) -> Iterator[tuple[int, list[str] | None, str]]:
    """Yield line number, row and fault of every line; row None for a blank line."""
    texts = block.text.split(b"\n")[:-1]
    quote = dialect.quote.encode()
    width = len(dialect.names)
    at = 0
    while at < len(texts):
        text, used = texts[at], 1
        if not quote or text.count(quote) % 2 == 0:
            row, fault = _read_row(text, dialect)
        else:
            row, fault = _read_row(text, dialect, strict=True)
            if row is None or len(row) != width:
                # Perhaps a value that runs over several lines; if not, the mark is
                # stray: give up this line and keep the next ones.
                used = _lines_of_row(texts, at, quote)
                whole = b"\n".join(texts[at : at + used])
                row, fault = _read_row(whole, dialect, strict=True)
                if row is None or len(row) != width:
                    row, fault, used = None, fault or UNCLOSED, 1
        yield block.line + at, row, fault
        at += used


def _lines_of_row(texts: list[bytes], at: int, quote: bytes) -> int:
    """Return how many lines it takes until the quotation marks are even, or 1."""
    odd = True
    for used, text in enumerate(texts[at + 1 : at + MAX_LINES_PER_ROW], start=2):
        if text.count(quote) % 2:
            odd = not odd
        if not odd:
            return used
    return 1


def _read_row(
    text: bytes, dialect: Dialect, *, strict: bool = False
) -> tuple[list[str] | None, str]:
    """Return the values of one row and what is wrong with it."""
    if b"\0" in text:
        return None, NUL
    try:
        decoded = text.decode()
    except UnicodeDecodeError:
        return None, NOT_UTF8
    if not decoded.strip():
        return None, ""
    if not dialect.quote or dialect.quote not in decoded:
        return decoded.split(dialect.separator), ""
    reader = csv.reader(
        [decoded], delimiter=dialect.separator, quotechar=dialect.quote, strict=strict
    )
    try:
        return next(reader), ""
    except (csv.Error, StopIteration):
        return None, UNCLOSED
