"""Sifts the suspicious lines out of a block, so that the others can be read fast."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tallystick.domains.calls.records.blocks import Block

# A quoted value that runs over more lines than this is a quotation mark that was
# never closed.
MAX_LINES_PER_ROW: Final = 64

_Flags = npt.NDArray[np.bool_]
_Counts = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Sifted:
    """A block, taken apart.

    Attributes:
        regular: The lines that look like whole rows, joined.
        lines: The line number of each in the source.
        suspicious: The others; lines that may make up one row stay together.
    """

    regular: Block
    lines: pl.Series
    suspicious: list[Block]


def sift(block: Block, *, separator: str, quote: str, width: int) -> Sifted:
    """Tell regular from suspicious lines by what bytes they hold.

    A regular line has no NUL byte, nothing that is no UTF-8, quotation marks in pairs,
    and as many separators as `width` columns need, or more within quotation marks.
    """
    content = np.frombuffer(block.text, dtype=np.uint8)
    ends = np.flatnonzero(content == ord("\n")) + 1
    starts = np.concatenate([[0], ends[:-1]])

    def count(mark: int) -> _Counts:
        return np.add.reduceat(content == mark, starts, dtype=np.int32)

    separators = count(ord(separator))
    regular: _Flags = (separators == width - 1) & (count(0) == 0)
    if quote:
        quotes = count(ord(quote))
        regular |= (quotes > 0) & (separators >= width) & (count(0) == 0)
        regular &= ~_of_open_quotes(quotes % 2 == 1)
    if not _is_utf8(block.text):
        regular &= np.add.reduceat(content >= 0x80, starts, dtype=np.int32) == 0
    lines = np.flatnonzero(regular)
    kept = content[np.repeat(regular, ends - starts)].tobytes()
    return Sifted(
        Block(kept, block.line, len(lines)),
        pl.Series(lines + block.line, dtype=pl.Int64),
        [_part(block, starts, ends, run) for run in _runs(~regular)],
    )


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _of_open_quotes(odd: _Flags) -> _Flags:
    """Mark lines with an odd number of quotation marks, and those between two such.

    Two that are far apart do not belong together: one of them is stray.
    """
    marked = odd.copy()
    at = np.flatnonzero(odd)
    for first, second in pairwise(at):
        if second - first < MAX_LINES_PER_ROW:
            marked[first:second] = True
    return marked


def _runs(marked: _Flags) -> list[tuple[int, int]]:
    """Return first and last line of each run of marked lines."""
    edges = np.diff(np.concatenate([[0], marked.astype(np.int8), [0]]))
    firsts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return [(int(a), int(b) - 1) for a, b in zip(firsts, ends, strict=True)]


def _part(
    block: Block,
    starts: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
    run: tuple[int, int],
) -> Block:
    first, last = run
    return Block(
        block.text[starts[first] : ends[last]],
        block.line + first,
        last - first + 1,
        block.cut_off and last == len(ends) - 1,
    )
