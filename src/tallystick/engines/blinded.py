"""The two rounds as files: own halves go out as tokens, the peer's come in as halves.

Source: spec/tokens.md, "The two rounds".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from tallystick.blinding import (
    ALLOWED,
    BlindedHeader,
    TokenKey,
    read_rows,
    token_columns,
)
from tallystick.blinding.allowed import (
    CELL,
    DOMESTIC,
    OPEN,
    SKIP,
    YEAR_2000_MS,
    YEAR_2100_MS,
)
from tallystick.domains.calls.halves import (
    ABSENT,
    HALF_SCHEMA,
    PRESENT,
    UNREADABLE,
    code_names,
)
from tallystick.model import MalformedError
from tallystick.pairing import missing
from tallystick.pairing.completeness import NO_SERIALS, Serials

DOMAIN: Final = "calls"
EARLIEST_MS: Final = YEAR_2000_MS
LATEST_MS: Final = YEAR_2100_MS - 2**31  # so that the end lies before 2100, too
_LONGEST_MS: Final = 2**31 - 1
_HANDLE_DIGITS: Final = 10
_NEEDED: Final = {"row", "pair_hi", "pair_lo", "started_at_ms"}
FIRST: Final = tuple(n for n, r in ALLOWED[DOMAIN].items() if 1 in r.rounds)
# What of a half is compared in the second round: column, part, purpose of the key.
_COMPARED: Final = (
    ("called", "called", "called"),
    ("calling", "calling", "calling"),
    ("redirecting_calling", "alias", "calling"),
    ("redirecting_called", "alias", "called"),
)
_SERIAL_FACTS: Final = tuple(f.name for f in fields(Serials) if f.name != "brackets")
_CLASSES: Final = tuple(name for name in missing.CELL if name.endswith("_class"))
_MIX: Final = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F)
_CONTENT: Final = ("row", "key_hi", "key_lo", "at_ms", "end_ms", "duration_ms")
_TYPES: Final[dict[str, pl.DataType]] = {
    "integer": pl.Int64(),
    "token": pl.Int64(),
    "flag": pl.Boolean(),
    "label": pl.String(),
    "word": pl.String(),
}
_SECOND: Final[dict[str, tuple[str, ...]]] = {
    OPEN: (
        "row",
        *(f"{name}_{half}" for name, _, _ in _COMPARED for half in ("hi", "lo")),
        "paired_near",
        "open_near",
    ),
    CELL: ("trunk", "carrier", "answered", *_CLASSES, "count"),
    SKIP: ("from_ms", "to_ms", "count"),
    DOMESTIC: (
        "row",
        "started_at_ms",
        "answered_at_ms",
        "released_at_ms",
        "duration_ms",
        "answered",
        "trunk",
        "carrier",
        "called_hi",
        "called_lo",
        "support",
    ),
}


@dataclass(slots=True)
class Names:
    """Codes of trunk and carrier names, given as the names come."""

    points: dict[str, int] = field(default_factory=dict)
    carriers: dict[str, int] = field(default_factory=dict)

    def labels(self) -> list[pl.Expr]:
        """Return the columns `trunk` and `carrier` for codes; "" becomes null."""
        return [
            pl.col(code)
            .replace_strict(
                {i: name or None for name, i in names.items()}, return_dtype=pl.String
            )
            .alias(label)
            for label, code, names in self._each()
        ]

    def codes(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return `rows` with the codes of their labels; new names get the next."""
        for label, code, names in self._each():
            column = rows[label].fill_null("")
            known = code_names(column, names)
            rows = rows.with_columns(
                column.replace_strict(known, return_dtype=pl.Int32).alias(code)
            )
        return rows

    def _each(self) -> tuple[tuple[str, str, dict[str, int]], ...]:
        return (("trunk", "point", self.points), ("carrier", "carrier", self.carriers))


@dataclass(slots=True)
class Content:
    """A short mark of all halves of a file, in whatever order they come.

    It tells one file from another by mistake, not by malice.
    """

    total: int = 0

    def add(self, halves: pl.DataFrame) -> None:
        """Take in some halves."""
        mixed = np.zeros(halves.height, dtype=np.uint64)
        for name in _CONTENT:
            column = halves[name].cast(pl.Int64).fill_null(-1)
            mixed = (mixed ^ column.to_numpy().view(np.uint64)) * np.uint64(_MIX[0])
            mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(_MIX[1])
        self.total = (self.total + int(mixed.sum(dtype=np.uint64))) % 2**64

    @property
    def text(self) -> str:
        """Sixteen hexadecimal digits in groups, so that no number can stand in it."""
        digits = f"{self.total:016x}"
        return "-".join(digits[i : i + 4] for i in range(0, 16, 4))


