"""Numbering plans, as the libphonenumber metadata describe them.

Everything else in this package asks a plan four things: which country code a
string of digits begins with, whether a national number is valid under a code,
which lengths are possible, and which trunk prefix callers of a country write.

Source: spec/numbers.md, "Plans"; ITU-T E.164.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

import phonenumbers
from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    CountryCodeSource,
    NumberParseException,
    PhoneMetadata,
    PhoneNumberFormat,
)

MIN_DIGITS: Final = 8  # shorter international digits are service codes or noise
MAX_DIGITS: Final = 15  # ITU-T E.164, 6.2.1
SUBSCRIBERS: Final = ("fixed_line", "mobile", "personal_number", "voip", "uan")
SERVICES: Final = ("toll_free", "premium_rate", "shared_cost", "pager", "voicemail")
_NO_COUNTRY: Final = "001"  # the library's name for codes that no country owns
_TOKEN: Final = re.compile(r"(?:\[([0-9]+)\]|([0-9]))(\??)")
_SIMPLE_PREFIX: Final = re.compile(r"(?:(?:\[[0-9]+\]|[0-9])\??|\|)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How one country writes numbers.

    Attributes:
        country: ISO 3166 code.
        code: Country code of E.164.
        prefixes: Trunk prefixes that may stand before a national number, longest
            first; None where dropping one takes more than cutting digits off.
        lengths: Lengths of its fixed and mobile numbers.
        international_prefix: Regular expression of what is dialled to go abroad.
    """

    country: str
    code: int
    prefixes: tuple[str, ...] | None
    lengths: frozenset[int]
    international_prefix: str


def plan_version() -> str:
    """Return the version of the metadata; two parties should use the same."""
    return phonenumbers.__version__


def is_country(country: str) -> bool:
    """Tell whether there is a plan for an ISO 3166 country code."""
    return country in phonenumbers.SUPPORTED_REGIONS


@cache
def plan(country: str) -> Plan:
    """Return the plan of a country that `is_country` knows.

    Raises:
        KeyError: There is no such plan.
    """
    metadata = PhoneMetadata.metadata_for_region(country)
    if metadata is None or metadata.country_code is None:
        msg = f"no numbering plan for {country}"
        raise KeyError(msg)
    usual = (metadata.fixed_line, metadata.mobile)
    return Plan(
        country=country,
        code=metadata.country_code,
        prefixes=_literal_prefixes(metadata.national_prefix_for_parsing),
        lengths=frozenset(n for d in usual if d for n in d.possible_length),
        international_prefix=metadata.international_prefix or "00",
    )


@cache
def main_country(code: int) -> str:
    """Return the country whose trunk prefix rules a code; "" if it has none."""
    country = COUNTRY_CODE_TO_REGION_CODE[code][0]
    return "" if country == _NO_COUNTRY else country


def country_of(number: int) -> str:
    """Return the country a number belongs to, or "" where none is known."""
    split = split_code(str(number))
    if split is None:
        return ""
    parsed = phonenumbers.PhoneNumber(country_code=split[0])
    parsed.national_number = int(split[1])
    return phonenumbers.region_code_for_number(parsed) or ""


_CODES: Final = {str(code): code for code in COUNTRY_CODE_TO_REGION_CODE}


def codes() -> Iterator[int]:
    """Yield every assigned country code."""
    yield from COUNTRY_CODE_TO_REGION_CODE


def split_code(digits: str) -> tuple[int, str] | None:
    """Split international digits into country code and national number.

    Returns:
        None when they begin with no assigned code, or with a zero.
    """
    for size in (1, 2, 3):
        code = _CODES.get(digits[:size])
        if code is not None and len(digits) > size:
            return code, digits[size:]
    return None


@cache
def valid_pattern(code: int) -> str:
    """Return the regular expression of all valid national numbers of a code.

    It uses nothing that a finite automaton cannot do, and [0-9] for a digit, so
    that it means the same to Python and to Polars.
    """
    return _pattern(code, SUBSCRIBERS + SERVICES)


