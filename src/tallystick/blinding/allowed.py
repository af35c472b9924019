"""The columns that may leave a side, and the nets under them.

Anything not in the table stays at home. What is in it is looked at too: a number in
the wrong column (a handle, a time, a trunk's name) must not slip out by mistake.

Source: spec/tokens.md, "What may leave a side".
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import polars as pl
import pyarrow as pa

from tallystick.model import RefusedError

LABEL_LIMIT: Final = 64  # characters; names of trunks and carriers are far shorter
_DIGITS: Final = r"\d{7}|\+\s?\d(?:[ ().-]?\d){6}"
"""Seven digits running, or a plus and seven digits in groups: looks like a number."""
_LOOKS_LIKE_NUMBER: Final = re.compile(_DIGITS)
_SMALL_TOKEN: Final = 10**15  # E.164 has at most 15 digits
_FEW: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRule:
    """What one column of a blinded file may hold.

    Attributes:
        kind: "integer", "flag", "label", "word" or "token".
        rounds: In which rounds it may be there.
        missing: In which of them a value may be missing.
        low: Least value of an integer.
        high: Greatest value of an integer.
        words: All values of a word.
    """

    kind: str
    rounds: tuple[int, ...] = (1, 2)
    missing: tuple[int, ...] = ()
    low: int = 0
    high: int = 0
    words: tuple[str, ...] = ()

    @property
    def nullable(self) -> bool:
        """Whether a value may be missing."""
        return bool(self.missing)

    def in_round(self, number: int) -> "ColumnRule":
        """Return what holds in one round."""
        missing = tuple({number} & set(self.missing))
        return replace(self, rounds=(number,), missing=missing)


COUNT_LIMIT: Final = 2**32 - 1  # below nearly all international numbers
YEAR_2000_MS: Final = 946_684_800_000
YEAR_2100_MS: Final = 4_102_444_800_000
LONGEST_MS: Final = 100 * 86_400_000
OPEN, CELL, SKIP, DOMESTIC = WHAT = ("open", "cell", "skip", "domestic")
"""What a row of the second round is."""


def _integer(low: int, high: int, *missing: int) -> ColumnRule:
    return ColumnRule(kind="integer", low=low, high=high, missing=missing)


def _time(*missing: int) -> ColumnRule:
    return _integer(YEAR_2000_MS, YEAR_2100_MS, *missing)


def _second(high: int, low: int = 0) -> ColumnRule:
    """Return the rule of an integer that some rows of the second round have."""
    return replace(_integer(low, high, 2), rounds=(2,))


def _tokens(name: str, round_number: int, *missing: int) -> dict[str, ColumnRule]:
    rule = ColumnRule(kind="token", rounds=(round_number,), missing=missing)
    return {f"{name}_hi": rule, f"{name}_lo": rule}


_FLAG: Final = ColumnRule(kind="flag", missing=(1, 2))
_STATE: Final = ColumnRule(kind="flag", rounds=(1,), missing=(1,))
_LABEL: Final = ColumnRule(kind="label", missing=(1, 2))
_CLASS: Final = _second(15)

ALLOWED: Final[Mapping[str, Mapping[str, ColumnRule]]] = {
    "calls": {
        "what": ColumnRule(kind="word", rounds=(2,), words=WHAT),
        "row": _integer(0, COUNT_LIMIT),  # the keeper's own handle, a plain count
        "started_at_ms": _time(2),
        "answered_at_ms": _time(1, 2),
        "released_at_ms": _time(1, 2),
        "duration_ms": _integer(0, LONGEST_MS, 1, 2),
        "answered": _FLAG,
        "restricted": _STATE,  # the caller withheld the number
        "calling_absent": _STATE,
        "calling_unreadable": _STATE,
        "called_absent": _STATE,
        "called_unreadable": _STATE,
        "trunk": _LABEL,
        "carrier": _LABEL,
        **_tokens("pair", 1),
        # Of a half without partner, and of a domestic call to a number asked about.
        **_tokens("called", 2, 2),
        # Of a half without partner only.
        **_tokens("calling", 2, 2),
        **_tokens("redirecting_calling", 2, 2),  # compares with calling numbers
        **_tokens("redirecting_called", 2, 2),  # compares with called numbers
        "paired_near": _second(COUNT_LIMIT),
        "open_near": _second(COUNT_LIMIT),
        # Counts of halves with partner, by class.
        "amount_class": _CLASS,
        "with_class": _CLASS,
        "open_class": _CLASS,
        "time_class": _CLASS,
        "count": _second(COUNT_LIMIT),
        # Where the keeper's serial numbers skip `count` of them.
        "from_ms": _second(YEAR_2100_MS, YEAR_2000_MS),
        "to_ms": _second(YEAR_2100_MS, YEAR_2000_MS),
        # Which domestic calls have one calling number; says not which.
        "support": _second(COUNT_LIMIT),
    }
}

ARROW_TYPES: Final = {
    "integer": pa.int64(),
    "token": pa.int64(),
    "flag": pa.bool_(),
    "label": pa.string(),
    "word": pa.string(),
}


def looks_like_number(text: str) -> bool:
    """Tell whether a telephone number may stand in the text."""
    return _LOOKS_LIKE_NUMBER.search(text) is not None


def check_columns(
    columns: Iterable[str], *, domain: str, round_number: int
) -> Mapping[str, ColumnRule]:
    """Return the rules of the columns, in their order.

    Args:
        columns: Names of the columns of a file.
        domain: For example "calls".
        round_number: 1 or 2.

    Raises:
        RefusedError: "column-refused" for a column that may not leave a side, or not
            in this round.
    """
    allowed = ALLOWED.get(domain, {})
    rules = {}
    for name in columns:
        rule = allowed.get(name)
        if rule is None or round_number not in rule.rounds:
            raise RefusedError(
                "column-refused",
                f"A column may not be in a blinded file of round {round_number} of "
                f"{domain}: {_shown(name)}.",
                advice="Leave it out; spec/tokens.md lists what may leave a side.",
            )
        rules[name] = rule.in_round(round_number)
    return rules


def check_values(
    frame: pl.DataFrame,
    rules: Mapping[str, ColumnRule],
    *,
    allow_labels: frozenset[str] = frozenset(),
) -> None:
    """Look at every value that is to leave.

    Args:
        frame: The rows; exactly the columns of `rules`.
        rules: From `check_columns`.
        allow_labels: Labels that look like a telephone number and are none.

    Raises:
        RefusedError: "column-refused" when the columns are others; each kind of
            column has further refusals, none of which repeats a value.
    """
    if frame.columns != list(rules):
        raise RefusedError(
            "column-refused", "The rows have other columns than the header names."
        )
    for name, rule in rules.items():
        column = frame[name]
        if column.null_count() and not rule.nullable:
            raise RefusedError("column-null", f"Column {name} has rows without value.")
        _CHECKS[rule.kind](column, rule, allow_labels)
    for name, rule in rules.items():
        if rule.kind == "token" and name.endswith("_hi"):
            _check_blinded(frame[name])


def _check_integer(column: pl.Series, rule: ColumnRule, _: frozenset[str]) -> None:
    if not column.dtype.is_integer():
        raise _wrong_type(column, "whole numbers")
    wide = column.cast(pl.Int64, strict=False)  # what does not fit is outside, too
    inside = wide.is_between(rule.low, rule.high).sum()
    if outside := column.len() - column.null_count() - inside:
        raise RefusedError(
            "column-range",
            f"Column {column.name} has {outside} values that cannot be what its name "
            "says.",
            advice="See that no other column was taken for it.",
        )


def _check_flag(column: pl.Series, _: ColumnRule, __: frozenset[str]) -> None:
    if column.dtype != pl.Boolean:
        raise _wrong_type(column, "true or false")


def _check_token(column: pl.Series, _: ColumnRule, __: frozenset[str]) -> None:
    if column.dtype != pl.Int64:
        raise _wrong_type(column, "halves of tokens (Int64)")


def _check_label(column: pl.Series, _: ColumnRule, allowed: frozenset[str]) -> None:
    if column.dtype != pl.String and not isinstance(
        column.dtype, pl.Categorical | pl.Enum
    ):
        raise _wrong_type(column, "names")
    values = column.unique().cast(pl.String).drop_nulls()
    if (values.str.len_chars() > LABEL_LIMIT).any():
        raise RefusedError(
            "label-length",
            f"Column {column.name} has names of more than {LABEL_LIMIT} characters.",
        )
    suspect = set(values.filter(values.str.contains(_DIGITS))) - allowed
    if suspect:
        raise RefusedError(
            "label-number",
            f"Column {column.name} has {len(suspect)} different names in which a "
            "telephone number may stand.",
            advice="Give those trunks or carriers other names, or allow these names "
            "explicitly if they are no numbers.",
        )


def _check_word(column: pl.Series, rule: ColumnRule, _: frozenset[str]) -> None:
    if column.dtype != pl.String or not set(column.unique()) <= set(rule.words):
        raise RefusedError(
            "column-word",
            f"Column {column.name} holds other words than {', '.join(rule.words)}.",
        )


_CHECKS: Final[
    Mapping[str, Callable[[pl.Series, ColumnRule, frozenset[str]], None]]
] = {
    "integer": _check_integer,
    "flag": _check_flag,
    "token": _check_token,
    "label": _check_label,
    "word": _check_word,
}


def _check_blinded(column: pl.Series) -> None:
    """Refuse numbers where tokens should be.

    Of tokens, 1 in 18,000 is by chance as small as a telephone number.

    Raises:
        RefusedError: "token-clear".
    """
    column = column.drop_nulls()
    small = column.is_between(0, _SMALL_TOKEN)
    half = column.len() / 2
    if small.sum() > half and column.filter(small).n_unique() >= _FEW:
        raise RefusedError(
            "token-clear",
            f"Column {column.name} does not hold tokens: its values are as small as "
            "numbers.",
        )


def _shown(name: str) -> str:
    """Return a column's name for an error, unless it may itself be personal."""
    return "(a name with digits)" if looks_like_number(name) else name[:LABEL_LIMIT]


def _wrong_type(column: pl.Series, wanted: str) -> RefusedError:
    return RefusedError(
        "column-type", f"Column {column.name} is {column.dtype}; it must be {wanted}."
    )
