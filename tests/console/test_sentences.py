"""What the program says in English, pages say in the reader's language."""

import re
from importlib.resources import files
from io import BytesIO
from string import Formatter

import pytest
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from tallystick.agreement.guard import Trip
from tallystick.agreement.text import read_text
from tallystick.console.sentences import sentences_in
from tallystick.model import Sentence, VerificationError, read_back

from .templates import templates

LANGUAGES = ("be", "ru")
FORMS = 3
# Letters that the language does not have: a mixed-up catalogue shows by them.
FOREIGN = {"ru": "іўʼ", "be": "ищъИЩЪ"}


def catalogue(language):
    """Return the forms of a language's words, by template."""
    source = files("tallystick.console") / "sentences" / f"{language}.po"
    return {
        one.id if isinstance(one.id, str) else one.id[0]: (
            (one.string,) if isinstance(one.string, str) else one.string
        )
        for one in read_po(BytesIO(source.read_bytes()), locale=language)
        if one.id
    }


def names(text):
    """Return the names that stand in braces, with how they are to be written."""
    return {(name, how) for _, name, how, _ in Formatter().parse(text) if name}


def english(text):
    """Tell whether three words of English stand in a row, outside of quotations."""
    plain = re.sub(r"`[^`]*`|\"[^\"]*\"|«[^»]*»", "", text)
    return bool(re.search(r"(?:[A-Za-z']{2,} ){2}[A-Za-z]{2}", plain))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_of_a_page_is_there(language):
    """Those of the source and no others, each with its values and its plural forms."""
    known, wanted = catalogue(language), templates()
    assert sorted(set(wanted) - set(known)) == []
    assert sorted(set(known) - set(wanted)) == []
    for template, texts in known.items():
        values = {(name, "") for name, _ in names(template)}
        counts = "n" in dict(values)
        assert len(texts) == (FORMS if counts else 1), template
        for text in texts:
            assert text.strip(), template
            assert names(text) == values, template
            assert not set(FOREIGN[language]) & set(text), text


MISTAKEN = """
format = "tallystick-agreement/2"
version = 0
word = 1
domains = ["calls", "calls"]
in_force_from = "2027-01-31"
parties = [{ name = "BY", body = "x", key = "tallystick-verifying-key/1 BY a" }]

[window]
before_ms = 100
usual_ms = 5000

[completeness]
share = 0.5

[[rules]]
id = "r"
action = "reject"
mode = "live"
when = { half = ["none"], no = [] }
"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_mistake_of_a_text_is_told(language):
    """With its values, numbers as the language writes them."""
    _, mistakes = read_text(MISTAKEN)
    told = {one.where: sentences_in(language).told(one.sentence) for one in mistakes}
    assert all(told.values())
    assert {one for one in told.values() if english(one)} == set()
    low = {"be": "лік ад 0,9 да 1", "ru": "число от 0,9 до 1"}[language]
    assert low in told["$.completeness.share"]
    assert "1\xa0000\xa0000" in told["$.version"]
    for text in ("a = 1\nb = ", "[", "x" * 300_000):
        _, (only,) = read_text(text)
        assert not english(sentences_in(language).told(only.sentence) or str(only))


@pytest.mark.parametrize(
    ("n", "be", "ru"),
    [
        (1, "1 запіс журнала", "1 запись журнала"),
        (22, "22 запісы журнала", "22 записи журнала"),
        (1_005, "1\xa0005 запісаў журнала", "1\xa0005 записей журнала"),
    ],
)
def test_a_count_has_the_form_that_its_number_asks_for(n, be, ru):
    """One, a few, many; the same in English as ever."""
    error = VerificationError(
        "log-lost",
        "The store knows of {n} entries of the log, and the folder does not hold them "
        "as they were ({size} entries): it is an older copy, or another history.",
        advice="Restore the file. Without it a forked log would not be seen.",
        n=n,
        size=7,
    )
    assert f"of {n} entries of the log" in str(error)
    for language, words in (("be", be), ("ru", ru)):
        told = sentences_in(language).told(error.said)
        assert words in told
        assert not english(told)


REASONS = [
    Trip("by-share", "share", 0, 12, 340, 0.02, 0.001),
    Trip("by-redress", "redress", 0, 3, 100_000, 30.0, 20),
    Trip("by-change", "change", 0, 50, 900, 9.0, 2.5),
]


@pytest.mark.parametrize("trip", REASONS, ids=lambda trip: trip.reason)
def test_what_was_signed_as_text_is_told_too(trip):
    """The guard's sentence is found again by its template, in either language."""
    told = {
        language: sentences_in(language).told(trip.sentence) for language in LANGUAGES
    }
    for text in told.values():
        assert trip.rule in text
        assert not english(text.replace(trip.rule, ""))
    assert told["be"] != told["ru"]


WORD = st.text(min_size=1, max_size=30).map(str.strip).filter(bool)


@given(WORD, st.integers(0, 10**15), WORD | st.just(""))
def test_text_that_was_kept_is_read_back_as_it_was(name, n, more):
    """Put together again it is the same text, whatever stands in it."""
    template = "The log of {party} shows {n} entries: it was forked."
    made = str(Sentence(template, {"party": name, "n": n}))
    found = read_back(f"{made} {more}".rstrip(), template)
    assert (found is None) == ("\n" in name + more)
    if found is not None:
        assert (str(found.sentence), found.rest) == (made, more)


def test_what_people_wrote_stays_as_they_wrote_it():
    """No sentence of ours is seen in it, however long it is."""
    for text in ("", "Too many calls.", "a or b", " has seen " * 2_000, "must be so."):
        assert sentences_in("be").told(text) == ""
    assert sentences_in("en") is None


def test_half_told_is_not_told():
    """Where a part has no words, all of it stays English, to be marked as such."""
    strange = VerificationError("x", "Nobody has put this into words.")
    within = Sentence("cannot stand: {why}", {"why": strange.sentence})
    assert sentences_in("ru").told(strange.said) == ""
    assert sentences_in("ru").told(within) == ""
