"""Reading a column must be reading its texts, only faster."""

import string
from operator import methodcaller

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.domains.calls.numbers.column import read_column, second_column
from tallystick.domains.calls.numbers.context import choose, make_context, ranked
from tallystick.domains.calls.numbers.form import Form

from .written import BY_NUMBERS, RU_NUMBERS, forms

FORMS = [
    None,
    Form("international"),
    Form("national", "BY"),
    Form("national", "RU"),
    Form("subscriber", "BY", "17"),
]
COUNTS = [
    {},
    {"international": 900, "bare:RU": 3},
    {"bare:RU": 4000},
    {"prefixed:BY": 50, "bare:BY": 50},
]
CODES = [{}, {375: 4000, 7: 20, 298: 30, 84: 2}]


@st.composite
def contexts(draw):
    near = draw(st.sampled_from([("BY", "RU"), ("RU", "BY"), ()]))
    declared = draw(st.sampled_from(FORMS)) if near else None
    return make_context(
        near=near,
        country=draw(st.sampled_from([None, "BY", "RU"])),
        declared=declared,
        missing_plus=draw(st.booleans()),
        counts=draw(st.sampled_from(COUNTS)),
        side_counts=draw(st.sampled_from(COUNTS)),
        code_counts=draw(st.sampled_from(CODES)),
        countries=tuple(sorted(near)),
    )


# Heads at which plans collide, then anything.
DIGITS = st.builds(
    "{}{}".format,
    st.sampled_from(
        [
            "",
            "0",
            "8",
            "80",
            "00",
            "810",
            "375",
            "7",
            "9",
            "298",
            "849",
            "800",
            "3758",
            "78",
            "0037",
            "81037",
            "440",
            "2",
            "495",
            "17",
            "8800",
            "1",
        ]
    ),
    st.text(string.digits, max_size=13),
)
TEXTS = st.one_of(
    DIGITS,
    DIGITS.map("+{}".format),
    DIGITS.map("sip:{}@gw;user=phone".format),
    DIGITS.map("tel:+{};phone-context=+375".format),
    BY_NUMBERS.flatmap(lambda n: st.sampled_from(forms(n))),
    RU_NUMBERS.flatmap(lambda n: st.sampled_from(forms(n))),
    RU_NUMBERS.map(methodcaller("removeprefix", "7")),
    BY_NUMBERS.map(methodcaller("removeprefix", "375")),
    st.sampled_from(["", "anonymous", "-5", "-0", "+-5", "1_0", " 7", "9" * 19, "+"]),
    st.text(max_size=6),
)


@pytest.mark.property
@settings(max_examples=150, deadline=None)
@given(st.lists(TEXTS, max_size=30), contexts(), contexts(), st.randoms())
def test_a_column_is_read_as_its_texts(texts, first, second, shuffled):
    """Tables and expressions give what reading text by text gives."""
    if first.countries != second.countries:
        second = first
    by_trunk = {"A": first, "B": second}
    trunks = [shuffled.choice("AB") for _ in texts]
    column = read_column(
        pl.Series(texts, dtype=pl.String),
        pl.Series(trunks, dtype=pl.String),
        by_trunk.__getitem__,
    )
    one_by_one = [
        choose(text, by_trunk[trunk]) for text, trunk in zip(texts, trunks, strict=True)
    ]
    assert column.to_list() == one_by_one
    assert column.dtype == pl.Int64


@pytest.mark.property
@settings(max_examples=50, deadline=None)
@given(st.lists(TEXTS, max_size=20), contexts())
def test_second_readings_are_other_numbers(texts, context):
    """The second number of a text is another reading of it, or none."""
    column = second_column(
        pl.Series(texts, dtype=pl.String),
        pl.Series(["A"] * len(texts), dtype=pl.String),
        lambda _: context,
    )
    for text, second in zip(texts, column, strict=True):
        numbers = ranked(text, context)
        assert second == (numbers[1] if len(numbers) > 1 else 0)
        assert len(set(numbers)) == len(numbers)


def test_null_is_no_number():
    """A null text is absent."""
    context = make_context(
        near=(),
        country=None,
        declared=None,
        missing_plus=True,
        counts={},
        side_counts={},
        code_counts={},
        countries=(),
    )
    texts = pl.Series([None, "+375291234567"], dtype=pl.String)
    column = read_column(texts, pl.Series(["", ""]), lambda _: context)
    assert column.to_list() == [0, 375291234567]
