"""One subscriber, however written, on whichever side, is one integer."""

import string
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.domains.calls.numbers import (
    Numbering,
    agree,
    key_text,
    learn,
    normalise,
    second_readings,
)
from tallystick.domains.calls.numbers.context import choose, make_context, ranked
from tallystick.domains.calls.numbers.form import parse_form
from tallystick.domains.calls.numbers.plan import is_valid, split_code
from tallystick.domains.calls.numbers.reading import explicit, is_allocated
from tallystick.domains.calls.numbers.side import Trunk
from tallystick.domains.calls.numbers.text import clean

from .written import BY_NUMBERS, DRESS, RU_NUMBERS, forms, frame

BORDER = Numbering.from_countries("BY", "RU")
COLUMNS = ["calling", "called", "redirecting"]


def read(texts, *, side="departures", numbering=BORDER, learned=None, trunk="T1"):
    records = frame(texts, trunk)
    return normalise(records, side=side, numbering=numbering, learned=learned)


def declared(form, side="departures"):
    """Return the border with one form declared for every trunk of a side."""
    trunk = Trunk(
        calling=parse_form(form, country=None), called=parse_form(form, country=None)
    )
    said = replace(BORDER.side(side), default=trunk)
    return replace(BORDER, **{side: said})


BY_WAYS = [
    "+375291234567",
    "375291234567",
    "00375291234567",
    "810375291234567",
    "8~10 375 29 123-45-67",
    "80291234567",
    "8 029 123 45 67",
    "0291234567",
    "291234567",
    "+375 80 29 123 45 67",
    "+80291234567",
    "tel:291234567;phone-context=+375",
    "sip:+375291234567;npdi;rn=+375299@gw.example.net;user=phone",
    "'+375291234567",
]
RU_WAYS = [
    "+79161234567",
    "79161234567",
    "0079161234567",
    "81079161234567",
    "89161234567",
    "9161234567",
    "+7 (916) 123-45-67",
    "8-916-123-45-67",
    "+89161234567",
]


@pytest.mark.parametrize("side", ["departures", "arrivals", "domestic"])
@pytest.mark.parametrize(
    ("texts", "number"), [(BY_WAYS, 375291234567), (RU_WAYS, 79161234567)]
)
def test_every_way_of_writing_is_read(texts, number, side):
    """The forms named by the specification give the same number on every side."""
    numbers = read(texts, side=side)
    for column in COLUMNS:
        assert numbers[column].to_list() == [number] * len(texts)


@pytest.mark.property
@settings(max_examples=40, deadline=None)
@given(
    st.lists(BY_NUMBERS | RU_NUMBERS, min_size=1, max_size=8),
    st.sampled_from(DRESS),
    st.sampled_from([None, "national:BY", "national:RU"]),
    st.sampled_from(["departures", "arrivals", "domestic"]),
)
def test_a_subscriber_is_one_integer(subscribers, dress, form, side):
    """Clear forms are read alike on any side and trunk, in any dress."""
    numbering = declared(form, side) if form else BORDER
    ways = [(digits, dress.format(w)) for digits in subscribers for w in forms(digits)]
    numbers = read([way for _, way in ways], side=side, numbering=numbering)
    for column in COLUMNS:
        assert numbers[column].to_list() == [int(digits) for digits, _ in ways]


@pytest.mark.property
@settings(max_examples=40, deadline=None)
@given(st.lists(BY_NUMBERS, min_size=1), st.lists(RU_NUMBERS, min_size=1))
def test_bare_national_numbers_follow_the_trunk(belarusian, russian):
    """Without trunk prefix, a number is read by the plan declared for its trunk."""
    by = read([n[3:] for n in belarusian], numbering=declared("national:BY"))
    ru = read([n[1:] for n in russian], numbering=declared("national:RU"))
    assert by["calling"].to_list() == [int(n) for n in belarusian]
    assert ru["called"].to_list() == [int(n) for n in russian]


ANY = st.one_of(
    BY_NUMBERS.flatmap(lambda n: st.sampled_from(forms(n))),
    RU_NUMBERS.flatmap(lambda n: st.sampled_from(forms(n))),
    st.text(string.digits, min_size=1, max_size=16),
    st.text(string.digits, min_size=1, max_size=16).map("+{}".format),
    st.sampled_from(["", "anonymous", "unknown caller", "112", "8800"]),
)


@pytest.mark.property
@settings(max_examples=40, deadline=None)
@given(st.lists(ANY, min_size=1, max_size=20))
def test_reading_what_was_read_changes_nothing(texts):
    """A number written as E.164 is read as itself."""
    numbers = [n for n in read(texts)["calling"] if n > 0]
    again = read([f"+{key_text(n)}" for n in numbers], numbering=None)
    assert again["called"].to_list() == numbers


@pytest.mark.property
@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(ANY, st.sampled_from("AB")), min_size=1), st.randoms())
def test_rows_do_not_depend_on_one_another(rows, shuffled):
    """Order, repetition and batches change no number."""
    mixed = rows * 2
    shuffled.shuffle(mixed)
    one = read([t for t, _ in rows], trunk=[k for _, k in rows])
    two = read([t for t, _ in mixed], trunk=[k for _, k in mixed])
    expected = dict(zip(rows, one.select(COLUMNS).iter_rows(), strict=True))
    assert [expected[row] for row in mixed] == list(two.select(COLUMNS).iter_rows())
    alone = [read([t], trunk=k).select(COLUMNS).row(0) for t, k in rows[:3]]
    assert alone == [expected[row] for row in rows[:3]]


