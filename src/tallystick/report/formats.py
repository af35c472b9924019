"""Numbers, shares, times and dates as a language writes them (CLDR, by Babel)."""

import math
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_decimal, format_percent

MINUS: Final = "\N{MINUS SIGN}"
NO_BREAK: Final = "\N{NO-BREAK SPACE}"
DASH: Final = "\N{EN DASH}"
UNITS: Final = ("ms", "s", "min", "h", "MB")
SECOND_MS: Final = 1_000
MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000

# English of a country that writes the day before the month, as the others do.
_LOCALES: Final = {"en": "en_GB", "ru": "ru", "be": "be"}


class Formats:
    """How one language writes values. All times are UTC."""

    def __init__(self, language: str, units: Mapping[str, str]) -> None:
        """Write as `language` does, with its names of `units`."""
        self.locale = Locale.parse(_LOCALES[language])
        self.units = units

    @property
    def percent_sign(self) -> str:
        """The per cent sign with the space that goes before it, if any."""
        pattern: str = self.locale.percent_formats[None].pattern
        return pattern.lstrip("#,0")

    def integer(self, value: float) -> str:
        """Return a whole number with grouped digits."""
        return self.number(value, digits=0)

    def number(self, value: float, *, digits: int = 1) -> str:
        """Return `value` with exactly `digits` decimals and a true minus sign."""
        text = format_decimal(
            value, format="#,##0" + _decimals(digits), locale=self.locale
        )
        return text.replace("-", MINUS)

    def exact(self, value: float | Decimal) -> str:
        """Return `value` with the decimals that it has, at most nine."""
        text = format_decimal(value, format="#,##0.#########", locale=self.locale)
        return text.replace("-", MINUS)

    def about(self, value: float) -> str:
        """Return an estimate: two significant digits below ten, else whole."""
        if value == 0 or abs(value) >= 10:
            return self.integer(value)
        return self.number(value, digits=_digits(value, significant=2))

    def share(self, value: float) -> str:
        """Return a share in per cent, precise where it comes near 0 or 1.

        99.2 %, 99.985 %, 0.0042 %, 31.0 %: one decimal, or two digits of what is rare.
        """
        rare = min(abs(value), abs(1 - value)) * 100
        digits = max(1, min(6, _digits(rare, significant=2))) if rare else 0
        return self._percent(value, digits)

    def tick(self, value: float) -> str:
        """Return a round share as an axis names it: without noughts at its end."""
        pattern = self.locale.percent_formats[None].pattern
        wanted = pattern.replace("#,##0", "#,##0.########")
        text: str = format_percent(value, format=wanted, locale=self.locale)
        return text

    def shares(self, low: float, high: float) -> str:
        """Return an interval of shares with one per cent sign."""
        start = self.share(low).removesuffix(self.percent_sign)
        return f"{start}{DASH}{self.share(high)}"

    def _percent(self, value: float, digits: int) -> str:
        pattern = self.locale.percent_formats[None].pattern
        wanted = pattern.replace("#,##0", "#,##0" + _decimals(digits))
        text = format_percent(value, format=wanted, locale=self.locale)
        return text.replace("-", MINUS)

    def unit(self, value: float, unit: str, *, digits: int = 0) -> str:
        """Return `value` with a unit that does not part from it."""
        return f"{self.number(value, digits=digits)}{NO_BREAK}{self.units[unit]}"

    def bits(self, value: float) -> str:
        """Return a signed weight of evidence, one decimal."""
        sign = "+" if value >= 0 else ""
        return sign + self.number(value, digits=1)

    def span(self, milliseconds: float) -> str:
        """Return a length of time in the unit a reader would choose."""
        size = abs(milliseconds)
        if size < SECOND_MS:
            return self.unit(milliseconds, "ms")
        if size < 10 * SECOND_MS:
            return self.unit(milliseconds / SECOND_MS, "s", digits=2)
        if size < 10 * MINUTE_MS:
            return self.unit(milliseconds / SECOND_MS, "s", digits=1)
        if size < 2 * HOUR_MS:
            return self.unit(milliseconds / MINUTE_MS, "min", digits=1)
        return self.unit(milliseconds / HOUR_MS, "h", digits=2)

    def offset(self, milliseconds: float) -> str:
        """Return a signed length of time."""
        return ("+" if milliseconds > 0 else "") + self.span(milliseconds)

    def seconds(self, value: float) -> str:
        """Return a duration in seconds, decimals only where there are some."""
        digits = 0 if float(value).is_integer() else 1
        return self.unit(value, "s", digits=digits)

    def day(self, moment: datetime) -> str:
        """Return the date in full."""
        return format_date(moment, format="long", locale=self.locale)

    def day_and_month(self, moment: datetime) -> str:
        """Return the date without its year, short."""
        return format_date(moment, format="d MMM", locale=self.locale)

    def minute(self, moment: datetime) -> str:
        """Return date and time to the minute."""
        return f"{self.day(moment)}, {self.clock(moment)}"

    def clock(self, moment: datetime) -> str:
        """Return the time of day to the minute."""
        return format_time(moment, "HH:mm", locale=self.locale)

    def precise(self, moment: datetime) -> str:
        """Return the time of day to the millisecond."""
        return format_time(moment, "HH:mm:ss.SSS", locale=self.locale)

    def d3(self) -> dict[str, object]:
        """Return the number signs in the shape that Vega's pictures ask for."""
        signs = self.locale.number_symbols["latn"]
        return {
            "decimal": signs["decimal"],
            "thousands": signs["group"],
            "grouping": [3],
            "currency": ["", ""],
            "minus": MINUS,
            "percent": self.percent_sign,
        }


def _decimals(digits: int) -> str:
    return "." + "0" * digits if digits else ""


def _digits(value: float, *, significant: int) -> int:
    """Return the decimals that show `significant` digits of a positive value."""
    if value == 0:
        return 0
    return max(0, significant - 1 - math.floor(math.log10(abs(value))))
