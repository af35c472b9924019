"""What every reader of call records hands out."""

from dataclasses import dataclass

import polars as pl

from tallystick.domains.calls.schema import RECORD_SCHEMA, REJECT_SCHEMA


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some records of one file, in the order of the file.

    Attributes:
        file: The file as its path was given.
        format: Name of the format it was read as, see `formats.FORMATS`.
        records: The good rows: the columns of RECORD_SCHEMA, then the columns of
            the source that have no meaning here, as text under their own names.
        rejects: Rows left out, with the reason (REJECT_SCHEMA).
        notes: Rows that were kept although an optional value in them could not be
            understood and was dropped (same columns as `rejects`).
        repeated: Rows left out because they repeat an earlier row of the same
            file in every value: a retransmission, which is no fault.
        other_direction: Good rows left out because they state a direction that no
            half of the asked side has.
        bytes_read: Bytes of the file consumed so far, as they lie on disk.
        bytes_total: Size of the file on disk.
    """

    file: str
    format: str
    records: pl.DataFrame
    rejects: pl.DataFrame
    notes: pl.DataFrame
    repeated: int
    other_direction: int
    bytes_read: int
    bytes_total: int


@dataclass(frozen=True, slots=True)
class Reject:
    """One row that cannot be read: where it stands and why."""

    line: int
    column: str
    reason: str


def empty_records() -> pl.DataFrame:
    """Return a frame of records without rows."""
    return pl.DataFrame(schema=RECORD_SCHEMA)


def reject_frame(file: str, rejects: list[Reject]) -> pl.DataFrame:
    """Return the rejects of `file` as a frame of REJECT_SCHEMA."""
    return pl.DataFrame(
        {
            "file": [file] * len(rejects),
            "line": [reject.line for reject in rejects],
            "column": [reject.column for reject in rejects],
            "reason": [reject.reason for reject in rejects],
        },
        schema=REJECT_SCHEMA,
    )
