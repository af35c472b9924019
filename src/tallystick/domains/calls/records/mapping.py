"""How the columns of a foreign file become call records.

Every delimited format is one `Mapping`, the built-in ones (see `formats`) as well as
those a user writes in TOML:

    base = "asterisk"             # optional: change a built-in format instead

    [file]
    separator = ";"               # default: found from the content
    encoding  = "cp1251"          # default: utf-8
    header    = true
    [columns]                     # a name of the header, or a position from 1
    record_id      = "ID"
    calling_number = "A number"
    called_number  = "B number"
    started_at     = ["Date", "Time"]
    duration_s     = "Dur"
    [time]
    format = "%d.%m.%Y %H:%M:%S"
    zone   = "Europe/Minsk"
    [duration]
    unit = "hh:mm:ss"
    [constants]
    trunk = "MSQ-106"
    [values.direction]
    OUT = "international_out"

Source: docs/reference/record-formats.md, "The mapping file".
"""

import codecs
import re
import tomllib
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import polars as pl

from tallystick.domains.calls.records.source import unavailable
from tallystick.model.errors import ConfigError, UnavailableError

# What a source column can become, in the order of the plain table.
PLAIN_COLUMNS: Final = (
    "record_id",
    "calling_number",
    "called_number",
    "started_at",
    "answered_at",
    "released_at",
    "duration_s",
    "direction",
    "trunk",
    "carrier",
    "presentation",
    "redirecting_number",
    "release_cause",
    "calling_imei",
    "calling_cell",
)
REQUIRED_COLUMNS: Final = (
    "record_id",
    "calling_number",
    "called_number",
    "started_at",
    "duration_s",
)
# Seizure to release as the keeper counted it: no part of a record, but it tells
# which of two equal clock times is meant on the night the clocks go back.
ELAPSED: Final = "elapsed_s"

DURATION_UNITS: Final = ("s", "ms", "min", "hh:mm:ss")

