"""Masked numbers, and the text that is blinded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.domains.calls.numbers import key_text, mask, plan_version


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        (375291234567, "+37529*****67"),
        ("+375291234567", "+37529*****67"),
        (79161234567, "+79161****67"),
        (12345678, "+12****78"),
        ("1234", "+****"),
        ("7", "+*"),
        (0, ""),
        ("", ""),
        (-5, "?"),
        ("anonymous", "?"),
    ],
)
def test_masked(number, masked):
    """The middle is hidden, four digits at least."""
    assert mask(number) == masked


@pytest.mark.property
@given(st.integers(1, 10**15 - 1))
def test_a_mask_hides_and_keeps_the_length(number):
    """A mask is as long as the number and hides at least four digits."""
    masked = mask(number)
    assert len(masked) == len(str(number)) + 1
    assert masked.count("*") >= min(4, len(str(number)))


@pytest.mark.parametrize("number", [375291234567, 0, -3194560092594402356])
def test_key_text_is_decimal(number):
    """The text that is blinded is the integer in decimal."""
    assert key_text(number) == str(number)


def test_the_plan_has_a_version():
    """Two parties can compare the metadata they read by."""
    assert plan_version()[0].isdigit()
