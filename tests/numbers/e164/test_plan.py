"""Plans, compared with the library they are taken from."""

import phonenumbers
import polars as pl
import pytest

from tallystick.domains.calls.numbers import Numbering, normalise
from tallystick.domains.calls.numbers.plan import (
    codes,
    drop_prefix,
    is_valid,
    plan,
    settle,
    split_code,
)

from .written import frame

BORDER = Numbering.from_countries("BY", "RU")


def example_numbers():
    """Yield the library's example numbers of every country and kind."""
    for country in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in phonenumbers.PhoneNumberType.values():
            example = phonenumbers.example_number_for_type(country, kind)
            if example is not None:
                yield example


def test_validity_is_the_librarys():
    """Every example number is valid, and its neighbours as the library says."""
    for example in example_numbers():
        text = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        code, national = split_code(text[1:])
        assert code == example.country_code
        for digits in (national, national[:-1] + "0", national[::-1], national + "1"):
            number = phonenumbers.PhoneNumber(
                country_code=code,
                national_number=int(digits),
                italian_leading_zero=digits.startswith("0") or None,
                number_of_leading_zeros=len(digits) - len(digits.lstrip("0")) or None,
            )
            assert is_valid(code, digits) == phonenumbers.is_valid_number(number)


def test_national_forms_are_the_librarys():
    """What the library writes as national is read back, in every simple plan."""
    for country in ("BY", "RU", "KZ", "UA", "DE", "GB", "LT", "HU", "US", "IT", "FR"):
        numbers = Numbering.from_countries(country, "BY" if country != "BY" else "RU")
        example = phonenumbers.example_number(country)
        written = phonenumbers.format_number(
            example, phonenumbers.PhoneNumberFormat.NATIONAL
        )
        text = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        read = normalise(
            frame([written, text]), side="departures", numbering=numbers, learned=None
        )
        assert read["calling"].to_list() == [int(text), int(text)]


def test_plans_that_rewrite_are_left_to_the_library():
    """An Argentine mobile number loses its 0 and 15 and gains a 9."""
    assert plan("AR").prefixes is None
    assert list(drop_prefix("AR", "011 15 2345-6789")) == ["91123456789"]
    assert not list(drop_prefix("AR", "1"))
    numbers = Numbering.from_countries("AR", "BY")
    read = normalise(
        frame(["0111523456789", "+5491123456789", "5491123456789"]),
        side="departures",
        numbering=numbers,
        learned=None,
    )
    assert set(read["calling"]) == {5491123456789}


def test_kept_trunk_prefixes_are_dropped():
    """+44 (0)20 is +44 20, and a number that only looks like it is left alone."""
    assert settle(44, "02079460000") == 442079460000
    assert settle(375, "80291234567") == 375291234567
    assert settle(7, "8121234567") == 78121234567
    assert settle(39, "0612345678") == 390612345678


def test_codes_are_told_apart():
    """No code begins another, and zero begins none."""
    assert split_code("375291234567") == (375, "291234567")
    assert split_code("79161234567") == (7, "9161234567")
    assert split_code("0375") is None
    assert split_code("999123456") is None
    assert split_code("7") is None
    assert len(set(codes())) == len(list(codes()))
    with pytest.raises(KeyError):
        plan("XX")


@pytest.mark.interop
def test_the_russian_mobile_register(shared_data):
    """Every form of numbers of the state register is one number."""
    path = shared_data / "telephony" / "numbering-ru" / "DEF-9xx.csv"
    if not path.is_file():
        pytest.skip("the Russian numbering register is not among the shared test data")
    ranges = pl.read_csv(path, separator=";", infer_schema=False)
    ranges.columns = [f"c{i}" for i in range(ranges.width)]
    ends = ranges.select(
        pl.concat_str(pl.lit("7"), "c0", "c1").alias("first"),
        pl.concat_str(pl.lit("7"), "c0", "c2").alias("last"),
    )
    e164 = ends["first"].append(ends["last"])
    expected = e164.cast(pl.Int64).to_list()
    national = e164.str.slice(1)
    ways = ["+" + e164, e164, "00" + e164, "810" + e164, "8" + national]
    for texts in ways:
        for side in ("departures", "arrivals"):
            read = normalise(
                frame(texts.to_list()), side=side, numbering=BORDER, learned=None
            )
            assert read["calling"].to_list() == expected
            assert read["called"].to_list() == expected
