"""Reading a whole column: arithmetic and expressions first, single texts last.

1. Digits after a + whose code is assigned are the number. No expression is run.
2. Digits alone are tested against every reading by the plans at home; where one
   outweighs whatever else the digits might be, it is taken.
3. What is left (URIs, separators, words, third countries without a plus, numbers
   that nobody holds) is read text by text, each distinct text once per trunk.

Source: spec/numbers.md, "Reading a column".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tallystick.domains.calls.numbers.context import Context, choose, ranked
from tallystick.domains.calls.numbers.form import Written
from tallystick.domains.calls.numbers.plan import MAX_DIGITS
from tallystick.domains.calls.numbers.tables import (
    WIDTH,
    Tests,
    direct_table,
    tests_for,
)

Ints = npt.NDArray[np.int64]
ContextOf = Callable[[str], Context]

# Text by text; and the same by a number after an international prefix.
ONE_BY_ONE: Final = -1
AFTER_PREFIX: Final = -2
# 10 ** (length - 4) divides a number down to its first four digits; a quotient of
# doubles is exact enough for this up to 15 digits.
_SCALE: Final = 10.0 ** (np.arange(WIDTH) - 4)


@dataclass(frozen=True, slots=True)
class _Measured:
    number: Ints  # -1 where the text is not digits
    cell: Ints  # index into the tables
    plus: npt.NDArray[np.bool_]


def read_column(
    texts: pl.Series, trunks: pl.Series, context_of: ContextOf
) -> pl.Series:
    """Read a column of numbers.

    Args:
        texts: As received; null and "" mean none.
        trunks: The trunk of each.
        context_of: What is known of a trunk.

    Returns:
        Int64: E.164 digits, 0 for none, negative for what cannot be read.
    """
    texts = texts.fill_null("")
    measured = _measure(texts)
    direct = measured.plus & direct_table()[measured.cell]
    numbers = np.where(direct, measured.number, 0)
    rest = np.flatnonzero(~direct & (texts.str.len_bytes() > 0).to_numpy())
    if rest.size:
        part = _part(texts, trunks, measured, rest)
        numbers[rest] = _read_rest(part, context_of)
    return pl.Series("number", numbers, dtype=pl.Int64)


def second_column(
    texts: pl.Series, trunks: pl.Series, context_of: ContextOf
) -> pl.Series:
    """Read a column for the second likeliest number of each text.

    Returns:
        Int64: 0 where there is no other valid reading.
    """
    frame = pl.DataFrame({"text": texts.fill_null(""), "trunk": trunks})
    return pl.Series("number", _one_by_one(frame, context_of, _second))


def _second(text: str, context: Context) -> int:
    return next(iter(ranked(text, context)[1:]), 0)


def _measure(texts: pl.Series) -> _Measured:
    plus = texts.str.starts_with("+").to_numpy()
    length = texts.str.len_bytes().to_numpy().astype(np.int64) - plus
    length[length > MAX_DIGITS] = 0
    number = texts.cast(pl.Int64, strict=False).fill_null(-1).to_numpy()
    head = (np.maximum(number, 0) / _SCALE[length]).astype(np.int64)
    return _Measured(number, np.where(length, head * WIDTH + length, 0), plus)


def _part(
    texts: pl.Series, trunks: pl.Series, measured: _Measured, rest: Ints
) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "text": texts.gather(rest),
            "trunk": trunks.gather(rest),
            "number": measured.number[rest],
            "cell": measured.cell[rest],
            "digits": (measured.number[rest] >= 0) & ~measured.plus[rest],
        }
    )


def _read_rest(part: pl.DataFrame, context_of: ContextOf) -> Ints:
    trunks = part["trunk"].unique().to_list()
    countries = context_of(trunks[0]).countries
    tests = tests_for(countries)
    if tests is None:
        return _one_by_one(part, context_of, choose)
    decided = _decide(_test(part, tests), tests, context_of)
    numbers = np.zeros(part.height, dtype=np.int64)
    for index in decided["decision"].unique().to_list():
        rows = np.flatnonzero((decided["decision"] == index).to_numpy())
        chosen = decided[rows]
        numbers[rows] = _apply(chosen, index, tests, context_of)
    return numbers


def _test(part: pl.DataFrame, tests: Tests) -> pl.DataFrame:
    """Add which tests hold, as bits, and whether another country may be meant."""
    text, digits = pl.col("text"), pl.col("digits")
    bits = pl.lit(0, dtype=pl.UInt32)
    for index, test in enumerate(tests.tests):
        bits |= text.str.contains(test.pattern).cast(pl.UInt32) * (1 << index)
    foreign = pl.Series("foreign", tests.foreign[part["cell"].to_numpy()])
    return part.with_columns(foreign).with_columns(
        bits=pl.when(digits).then(bits).otherwise(0),
        after_prefix=digits & text.str.contains(tests.prefixed),
        abroad=digits & text.str.contains(tests.abroad),
        foreign=digits & pl.col("foreign"),
    )


def _decide(tested: pl.DataFrame, tests: Tests, context_of: ContextOf) -> pl.DataFrame:
    keys = ["trunk", "bits", "foreign", "after_prefix", "abroad"]
    cases = tested.select(keys).unique()
    decisions = [
        _heaviest(tests, context_of(trunk), bits, foreign=foreign)
        for trunk, bits, foreign in cases.select(keys[:3]).iter_rows()
    ]
    decision = (
        pl.when(pl.col("after_prefix"))
        .then(AFTER_PREFIX)
        .when(pl.col("abroad"))
        .then(ONE_BY_ONE)
        .otherwise(pl.Series(decisions, dtype=pl.Int64))
    )
    cases = cases.with_columns(decision=decision)
    return tested.join(cases, on=keys, how="left", maintain_order="left")


def _heaviest(tests: Tests, context: Context, bits: int, *, foreign: bool) -> int:
    """Return the index of the heaviest test that holds, if nothing can beat it."""
    declared = context.declared
    if not bits or (declared is not None and declared.kind == "subscriber"):
        return ONE_BY_ONE
    weights = [
        context.weight_of(test.written, test.country, test.code)
        if bits >> index & 1
        else 0.0
        for index, test in enumerate(tests.tests)
    ]
    heaviest = max(weights)
    if heaviest <= (context.foreign_bound() if foreign else 0.0):
        return ONE_BY_ONE
    return weights.index(heaviest)


def _apply(
    rows: pl.DataFrame, decision: int, tests: Tests, context_of: ContextOf
) -> Ints:
    if decision == ONE_BY_ONE:
        return _one_by_one(rows, context_of, choose)
    if decision == AFTER_PREFIX:
        digits = pl.col("text").str.extract(tests.prefixed)
        return rows.select(digits.cast(pl.Int64)).to_series().to_numpy()
    test = tests.tests[decision]
    if test.written is Written.INTERNATIONAL:
        return rows["number"].to_numpy()
    national = pl.col("text")
    if test.written is Written.PREFIXED:
        national = national.str.extract(test.pattern)
    digits = pl.concat_str(pl.lit(str(test.code)), national)
    return rows.select(digits.cast(pl.Int64)).to_series().to_numpy()


def _one_by_one(
    rows: pl.DataFrame, context_of: ContextOf, reader: Callable[[str, Context], int]
) -> Ints:
    """Read each distinct text once per trunk."""
    keys = ["text", "trunk"]
    distinct = rows.select(keys).unique()
    numbers = [reader(text, context_of(trunk)) for text, trunk in distinct.iter_rows()]
    distinct = distinct.with_columns(read=pl.Series(numbers, dtype=pl.Int64))
    joined = rows.select(keys).join(
        distinct, on=keys, how="left", maintain_order="left"
    )
    return joined["read"].to_numpy()
