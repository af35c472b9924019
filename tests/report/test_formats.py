"""Numbers, shares and times as each language writes them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.report.texts import LANGUAGES, texts_in

AT = datetime(2025, 3, 9, 4, 5, 6, 78_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            [
                "1,234,567",
                "93.2%",
                "0.0042%",
                "\N{MINUS SIGN}3.2",
                "9 March 2025, 04:05",
            ],
        ),
        (
            "ru",
            [
                "1 234 567",
                "93,2 %",
                "0,0042 %",
                "\N{MINUS SIGN}3,2",
                "9 марта 2025 \N{CYRILLIC SMALL LETTER GHE}., 04:05",
            ],
        ),
        (
            "be",
            [
                "1 234 567",
                "93,2 %",
                "0,0042 %",
                "\N{MINUS SIGN}3,2",
                "9 сакавіка 2025 \N{CYRILLIC SMALL LETTER GHE}., 04:05",
            ],
        ),
    ],
)
def test_values_are_written_as_the_language_does(language, said):
    """Grouping, decimal sign, per cent sign, minus and months differ."""
    formats = texts_in(language).formats
    values = [
        formats.integer(1_234_567),
        formats.share(0.932),
        formats.share(0.000042),
        formats.bits(-3.2),
        formats.minute(AT),
    ]
    spaces = str.maketrans(
        dict.fromkeys("\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}", " ")
    )
    assert said == [value.translate(spaces) for value in values]


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [
        (0, "0 ms"),
        (34, "+34 ms"),
        (-1234, "\N{MINUS SIGN}1.23 s"),
        (45_200, "+45.2 s"),
        (3_605_000, "+60.1 min"),
        (-7_200_000, "\N{MINUS SIGN}2.00 h"),
    ],
)
def test_offsets_choose_their_unit(milliseconds, said):
    """A reader is told milliseconds, seconds, minutes or hours as suits."""
    formats = texts_in("en").formats
    assert said == formats.offset(milliseconds).replace("\N{NO-BREAK SPACE}", " ")


def test_intervals_share_one_sign():
    """The per cent sign stands once, at the end."""
    assert texts_in("en").formats.shares(0.0031, 0.0055) == "0.31\N{EN DASH}0.55%"


def test_time_of_day_keeps_its_milliseconds():
    """Halves are told apart by less than a second."""
    assert texts_in("be").formats.precise(AT) == "04:05:06.078"


@pytest.mark.property
@given(share=st.floats(min_value=0, max_value=1), language=st.sampled_from(LANGUAGES))
def test_share_says_no_more_and_no_less_than_it_is(share, language):
    """What is written is the value; only nought is written as nought."""
    formats = texts_in(language).formats
    text = formats.share(share).removesuffix(formats.percent_sign).replace(",", ".")
    rare = min(share, 1 - share)
    assert abs(float(text) / 100 - share) <= max(rare * 0.06, 1e-8)
