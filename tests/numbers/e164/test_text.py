"""Cleaning: what a text says, before any plan is asked."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.domains.calls.numbers.absent import ABSENT_WORDS
from tallystick.domains.calls.numbers.dress import undressed
from tallystick.domains.calls.numbers.text import clean, unreadable

CLEANED = [
    ("+375291234567", "375291234567", True),
    ("375291234567", "375291234567", False),
    ("'+375291234567", "375291234567", True),
    ('="375291234567"', "375291234567", False),
    ("\ufeff+7 (916) 123-45-67", "79161234567", True),
    ("8~10 375 29 123\u201345\u201367", "810375291234567", False),
    ("8-495-123-45-67", "84951234567", False),
    ("tel:+375-29-123-45-67;npdi;rn=+375299", "375291234567", True),
    ("TEL:8029;phone-context=+375", "3758029", True),
    ("tel:291234567;phone-context=example.net", "291234567", False),
    ("sip:+375291234567@gw.example;user=phone", "375291234567", True),
    ("sips:%2B375291234567:secret@gw:5061;user=phone", "375291234567", True),
    ('"A. Name" <sip:375291234567@gw>', "375291234567", False),
    ("375291234567@gw", "375291234567", False),
    ("375291234567.0", "375291234567", False),
    ("375291234567F", "375291234567", False),
    ("375291234567#", "375291234567", False),
    ("++375291234567", "375291234567", True),
    ("\uff0b\uff13\uff17\uff15\uff12\uff19", "37529", True),
    ("\u0663\u0667\u0665", "375", False),
    ("112", "112", False),
]
ABSENT = [
    "",
    " ",
    "-",
    "+",
    "0",
    "+0",
    "0000",
    "anonymous",
    "Anonymous@anonymous.invalid",
    "sip:anonymous@anonymous.invalid",
    '"Anonymous" <sip:anonymous@anonymous.invalid>',
    "sip:anonymous.invalid",
    "sip:10.0.0.1",
    "tel:unavailable",
    "Unavailable",
    "unknown",
    "Restricted",
    "asserted-none",
    "Out of area",
    "N/A",
    "NULL",
    "\\N",
    "<unknown>",
    "Неизвестный номер",
    "Схаваны нумар".replace(" нумар", ""),
]
WORDS = ["alice", "sip:alice@example.net", "7916ABC4567", "3.75291E+11", "*100#1", "፩፪"]


@pytest.mark.parametrize(("raw", "digits", "plus"), CLEANED)
def test_digits_are_found_in_any_dress(raw, digits, plus):
    """Spreadsheet marks, separators, URIs and parameters leave the digits alone."""
    cleaned = clean(raw)
    assert (cleaned.digits, cleaned.plus) == (digits, plus)


@pytest.mark.parametrize("raw", ABSENT)
def test_withheld_numbers_are_absent(raw):
    """Each way of saying that there is no number says the same."""
    assert not clean(raw).text


@pytest.mark.parametrize("word", sorted(ABSENT_WORDS))
def test_every_absent_word_is_reached(word):
    """No word of the table is undone by the cleaning that comes before it."""
    assert not clean(word.upper()).text


@pytest.mark.parametrize("raw", WORDS)
def test_words_stay_words(raw):
    """What is neither a number nor a word for none keeps its text."""
    cleaned = clean(raw)
    assert cleaned.text
    assert not cleaned.digits


def test_what_cannot_be_read_has_the_stated_number():
    """The example of the specification holds."""
    assert unreadable("112") == -3194560092594402356


@pytest.mark.property
@given(st.text())
def test_any_text_is_cleaned(raw):
    """No text raises; digits are ASCII; a stand-in for a text has 62 bits."""
    cleaned = clean(raw)
    assert not cleaned.digits or (cleaned.digits.isascii() and cleaned.digits.isdigit())
    assert clean(cleaned.digits).digits == cleaned.digits
    assert -(2**62) <= unreadable(cleaned.text) < 0


DRESSED = st.from_regex(
    r"(?i)<?(?:(?:sips?|tel|h323):)?[+]?[0-9 ()~.-]{0,14}f?"
    r"(?:[;@:][a-z0-9.=;+@%\uff1c\uff20>\"-]{0,12})?>?",
    fullmatch=True,
)


@pytest.mark.property
@given(st.lists(DRESSED | st.text(), min_size=1, max_size=20))
def test_undressing_a_column_is_cleaning(texts):
    """Where a column is undressed at once, each text is what `clean` makes of it."""
    for raw, plain in zip(texts, undressed(pl.Series(texts)), strict=True):
        if plain is not None:
            assert clean(plain) == clean(raw)
