"""Writes call records as the plain table.

Source: spec/files.md, "The plain call-record table".
"""

from typing import Final

import polars as pl

from tallystick.domains.calls.schema import RECORD_SCHEMA, REJECT_SCHEMA

_OPEN: Final = (
    "The end of the call is not in the file, so its duration is not known and the "
    "plain table cannot hold it."
)
_TIMES: Final = ("started_at", "answered_at", "released_at")


def split_open(
    records: pl.DataFrame, *, file: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the records that a plain table can hold, and rejects for the others.

    Args:
        records: RECORD_SCHEMA and carried columns.
        file: The file they come from.
    """
    unknown = records["duration_ms"].is_null()
    left = records.filter(unknown)
    rejects = left.select(
        pl.lit(file).alias("file"),
        pl.col("line"),
        pl.lit("duration_s").alias("column"),
        pl.lit(_OPEN).alias("reason"),
    ).cast(pl.Schema(REJECT_SCHEMA))
    return records.filter(~unknown), rejects


def plain_text(records: pl.DataFrame) -> pl.DataFrame:
    """Return the plain table with every column as text, for CSV."""
    return records.select(
        _known("record_id", "calling_number", "called_number"),
        *(_iso(name) for name in _TIMES),
        _seconds().alias("duration_s"),
        _known("direction", "trunk", "carrier", "presentation", "redirecting_number"),
        pl.col("release_cause").cast(pl.String).fill_null(""),
        _known("calling_imei", "calling_cell"),
        *_carried(records),
    )


def plain_typed(records: pl.DataFrame) -> pl.DataFrame:
    """Return the plain table with typed columns, for Parquet."""
    return records.select(
        pl.col("record_id", "calling_number", "called_number"),
        *(
            pl.from_epoch(f"{name}_ms", time_unit="ms")
            .dt.replace_time_zone("UTC")
            .alias(name)
            for name in _TIMES
        ),
        (pl.col("duration_ms") / 1000).alias("duration_s"),
        pl.col("direction", "trunk", "carrier", "presentation", "redirecting_number"),
        pl.col("release_cause", "calling_imei", "calling_cell"),
        *_carried(records),
    )


def _known(*names: str) -> pl.Expr:
    return pl.col(*names).fill_null("")


def _carried(records: pl.DataFrame) -> list[str]:
    return [name for name in records.columns if name not in RECORD_SCHEMA]


def _iso(name: str) -> pl.Expr:
    moment = pl.from_epoch(f"{name}_ms", time_unit="ms")
    return moment.dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").fill_null("").alias(name)


def _seconds() -> pl.Expr:
    """Whole seconds without a fraction, others with three digits of it."""
    whole = (pl.col("duration_ms") // 1000).cast(pl.String)
    rest = pl.col("duration_ms") % 1000
    return (
        pl.when(rest == 0)
        .then(whole)
        .otherwise(pl.format("{}.{}", whole, rest.cast(pl.String).str.zfill(3)))
    )
