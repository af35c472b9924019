"""The specification and the code say the same."""

import re
from pathlib import Path

import pytest

from tallystick.domains.calls.numbers import Numbering, context, normalise, sample
from tallystick.domains.calls.numbers.absent import ABSENT_WORDS
from tallystick.domains.calls.numbers.form import Written
from tallystick.domains.calls.numbers.reading import COMMON_PREFIXES

from .written import frame

SPEC = (Path(__file__).parents[3] / "spec" / "numbers.md").read_text("utf-8")
EXAMPLES = re.findall(r"^\| `(.+?)` \| (-?\d+) \|", SPEC, re.MULTILINE)


@pytest.mark.parametrize(("text", "number"), EXAMPLES)
def test_the_examples_hold(text, number):
    """Each row of the example is read as it says."""
    read = normalise(
        frame([text]),
        side="departures",
        numbering=Numbering.from_countries("BY", "RU"),
        learned=None,
    )
    assert read["calling"].to_list() == [int(number)]


def test_the_examples_are_found():
    """The table was not lost in the writing."""
    assert len(EXAMPLES) >= 25


def test_the_absent_words_are_those_of_the_code():
    """The list of words is complete on both sides."""
    paragraph = SPEC.split("The words, compared after step 8:")[1].split("\n\n")[0]
    assert set(re.findall(r"`(.+?)`", paragraph)) == ABSENT_WORDS


def test_the_weights_are_those_of_the_code():
    """The table of presumed weights is the code's."""
    rows = dict(re.findall(r"^\| ([a-z ,]+) \| ([\d.]+) \|$", SPEC, re.MULTILINE))
    near, far = context.PRESUMED_NATIONAL
    assert {name: float(weight) for name, weight in rows.items()} == {
        "international": context.PRESUMED_INTERNATIONAL,
        "prefixed, nearer country": near[Written.PREFIXED],
        "bare, nearer country": near[Written.BARE],
        "prefixed, farther country": far[Written.PREFIXED],
        "bare, farther country": far[Written.BARE],
        "prefixed and bare, country of the side, in addition": context.OF_THE_SIDE,
    }


@pytest.mark.parametrize(
    "sentence",
    [
        f"added {context.DECLARED:.0f} for each way",
        f"and {context.DECLARED_FOREIGN:.0f} more where",
        f"is {context.SHARE_HOME:.0f} divided by",
        f"and {context.SHARE_FOREIGN} for any other",
        f"at most {sample.MOST_PER_TRUNK} per trunk",
        f"at most {sample.PER_COLUMN} / *t*",
        f"not fewer than {sample.LEAST_PER_TRUNK}",
        f"`{COMMON_PREFIXES[0]}` is tried first, then `{COMMON_PREFIXES[1]}`",
    ],
)
def test_the_constants_are_those_of_the_code(sentence):
    """Numbers in the text are those the code uses."""
    assert sentence in SPEC