@cache
def subscriber_pattern(code: int) -> str:
    """Return the same without services: free, premium, shared cost, paging."""
    return _pattern(code, SUBSCRIBERS)


def _pattern(code: int, kinds: tuple[str, ...]) -> str:
    patterns: dict[str, None] = {}
    for metadata in _metadata_of(code):
        for kind in kinds:
            description = getattr(metadata, kind)
            if description and description.national_number_pattern:
                patterns[description.national_number_pattern] = None
    if not patterns:
        return "(?:[0-9][a-z])"  # matches no number
    return "(?:" + "|".join(patterns).replace(r"\d", "[0-9]") + ")"


@cache
def _valid(code: int) -> re.Pattern[str]:
    return re.compile(valid_pattern(code))


@cache
def _subscriber(code: int) -> re.Pattern[str]:
    return re.compile(subscriber_pattern(code))


def is_valid(code: int, national: str) -> bool:
    """Tell whether a national number is allocated under a country code."""
    return _valid(code).fullmatch(national) is not None


def is_subscriber(code: int, national: str) -> bool:
    """Tell whether it is allocated, and to subscribers rather than services."""
    return _subscriber(code).fullmatch(national) is not None


@cache
def possible_lengths(code: int) -> frozenset[int]:
    """Return the lengths that national numbers of a code may have."""
    return frozenset(
        length
        for metadata in _metadata_of(code)
        if metadata.general_desc
        for length in metadata.general_desc.possible_length
    )


def drop_prefix(country: str, digits: str) -> Iterator[str]:
    """Yield what is left of digits when a trunk prefix of the country is dropped.

    For the few plans in which that rewrites the number, the library does it.
    """
    prefixes = plan(country).prefixes
    if prefixes is None:
        yield from _dropped_by_library(country, digits)
        return
    for prefix in prefixes:
        if digits.startswith(prefix) and len(digits) > len(prefix):
            yield digits[len(prefix) :]


@lru_cache(maxsize=1 << 12)
def _dropped_by_library(country: str, digits: str) -> tuple[str, ...]:
    try:
        parsed = phonenumbers.parse(digits, country, keep_raw_input=True)
    except NumberParseException:
        return ()
    if parsed.country_code_source != CountryCodeSource.FROM_DEFAULT_COUNTRY:
        return ()
    text = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    national = text[1 + len(str(parsed.country_code)) :]
    return () if national == digits else (national,)


def settle(code: int, national: str) -> int:
    """Return the one integer of a number given by code and national number.

    A trunk prefix kept after the country code (+375 80 29 ..., +44 (0)20 ...) is
    dropped where that, and only that, gives a valid number.
    """
    if not is_valid(code, national) and (country := main_country(code)):
        for rest in drop_prefix(country, national):
            if is_valid(code, rest):
                return int(f"{code}{rest}")
    return int(f"{code}{national}")


def _metadata_of(code: int) -> Iterator[PhoneMetadata]:
    for country in COUNTRY_CODE_TO_REGION_CODE[code]:
        metadata = (
            PhoneMetadata.metadata_for_nongeo_region(code)
            if country == _NO_COUNTRY
            else PhoneMetadata.metadata_for_region(country)
        )
        if metadata is not None:
            yield metadata


def _literal_prefixes(pattern: str | None) -> tuple[str, ...] | None:
    """Spell out "0|80?" as ("80", "0", "8"); None if that cannot be done."""
    if not pattern:
        return ()
    if not _SIMPLE_PREFIX.fullmatch(pattern):
        return None
    words = {w for part in pattern.split("|") for w in _spelled(part)} - {""}
    return tuple(sorted(words, key=lambda word: (-len(word), word)))


def _spelled(part: str) -> set[str]:
    words = {""}
    for choice, digit, optional in _TOKEN.findall(part):
        longer = {word + d for word in words for d in choice or digit}
        words = words | longer if optional else longer
    return words
