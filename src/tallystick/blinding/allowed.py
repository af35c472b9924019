"""The columns that may leave a side, and the nets under them.

Anything not in the table stays at home. What is in it is looked at too: a number in
the wrong column (a handle, a time, a trunk's name) must not slip out by mistake.

Source: spec/tokens.md, "What may leave a side".
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
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
        kind: "integer", "flag", "label" or "token".
        rounds: In which rounds it may be there.
        low: Least value of an integer.
        high: Greatest value of an integer.
        nullable: Whether a value may be missing.
    """

    kind: str
    rounds: tuple[int, ...] = (1, 2)
    low: int = 0
    high: int = 0
    nullable: bool = False


COUNT_LIMIT: Final = 2**32 - 1  # below nearly all international numbers
_HANDLE: Final = ColumnRule(kind="integer", high=COUNT_LIMIT)
YEAR_2000_MS: Final = 946_684_800_000
YEAR_2100_MS: Final = 4_102_444_800_000
_TIME: Final = ColumnRule(kind="integer", low=YEAR_2000_MS, high=YEAR_2100_MS)
_MAYBE_TIME: Final = ColumnRule(
    kind="integer", low=YEAR_2000_MS, high=YEAR_2100_MS, nullable=True
)
_DURATION: Final = ColumnRule(kind="integer", high=100 * 86_400_000, nullable=True)
_FLAG: Final = ColumnRule(kind="flag", nullable=True)
_LABEL: Final = ColumnRule(kind="label", nullable=True)


def _tokens(name: str, round_number: int) -> dict[str, ColumnRule]:
    rule = ColumnRule(kind="token", rounds=(round_number,))
    return {f"{name}_hi": rule, f"{name}_lo": rule}


ALLOWED: Final[Mapping[str, Mapping[str, ColumnRule]]] = {
    "calls": {
        "row": _HANDLE,  # the keeper's own handle; means nothing to anybody else
        "started_at_ms": _TIME,
        "answered_at_ms": _MAYBE_TIME,
        "released_at_ms": _MAYBE_TIME,
        "duration_ms": _DURATION,
        "answered": _FLAG,
        "restricted": _FLAG,  # the caller withheld the number
        "calling_absent": _FLAG,
        "calling_unreadable": _FLAG,
        "called_absent": _FLAG,
        "called_unreadable": _FLAG,
        "redirected": _FLAG,
        "repeated": _FLAG,
        "continued": _FLAG,
        "trunk": _LABEL,
        "carrier": _LABEL,
        **_tokens("pair", 1),
        **_tokens("diverted", 1),  # purpose "pair" with the redirecting number
        **_tokens("called", 2),
        **_tokens("calling", 2),
        **_tokens("redirecting", 2),
    }
}

ARROW_TYPES: Final = {
    "integer": pa.int64(),
    "token": pa.int64(),
    "flag": pa.bool_(),
    "label": pa.string(),
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
        rules[name] = rule
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


_CHECKS: Final[
    Mapping[str, Callable[[pl.Series, ColumnRule, frozenset[str]], None]]
] = {
    "integer": _check_integer,
    "flag": _check_flag,
    "token": _check_token,
    "label": _check_label,
}


def _check_blinded(column: pl.Series) -> None:
    """Refuse numbers where tokens should be.

    Of tokens, 1 in 18,000 is by chance as small as a telephone number.

    Raises:
        RefusedError: "token-clear".
    """
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