Source = str | int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """How to read one kind of file.

    Attributes:
        base: Built-in format that the rest overrides; empty: a format of its own,
            or, without `columns`, whatever format the file turns out to have.
        columns: For each column of the plain table the source columns it comes
            from, by name or by position from 1. Several are joined: times by a
            space, anything else by "-".
        header: The first line names the columns.
        names: Names of the columns of a file without header, as far as known.
        separator: One character; empty: found from the content.
        quote: Quotation mark; empty: none is used.
        encoding: A name Python's codecs know; empty: UTF-8 or by byte order mark.
        skip_lines: Lines before the header or the first row.
        nulls: Values that mean "nothing".
        time_format: "iso" (ISO 8601 or epoch milliseconds), "epoch_s", "epoch_ms",
            or a pattern for strptime.
        zone: IANA name or offset such as "+03:00" of times that state none.
        duration_unit: One of DURATION_UNITS.
        constants: Value for the rows in which the source has none.
        values: For a column, source value to value in the plain table; source
            values are compared without regard to case.
        patterns: For a column, a regular expression whose first group is the value.
        swapped_direction: In rows of this direction the columns of the calling and
            the called number are exchanged.
        inbound_trunk: Source column of the trunk when arrivals are read, where it
            is another than for departures.
    """

    base: str = ""
    columns: dict[str, tuple[Source, ...]] = field(default_factory=dict)
    header: bool = True
    names: tuple[str, ...] = ()
    separator: str = ""
    quote: str = '"'
    encoding: str = ""
    skip_lines: int = 0
    nulls: tuple[str, ...] = ()
    time_format: str = "iso"
    zone: str = ""
    duration_unit: str = "s"
    constants: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    patterns: dict[str, str] = field(default_factory=dict)
    swapped_direction: str = ""
    inbound_trunk: str = ""

    @classmethod
    def load(cls, path: Path) -> "Mapping":
        """Read a mapping file.

        Raises:
            ConfigError: It is not TOML, or a key or value in it is wrong.
            UnavailableError: It cannot be read.
        """
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            fault = unavailable(path, error)
            raise UnavailableError(
                fault.code, fault.args[0], advice=fault.advice
            ) from None
        except UnicodeDecodeError:
            raise ConfigError(
                "mapping-syntax", f"The mapping file {path} is not UTF-8."
            ) from None
        except (ValueError, RecursionError) as error:
            raise ConfigError(
                "mapping-syntax", f"The mapping file {path} is not TOML: {error}."
            ) from None
        try:
            return cls.from_table(table)
        except ConfigError as error:
            raise ConfigError(
                error.code,
                f"The mapping file {path} is wrong: {error.args[0]}",
                advice=error.advice,
            ) from None

    @classmethod
    def from_table(cls, table: dict[str, Any]) -> "Mapping":
        """Return the mapping that a parsed TOML table states.

        A key or value in it that is wrong is a ConfigError.
        """
        found = {name: _taken(table, *key) for name, key in _KEYS.items()}
        mapping = cls(**{n: value for n, value in found.items() if value is not None})
        _refuse_unknown(table)
        mapping.check()
        return mapping

    def check(self) -> None:
        """Refuse a mapping that contradicts itself or names what does not exist.

        Raises:
            ConfigError: The key and what may stand there.
        """
        for name in self.columns:
            _one_of("$.columns", name, (*PLAIN_COLUMNS, ELAPSED))
        for name in (*self.constants, *self.values, *self.patterns):
            _one_of("$.constants, $.values, $.patterns", name, PLAIN_COLUMNS)
        _one_of("$.duration.unit", self.duration_unit, DURATION_UNITS)
        if len(self.separator) > 1 or len(self.quote) > 1:
            raise ConfigError(
                "mapping-value", "$.file.separator and quote are single characters."
            )
        if self.zone:
            check_zone(self.zone)
        _check_encoding(self.encoding)
        for name, pattern in self.patterns.items():
            _check_pattern(name, pattern)
        missing = [
            name
            for name in REQUIRED_COLUMNS[1:]
            if name not in self.columns and name not in self.constants
        ]
        if self.columns and not self.base and missing:
            raise ConfigError(
                "mapping-columns",
                f"$.columns does not say where {', '.join(missing)} come from.",
                advice="Add them, or name a built-in format as base.",
            )

    def over(self, base: "Mapping") -> "Mapping":
        """Return `base` with everything that this mapping states put over it."""
        stated = {
            item.name: getattr(self, item.name)
            for item in fields(self)
            if getattr(self, item.name) != _DEFAULTS[item.name]
        }
        for name in ("columns", "constants", "patterns"):
            stated[name] = getattr(base, name) | getattr(self, name)
        stated["values"] = base.values | {
            name: base.values.get(name, {}) | meanings
            for name, meanings in self.values.items()
        }
        return replace(base, **stated)


_DEFAULTS: Final = {
    item.name: getattr(Mapping(), item.name) for item in fields(Mapping)
}

# Field of Mapping -> where it stands in the file.
_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "base": ("base",),
    "columns": ("columns",),
    "header": ("file", "header"),
    "names": ("file", "names"),
    "separator": ("file", "separator"),
    "quote": ("file", "quote"),
    "encoding": ("file", "encoding"),
    "skip_lines": ("file", "skip_lines"),
    "nulls": ("file", "nulls"),
    "time_format": ("time", "format"),
    "zone": ("time", "zone"),
    "duration_unit": ("duration", "unit"),
    "constants": ("constants",),
    "values": ("values",),
    "patterns": ("patterns",),
    "swapped_direction": ("swapped_direction",),
    "inbound_trunk": ("inbound_trunk",),
}


def _taken(table: dict[str, Any], *key: str) -> Any:  # ruff: ignore[any-type] (TOML has no types)
    """Return the checked value at `key`, or None when it is not there."""
    value: Any = table
    for part in key:
        value = _inside(value, key).get(part)
        if value is None:
            return None
    name = next(name for name, place in _KEYS.items() if place == key)
    return _SHAPES.get(name, _text)(value, key)


