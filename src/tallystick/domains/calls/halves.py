"""Turn normalised call records into halves."""

from collections.abc import Mapping
from typing import Final

import polars as pl

# States of a part of the match key.
ABSENT: Final = 0
PRESENT: Final = 1
UNREADABLE: Final = 2

HALF_SCHEMA: Final[dict[str, pl.DataType]] = {
    "row": pl.Int64(),  # position among the halves of its side
    "record_id": pl.String(),
    "key_hi": pl.Int64(),  # calling number, or the first half of the token
    "key_lo": pl.Int64(),  # called number, or the second half
    "at_ms": pl.Int64(),  # seizure, UTC milliseconds
    "end_ms": pl.Int32(),  # seizure to release; null: not known
    "point": pl.Int32(),  # code of the trunk
    "carrier": pl.Int32(),  # code of the carrier
    "withheld": pl.Boolean(),  # the caller wants not to be shown; null: not recorded
    "alias": pl.Int64(),  # diverting number, or second reading of one; 0: none
    "calling_state": pl.Int8(),
    "called_state": pl.Int8(),
    "duration_ms": pl.Int32(),
    "answered": pl.Boolean(),
    "answer_ms": pl.Int32(),  # seizure to answer; null: not answered or not known
}


def halves_from_records(
    records: pl.DataFrame,
    *,
    first_row: int,
    points: Mapping[str, int],
    carriers: Mapping[str, int],
) -> pl.DataFrame:
    """Return one half per record.

    Args:
        records: RECORD_SCHEMA with the columns `calling`, `called`, `redirecting`.
        first_row: Row number of the first.
        points: Code of each trunk name; must hold every name in `records`.
        carriers: Code of each carrier name, likewise.

    Returns:
        Halves in HALF_SCHEMA, in the order of the records.
    """
    held = pl.col("released_at_ms") - pl.col("started_at_ms")
    waited = pl.col("answered_at_ms") - pl.col("started_at_ms")
    talked = pl.col("duration_ms").clip(0, 2**31 - 1)
    return records.select(
        pl.int_range(first_row, first_row + pl.len(), dtype=pl.Int64).alias("row"),
        pl.col("record_id"),
        pl.col("calling").alias("key_hi"),
        pl.col("called").alias("key_lo"),
        pl.col("started_at_ms").alias("at_ms"),
        pl.coalesce(
            pl.when(held >= 0).then(held),
            pl.when((talked > 0) & (waited >= 0)).then(waited + talked),
        )
        .clip(0, 2**31 - 1)
        .cast(pl.Int32)
        .alias("end_ms"),
        _coded("trunk", points).alias("point"),
        _coded("carrier", carriers).alias("carrier"),
        (pl.col("presentation") == "restricted").alias("withheld"),
        pl.col("redirecting").alias("alias"),
        _state("calling"),
        _state("called"),
        talked.cast(pl.Int32).alias("duration_ms"),
        ((talked > 0) | pl.col("answered_at_ms").is_not_null()).alias("answered"),
        pl.when(waited >= 0)
        .then(waited.clip(0, 2**31 - 1))
        .cast(pl.Int32)
        .alias("answer_ms"),
    )


def _coded(column: str, codes: Mapping[str, int]) -> pl.Expr:
    """Return the code of each name; codes count from 0."""
    names = pl.Enum(sorted(codes, key=codes.__getitem__))
    return pl.col(column).cast(names).to_physical().cast(pl.Int32)


def _state(part: str) -> pl.Expr:
    number = pl.col(part)
    return (
        pl.when(number == 0)
        .then(ABSENT)
        .when(number < 0)
        .then(UNREADABLE)
        .otherwise(PRESENT)
        .cast(pl.Int8)
        .alias(f"{part}_state")
    )


def code_names(names: pl.Series, codes: dict[str, int]) -> dict[str, int]:
    """Give every name that has none yet the next code, in alphabetical order."""
    for name in sorted(names.unique().to_list()):
        codes.setdefault(name, len(codes))
    return codes
