"""Rows that could not be read, counted by file, column and reason."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from tallystick.domains.calls.schema import REJECT_SCHEMA

SHOWN_MOST: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """One reason in one column of one file.

    Attributes:
        line: The first line it was met on.
    """

    file: str
    column: str
    reason: str
    count: int
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejects:
    """The commonest reasons, and how many others there are."""

    rows: list[Reject]
    more: int


def count_rejects(path: Path) -> Rejects:
    """Count the rejects in `path`; none where there is no such file."""
    if not path.is_file() or not path.stat().st_size:
        return Rejects(rows=[], more=0)
    frame = (
        pl.scan_csv(path, schema_overrides=REJECT_SCHEMA, infer_schema=False)
        .group_by("file", "column", "reason")
        .agg(count=pl.len(), line=pl.col("line").cast(pl.Int64, strict=False).min())
        .sort(
            ["count", "file", "column", "reason"],
            descending=[True, False, False, False],
        )
        .collect(engine="streaming")
    )
    shown = frame.head(SHOWN_MOST).with_columns(
        pl.col("file", "column", "reason").fill_null(""), pl.col("line").fill_null(0)
    )
    rows = [Reject(**row) for row in shown.iter_rows(named=True)]
    return Rejects(rows=rows, more=frame.height - len(rows))
