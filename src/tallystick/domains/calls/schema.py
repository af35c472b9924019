"""The columns that every reader of call records ends in.

Source: spec/files.md, "The plain call-record table".
"""

from typing import Final

import polars as pl

RECORD_SCHEMA: Final[dict[str, pl.DataType]] = {
    "record_id": pl.String(),
    "calling_number": pl.String(),  # as received; "" when there is none
    "called_number": pl.String(),
    "started_at_ms": pl.Int64(),  # UTC, milliseconds since 1970
    "answered_at_ms": pl.Int64(),  # null: not answered, or not recorded
    "released_at_ms": pl.Int64(),  # null: not recorded
    "duration_ms": pl.Int64(),  # conversation as the keeper bills it; 0: not answered
    "direction": pl.String(),  # null, or one of DIRECTIONS
    "trunk": pl.String(),  # "" when the keeper names none
    "carrier": pl.String(),
    "presentation": pl.String(),  # null, "allowed" or "restricted"
    "redirecting_number": pl.String(),  # "" when there is none
    "release_cause": pl.Int16(),  # null, or ITU-T Q.850
    "calling_imei": pl.String(),
    "calling_cell": pl.String(),
    "line": pl.Int64(),  # where it stood in the source, counted from 1
}

DIRECTIONS: Final = ("international_out", "international_in", "domestic", "transit")

REJECT_SCHEMA: Final[dict[str, pl.DataType]] = {
    "file": pl.String(),
    "line": pl.Int64(),
    "column": pl.String(),
    "reason": pl.String(),  # a sentence; never repeats a number
}

KINDS: Final = (
    "domestic_arrival",
    "calling_number_altered",
    "calling_number_removed",
    "called_number_altered",
    "loop",
    "false_answer",
    "stretched",
    "no_departure",
    "no_arrival",
    "unproven",
)
