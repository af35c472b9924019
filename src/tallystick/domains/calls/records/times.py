"""Times and durations as column operations.

A column of times becomes UTC milliseconds where the source states an offset, and
wall-clock times where it does not; `local` gives these their place in UTC.
"""

from dataclasses import dataclass
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

# Problems of a value, in the column `problem`; 0 is none.
UNREADABLE: Final = 1
SECONDS: Final = 2

# Epoch milliseconds passed this in 1973; a smaller integer counts seconds.
SMALLEST_EPOCH_MS: Final = 100_000_000_000

_ISO: Final = (
    r"^\s*(?<date>\d{4}-\d\d-\d\d)[T ](?<time>\d\d:\d\d)"
    r"(?::(?<second>\d\d)(?:[.,](?<fraction>\d+))?)?"
    r"\s*(?:(?<utc>[Zz])|(?<sign>[+-])(?<hours>\d\d)(?::?(?<minutes>\d\d))?)?\s*$"
)


@dataclass(frozen=True, slots=True)
class Times:
    """One column of times, understood.

    Attributes:
        utc_ms: Int64, null where there is none or it has no offset.
        wall: Datetime in ms without zone, null except where a time states no offset.
            None when no row does.
        problem: UInt8 per row; None when no row has one.
    """

    utc_ms: pl.Series
    wall: pl.Series | None = None
    problem: pl.Series | None = None


def parse_times(column: pl.Series, time_format: str) -> Times:
    """Return the times of `column`.

    Args:
        column: Text where "" means no time, or a typed column of a Parquet file.
        time_format: As in `Mapping.time_format`.
    """
    if column.dtype != pl.String:
        return _typed(column, time_format)
    empty = column.eq("")
    given = column.set(empty, None) if empty.any() else column
    if given.null_count() == len(given):
        return Times(_nothing(given))
    if time_format == "iso":
        return _iso(given)
    if time_format in _EPOCH_FACTORS:
        return _epoch(given, _EPOCH_FACTORS[time_format])
    return _pattern(given, time_format)


_EPOCH_FACTORS: Final = {"epoch_s": 1000, "epoch_ms": 1}


def _typed(column: pl.Series, time_format: str) -> Times:
    """Read a column that the file itself declares to be times or numbers."""
    dtype = column.dtype
    if isinstance(dtype, pl.Datetime):
        if dtype.time_zone:
            return Times(column.dt.timestamp("ms"))
        return Times(_nothing(column), wall=column.cast(pl.Datetime("ms")))
    if dtype.is_numeric():
        factor = _EPOCH_FACTORS.get(time_format, 1)
        ms = (column.cast(pl.Float64) * factor).round().cast(pl.Int64, strict=False)
        if dtype.is_integer():
            ms = column.cast(pl.Int64) * factor
        return _checked_epoch(ms, column)
    return parse_times(column.cast(pl.String, strict=False).fill_null(""), time_format)


def _nothing(column: pl.Series) -> pl.Series:
    return pl.repeat(None, len(column), dtype=pl.Int64, eager=True)


def _iso(given: pl.Series) -> Times:
    """ISO 8601, the whole column at once where it is all of one kind."""
    if (zoned := _cast(given, "UTC")) is not None:
        return Times(zoned.dt.timestamp("ms"))
    if (wall := _cast(given, None)) is not None:
        return Times(_nothing(given), wall=wall.cast(pl.Datetime("ms")))
    ms = given.cast(pl.Int64, strict=False)
    if ms.null_count() == given.null_count():
        return _checked_epoch(ms, given)
    return _mixed(given)


def _cast(given: pl.Series, zone: str | None) -> pl.Series | None:
    """Let Arrow parse the column; None when a single value is not of this kind."""
    shortest = given.str.len_bytes().min()
    if not isinstance(shortest, int) or shortest < len("2026-01-01T00:00"):
        return None
    try:
        return pl.Series(
            pc.cast(
                given.to_arrow(compat_level=pl.CompatLevel.oldest()),
                pa.timestamp("us", zone),
            )
        )
    except pa.ArrowInvalid:
        return None


def _mixed(given: pl.Series) -> Times:
    """Times of several kinds in one column, or some that cannot be read."""
    parts = given.to_frame("t").select(
        pl.col("t").str.extract_groups(_ISO).struct.unnest(),
        ms=pl.col("t").str.strip_chars().cast(pl.Int64, strict=False),
        t=pl.col("t"),
    )
    second = pl.col("second").fill_null("00")
    leap = second == "60"  # RFC 3339 allows it; the clock after it is the same
    wall = pl.concat_str(
        pl.col("date"),
        pl.lit(" "),
        pl.col("time"),
        pl.lit(":"),
        pl.when(leap).then(pl.lit("59")).otherwise(second),
    ).str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="ms", strict=False) + pl.duration(
        milliseconds=pl.col("fraction")
        .str.head(3)
        .str.pad_end(3, "0")
        .cast(pl.Int64)
        .fill_null(0)
        + leap.cast(pl.Int64) * 1000
    )
    offset = pl.duration(
        minutes=pl.col("hours").cast(pl.Int64) * 60
        + pl.col("minutes").cast(pl.Int64).fill_null(0)
    )
    zoned = (
        pl.when(pl.col("utc").is_not_null())
        .then(wall)
        .when(pl.col("sign") == "+")
        .then(wall - offset)
        .when(pl.col("sign") == "-")
        .then(wall + offset)
    )
    read = parts.select(
        utc_ms=pl.coalesce(zoned.dt.timestamp("ms"), pl.col("ms")),
        wall=pl.when(pl.col("utc").is_null() & pl.col("sign").is_null()).then(wall),
        problem=pl.when(pl.col("ms") < SMALLEST_EPOCH_MS).then(SECONDS),
        given=pl.col("t").is_not_null(),
    )
    return _with_problems(read)


