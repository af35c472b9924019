"""What a keeper's serial numbers prove of its record: which numbers are skipped.

Every number that is there becomes one bit. Only the neighbours of a skip, and a
sample of the others, are then looked up with their times, so that long records cost
two passes over their ids and little memory.

Source: spec/pairing.md, "Completeness".
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
_STEPS: Final = 50_000  # steps without a skip that show the order
_BLOCK: Final = 64
_CHUNK: Final = 250_000  # blocks at a time
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
# Numbers on either side of a step, the nearest in the middle: when a number was given
# is the middle one of its neighbours' moments, so that neither a wrong clock nor a
# record that was written late moves it.
_REACH: Final = 5
_BEFORE: Final = tuple(f"before_{n}" for n in range(_REACH, 0, -1))
_AFTER: Final = tuple(f"after_{n}" for n in range(1, _REACH + 1))
_NEAR: Final = (*_BEFORE, *_AFTER)


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
    found = _steps(engine.fetch(f"SELECT * FROM serials_{side} ORDER BY series, block"))
    engine.drop(f"serials_{side}")
    if found.held < _DENSE * found.span:
        return NO_SERIALS
    steps = _timed(engine, side, source, ids, found.steps)
    plain = pl.col("after_1") - pl.col("before_1") == 1
    basis, scatter = _basis(steps.filter(plain))
    if basis is None:
        return NO_SERIALS
    brackets = (
        steps.filter(~plain)
        .select(
            low=_middle(_BEFORE, basis),
            high=_middle(_AFTER, basis),
            missing=pl.col("after_1") - pl.col("before_1") - 1,
        )
        .drop_nulls()
        .select(
            pl.min_horizontal("low", "high").cast(pl.Int64).alias("from_ms"),
            pl.max_horizontal("low", "high").cast(pl.Int64).alias("to_ms"),
            "missing",
        )
        .sort("from_ms", "to_ms")
    )
    return Serials(
        usable=True,
        missing=int(brackets["missing"].sum()),
        held=found.held,
        basis=basis,
        brackets=brackets,
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
    return _Ids(
        series=f"left(record_id, {lengths[0]})",
        serial=f"try_cast(substr(record_id, {lengths[0] + 1}) AS BIGINT)",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Steps:
    """Steps from one serial number that is there to the next.

    Attributes:
        held: How many numbers are there.
        span: How many there are from the first to the last of each series.
        steps: `series`, and the numbers around each step; every skip, and a sample
            of the others.
    """

    held: int
    span: int
    steps: pl.DataFrame


def _steps(blocks: pl.DataFrame) -> _Steps:
    """Find steps in bits.

    Args:
        blocks: `series`, `block`, `bits`, in this order: a bit a number.
    """
    held = int(np.bitwise_count(blocks["bits"].to_numpy()).sum())
    every = held // _STEPS + 1
    span = 0
    found = [
        pl.DataFrame(schema={"series": pl.String} | dict.fromkeys(_NEAR, pl.Int64))
    ]
    for (series,), part in blocks.group_by("series", maintain_order=True):
        there = np.zeros(0, dtype=np.int64)
        low = None
        for start in range(0, part.height, _CHUNK):
            more = _numbers(part[start : start + _CHUNK])
            low = int(more[0]) if low is None else low
            # The steps among the last numbers wait for those that follow.
            begin = max(len(there) - _REACH, 0)
            there = np.concatenate([there, more])
            end = len(there) - (_REACH if start + _CHUNK < part.height else 1)
            near = _around(there, begin, end, every)
            found.append(
                pl.DataFrame(near).select(pl.lit(str(series)).alias("series"), *_NEAR)
            )
            there = there[-(2 * _REACH - 1) :]
        span += int(there[-1]) - (low or 0) + 1
    return _Steps(held=held, span=span, steps=pl.concat(found))


def _numbers(blocks: pl.DataFrame) -> np.ndarray:
    """Return the serial numbers whose bits are set."""
    bits = blocks["bits"].to_numpy().astype("<u8").view(np.uint8)
    at = np.flatnonzero(np.unpackbits(bits, bitorder="little"))
    return blocks["block"].to_numpy()[at // _BLOCK] * _BLOCK + at % _BLOCK


def _around(
    there: np.ndarray, begin: int, end: int, every: int
) -> dict[str, pl.Series]:
    """Return the numbers around the steps that begin at `begin` to `end`.

    Where the series begins or ends there are none: null.
    """
    steps = np.diff(there)[begin:end]
    drawn = there[begin + 1 : end + 1].astype(np.uint64) * _MIX >> np.uint64(32)
    at = begin + np.flatnonzero((steps > 1) | (drawn % np.uint64(every) == 0))
    out = {}
    for place, name in enumerate(_NEAR):
        near = at + place - (_REACH - 1)
        inside = (near >= 0) & (near < len(there))
        numbers = there[np.clip(near, 0, len(there) - 1)]
        out[name] = pl.Series(numbers).set(pl.Series(~inside), None)
    return out


def _timed(
    engine: Engine, side: str, source: str, ids: _Ids, steps: pl.DataFrame
) -> pl.DataFrame:
    """Look up when the numbers around each step were given.

    Returns:
        The steps, with `start_NAME` and `end_NAME` of each number.
    """
    each = [steps.select("series", pl.col(name).alias("serial")) for name in _NEAR]
    engine.load(f"serials_{side}", pl.concat(each).drop_nulls().unique())
    times = engine.fetch(
        f"SELECT {ids.series} AS series, {ids.serial} AS serial, min(t) AS start,"
        f" arg_min(t + end_ms, t) AS end FROM {source} s SEMI JOIN"
        f" (SELECT {_place('series', 'serial')} AS place FROM serials_{side}) w"
        f" ON w.place = {_place(ids.series, ids.serial)} GROUP BY ALL"
    )
    engine.drop(f"serials_{side}")
    for name in _NEAR:
        steps = steps.join(
            times.rename({"start": f"start_{name}", "end": f"end_{name}"}),
            left_on=["series", name],
            right_on=["series", "serial"],
            how="left",
        )
    return steps


def _place(series: str, serial: str) -> str:
    """Return one number for a serial number and its series, to look it up by."""
    return f"xor(hash({series}), try_cast({serial} AS UBIGINT))"


def _middle(near: tuple[str, ...], basis: str) -> pl.Expr:
    """Return the middle one of the neighbours' moments that are known."""
    return pl.concat_list(f"{basis}_{name}" for name in near).list.median()


def _basis(steps: pl.DataFrame) -> tuple[str | None, float]:
    """Return which moment the serial numbers follow, if either, and how closely.

    Numbers are given when a record is written, a little after the end of the crossing
    (or its start), and by several processes: how far a record's moment lies from that
    of its neighbours shows how far a skipped number may lie from where it seems. In a
    shuffled series that is as far as the whole record reaches.

    Args:
        steps: Steps without a skip.

    Returns:
        `start` or `end`, and within how many ms nearly all numbers lie.
    """
    best: tuple[str | None, float] = (None, np.inf)
    for basis in ("start", "end"):
        own = pl.col(f"{basis}_before_1")
        others = _middle(tuple(name for name in _NEAR if name != "before_1"), basis)
        known = steps.select(own.alias("own"), (own - others).abs().alias("off"))
        known = known.drop_nulls()
        if known.height <= _KNOWN * steps.height:
            continue
        off = known["off"].to_numpy()
        own_ms = known["own"].to_numpy()
        span = float(own_ms.max() - own_ms.min())
        far = float(np.quantile(off, _FARTHEST))
        if float(np.median(off)) <= max(span / 500, 1000) and far < best[1]:
            best = basis, float(round(far))
    return best