@pytest.mark.property
@settings(max_examples=40, deadline=None)
@given(st.lists(ANY, min_size=1, max_size=20))
def test_without_countries_both_sides_read_alike(texts):
    """Where no country is known, a text is one integer on all sides."""
    sides = ["departures", "arrivals", "domestic"]
    numbers = [read(texts, side=side, numbering=None)["calling"] for side in sides]
    assert numbers[0].to_list() == numbers[1].to_list() == numbers[2].to_list()


@pytest.mark.property
@settings(max_examples=40, deadline=None)
@given(st.lists(ANY, min_size=1, max_size=20))
def test_the_border_may_be_crossed_the_other_way(texts):
    """Exchanging sides and countries, a domestic column apart, changes no number."""
    back = Numbering.from_countries("RU", "BY")
    there = read(texts, side="departures", numbering=BORDER)
    away = read(texts, side="arrivals", numbering=back)
    assert there["calling"].to_list() == away["called"].to_list()
    assert there["called"].to_list() == away["calling"].to_list()


def test_unallocated_numbers_are_numbers():
    """A number nobody holds is read alike, with and without its plus."""
    ways = ["+375991234567", "375991234567", "00375991234567", "80991234567"]
    numbers = read(ways)
    assert set(numbers["calling"]) == {375991234567}
    assert set(numbers["called"]) == {375991234567}


def test_numbers_given_to_no_code_are_kept_unreadable():
    """What no plan explains is negative, the same with and without a plus."""
    numbers = read(["999123456789", "+999123456789", "112", "፩፪"])["calling"]
    assert (numbers < 0).all()
    assert numbers[0] == numbers[1]
    assert numbers.n_unique() == 3


def test_withheld_numbers_are_zero():
    """Nothing, and words for nothing, are 0."""
    texts = ["", "anonymous", "Unavailable", "0", "-", "+0", "sip:anonymous.invalid"]
    assert set(read(texts)["calling"]) == {0}


def test_columns_that_are_missing_are_absent_numbers():
    """Records without redirecting number or trunk are read."""
    records = pl.DataFrame({"calling_number": ["+79161234567"], "called_number": [""]})
    numbers = normalise(records, side="arrivals", numbering=None, learned=None)
    assert numbers.select(COLUMNS).row(0) == (79161234567, 0, 0)
    empty = normalise(records.clear(), side="arrivals", numbering=BORDER, learned=None)
    assert empty.height == 0
    assert empty.schema["calling"] == pl.Int64


def test_second_readings_name_the_other_number():
    """Where two plans explain a text, both numbers can be had."""
    records = frame(["298212345", "+375291234567", "84961234567", "anonymous"])
    both = second_readings(
        normalise(records, side="departures", numbering=BORDER, learned=None),
        side="departures",
        numbering=BORDER,
        learned=None,
    )
    assert both["calling"].to_list() == [375298212345, 375291234567, 74961234567, 0]
    assert both["calling_second"].to_list() == [298212345, 0, 84961234567, 0]
    assert set(both["redirecting_second"]) == {298212345, 0, 84961234567}


def test_handset_logs_without_countries(shared_data):
    """The numbers of the Nodobo handsets are the same on both sides."""
    path = shared_data / "telephony" / "nodobo-calls" / "calls.csv"
    if not path.is_file():
        pytest.skip("the Nodobo logs are not among the shared test data")
    texts = pl.read_csv(path, infer_schema=False).select("user", "other")
    numbers = texts["user"].append(texts["other"]).drop_nulls().unique().to_list()
    sides = [learn([frame(numbers)], side) for side in ("departures", "arrivals")]
    first, second = agree(sides)
    departures = read(numbers, numbering=None, learned=first)
    arrivals = read(numbers, side="arrivals", numbering=None, learned=second)
    assert departures["calling"].to_list() == arrivals["called"].to_list()
    assert departures["calling"].n_unique() == len(numbers)


@settings(max_examples=500)
@given(st.from_regex(r"\+?[0-9]{1,26}", fullmatch=True))
def test_the_usual_text_is_read_as_the_long_way_reads_it(text: str) -> None:
    context = make_context(
        near=("BY", "RU"),
        country="BY",
        declared=None,
        missing_plus=True,
        counts={},
        side_counts={},
        code_counts={},
        countries=("BY", "RU"),
    )
    assert clean(text) == clean(f" {text}")
    assert choose(text, context) == ranked(text, context)[0]
    assert explicit(text) in {0, ranked(text, context)[0]}


@pytest.mark.property
@settings(max_examples=200)
@given(
    st.sampled_from(["", "375", "7", "1", "37", "888", "44"]),
    st.text(string.digits, min_size=1, max_size=16),
)
def test_a_number_is_allocated_as_its_plan_says(code, rest):
    """Asked by one pattern, or by code and rest, a plan says the same."""
    split = split_code(code + rest)
    allocated = split is not None and is_valid(*split)
    assert is_allocated(int(code + rest)) == (allocated and (code + rest)[0] != "0")
    if allocated:
        assert explicit(f"+{code}{rest}") == int(code + rest)