def _with_problems(read: pl.DataFrame) -> Times:
    """Mark every given value that none of the ways could read."""
    unread = pl.col("given") & pl.col("utc_ms").is_null() & pl.col("wall").is_null()
    read = read.with_columns(
        problem=pl.when(unread)
        .then(UNREADABLE)
        .otherwise(pl.col("problem").fill_null(0))
        .cast(pl.UInt8)
    )
    return Times(read["utc_ms"], wall=read["wall"], problem=read["problem"])


def _epoch(given: pl.Series, factor: int) -> Times:
    text = given.str.strip_chars().str.replace(",", ".", literal=True)
    ms = (text.cast(pl.Float64, strict=False) * factor).round()
    return _with_problems(
        pl.DataFrame(
            {
                "utc_ms": ms.cast(pl.Int64, strict=False),
                "wall": pl.repeat(None, len(ms), dtype=pl.Datetime("ms"), eager=True),
                "problem": pl.repeat(0, len(ms), dtype=pl.UInt8, eager=True),
                "given": given.is_not_null(),
            }
        )
    )


def _checked_epoch(ms: pl.Series, given: pl.Series) -> Times:
    """Refuse integers that can only be seconds, and what is no number."""
    smallest = ms.min()
    lost = ms.null_count() != given.null_count()
    if not lost and (not isinstance(smallest, int) or smallest >= SMALLEST_EPOCH_MS):
        return Times(ms)
    problem = (ms.is_null() & given.is_not_null()).cast(pl.UInt8) * UNREADABLE
    small = (ms < SMALLEST_EPOCH_MS).fill_null(value=False)
    return Times(ms, problem=problem.set(small, SECONDS))


def _pattern(given: pl.Series, time_format: str) -> Times:
    """Times in a strptime pattern, with or without an offset."""
    text = given.str.strip_chars()
    zoned = "%z" in time_format or "%#z" in time_format or "%:z" in time_format
    try:
        wall = text.str.to_datetime(time_format, time_unit="ms", strict=False)
    except pl.exceptions.PolarsError:
        wall = pl.repeat(None, len(text), dtype=pl.Datetime("ms"), eager=True)
        zoned = False
    utc_ms = wall.dt.timestamp("ms") if zoned else _nothing(given)
    return _with_problems(
        pl.DataFrame(
            {
                "utc_ms": utc_ms,
                "wall": wall.clear(len(wall)).cast(pl.Datetime("ms"))
                if zoned
                else wall,
                "problem": pl.repeat(0, len(text), dtype=pl.UInt8, eager=True),
                "given": given.is_not_null(),
            }
        )
    )


# Unit -> milliseconds.
_UNIT_MS: Final = {"s": 1000, "ms": 1, "min": 60_000}


def parse_durations(column: pl.Series, unit: str) -> pl.Series:
    """Return a duration per row in milliseconds, null where it cannot be read.

    Args:
        column: Text, or numbers from a Parquet file.
        unit: One of `mapping.DURATION_UNITS`.
    """
    if isinstance(column.dtype, pl.Duration):
        return column.dt.total_milliseconds()
    if column.dtype == pl.String and unit == "hh:mm:ss":
        return _clock_durations(column)
    number = column.cast(pl.Float64, strict=False)
    if column.dtype == pl.String and number.null_count():
        text = column.str.strip_chars().str.replace(",", ".", literal=True)
        number = text.cast(pl.Float64, strict=False)
    ms = (number * _UNIT_MS.get(unit, 1000)).round()
    return ms.set(~ms.is_finite(), None).cast(pl.Int64, strict=False)


def _clock_durations(column: pl.Series) -> pl.Series:
    """Read durations written as 01:02:03, 02:03 or 3, each with a fraction."""
    parts = column.str.strip_chars().str.extract_groups(
        r"^(?:(?:(?<h>\d+):)?(?<m>\d{1,2}):)?(?<s>\d+(?:[.,]\d+)?)$"
    )
    return parts.struct.unnest().select(
        (
            pl.col("h").cast(pl.Int64, strict=False).fill_null(0) * 3_600_000
            + pl.col("m").cast(pl.Int64, strict=False).fill_null(0) * 60_000
            + (
                pl.col("s")
                .str.replace(",", ".", literal=True)
                .cast(pl.Float64, strict=False)
                * 1000
            )
            .round()
            .cast(pl.Int64, strict=False)
        ).alias("ms")
    )["ms"]
