"""What the column path looks up: tables over the first digits, and expressions.

The first four digits of a number and its length decide most questions at once.
Both tables are indexed by `first_four * WIDTH + length`.

Source: spec/numbers.md, "Reading a column"; it must never differ from `choose`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from tallystick.domains.calls.numbers.form import Written
from tallystick.domains.calls.numbers.plan import (
    MAX_DIGITS,
    MIN_DIGITS,
    Plan,
    main_country,
    plan,
    possible_lengths,
    split_code,
    subscriber_pattern,
    valid_pattern,
)
from tallystick.domains.calls.numbers.reading import international_prefixes

HEADS: Final = 10_000
WIDTH: Final = MAX_DIGITS + 1

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Test:
    """One reading as a regular expression over digits.

    Attributes:
        written: The way of writing that a match proves possible.
        country: Whose plan; "" for the international ones.
        code: Country code of the number; 0 where several are possible.
        prefix: Digits to drop before the number, if it holds.
        body: What must follow them, to the end.
    """

    written: Written
    country: str
    code: int
    prefix: str
    body: str

    @property
    def pattern(self) -> str:
        """The whole expression, anchored."""
        return f"^{self.prefix}{self.body}$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tests:
    """All readings of digits that a column is tested for.

    Attributes:
        tests: One for each home code, national form and international prefix.
        home: Expression of an international number of a home code.
        ambiguous: Expression of all that could be read otherwise than by `home`.
        abroad: Expression of digits that begin with an international prefix.
        foreign: Whether digits may be a number of another country.
        unheld: Whether digits with no valid reading are, by their length, a number
            of a home code from which no trunk prefix is to be dropped.
    """

    tests: tuple[Test, ...]
    home: str
    ambiguous: str
    abroad: str
    foreign: Flags
    unheld: Flags


@cache
def direct_table() -> Flags:
    """Tell for which digits after a + nothing remains to be looked at.

    False where the code is not assigned, or a trunk prefix might have been kept
    after it and would have to be dropped.
    """
    table = np.zeros((HEADS, WIDTH), dtype=np.bool_)
    for head, code, rest in _heads():
        table[head, MIN_DIGITS:] = True
        country = main_country(code)
        prefixes = plan(country).prefixes if country else ()
        if prefixes is None:
            table[head] = False
            continue
        for prefix in prefixes:
            if rest.startswith(prefix) or prefix.startswith(rest):
                cut = len(str(code)) + len(prefix)
                table[head, [cut + n for n in _fitting(code, cut)]] = False
    return table.reshape(-1)


def _fitting(code: int, cut: int) -> list[int]:
    return [n for n in possible_lengths(code) if cut + n < WIDTH]


@cache
def _possible_table() -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int16]]:
    possible = np.zeros((HEADS, WIDTH), dtype=np.bool_)
    code_of = np.zeros(HEADS, dtype=np.int16)
    for head, code, _ in _heads():
        cut = len(str(code))
        possible[head, [cut + n for n in _fitting(code, cut)]] = True
        code_of[head] = code
    return possible, code_of


def _heads() -> list[tuple[int, int, str]]:
    splits = ((head, split_code(str(head))) for head in range(1000, HEADS))
    return [(head, *split) for head, split in splits if split is not None]


@cache
def tests_for(countries: tuple[str, ...]) -> Tests | None:
    """Return the tests for the plans of some countries.

    Returns:
        None where a plan cannot be tested by expressions over digits alone.
    """
    plans = [plan(country) for country in countries]
    abroad = international_prefixes(countries)
    if not plans or any(p.prefixes is None for p in plans):
        return None
    if not _prefix_free(abroad):
        return None
    codes = tuple(dict.fromkeys(p.code for p in plans))
    tests = (*_international(codes), *_national(plans), *_after(abroad, codes))
    others = [test for test in tests if test.written is not Written.INTERNATIONAL]
    possible, code_of = _possible_table()
    at_home = np.isin(code_of, codes)[:, np.newaxis]
    return Tests(
        tests=tests,
        home=f"^{_any_of(codes)}$",
        ambiguous="^(?:" + "|".join(f"{t.prefix}{t.body}$" for t in others) + ")",
        abroad=f"^(?:{'|'.join(abroad)})",
        foreign=(possible & ~at_home).reshape(-1),
        unheld=(possible & at_home).reshape(-1) & direct_table(),
    )


def _any_of(codes: Iterable[int]) -> str:
    return "(?:" + "|".join(f"{c}{valid_pattern(c)}" for c in codes) + ")"


def _international(codes: Iterable[int]) -> Iterator[Test]:
    for code in codes:
        yield Test(Written.INTERNATIONAL, "", code, "", _any_of([code]))


def _national(plans: Iterable[Plan]) -> Iterator[Test]:
    for p in plans:
        valid = subscriber_pattern(p.code)
        yield Test(Written.BARE, p.country, p.code, "", valid)
        for prefix in p.prefixes or ():
            yield Test(Written.PREFIXED, p.country, p.code, prefix, valid)


def _after(prefixes: Iterable[str], codes: Iterable[int]) -> Iterator[Test]:
    for prefix in prefixes:
        yield Test(Written.PREFIX, "", 0, prefix, _any_of(codes))


def _prefix_free(words: tuple[str, ...]) -> bool:
    return all(
        word.isdigit() and not any(o != word and o.startswith(word) for o in words)
        for word in words
    )
