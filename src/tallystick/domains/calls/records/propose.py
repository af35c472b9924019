"""Proposes a mapping file for a table that no format recognises.

Columns are guessed by their names in English and Russian, then by what stands in
them. It is a proposal: every line says what to check.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import polars as pl

from tallystick.domains.calls.records.head import Head
from tallystick.domains.calls.records.mapping import PLAIN_COLUMNS
from tallystick.domains.calls.records.synonyms import DIRECTION_WORDS, SYNONYMS
from tallystick.domains.calls.records.times import parse_times

TIME_FORMATS: Final = (
    "iso",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%y %H:%M:%S",
    "%m/%d/%y %H:%M",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%d-%m-%Y %H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
    "%Y%m%d %H%M%S",
    "%a %b %d %H:%M:%S %z %Y",
    "%a, %d %b %Y %H:%M:%S %z",
    "%Y-%m-%dT%H:%M:%S%.f",
)
# Times of nothing but digits, so far as they cannot be telephone numbers.
_BARE_FORMATS: Final = {
    r"1\d{9}(\.\d+)?": "epoch_s",
    r"1\d{12}": "epoch_ms",
    r"(19|20)\d\d[01]\d[0-3]\d[0-2]\d[0-5]\d[0-6]\d": "%Y%m%d%H%M%S",
}
_NUMBER: Final = re.compile(r"\+?\d{7,15}")
_DURATION: Final = re.compile(r"\d{1,6}([.,]\d+)?|\d{1,3}:\d\d(:\d\d)?")
_DATE: Final = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\d{8}")
_CLOCK: Final = re.compile(r"\d{1,2}:\d\d(:\d\d([.,]\d+)?)?")
_UNSPOKEN: Final = re.compile(r"[\W_]")


_LEAST: Final = {"calling_number", "called_number", "started_at"}


@dataclass(frozen=True, slots=True)
class Sample:
    """The first rows of a table.

    Attributes:
        separator: Between its columns.
        encoding: As it seems to be.
        names: Its header, or None.
        columns: The values of each column.
    """

    separator: str
    encoding: str
    names: tuple[str, ...] | None
    columns: tuple[tuple[str, ...], ...]


def propose_mapping(head: Head) -> str:
    """Return the text of a mapping file for the table that begins with `head`.

    Returns:
        Empty where not even two numbers and a time can be found.
    """
    sample = sample_of(head)
    sources = _by_name(sample)
    _add_by_content(sample, sources)
    if not sources.keys() >= _LEAST:
        return ""
    return "\n".join(_lines(sample, sources)) + "\n"


def sample_of(head: Head) -> Sample:
    """Return the first rows of a table, as far as they are regular."""
    encoding = _encoding(head)
    separator = head.best_separator()
    rows = head.rows(separator, encoding)
    width = max((len(row) for row in rows[1:]), default=len(rows[0]) if rows else 0)
    rows = [row for row in rows if len(row) == width]
    headed = bool(rows) and len(rows) > 1 and not any(map(_is_value, rows[0]))
    body = rows[1:] if headed else rows
    return Sample(
        separator,
        encoding,
        tuple(rows[0]) if headed else None,
        tuple(zip(*body, strict=True)),
    )


def _is_value(text: str) -> bool:
    """Tell whether a cell holds a number or a time, as no header does."""
    text = text.strip()
    return bool(_NUMBER.fullmatch(text) or _CLOCK.search(text) or _DATE.fullmatch(text))


def _encoding(head: Head) -> str:
    """Return the encoding of the text: UTF-8 unless its bytes forbid it."""
    if head.encoding != "utf-8":
        return head.encoding
    try:
        head.data[: head.data.rfind(b"\n") + 1 or None].decode()
    except UnicodeDecodeError:
        return "cp1251"  # what Windows writes where Cyrillic is written
    return "utf-8"


def _lines(sample: Sample, sources: dict[str, list[int]]) -> Iterator[str]:
    yield "# A proposal: compare every line with the file before you use it."
    yield ""
    yield "[file]"
    yield f"separator = {_toml(sample.separator)}"
    yield f"encoding = {_toml(sample.encoding)}"
    yield f"header = {'true' if sample.names else 'false'}"
    yield ""
    yield "[columns]"
    for column in PLAIN_COLUMNS:
        if column in sources:
            yield f"{column} = {_source(sample, sources[column])}"
        elif column in {"calling_number", "called_number", "started_at", "duration_s"}:
            yield f'# {column} = "?"  # needed, but not found in the file'
    yield ""
    yield from _time_lines(sample, sources.get("started_at", []))
    yield from _duration_lines(sample, sources.get("duration_s", []))
    yield from _direction_lines(sample, sources.get("direction", []))


def _source(sample: Sample, at: list[int]) -> str:
    items = [
        _toml(sample.names[index]) if sample.names else str(index + 1) for index in at
    ]
    return items[0] if len(items) == 1 else f"[{', '.join(items)}]"


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _by_name(sample: Sample) -> dict[str, list[int]]:
    """Return the columns whose name is known; the earliest synonym wins."""
    found: dict[str, tuple[int, int]] = {}
    for at, name in enumerate(sample.names or ()):
        bare = _UNSPOKEN.sub("", name.lower())
        for column, words in SYNONYMS.items():
            if bare in words:
                rank = words.index(bare)
                if column not in found or rank < found[column][0]:
                    found[column] = (rank, at)
    return {column: [at] for column, (_, at) in found.items()}


def _add_by_content(sample: Sample, sources: dict[str, list[int]]) -> None:
    """Fill what the names left open by what the values look like."""
    taken = {at for places in sources.values() for at in places}
    free = [at for at in range(len(sample.columns)) if at not in taken]
    _split_date(sample, sources, free)
    if "started_at" not in sources:
        times = [at for at in free if time_format_of(sample.columns[at])]
        if times:
            sources["started_at"] = times[:1]
            free.remove(times[0])
    numbers = [at for at in free if _all(sample.columns[at], _NUMBER)]
    for column in ("calling_number", "called_number"):
        if column not in sources and numbers:
            sources[column] = [numbers.pop(0)]
            free.remove(sources[column][0])
    if "duration_s" not in sources:
        lengths = [at for at in free if _all(sample.columns[at], _DURATION)]
        # A column that only counts up is a serial number, not a duration.
        lengths = [
            at for at in lengths if not _is_unique(sample.columns[at])
        ] or lengths
        if lengths:
            sources["duration_s"] = lengths[:1]


def _split_date(sample: Sample, sources: dict[str, list[int]], free: list[int]) -> None:
    """Join a date and a clock time that stand in two columns."""
    start = sources.get("started_at", [])
    dates = [at for at in (*start, *free) if _all(sample.columns[at], _DATE)]
    clocks = [at for at in (*start, *free) if _all(sample.columns[at], _CLOCK)]
    if dates and clocks and (not start or start[0] in {dates[0], clocks[0]}):
        joined = [
            f"{date} {clock}"
            for date, clock in zip(
                sample.columns[dates[0]], sample.columns[clocks[0]], strict=True
            )
        ]
        if time_format_of(tuple(joined)):
            sources["started_at"] = [dates[0], clocks[0]]
            for at in sources["started_at"]:
                if at in free:
                    free.remove(at)


def _all(values: tuple[str, ...], pattern: re.Pattern[str]) -> bool:
    given = [value.strip() for value in values if value.strip()]
    return bool(given) and all(pattern.fullmatch(value) for value in given)


def _is_unique(values: tuple[str, ...]) -> bool:
    return len(values) > 2 and len(set(values)) == len(values)


def time_format_of(values: tuple[str, ...]) -> str:
    """Return the format in which every value is a time, or an empty text."""
    given = [value.strip() for value in values if value.strip()]
    if not given:
        return ""
    for pattern, time_format in _BARE_FORMATS.items():
        if all(re.fullmatch(pattern, value) for value in given):
            return time_format
    if all(value.isdigit() for value in given):
        return ""  # as good a telephone number as a time
    for time_format in TIME_FORMATS:
        times = parse_times(pl.Series(given), time_format)
        if times.problem is None or not (times.problem != 0).any():
            return time_format
    return ""


def _time_lines(sample: Sample, at: list[int]) -> Iterator[str]:
    if not at:
        return
    rows = zip(*(sample.columns[index] for index in at), strict=True)
    values = tuple(" ".join(row).strip() for row in rows)
    time_format = time_format_of(values)
    yield "[time]"
    if time_format:
        yield f"format = {_toml(time_format)}"
    else:
        yield '# format = "%d.%m.%Y %H:%M:%S"  # not clear from the values'
    has_zone = False
    if time_format:
        has_zone = parse_times(pl.Series(values), time_format).wall is None
    if not has_zone and "%z" not in time_format and not time_format.startswith("epoch"):
        yield '# zone = "Europe/Minsk"  # needed: the times state no offset'
    yield ""


def _duration_lines(sample: Sample, at: list[int]) -> Iterator[str]:
    if at:
        clock = any(":" in value for value in sample.columns[at[0]])
        yield "[duration]"
        yield f"unit = {_toml('hh:mm:ss' if clock else 's')}"
        yield ""


def _direction_lines(sample: Sample, at: list[int]) -> Iterator[str]:
    if not at:
        return
    yield "[values.direction]"
    for value in sorted({value.strip() for value in sample.columns[at[0]]} - {""}):
        meant = next(
            (name for word, name in DIRECTION_WORDS if value.lower().startswith(word)),
            "",
        )
        if meant:
            yield f"{_toml(value)} = {_toml(meant)}"
        else:
            yield f'# {_toml(value)} = "?"'