@dataclass(frozen=True, slots=True, kw_only=True)
class Second:
    """What a side tells in the second round.

    Attributes:
        open: `row`, tokens and company of every half without a partner.
        cells: Counts of the halves with one, as `cells_SIDE`.
        serials: What its serial numbers prove.
        domestic: Domestic calls to the numbers asked about; None: not read.
    """

    open: pl.DataFrame
    cells: pl.DataFrame
    serials: Serials
    domestic: pl.DataFrame | None = None


def first_rows(halves: pl.DataFrame, names: Names) -> pl.DataFrame:
    """Return the rows of the first file: no number and no record id."""
    at = pl.col("at_ms")
    states = [
        (pl.col(f"{part}_state") == state).alias(f"{part}_{word}")
        for part in ("calling", "called")
        for word, state in (("absent", ABSENT), ("unreadable", UNREADABLE))
    ]
    return halves.with_columns(
        pl.col("key_hi").alias("pair_hi"),
        pl.col("key_lo").alias("pair_lo"),
        at.alias("started_at_ms"),
        (at + pl.col("answer_ms")).alias("answered_at_ms"),
        (at + pl.col("end_ms")).alias("released_at_ms"),
        pl.col("duration_ms").cast(pl.Int64),
        pl.col("withheld").alias("restricted"),
        *states,
        *names.labels(),
    ).select(FIRST)


def read_first(
    path: Path, header: BlindedHeader, names: Names
) -> Iterator[pl.DataFrame]:
    """Yield the peer's halves of the first round, with handles for record ids.

    Raises:
        MalformedError: "round-columns": halves cannot be compared without it.
    """
    if lacking := _NEEDED - set(header.columns):
        raise MalformedError(
            "round-columns",
            f"{path} has no column {min(lacking)}.",
            advice="Ask the peer to blind again with it.",
        )
    rules = ALLOWED[DOMAIN]
    absent = [
        pl.lit(None, _TYPES[rules[name].kind]).alias(name)
        for name in FIRST
        if name not in header.columns
    ]
    for rows in read_rows(path, header):
        yield halves_from_rows(rows.with_columns(absent), header.party, names)


def halves_from_rows(rows: pl.DataFrame, party: str, names: Names) -> pl.DataFrame:
    """Return the peer's rows as halves, HALF_SCHEMA."""
    at = pl.col("started_at_ms")
    talked = pl.col("duration_ms").fill_null(0).clip(0, _LONGEST_MS)

    def after(name: str) -> pl.Expr:
        since = pl.col(name) - at
        return pl.when(since >= 0).then(since.clip(0, _LONGEST_MS)).cast(pl.Int32)

    def state(part: str) -> pl.Expr:
        return (
            pl.when(pl.col(f"{part}_absent"))
            .then(ABSENT)
            .when(pl.col(f"{part}_unreadable"))
            .then(UNREADABLE)
            .otherwise(PRESENT)
            .cast(pl.Int8)
            .alias(f"{part}_state")
        )

    return (
        names.codes(rows)
        .with_columns(
            handle(pl.col("row"), party).alias("record_id"),
            pl.col("pair_hi").alias("key_hi"),
            pl.col("pair_lo").alias("key_lo"),
            at.alias("at_ms"),
            after("released_at_ms").alias("end_ms"),
            pl.col("restricted").alias("withheld"),
            pl.lit(0, pl.Int64).alias("alias"),
            state("calling"),
            state("called"),
            talked.cast(pl.Int32).alias("duration_ms"),
            pl.coalesce("answered", talked > 0).alias("answered"),
            after("answered_at_ms").alias("answer_ms"),
        )
        .select(list(HALF_SCHEMA))
    )


def handle(row: pl.Expr, party: str) -> pl.Expr:
    """Return how the peer's half is called here: by its keeper and count."""
    return pl.format(
        "{}:{}", pl.lit(party), row.cast(pl.String).str.zfill(_HANDLE_DIGITS)
    )


def blind_open(numbers: pl.DataFrame, keys: Mapping[str, TokenKey]) -> pl.DataFrame:
    """Return the tokens of the second round.

    Args:
        numbers: `row`, `calling`, `called`, `alias` of halves without a partner.
        keys: The key of each purpose.
    """
    out = [numbers.select("row")]
    for name, part, purpose in _COMPARED:
        tokens = token_columns(numbers, parts=(part,), key=keys[purpose], name=name)
        if part == "alias":  # most calls are not diverted; that is no number
            none = numbers["alias"] == 0
            tokens = tokens.with_columns(pl.when(~none).then(pl.all()).name.keep())
        out.append(tokens)
    return pl.concat(out, how="horizontal")


