"""What a keeper's serial numbers prove of its record: which numbers are skipped.

Every number that is there becomes one bit. When numbers were given follows from a
sample of those whose moment is known, so that long records cost two passes over
their ids and little memory.

Source: spec/pairing.md, "Serial numbers".
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from tallystick.pairing.completeness import NO_SERIALS, Serials
from tallystick.pairing.step import Engine, Step

_NUMBER: Final = "regexp_extract(record_id, '([0-9]{1,18})$', 1)"
_MAX_SERIES: Final = 512
_DENSE: Final = 0.6  # share of a series that must be there to call it one
_KNOWN: Final = 0.5  # share of the numbers whose moment must be known
_FARTHEST: Final = 0.99  # share of the numbers that lie within the scatter
_SAMPLE: Final = 100_000  # ids looked at first
_TIMED: Final = 2_000_000  # numbers whose moments are looked at
_BLOCK: Final = 64
_CHUNK: Final = 250_000  # blocks at a time
# When a number was given is the middle one of so many moments around it, so that
# neither a wrong clock nor a record that was written late moves it.
_REACH: Final = 5


def read_serials(engine: Engine, side: str, source: str) -> Serials:
    """Look for serial numbers in a side's record ids, and for skips in them.

    Args:
        engine: Where `source` can be read.
        side: Whose record; names the tables made.
        source: A table expression with `record_id`, `t`, `end_ms`.

    Bounds: two passes over `source`; a bit a number, a row a neighbour of a skip.
    """
    ids = _ids(engine, side, source)
    if ids is None:
        return NO_SERIALS
    engine.run(
        Step(
            f"serials_{side}",
            f"SELECT {ids.series} AS series, {ids.serial} // {_BLOCK} AS block,"
            f" bit_or(1::UBIGINT << ({ids.serial} % {_BLOCK})::UBIGINT) AS bits"
            f" FROM {source} WHERE {ids.serial} >= 0 GROUP BY ALL",
        )
    )
    found = _skips(engine.fetch(f"SELECT * FROM serials_{side} ORDER BY series, block"))
    engine.drop(f"serials_{side}")
    if found.held < _DENSE * found.span:
        return NO_SERIALS
    given = _given(engine, source, ids, found.held)
    basis, scatter = _basis(given)
    if basis is None:
        return NO_SERIALS
    return Serials(
        usable=True,
        missing=int((found.skips["after"] - found.skips["before"] - 1).sum()),
        held=found.held,
        basis=basis,
        brackets=_brackets(found.skips, given, basis),
        scatter_ms=scatter,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ids:
    """How ids are read, as expressions; null where an id ends in no number."""

    series: str
    serial: str


_BY_PATTERN: Final = _Ids(
    series=f"left(record_id, length(record_id) - length({_NUMBER}))",
    serial=f"nullif({_NUMBER}, '')::BIGINT",
)


def _ids(engine: Engine, side: str, source: str) -> _Ids | None:
    """Look whether ids are serial numbers, and where in them these begin.

    If they begin at the same place in all that are looked at, no pattern has to be
    searched in the others.
    """
    rows = int(engine.fetch(f"SELECT count(*) AS n FROM {source}")["n"][0])
    every = rows // (10 * _SAMPLE) * 10 + 1  # has no factor with a whole second
    sample = f"serials_{side}"
    engine.run(
        Step(sample, f"SELECT record_id FROM {source} WHERE abs(t) % {every} = 0")
    )
    series = engine.fetch(
        "SELECT series, count(*) AS n, min(serial) AS low, max(serial) AS high FROM"
        f" (SELECT {_BY_PATTERN.series} AS series, {_BY_PATTERN.serial} AS serial"
        f" FROM {sample}) WHERE serial IS NOT NULL GROUP BY series"
    )
    engine.drop(sample)
    held = int(series["n"].sum()) * every
    span = int((series["high"] - series["low"] + 1).sum())
    if not held or series.height > _MAX_SERIES or held < _DENSE / 2 * span:
        return None
    lengths = series["series"].str.len_chars().unique()
    if len(lengths) > 1:
        return _BY_PATTERN
    if series.height == 1:
        # Numbers are then told apart by nothing else; strays are left out.
        prefix = "'" + str(series["series"][0]).replace("'", "''") + "'"
        return _Ids(
            series=prefix,
            serial=f"CASE WHEN starts_with(record_id, {prefix})"
            f" THEN try_cast(substr(record_id, {lengths[0] + 1}) AS BIGINT) END",
        )
    return _Ids(
        series=f"left(record_id, {lengths[0]})",
        serial=f"try_cast(substr(record_id, {lengths[0] + 1}) AS BIGINT)",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Skips:
    """Where serial numbers are missing.

    Attributes:
        held: How many numbers are there.
        span: How many there are from the first to the last of each series.
        skips: `series`, and the numbers `before` and `after` each skip.
    """

    held: int
    span: int
    skips: pl.DataFrame


def _skips(blocks: pl.DataFrame) -> _Skips:
    """Find skips in bits.

    Args:
        blocks: `series`, `block`, `bits`, in this order: a bit a number.
    """
    held = int(np.bitwise_count(blocks["bits"].to_numpy()).sum())
    span = 0
    found = [
        pl.DataFrame(
            schema={"series": pl.String, "before": pl.Int64, "after": pl.Int64}
        )
    ]
    for (series,), part in blocks.group_by("series", maintain_order=True):
        last = np.zeros(0, dtype=np.int64)
        low = None
        for start in range(0, part.height, _CHUNK):
            more = _numbers(part[start : start + _CHUNK])
            low = int(more[0]) if low is None else low
            there = np.concatenate([last, more])
            at = np.flatnonzero(np.diff(there) > 1)
            found.append(
                pl.DataFrame({"before": there[at], "after": there[at + 1]}).select(
                    pl.lit(str(series)).alias("series"), "before", "after"
                )
            )
            last = there[-1:]
        span += int(last[0]) - (low or 0) + 1
    return _Skips(held=held, span=span, skips=pl.concat(found))


def _numbers(blocks: pl.DataFrame) -> np.ndarray:
    """Return the serial numbers whose bits are set."""
    bits = blocks["bits"].to_numpy().astype("<u8").view(np.uint8)
    at = np.flatnonzero(np.unpackbits(bits, bitorder="little"))
    return blocks["block"].to_numpy()[at // _BLOCK] * _BLOCK + at % _BLOCK


def _given(engine: Engine, source: str, ids: _Ids, held: int) -> pl.DataFrame:
    """Look when a sample of the numbers were given.

    Returns:
        `series`, `serial`, `start` and `end` (null where it is not known), in order.
    """
    every = held // _TIMED + 1
    return engine.fetch(
        f"SELECT {ids.series} AS series, {ids.serial} AS serial, min(t) AS start,"
        f" arg_min(t + end_ms, t) AS end FROM {source}"
        f" WHERE hash(t) % {every} = 0 AND {ids.serial} >= 0"
        " GROUP BY ALL ORDER BY series, serial"
    )


def _basis(given: pl.DataFrame) -> tuple[str | None, float]:
    """Return which moment the serial numbers follow, if either, and how closely.

    Numbers are given when a record is written, a little after the end of the crossing
    (or its start), and by several processes: how far a record's moment lies from that
    of its neighbours shows how far a skipped number may lie from where it seems. In a
    shuffled series that is as far as the whole record reaches.

    Returns:
        `start` or `end`, and within how many ms nearly all numbers lie.
    """
    best: tuple[str | None, float] = (None, np.inf)
    for basis in ("start", "end"):
        known = given.filter(pl.col(basis).is_not_null())
        if known.height <= _KNOWN * given.height:
            continue
        middle = (
            pl.col(basis)
            .rolling_median(2 * _REACH + 1, center=True, min_samples=1)
            .over("series")
        )
        off = known.select((pl.col(basis) - middle).abs())[basis].to_numpy()
        moments = known[basis].to_numpy()
        span = float(moments.max() - moments.min())
        far = float(np.quantile(off, _FARTHEST))
        if float(np.median(off)) <= max(span / 500, 1000) and far < best[1]:
            best = basis, float(round(far))
    return best


def _brackets(skips: pl.DataFrame, given: pl.DataFrame, basis: str) -> pl.DataFrame:
    """Say between which moments each skipped number was given.

    Returns:
        `from_ms`, `to_ms`, `missing`, in order.
    """
    known = given.filter(pl.col(basis).is_not_null())
    found = [pl.DataFrame(schema=NO_SERIALS.brackets.schema)]
    for (series,), part in skips.group_by("series"):
        own = known.filter(pl.col("series") == series)
        serial, moment = own["serial"].to_numpy(), own[basis].to_numpy()
        if not len(serial):
            continue
        before, after = part["before"].to_numpy(), part["after"].to_numpy()
        low = _middles(moment, np.searchsorted(serial, before, side="right") - _REACH)
        high = _middles(moment, np.searchsorted(serial, after))
        found.append(
            pl.DataFrame(
                {
                    "from_ms": np.minimum(low, high),
                    "to_ms": np.maximum(low, high),
                    "missing": after - before - 1,
                }
            )
        )
    return pl.concat(found).sort("from_ms", "to_ms", "missing")


def _middles(moments: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Return the middle one of `_REACH` moments from each place on."""
    places = first[:, None] + np.arange(_REACH)
    inside = np.clip(places, 0, len(moments) - 1)
    middle: np.ndarray = np.median(moments[inside], axis=1).astype(np.int64)
    return middle
