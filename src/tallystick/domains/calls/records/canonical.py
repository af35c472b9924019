"""From the columns of a source to call records, rejects and notes.

Everything is a column operation; what makes a row a reject is a table in `rules`.
"""

from dataclasses import dataclass
from typing import Final

import polars as pl

from tallystick.domains.calls.records.layout import Layout
from tallystick.domains.calls.records.local import WallClock
from tallystick.domains.calls.records.mapping import ELAPSED
from tallystick.domains.calls.records.rows import Rows
from tallystick.domains.calls.records.rules import (
    CHOICES,
    FIRST_NOTE,
    FIRST_REJECT,
    HIGHEST_CAUSE,
    NO_ZONE,
    NOTES,
    REJECTS,
    TEXTS,
    TIMES,
    Rule,
)
from tallystick.domains.calls.records.times import Times, parse_durations, parse_times
from tallystick.domains.calls.schema import RECORD_SCHEMA, REJECT_SCHEMA


@dataclass(frozen=True, slots=True)
class Canonical:
    """Frames of RECORD_SCHEMA (and more), and twice of REJECT_SCHEMA."""

    records: pl.DataFrame
    rejects: pl.DataFrame
    notes: pl.DataFrame


def canonical(rows: Rows, layout: Layout, clock: WallClock | None) -> Canonical:
    """Return the call records in `rows`.

    Args:
        rows: Rows of the source.
        layout: What its columns mean.
        clock: Places times without an offset; None: such rows are rejects.
    """
    work = _understood(rows, layout, clock)
    broken = work.select(FIRST_REJECT).to_series()
    rejects = _named(work, broken, REJECTS, layout)
    carried = _carried(rows.frame, layout)
    records = work.select(*RECORD_SCHEMA).hstack(carried)
    if rejects.height:
        records = records.filter(broken.is_null())
        work = work.filter(broken.is_null())
    noted = work.select(FIRST_NOTE).to_series()
    notes = _named(work, noted, NOTES, layout)
    return Canonical(records, rejects, notes)


def _understood(rows: Rows, layout: Layout, clock: WallClock | None) -> pl.DataFrame:
    """Return the columns of RECORD_SCHEMA and, beside them, what was wrong."""
    given = [*layout.sources, *layout.mapping.constants]
    columns: dict[str, pl.Series] = {"line": rows.lines}
    for name in TEXTS:
        if name in given:
            columns[name] = _text(rows.frame, layout, name)
    for name, allowed in CHOICES.items():
        if name in given:
            columns |= _choice(name, _text(rows.frame, layout, name), allowed)
    if swapped := layout.mapping.swapped_direction:
        columns |= _exchanged(columns, columns["direction"] == swapped)
        columns["direction:needed"] = columns["direction"].is_null()
    if "release_cause" in given:
        columns |= _cause(_text(rows.frame, layout, "release_cause"))
    columns |= _durations(rows, layout)
    columns |= _times(rows, layout, clock, columns["duration_ms"])
    return pl.DataFrame(columns).with_columns(
        value for name, value in _ABSENT.items() if name not in columns
    )


# What stands in a column that the source has not.
_ABSENT: Final[dict[str, pl.Expr]] = {
    "record_id": pl.format("L{}", "line").alias("record_id"),
    **{name: pl.lit("").alias(name) for name in TEXTS[1:]},
    **{name: pl.lit(None, dtype=pl.String).alias(name) for name in CHOICES},
    "release_cause": pl.lit(None, dtype=pl.Int16).alias("release_cause"),
    **{
        f"{name}:problem": pl.lit(0, dtype=pl.UInt8).alias(f"{name}:problem")
        for name in TIMES
    },
    **{
        name: pl.lit(value=False).alias(name)
        for name in (
            *(f"{name}:unknown" for name in (*CHOICES, "release_cause")),
            "direction:needed",
            "duration:empty",
            "duration:unread",
        )
    },
    **{
        f"{name}_ms": pl.lit(None, dtype=pl.Int64).alias(f"{name}_ms")
        for name in TIMES[1:]
    },
}


def _given(frame: pl.DataFrame, layout: Layout, name: str) -> pl.Series:
    """Return what the source holds for `name`; text, or typed as the source is."""
    sources = layout.sources.get(name, ())
    if not sources:
        constant = layout.mapping.constants.get(name, "")
        return pl.repeat(constant, frame.height, dtype=pl.String, eager=True)
    if len(sources) == 1:
        column = frame[sources[0]]
        if column.dtype != pl.String:
            return column
        column = _without_nulls(column, layout)
        default = layout.mapping.constants.get(name)
        return column.set(column.eq(""), default) if default else column
    joint = " " if name in TIMES else "-"
    parts = [_without_nulls(_as_text(frame[source]), layout) for source in sources]
    joined = pl.DataFrame(
        [part.alias(str(at)) for at, part in enumerate(parts)]
    ).select(pl.concat_str(pl.all(), separator=joint))
    return joined.to_series().str.strip_chars(joint)


def _without_nulls(column: pl.Series, layout: Layout) -> pl.Series:
    if column.null_count():
        column = column.fill_null("")
    nulls = layout.mapping.nulls
    return column.set(column.is_in(nulls), "") if nulls else column


def _as_text(column: pl.Series) -> pl.Series:
    """Return a column as text; whole numbers kept as floats lose their fraction."""
    if column.dtype.is_nested():
        texts = ["" if value is None else str(value) for value in column.to_list()]
        return pl.Series(column.name, texts, dtype=pl.String)
    if column.dtype.is_float():
        whole = column.cast(pl.Int64, strict=False)
        if (whole.cast(column.dtype) == column).fill_null(value=True).all():
            column = whole
    return column.cast(pl.String, strict=False).fill_null("")


