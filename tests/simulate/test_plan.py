"""Numbering plans against libphonenumber, and how numbers are written."""

import numpy as np
import phonenumbers
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.model.errors import ConfigError
from tallystick.simulate.calls.plan import PLANS, plan_of
from tallystick.simulate.calls.writing import imei_texts, number_texts


@pytest.mark.parametrize("country", PLANS)
def test_numbers_are_valid_as_far_as_they_should_be(country: str) -> None:
    """Allocated ranges hold valid numbers of the right kind, unallocated none."""
    plan = PLANS[country]
    rng = np.random.default_rng(1)
    for prefixes, valid in (
        (plan.mobile, True),
        (plan.fixed, True),
        (plan.unallocated, False),
    ):
        numbers = [
            phonenumbers.parse(f"+{number}")
            for number in plan.numbers(rng, prefixes, 150)
        ]
        assert {phonenumbers.is_valid_number(number) for number in numbers} == {valid}
    assert plan.is_mobile(plan.numbers(rng, plan.mobile, 50)).all()
    assert not plan.is_mobile(plan.numbers(rng, plan.fixed, 50)).any()


def test_unknown_country() -> None:
    """A country without plan is named, with those that have one."""
    with pytest.raises(ConfigError, match=r"'XX'.*BY"):
        plan_of("XX")


@pytest.mark.property
@settings(max_examples=60)
@given(
    number=st.integers(min_value=375_250_000_000, max_value=375_449_999_999),
    form=st.sampled_from(["plus", "bare", "00", "810", "national", "national_bare"]),
)
def test_a_written_number_can_be_read_back(number: int, form: str) -> None:
    """Every form is read back by its own rule."""
    plan = PLANS["BY"]
    text = number_texts(np.array([number]), pl.Series([form]), plan)[0]
    heads = {
        "plus": "+",
        "bare": "",
        "00": "00",
        "810": "810",
        "national": "80",
        "national_bare": "",
    }
    rest = text.removeprefix(heads[form])
    code = "375" if "national" in form else ""
    assert int(code + rest) == number


def test_foreign_numbers_keep_their_code_on_national_trunks() -> None:
    """A guest's number cannot be written nationally."""
    form = pl.Series(["national", "national_bare"])
    texts = number_texts(np.array([79161234567, 79161234567]), form, PLANS["BY"])
    assert texts.to_list() == ["+79161234567", "+79161234567"]


def test_equipment_identities_check() -> None:
    """IMEIs have 15 digits and a right check digit (Luhn)."""
    for text in imei_texts(np.arange(500)):
        digits = [int(d) for d in text]
        odd = sum(sum(divmod(2 * d, 10)) for d in digits[1::2])
        assert len(digits) == 15
        assert (odd + sum(digits[0::2])) % 10 == 0
    assert imei_texts(np.array([-1])).to_list() == [""]
