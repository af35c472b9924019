"""What crossings cost, by a list of rates.

Exact and in whole numbers: a rate is in millionths of the currency's unit a minute, a
sum in hundredths of the unit, rounded once.

Source: spec/cases.md, "Money at stake".
"""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NoReturn

import polars as pl

from tallystick.model import MalformedError

MICROS: Final = 1_000_000
MINUTE_MS: Final = 60_000
_PREFIX: Final = re.compile(r"\+?([0-9]{1,15})")
_RATE: Final = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RateDeck:
    """Rates by the beginning of the called number.

    Attributes:
        currency: Of ISO 4217.
        rates: Millionths of its unit a minute, by prefix without plus.
    """

    currency: str
    rates: dict[str, int]

    def rate(self, toward: pl.Expr) -> pl.Expr:
        """Return the rate of each destination; the longest prefix counts, null: none.

        Args:
            toward: The beginning of the called number, digits only.
        """
        found = pl.lit(None, pl.Int64)
        for length in sorted({len(prefix) for prefix in self.rates}):
            of_length = {p: r for p, r in self.rates.items() if len(p) == length}
            here = toward.str.slice(0, length).replace_strict(
                of_length, default=None, return_dtype=pl.Int64
            )
            found = pl.coalesce(here, found)
        return found


def read_rates(text: str, *, origin: str = "The rate deck") -> RateDeck:
    """Read a rate deck: CSV with `prefix`, `rate` (of a minute) and `currency`.

    Args:
        text: The file's text.
        origin: How to name it in errors.

    Raises:
        MalformedError: "rate-deck", with the line.
    """
    rows = csv.DictReader(text.removeprefix("\ufeff").splitlines())
    if not {"prefix", "rate", "currency"} <= set(rows.fieldnames or ()):
        _refuse(origin, 1, "it needs the columns prefix, rate and currency")
    rates: dict[str, int] = {}
    currency = ""
    for row in rows:
        prefix = _PREFIX.fullmatch(str(row["prefix"]).strip())
        rate = str(row["rate"]).strip()
        own = str(row["currency"]).strip()
        if prefix is None or not _RATE.fullmatch(rate) or not _CURRENCY.fullmatch(own):
            _refuse(origin, rows.line_num, "a prefix, rate or currency is none")
        if prefix[1] in rates or (currency or own) != own:
            _refuse(origin, rows.line_num, "a prefix comes twice, or a second currency")
        currency = own
        rates[prefix[1]] = int(Decimal(rate) * MICROS)
    if not rates:
        _refuse(origin, rows.line_num, "it has no rate")
    return RateDeck(currency=currency, rates=rates)


def money(parts: Iterable[tuple[int, int]]) -> int:
    """Return what was paid, in hundredths of the unit, rounded half up.

    Args:
        parts: Rates, in millionths of the unit a minute, and milliseconds at each.
    """
    total = sum(rate * ms for rate, ms in parts) * 100
    whole = MICROS * MINUTE_MS
    return (total + whole // 2) // whole


def _refuse(origin: str, line: int, why: str) -> NoReturn:
    raise MalformedError(
        "rate-deck",
        f"{origin} cannot be read, line {line}: {why}.",
        advice="Write lines such as +7495,0.0150,EUR below prefix,rate,currency.",
    )
