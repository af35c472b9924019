"""The table of halves that a spec asks for: the columns every engine reads.

A domain turns its records into this table; everything after it is the engine's.

Source: spec/pairing.md, "Halves".
"""

from hashlib import blake2b
from typing import Final

import polars as pl

from tallystick.model import ConfigError
from tallystick.pairing.spec import PairingSpec

KEY_COLUMNS: Final = ("key_hi", "key_lo")
NAMED: Final = ("point", "carrier")

# States of a part of the match key.
ABSENT: Final = 0
PRESENT: Final = 1
UNREADABLE: Final = 2

_GENERIC: Final[dict[str, pl.DataType]] = {
    "row": pl.Int64(),  # position among the halves of its side
    "record_id": pl.String(),  # the keeper's own
    "key_hi": pl.Int64(),  # first part of the match key, or of the token
    "key_lo": pl.Int64(),  # second part; 0 in a domain whose key has one part
    "at_ms": pl.Int64(),  # UTC milliseconds, by the keeper's clock
    "end_ms": pl.Int32(),  # how long it lasted; null: not known, or a mere moment
    "point": pl.Int32(),  # code of the trunk, gate or office
    "carrier": pl.Int32(),  # code of the neighbour
    "withheld": pl.Boolean(),  # a part is lawfully not shown; null: not recorded
    "alias": pl.Int64(),  # what may lawfully stand in a part's place; 0: nothing
}
_ATTRIBUTE: Final = {"EQ": pl.Boolean(), "TOL": pl.Int64()}


def half_schema(spec: PairingSpec) -> dict[str, pl.DataType]:
    """Return the columns of a domain's halves and their types."""
    return {
        **_GENERIC,
        **{f"{part}_state": pl.Int8() for part in spec.parts},
        **{a.name: _ATTRIBUTE[a.cls] for a in spec.attributes},
    }


def key_part(texts: pl.Series) -> pl.Series:
    """Return a number for each text: the same on both sides, 0 for none.

    Numbers are positive and have 62 bits, so that two of a million texts share one
    with a chance of one in ten million.
    """
    return texts.fill_null("").map_elements(_number, return_dtype=pl.Int64)


def _number(text: str) -> int:
    if not text:
        return 0
    digest = blake2b(text.encode(), digest_size=8).digest()
    return (int.from_bytes(digest) >> 2) or 1


def complete(halves: pl.DataFrame, spec: PairingSpec, *, side: str) -> pl.DataFrame:
    """Return halves with every column of the schema, in its order and types.

    What most domains do without may be left out: `row` (then the position), `end_ms`
    and `withheld` (then unknown), `alias` and `key_lo` (then none), a part's state
    (then present unless its number is 0) and attributes (then unknown).

    Args:
        halves: At least `record_id`, `key_hi`, `at_ms`, `point` and `carrier`.
        spec: What the domain compares.
        side: Named in errors.

    Raises:
        ConfigError: "half-columns": a column is missing or is of the wrong type.
    """
    lacking = {"record_id", "key_hi", "at_ms", *NAMED} - set(halves.columns)
    if lacking:
        raise ConfigError(
            "half-columns",
            f"The halves of {side} have no column {', '.join(sorted(lacking))}.",
            advice="`tallystick.pairing.halves.half_schema` lists the columns.",
        )
    states = {
        f"{part}_state": pl.when(pl.col(key) == 0).then(ABSENT).otherwise(PRESENT)
        for part, key in zip(spec.parts, KEY_COLUMNS, strict=False)
    }
    row = {"row": pl.int_range(pl.len())}
    for defaults in (row | dict.fromkeys(("key_lo", "alias"), pl.lit(0)), states):
        halves = halves.with_columns(
            default.alias(name)
            for name, default in defaults.items()
            if name not in halves.columns
        )
    schema = half_schema(spec)
    absent = [pl.lit(None).alias(name) for name in schema if name not in halves.columns]
    halves = halves.with_columns(absent)
    return pl.DataFrame(
        [_cast(halves[name], kind, side=side) for name, kind in schema.items()]
    )


def _cast(column: pl.Series, kind: pl.DataType, *, side: str) -> pl.Series:
    """Return a column in the type of the schema.

    Raises:
        ConfigError: "half-columns". The value is not repeated: it may be a number.
    """
    try:
        return column.cast(kind)
    except pl.exceptions.PolarsError:
        raise ConfigError(
            "half-columns",
            f"Column {column.name} of the halves of {side} is of the wrong type: "
            f"{column.dtype} cannot be read as {kind}.",
            advice="`tallystick.pairing.halves.half_schema` lists the types.",
        ) from None
