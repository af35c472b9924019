"""What records show of how a trunk writes its numbers."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.domains.calls.numbers import Numbering, agree, learn, normalise
from tallystick.domains.calls.numbers import sample as sampling

from .written import frame

BORDER = Numbering.from_countries("BY", "RU")


def numbers(code, heads, count, seed):
    """Return national numbers: one of some heads, then random digits."""
    rng = np.random.default_rng(seed)
    size = {"375": 9, "7": 10}[code]
    return [
        head + "".join(map(str, rng.integers(0, 10, size - len(head))))
        for head in rng.choice(heads, count)
    ]


BELARUSIAN = numbers("375", ["296", "336", "447", "172"], 300, 1)
RUSSIAN = numbers("7", ["916", "925", "495", "812"], 300, 2)


def records(calling, called, trunk):
    """Return records of one trunk."""
    return pl.DataFrame(
        {
            "calling_number": calling,
            "called_number": called,
            "trunk": pl.repeat(trunk, len(calling), dtype=pl.String, eager=True),
        },
    )


PLUS = records([f"+375{n}" for n in BELARUSIAN], [f"+7{n}" for n in RUSSIAN], "plus")
BARE = records(BELARUSIAN, RUSSIAN, "bare")
MIXED = records(
    [f"80{n}" if i % 50 == 0 else f"375{n}" for i, n in enumerate(BELARUSIAN)],
    [f"8{n}" for n in RUSSIAN],
    "mixed",
)


def test_each_trunk_is_counted_by_itself():
    """Forms are counted per trunk and column, over distinct numbers."""
    learned = learn([PLUS, BARE, MIXED, MIXED], "arrivals", numbering=BORDER)
    counts = learned.counts
    assert counts["plus", "calling"]["plus"] == 300
    assert counts["bare", "called"]["bare:RU"] > 200
    assert counts["mixed", "calling"]["prefixed:BY"] == 6
    assert counts["mixed", "called"]["prefixed:RU"] > 200
    assert learned.code_counts["calling"][375] > 500


def test_countries_are_guessed_from_international_numbers():
    """The commonest code of calling numbers is where calls left from."""
    for side in ("departures", "arrivals"):
        learned = learn([PLUS, BARE], side)
        assert (learned.departure, learned.arrival) == ("BY", "RU")
    assert learn([BARE], "departures").departure is None


def test_sides_agree_on_countries():
    """What one side cannot tell, it takes from the other, and counts anew."""
    blind, seeing = agree([learn([BARE], "arrivals"), learn([PLUS], "departures")])
    assert (blind.departure, blind.arrival) == ("BY", "RU")
    assert blind.counts == learn([BARE], "arrivals", numbering=BORDER).counts
    assert seeing.side == "departures"


def test_ambiguous_numbers_follow_what_the_trunk_shows():
    """298 is the Faroe Islands on one trunk and a Belarusian mobile on another."""
    rng = np.random.default_rng(3)
    islands = records(
        [f"298{n}" for n in rng.integers(210000, 219999, 30)],
        ["+79161234567"] * 30,
        "foreign",
    ).with_columns(
        pl.concat_str(pl.lit("+"), pl.col("calling_number")).alias("calling_number")
    )
    international = records(
        [f"375{n}" for n in BELARUSIAN], ["+79161234567"] * 300, "foreign"
    )
    learned = learn([international, islands, BARE], "arrivals", numbering=BORDER)
    read = normalise(
        frame(["298212345", "298212345"], ["foreign", "bare"]),
        side="arrivals",
        numbering=BORDER,
        learned=learned,
    )
    assert read["calling"].to_list() == [298212345, 375298212345]


@pytest.mark.property
@settings(max_examples=8, deadline=None)
@given(st.randoms(), st.integers(20, 400))
def test_learning_does_not_depend_on_order(shuffled, size):
    """Shuffled, repeated or cut into batches, records show the same."""
    whole = pl.concat([PLUS, BARE, MIXED])
    rows = [*range(whole.height), *range(0, whole.height, 7)]
    shuffled.shuffle(rows)
    mixed = whole[rows]
    batches = [mixed[i : i + size] for i in range(0, mixed.height, size)]
    first = learn([whole], "arrivals")
    assert learn(batches, "arrivals") == first


def test_a_sample_is_bounded_and_ordered(monkeypatch):
    """Where there are more numbers than places, the smallest hashes are kept."""
    monkeypatch.setattr(sampling, "MOST_PER_TRUNK", 50)
    monkeypatch.setattr(sampling, "PER_COLUMN", 120)
    monkeypatch.setattr(sampling, "LEAST_PER_TRUNK", 20)
    whole = pl.concat([PLUS, BARE, MIXED])
    sample = sampling.sample_numbers([whole])
    assert {len(texts) for texts in sample.values()} == {40}
    pieces = [whole[i : i + 37] for i in range(0, whole.height, 37)]
    assert sampling.sample_numbers(reversed(pieces)) == sample


def test_nothing_is_learned_from_nothing():
    """No records, or records without numbers, teach nothing and break nothing."""
    assert not learn([], "departures").counts
    silent = learn([frame(["", ""])], "domestic")
    assert not silent.counts


def test_a_learned_value_does_not_show_its_sample():
    """Printed by mistake, what was learned shows counts and no number."""
    assert BELARUSIAN[0] not in repr(learn([BARE], "arrivals", numbering=BORDER))
