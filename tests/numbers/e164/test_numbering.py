"""The numbering file: what it may say, and what is said of what it may not."""

import pytest

from tallystick.domains.calls.numbers import Numbering, normalise, propose_numbering
from tallystick.domains.calls.numbers.form import Form
from tallystick.model.errors import ConfigError

from .test_learn import BARE, MIXED, PLUS
from .written import frame

EXAMPLE = """
[departures]
country = "BY"

[departures.trunks."MSQ-106"]
calling = "international"
called = "national:RU"

[departures.trunks.PBX]
calling = "subscriber:BY:17"
missing_plus = false

[arrivals]
country = "RU"
calling = "international"
called = "national"
"""

BROKEN = [
    ("[departures]\ncalling = 1", "numbering-form", "$.departures.calling"),
    (
        '[departures.trunks.MSQ-106]\ncalling = "natonal:RU"',
        "numbering-form",
        "$.departures.trunks.MSQ-106.calling",
    ),
    ('[arrivals]\ncalled = "national:XX"', "numbering-form", "$.arrivals.called"),
    ('[arrivals]\ncalled = "subscriber:RU"', "numbering-form", "$.arrivals.called"),
    ('[arrivals]\ncalled = "subscriber:RU:4x"', "numbering-form", "$.arrivals.called"),
    ('[arrivals]\ncalled = "international:RU"', "numbering-form", "$.arrivals.called"),
    ('[arrivals]\nmissing_plus = "no"', "numbering-form", "$.arrivals.missing_plus"),
    ('[departure]\ncountry = "BY"', "numbering-key", "$.departure"),
    ('[departures]\nland = "BY"', "numbering-key", "$.departures.land"),
    (
        '[departures.trunks.A]\ncountry = "BY"',
        "numbering-key",
        "$.departures.trunks.A.country",
    ),
    ('[departures]\ncountry = "Belarus"', "numbering-country", "$.departures.country"),
    ("[departures]\ntrunks = 1", "numbering-form", "$.departures.trunks"),
    ("departures = 1", "numbering-form", "$.departures"),
    (
        '[arrivals]\ncalled = "national"',
        "numbering-contradiction",
        "$.arrivals.called",
    ),
    (
        '[arrivals]\ncountry = "RU"\n[domestic]\ncountry = "BY"',
        "numbering-contradiction",
        "$.domestic.country",
    ),
    ("[departures\n", "numbering-file", "line 1"),
]


def load(tmp_path, text):
    path = tmp_path / "numbering.toml"
    path.write_text(text, "utf-8")
    return Numbering.load(path)


def test_the_example_is_read(tmp_path):
    """Forms of a trunk go before those of its side."""
    numbering = load(tmp_path, EXAMPLE)
    departures, arrivals = numbering.departures, numbering.arrivals
    assert departures.form("MSQ-106", "calling") == Form("international")
    assert departures.form("MSQ-106", "redirecting") == Form("international")
    assert departures.form("MSQ-106", "called") == Form("national", "RU")
    assert departures.form("PBX", "calling") == Form("subscriber", "BY", "17")
    assert departures.form("PBX", "called") is None
    assert not departures.missing_plus("PBX")
    assert departures.missing_plus("MSQ-106")
    assert arrivals.form("anything", "called") == Form("national", "RU")
    assert numbering.countries() == {"BY", "RU"}
    assert str(departures.form("PBX", "calling")) == "subscriber:BY:17"


def test_the_file_rules_the_reading(tmp_path):
    """What is declared is what is read."""
    numbering = load(tmp_path, EXAMPLE)
    texts = ["2123456", "375291234567", "+375291234567", "9161234567"]
    read = normalise(
        frame(texts, "PBX"), side="departures", numbering=numbering, learned=None
    )
    assert read["calling"].to_list()[0] == 375172123456
    assert read["calling"].to_list()[1] < 0  # missing_plus = false
    assert read["calling"].to_list()[2:] == [375291234567, 79161234567]
    read = normalise(
        frame(texts, "MSQ-106"), side="departures", numbering=numbering, learned=None
    )
    assert read["called"].to_list()[1:] == [375291234567, 375291234567, 79161234567]


@pytest.mark.parametrize(("text", "code", "where"), BROKEN)
def test_a_broken_file_is_refused_with_the_place(tmp_path, text, code, where):
    """Each mistake has its code, and its place in the file."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert caught.value.code == code
    assert where in str(caught.value)


def test_no_message_repeats_a_value(tmp_path):
    """A number written in the wrong place does not come back in the message."""
    for text in ('[departures]\ncalling = "+375291234567"', "a = +375291234567 x"):
        with pytest.raises(ConfigError) as caught:
            load(tmp_path, text)
        assert "291234567" not in str(caught.value)


def test_files_that_are_none(tmp_path):
    """A missing file and one that is not text are named."""
    with pytest.raises(ConfigError, match="cannot be read"):
        Numbering.load(tmp_path / "nowhere.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8"):
        Numbering.load(tmp_path / "binary.toml")


def test_countries_are_checked():
    """A country without a plan is refused."""
    with pytest.raises(ConfigError, match="departure country"):
        Numbering.from_countries("XX", "RU")
    assert Numbering.from_countries() == Numbering()


def test_what_is_proposed_can_be_loaded(tmp_path):
    """The proposal is a numbering file, says what was seen, and holds no number."""
    records = PLUS.vstack(BARE).vstack(MIXED)
    text = propose_numbering(records, side="arrivals")
    numbering = load(tmp_path, text)
    assert numbering.arrivals.country == "RU"
    assert numbering.arrivals.form("plus", "calling") == Form("international")
    assert numbering.arrivals.form("bare", "calling") == Form("national", "BY")
    assert numbering.arrivals.form("mixed", "called") == Form("national", "RU")
    assert "294 without +" in text
    assert not any(number in text for number in records["calling_number"])


def test_a_trunk_of_any_name_is_quoted(tmp_path):
    """Quotes, backslashes and control characters in a trunk name do no harm."""
    name = 'a"b\\c\td\x7f.\u0431'
    records = PLUS.with_columns(trunk=PLUS["trunk"].replace("plus", name))
    numbering = load(tmp_path, propose_numbering(records))
    assert set(numbering.departures.trunks) == {name}


def test_little_evidence_proposes_nothing(tmp_path):
    """A handful of numbers, or of mixed forms, gives comments only."""
    text = propose_numbering(frame(["455", "9", "0760"], ""))
    assert "not clear" in text
    assert load(tmp_path, text) == Numbering()
    with pytest.raises(ConfigError, match="no such side"):
        propose_numbering(PLUS, side="elsewhere")