def parts_of(tokens: pl.DataFrame) -> pl.DataFrame:
    """Return what the plan joins by: the first eight bytes of each token."""
    return tokens.select(
        "row",
        pl.col("calling_hi").alias("calling"),
        pl.col("called_hi").alias("called"),
        pl.col("redirecting_calling_hi").fill_null(0).alias("alias_calling"),
        pl.col("redirecting_called_hi").fill_null(0).alias("alias_called"),
    )


def second_columns(second: Second) -> tuple[str, ...]:
    """Return the columns of the second file, in the order of the list."""
    whats = (OPEN, CELL, SKIP, *(() if second.domestic is None else (DOMESTIC,)))
    used = {"what", "row", *(name for what in whats for name in _SECOND[what])}
    return tuple(name for name in ALLOWED[DOMAIN] if name in used)


def second_rows(second: Second, names: Names) -> Iterator[pl.DataFrame]:
    """Yield the rows of the second file, one batch for each kind of row."""
    columns = second_columns(second)
    cells = second.cells.rename({"n": "count", "done": "answered"})
    skips = second.serials.brackets.rename({"missing": "count"})
    frames = {
        OPEN: second.open,
        CELL: cells.with_columns(names.labels()),
        SKIP: skips,
        DOMESTIC: second.domestic,
    }
    for what, frame in frames.items():
        if frame is None:
            continue
        # The order of counts must not say more than the counts.
        rows = frame if "row" in frame.columns else _numbered(frame)
        nothing = {n: pl.lit(None) for n in columns if n not in _SECOND[what]}
        rows = rows.with_columns(
            **nothing | {"row": pl.col("row"), "what": pl.lit(what)}
        )
        yield rows.select(
            pl.col(name).cast(_TYPES[ALLOWED[DOMAIN][name].kind]) for name in columns
        )


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.sort(frame.columns).with_columns(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("row")
    )


def read_second(path: Path, header: BlindedHeader, names: Names) -> Second:
    """Read what the peer tells in the second round.

    Args:
        path: The file.
        header: Its header, verified.
        names: Of the peer's side, as in its first file.

    Raises:
        MalformedError: "round-columns" or "round-serials".
    """
    wanted = ("what", "row", *_SECOND[OPEN], *_SECOND[CELL], *_SECOND[SKIP])
    if lacking := set(wanted) - set(header.columns):
        raise MalformedError(
            "round-columns",
            f"{path} has no column {min(lacking)}.",
            advice="Ask the peer to blind again with this version of Tallystick.",
        )
    every = pl.concat(list(read_rows(path, header)) or [_empty(header.columns)])

    def rows(what: str) -> pl.DataFrame:
        return every.filter(pl.col("what") == what)

    return Second(
        open=rows(OPEN).select(_SECOND[OPEN]),
        cells=_cells(rows(CELL), names),
        serials=_serials(rows(SKIP), header, path),
        domestic=rows(DOMESTIC).select(_SECOND[DOMESTIC])
        if "domestic" in header.extra
        else None,
    )


def _cells(rows: pl.DataFrame, names: Names) -> pl.DataFrame:
    return names.codes(rows).select(
        "carrier",
        "point",
        pl.col("answered").alias("done"),
        pl.col(_CLASSES).cast(pl.Int8),
        pl.col("count").alias("n"),
    )


def serial_facts(serials: Serials) -> dict[str, str | float | bool]:
    """Return what the second file's header says of serial numbers."""
    return {f"serials_{name}": getattr(serials, name) for name in _SERIAL_FACTS}


def _serials(rows: pl.DataFrame, header: BlindedHeader, path: Path) -> Serials:
    said: dict[str, Any] = {
        name: header.extra.get(f"serials_{name}") for name in _SERIAL_FACTS
    }
    if any(type(said[name]) is not type(getattr(NO_SERIALS, name)) for name in said):
        raise MalformedError(
            "round-serials",
            f"{path} does not say what its keeper's serial numbers prove.",
            advice="Ask the peer to blind again with this version of Tallystick.",
        )
    brackets = rows.select("from_ms", "to_ms", pl.col("count").alias("missing"))
    return Serials(**said, brackets=brackets.sort("from_ms", "to_ms"))


def empty_rows(what: str) -> pl.DataFrame:
    """Return no rows of a kind, with its columns."""
    return _empty(_SECOND[what])


def _empty(columns: tuple[str, ...]) -> pl.DataFrame:
    rules = ALLOWED[DOMAIN]
    return pl.DataFrame(schema={name: _TYPES[rules[name].kind] for name in columns})
