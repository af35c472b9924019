"""Reading a whole column: arithmetic and expressions first, single texts last.

1. Digits after a + whose code is assigned are the number. No expression is run.
   Common URIs and separators are taken off first.
2. Digits alone are tested against every reading by the plans at home; where one
   outweighs whatever else the digits might be, it is taken.
3. What is left (URIs, separators, words, third countries without a plus, numbers
   that nobody holds) is read text by text, each distinct text once per trunk.

Source: spec/numbers.md, "Reading a column".
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import starmap
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tallystick.domains.calls.numbers.context import Context, choose, ranked
from tallystick.domains.calls.numbers.dress import undressed
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

# Decisions that are not the index of a test.
ONE_BY_ONE: Final = -1
AS_IT_STANDS: Final = -2
# 10 ** (length - 4) divides a number down to its first four digits; a quotient of
# doubles is exact enough for this up to 15 digits.
_SCALE: Final = 10.0 ** (np.arange(WIDTH) - 4)
_TEN_TO: Final = 10 ** np.arange(19, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Measured:
    number: Ints  # -1 where the text is not digits
    cell: Ints  # index into the tables
    length: Ints  # digits of the text, without its +
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
    texts = texts.fill_null("")
    measured = _measure(texts)
    rest = np.flatnonzero(~measured.plus & (texts.str.len_bytes() > 0).to_numpy())
    numbers = np.zeros(len(texts), dtype=np.int64)
    part = _part(texts, trunks, measured, rest)
    doubtful = _doubtful(part, context_of)
    numbers[rest[doubtful]] = _one_by_one(part.filter(doubtful), context_of, _second)
    return pl.Series("number", numbers, dtype=pl.Int64)


def _doubtful(part: pl.DataFrame, context_of: ContextOf) -> npt.NDArray[np.bool_]:
    """Tell which texts may have more than one valid reading: few."""
    everything = np.ones(part.height, dtype=np.bool_)
    if part.is_empty():
        return everything
    contexts = [context_of(trunk) for trunk in part["trunk"].unique().to_list()]
    tests = tests_for(contexts[0].countries)
    # Numbers without their area code are not among the tests.
    if tests is None or any(
        c.declared is not None and c.declared.kind == "subscriber" for c in contexts
    ):
        return everything
    several = pl.col("bits").bitwise_count_ones() + pl.col("foreign").cast(pl.UInt32)
    sure = pl.col("digits") & ((several < 2) | pl.col("abroad"))
    return _test(part, tests).select(~sure).to_series().to_numpy()


def _second(text: str, context: Context) -> int:
    return next(iter(ranked(text, context)[1:]), 0)


def _measure(texts: pl.Series) -> _Measured:
    plus = texts.str.starts_with("+").to_numpy()
    length = texts.str.len_bytes().to_numpy().astype(np.int64) - plus
    number = texts.cast(pl.Int64, strict=False).fill_null(-1).to_numpy()
    fits = (number > 0) & (length <= MAX_DIGITS)
    short = np.where(fits, length, 0)
    head = (np.where(fits, number, 0) / _SCALE[short]).astype(np.int64)
    cell = head * WIDTH + short
    return _Measured(number, cell, length, plus)


def _part(
    texts: pl.Series, trunks: pl.Series, measured: _Measured, rest: Ints
) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "text": texts.gather(rest),
            "trunk": trunks.gather(rest),
            "number": measured.number[rest],
            "cell": measured.cell[rest],
            "length": measured.length[rest],
            "digits": (measured.number[rest] >= 0) & ~measured.plus[rest],
        }
    )


def _read_rest(part: pl.DataFrame, context_of: ContextOf) -> Ints:
    numbers = np.zeros(part.height, dtype=np.int64)
    others = np.flatnonzero(~part["digits"].to_numpy())
    dressed = part["text"].gather(others)
    plain = undressed(dressed)
    changed = (plain.is_not_null() & (plain != dressed)).to_numpy()
    rows = others[changed]
    if rows.size:
        read = read_column(
            plain.filter(changed), part["trunk"].gather(rows), context_of
        )
        numbers[rows] = read.to_numpy()
    left = np.ones(part.height, dtype=np.bool_)
    left[rows] = False
    numbers[left] = _read_plain(part.filter(left), context_of)
    return numbers


def _read_plain(part: pl.DataFrame, context_of: ContextOf) -> Ints:
    if part.is_empty():
        return np.zeros(0, dtype=np.int64)
    contexts = [context_of(trunk) for trunk in part["trunk"].unique().to_list()]
    tests = tests_for(contexts[0].countries)
    if tests is None:
        return _one_by_one(part, context_of, choose)
    numbers = part["number"].to_numpy().copy()
    left = np.ones(part.height, dtype=np.bool_)
    if all(context.reads_international() for context in contexts):
        left = ~_surely_international(part, tests)
    numbers[left] = _read_tested(part.filter(left), tests, context_of)
    return numbers


def _surely_international(part: pl.DataFrame, tests: Tests) -> npt.NDArray[np.bool_]:
    """Tell which digits are a number of a home code and can be nothing else."""
    text = pl.col("text")
    sure = text.str.contains(tests.home) & ~text.str.contains(tests.ambiguous)
    return part.select(pl.col("digits") & sure).to_series().to_numpy()


def _read_tested(part: pl.DataFrame, tests: Tests, context_of: ContextOf) -> Ints:
    decided = _decide(_test(part, tests), tests, context_of)
    numbers = np.zeros(part.height, dtype=np.int64)
    for decision in decided["decision"].unique().to_list():
        rows = (decided["decision"] == decision).to_numpy()
        chosen = decided.filter(pl.col("decision") == decision)
        numbers[rows] = _apply(chosen, decision, tests, context_of)
    return numbers


def _test(part: pl.DataFrame, tests: Tests) -> pl.DataFrame:
    """Add which tests hold, as bits, and whether another country may be meant."""
    text, digits = pl.col("text"), pl.col("digits")
    bits = pl.lit(0, dtype=pl.UInt32)
    for index, test in enumerate(tests.tests):
        bits |= text.str.contains(test.pattern).cast(pl.UInt32) * (1 << index)
    cells = part["cell"].to_numpy()
    flags = {"foreign": tests.foreign[cells], "unheld": tests.unheld[cells]}
    return part.with_columns(starmap(pl.Series, flags.items())).with_columns(
        bits=pl.when(digits).then(bits).otherwise(0),
        abroad=digits & text.str.contains(tests.abroad),
        foreign=digits & pl.col("foreign"),
        unheld=digits & pl.col("unheld"),
    )


def _decide(tested: pl.DataFrame, tests: Tests, context_of: ContextOf) -> pl.DataFrame:
    keys = ["trunk", "bits", "foreign", "unheld", "abroad"]
    cases = tested.select(keys).unique()
    decisions = [
        _prefixed(tests, bits)
        if abroad
        else _heaviest(tests, context_of(trunk), bits, foreign=foreign, unheld=unheld)
        for trunk, bits, foreign, unheld, abroad in cases.iter_rows()
    ]
    cases = cases.with_columns(decision=pl.Series(decisions, dtype=pl.Int64))
    return tested.join(cases, on=keys, how="left", maintain_order="left")


def _prefixed(tests: Tests, bits: int) -> int:
    """Return the test of an international prefix that holds, if one does."""
    for index, test in enumerate(tests.tests):
        if bits >> index & 1 and test.written is Written.PREFIX:
            return index
    return ONE_BY_ONE


def _heaviest(
    tests: Tests, context: Context, bits: int, *, foreign: bool, unheld: bool
) -> int:
    """Return the index of the heaviest test that holds, if nothing can beat it."""
    declared = context.declared
    if declared is not None and declared.kind == "subscriber":
        return ONE_BY_ONE
    if not bits:
        plain = unheld and context.reads_unheld_abroad()
        return AS_IT_STANDS if plain else ONE_BY_ONE
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
    numbers = rows["number"].to_numpy()
    if decision == AS_IT_STANDS:
        return numbers
    test = tests.tests[decision]
    scale = _TEN_TO[rows["length"].to_numpy() - len(test.prefix)]
    result: Ints = numbers % scale + (test.code * scale if test.country else 0)
    return result


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