def _text(frame: pl.DataFrame, layout: Layout, name: str) -> pl.Series:
    """Return the text of a column, extracted and translated as the mapping says."""
    column = _given(frame, layout, name)
    if column.dtype != pl.String:
        column = _as_text(column)
    if pattern := layout.mapping.patterns.get(name):
        column = column.str.extract(pattern).fill_null("")
    if values := layout.mapping.values.get(name):
        lowered = {given.lower(): meant for given, meant in values.items()}
        key = column.str.strip_chars().str.to_lowercase()
        column = key.replace_strict(lowered, default=column, return_dtype=pl.String)
    return column.alias(name)


def _choice(
    name: str, column: pl.Series, allowed: tuple[str, ...]
) -> dict[str, pl.Series]:
    known = column.is_in(allowed)
    if not known.all():
        column = column.str.strip_chars().str.to_lowercase()
        known = column.is_in(allowed)
    if known.all():
        return {name: column}
    return {name: column.set(~known, None), f"{name}:unknown": ~known & column.ne("")}


def _exchanged(columns: dict[str, pl.Series], where: pl.Series) -> dict[str, pl.Series]:
    """Return the two numbers, each taking the other's place in some rows."""
    calling, called = columns["calling_number"], columns["called_number"]
    where = where.fill_null(value=False)
    return {
        "calling_number": called.zip_with(where, calling),
        "called_number": calling.zip_with(where, called),
    }


def _cause(column: pl.Series) -> dict[str, pl.Series]:
    cause = column.cast(pl.Int16, strict=False)
    outside = (cause < 0) | (cause > HIGHEST_CAUSE)
    if outside.any():
        cause = cause.set(outside, None)
    columns = {"release_cause": cause}
    if cause.null_count():
        columns["release_cause:unknown"] = cause.is_null() & column.ne("")
    return columns


def _durations(rows: Rows, layout: Layout) -> dict[str, pl.Series]:
    """Return the billed duration; null only where the layout has open calls."""
    given = _given(rows.frame, layout, "duration_s")
    ms = parse_durations(given, layout.mapping.duration_unit)
    if not ms.null_count():
        return {"duration_ms": ms}
    empty = given.is_null()
    if given.dtype == pl.String:
        empty = given.str.strip_chars().eq("")
    return {
        "duration_ms": ms,
        "duration:empty": empty & (not layout.open_calls),
        "duration:unread": ms.is_null() & ~empty,
    }


def _times(
    rows: Rows, layout: Layout, clock: WallClock | None, talked_ms: pl.Series
) -> dict[str, pl.Series]:
    """Return the three moments in UTC, and what was wrong with each."""
    written = layout.mapping.time_format
    found: dict[str, Times] = {
        name: parse_times(_given(rows.frame, layout, name), written)
        for name in TIMES
        if name in layout.sources or name in layout.mapping.constants
    }
    walls = {
        name: times.wall for name, times in found.items() if times.wall is not None
    }
    placed: dict[str, pl.Series] = {}
    if clock is not None and "started_at" in walls:
        held_ms = parse_durations(
            _given(rows.frame, layout, ELAPSED), layout.mapping.duration_unit
        )
        placed = clock.place(walls, talked_ms, held_ms)
    columns: dict[str, pl.Series] = {}
    for name, times in found.items():
        columns |= _moment(name, times, placed.get(name))
    return columns


def _moment(name: str, times: Times, placed: pl.Series | None) -> dict[str, pl.Series]:
    utc_ms, problem = times.utc_ms, times.problem
    if placed is not None:
        utc_ms = utc_ms.zip_with(utc_ms.is_not_null(), placed)
    if times.wall is not None:
        unplaced = times.wall.is_not_null() & utc_ms.is_null()
        if unplaced.any():
            if problem is None:
                problem = unplaced.cast(pl.UInt8) * 0
            problem = problem.set(unplaced, NO_ZONE)
    columns = {f"{name}_ms": utc_ms}
    if problem is not None:
        columns[f"{name}:problem"] = problem
    return columns


def _named(
    work: pl.DataFrame, broken: pl.Series, rules: tuple[Rule, ...], layout: Layout
) -> pl.DataFrame:
    """Return the broken rows in REJECT_SCHEMA."""
    if broken.null_count() == len(broken):
        return pl.DataFrame(schema=REJECT_SCHEMA)
    at = broken.drop_nulls()
    labels = {at: layout.label(rule.column) for at, rule in enumerate(rules)}
    reasons = {at: layout.fill(rule.reason) for at, rule in enumerate(rules)}
    return pl.DataFrame(
        {
            "file": pl.repeat(layout.file, len(at), dtype=pl.String, eager=True),
            "line": work["line"].filter(broken.is_not_null()),
            "column": at.replace_strict(labels, return_dtype=pl.String),
            "reason": at.replace_strict(reasons, return_dtype=pl.String),
        },
        schema=REJECT_SCHEMA,
    )


def _carried(frame: pl.DataFrame, layout: Layout) -> list[pl.Series]:
    """Return the columns without a meaning here, as text under their own names."""
    used = {source for sources in layout.sources.values() for source in sources}
    return [
        _as_text(frame[name]).alias(f"{name}_source" if name in RECORD_SCHEMA else name)
        for name in frame.columns
        if name not in used
    ]
