"""Every reading of one text: which numbers it could be, and as what written.

`read` knows the countries in question but no trunk, so its answers hold for both
sides and can be remembered; `context.choose` picks one of them.

Source: spec/numbers.md, "Readings".
"""

import re
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from typing import Final, NamedTuple

from tallystick.domains.calls.numbers.form import Written
from tallystick.domains.calls.numbers.plan import (
    MAX_DIGITS,
    MIN_DIGITS,
    Plan,
    drop_prefix,
    is_subscriber,
    is_valid,
    plan,
    possible_lengths,
    settle,
    split_code,
    valid_pattern,
)
from tallystick.domains.calls.numbers.text import clean

# Dialled before a country code, whatever the country: ITU-T E.164 recommends 00,
# and 8~10 of the former Soviet plans turns up on the trunks of their neighbours.
COMMON_PREFIXES: Final = ("00", "810")
REMEMBERED_TEXTS: Final = 1 << 18  # some 150 MB at worst
_PLUS: Final = re.compile(r"\+[1-9][0-9]+").fullmatch
MAX_WRITTEN: Final = 22  # 15 digits with a long international prefix before them


class Reading(NamedTuple):
    """One way to read a text.

    Attributes:
        written: How it is written under this reading.
        country: Whose plan the reading uses; "" for the international ones.
        number: The E.164 digits as an integer.
    """

    written: Written
    country: str
    number: int

    @property
    def label(self) -> str:
        """The short name, for counting."""
        return f"{self.written}:{self.country}" if self.country else str(self.written)


class Readings(NamedTuple):
    """All that one text can be.

    Attributes:
        text: The cleaned text; "" when no number is given.
        certain: The reading that leaves no choice: + or an international prefix.
        valid: The readings that give an allocated number, else.
    """

    text: str
    certain: Reading | None = None
    valid: tuple[Reading, ...] = ()


@lru_cache(maxsize=REMEMBERED_TEXTS)
def read(raw: str, countries: tuple[str, ...]) -> Readings:
    """Read one text by the plans of some countries.

    Args:
        raw: As received.
        countries: ISO 3166 codes, sorted, so that equal sets are remembered once.

    Returns:
        The certain reading or all valid ones; neither where there is none.
    """
    cleaned = clean(raw)
    digits = cleaned.digits
    if not digits or len(digits) > MAX_WRITTEN:
        return Readings(cleaned.text)
    if cleaned.plus and (split := split_code(digits)):
        number = _explicit(*split)
        certain = Reading(Written.PLUS, "", number) if number else None
        return Readings(cleaned.text, certain)
    for rest in without_prefix(digits, countries):
        split = split_code(rest)
        if split and is_valid(*split):
            return Readings(digits, Reading(Written.PREFIX, "", int(rest)))
    return Readings(digits, None, tuple(_valid(digits, countries)))


_BEGINNING: Final = 4  # a + and three digits, which name every country code


@lru_cache(maxsize=1 << 11)
def _allocated_from(beginning: str) -> Callable[[str], object] | None:
    """Return what fits every allocated number, + included, that begins so."""
    split = split_code(f"{beginning[1:]}0") if beginning[:1] == "+" else None
    if split is None:
        return None
    return re.compile(rf"\+{split[0]}{valid_pattern(split[0])}").fullmatch


def is_allocated(number: int) -> bool:
    """Tell whether a plan says that somebody may hold a number."""
    text = f"+{number}"
    allocated = _allocated_from(text[:_BEGINNING])
    return allocated is not None and allocated(text) is not None


def explicit(raw: str) -> int:
    """Return the number of a + and digits and nothing else; 0: see `read`.

    Most texts of live calls are such, and leave no choice.
    """
    if (allocated := _allocated_from(raw[:_BEGINNING])) and allocated(raw):
        return int(raw)
    if len(raw) > MAX_WRITTEN or not _PLUS(raw):
        return 0
    split = split_code(raw[1:])
    return _explicit(*split) if split else 0


def _explicit(code: int, national: str) -> int:
    """Return the number after a +; 0 where its length can be no number's."""
    number = settle(code, national)
    if MIN_DIGITS <= len(str(code)) + len(national) <= MAX_DIGITS:
        return number
    return number if is_valid(code, str(number)[len(str(code)) :]) else 0