def _inside(value: object, key: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(key[:1], "a table")
    return value


def _wrong(key: tuple[str, ...], expected: str) -> ConfigError:
    return ConfigError("mapping-value", f"$.{'.'.join(key)} must be {expected}.")


def _text(value: object, key: tuple[str, ...]) -> str:
    if not isinstance(value, str):
        raise _wrong(key, "text in quotation marks")
    return value


def _flag(value: object, key: tuple[str, ...]) -> bool:
    if not isinstance(value, bool):
        raise _wrong(key, "true or false")
    return value


def _count(value: object, key: tuple[str, ...]) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _wrong(key, "a whole number, 0 or more")
    return value


def _texts(value: object, key: tuple[str, ...]) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _wrong(key, "a list of texts")
    return tuple(_text(item, key) for item in value)


def _text_table(value: object, key: tuple[str, ...]) -> dict[str, str]:
    if not isinstance(value, dict):
        raise _wrong(key, "a table")
    return {
        name: _text(item if isinstance(item, str) else str(item), (*key, name))
        for name, item in value.items()
    }


def _value_tables(value: object, key: tuple[str, ...]) -> dict[str, dict[str, str]]:
    if not isinstance(value, dict):
        raise _wrong(key, "a table of tables")
    return {name: _text_table(item, (*key, name)) for name, item in value.items()}


def _sources(value: object, key: tuple[str, ...]) -> dict[str, tuple[Source, ...]]:
    if not isinstance(value, dict):
        raise _wrong(key, "a table")
    return {name: _source(item, (*key, name)) for name, item in value.items()}


def _source(value: object, key: tuple[str, ...]) -> tuple[Source, ...]:
    items = value if isinstance(value, list) else [value]
    for item in items:
        named = isinstance(item, str) and bool(item)
        placed = isinstance(item, int) and not isinstance(item, bool) and item > 0
        if not named and not placed:
            raise _wrong(key, "the name of a source column, its position from 1, or "
                              "a list of these")  # fmt: skip
    return tuple(items)


_SHAPES: Final[dict[str, Any]] = {
    "columns": _sources,
    "header": _flag,
    "names": _texts,
    "skip_lines": _count,
    "nulls": _texts,
    "constants": _text_table,
    "values": _value_tables,
    "patterns": _text_table,
}


def _refuse_unknown(table: dict[str, Any]) -> None:
    known = {key[0] for key in _KEYS.values()}
    for name in table:
        _one_of("$", name, tuple(sorted(known)))
    for group in ("file", "time", "duration"):
        inside = tuple(key[1] for key in _KEYS.values() if key[0] == group)
        for name in table.get(group, {}):
            _one_of(f"$.{group}", name, inside)


def _one_of(key: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ConfigError(
            "mapping-value",
            f"{key} does not know {value!r}.",
            advice=f"Known are: {', '.join(allowed)}.",
        )


def _check_encoding(encoding: str) -> None:
    try:
        codecs.lookup(encoding or "utf-8")
    except LookupError:
        raise ConfigError(
            "mapping-encoding",
            f"$.file.encoding: there is no encoding {encoding!r}.",
            advice='Examples: "utf-8", "cp1251", "koi8-r", "utf-16".',
        ) from None


def _check_pattern(name: str, pattern: str) -> None:
    try:
        groups = re.compile(pattern).groups
        pl.Series([""]).str.extract(pattern)
    except (re.error, pl.exceptions.PolarsError):
        groups = 0
    if groups < 1:
        raise ConfigError(
            "mapping-pattern",
            f"$.patterns.{name} is not a regular expression with a group.",
        )


FIXED_OFFSET: Final = re.compile(r"([+-])(\d\d):(\d\d)")


def check_zone(zone: str) -> None:
    """Refuse a time zone that does not exist.

    Raises:
        ConfigError: "zone-unknown".
    """
    if FIXED_OFFSET.fullmatch(zone):
        return
    try:
        pl.Series([datetime(2000, 1, 1)]).dt.replace_time_zone(zone)  # ruff: ignore[call-datetime-without-tzinfo]
    except pl.exceptions.PolarsError:
        raise ConfigError(
            "zone-unknown",
            f"There is no time zone {zone!r}.",
            advice='Use an IANA name such as "Europe/Minsk", or an offset: "+03:00".',
        ) from None