def without_prefix(digits: str, countries: tuple[str, ...]) -> Iterator[str]:
    """Yield what follows an international prefix, for each that fits."""
    for pattern in international_prefixes(countries):
        if found := re.match(pattern, digits):
            yield digits[found.end() :]


@cache
def international_prefixes(countries: tuple[str, ...]) -> tuple[str, ...]:
    """Return the international prefixes that may stand here, as expressions."""
    own = (plan(country).international_prefix for country in countries)
    return tuple(dict.fromkeys((*COMMON_PREFIXES, *own)))


def _valid(digits: str, countries: tuple[str, ...]) -> Iterator[Reading]:
    split = split_code(digits)
    if split and is_valid(*split):
        yield Reading(Written.INTERNATIONAL, "", int(digits))
    for country in countries:
        code = plan(country).code
        if is_subscriber(code, digits):
            yield Reading(Written.BARE, country, int(f"{code}{digits}"))
        for rest in drop_prefix(country, digits):
            if is_subscriber(code, rest):
                yield Reading(Written.PREFIXED, country, int(f"{code}{rest}"))
                break


def read_subscriber(digits: str, country: str, area: str) -> Iterator[Reading]:
    """Yield digits as a number without its area code, if that is valid."""
    code = plan(country).code
    if _are_digits(digits) and is_valid(code, area + digits):
        yield Reading(Written.SUBSCRIBER, country, int(f"{code}{area}{digits}"))


@lru_cache(maxsize=REMEMBERED_TEXTS >> 4)
def plausible(digits: str, countries: tuple[str, ...]) -> tuple[Reading, ...]:
    """Read digits that are no allocated number, by their length alone.

    A number that nobody holds is still a number: calls that were given a random
    calling number carry such, and both sides must read it alike.

    Returns:
        The readings in the order of spec/numbers.md, "Unallocated numbers".
    """
    if not _are_digits(digits) or len(digits) > MAX_WRITTEN:
        return ()
    return tuple(_plausible(digits, countries))


def _plausible(digits: str, countries: tuple[str, ...]) -> Iterator[Reading]:
    plans = [plan(country) for country in countries]
    split = split_code(digits)
    home = split is not None and split[0] in {p.code for p in plans}
    if split and settle(*split) != int(digits):
        yield Reading(Written.KEPT, "", settle(*split))
    for rest in without_prefix(digits, countries):
        if is_possible(rest) or (digits == "00" + rest and _is_loose(rest)):
            yield Reading(Written.PREFIX, "", _settled(rest))
    if home and is_possible(digits):
        yield Reading(Written.INTERNATIONAL, "", _settled(digits))
    yield from _services(digits, plans)
    for p in plans:
        rest_of = drop_prefix(p.country, digits) if p.prefixes else iter(())
        for rest in rest_of:
            if len(rest) in p.lengths and not rest.startswith("0"):
                yield Reading(Written.PREFIXED, p.country, settle(p.code, rest))
                break
    if not home and is_possible(digits):
        yield Reading(Written.INTERNATIONAL, "", _settled(digits))
    for p in plans:
        if len(digits) in p.lengths and not digits.startswith("0"):
            yield Reading(Written.BARE, p.country, settle(p.code, digits))
    if _is_loose(digits):
        yield Reading(Written.LOOSE, "", _settled(digits))


def _are_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _services(digits: str, plans: list[Plan]) -> Iterator[Reading]:
    """Yield free and premium numbers, which seldom cross a border."""
    for p in plans:
        for rest in drop_prefix(p.country, digits):
            if is_valid(p.code, rest):
                yield Reading(Written.PREFIXED, p.country, int(f"{p.code}{rest}"))
                break
    for p in plans:
        if is_valid(p.code, digits):
            yield Reading(Written.BARE, p.country, int(f"{p.code}{digits}"))


def is_possible(digits: str) -> bool:
    """Tell whether international digits have a length their code allows."""
    split = split_code(digits)
    return (
        _is_loose(digits)
        and split is not None
        and (len(split[1]) in possible_lengths(split[0]))
    )


def _is_loose(digits: str) -> bool:
    return MIN_DIGITS <= len(digits) <= MAX_DIGITS and split_code(digits) is not None


def _settled(digits: str) -> int:
    split = split_code(digits)
    return settle(*split) if split else 0
