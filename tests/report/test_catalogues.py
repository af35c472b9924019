"""The catalogues: the same messages, the same parameters, real languages."""

import re
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.pofile import read_po

from tallystick.domains.calls.schema import KINDS
from tallystick.report.kinds import explain_kind
from tallystick.report.texts import LANGUAGES, texts_in

from .builder import WHY

PACKAGE = files("tallystick.report")
CODES = re.findall(
    r"\w+",
    """
    prior called_number_same calling_number_same time_close duration_same
    duration_differs answer_same chance_rate number_busy sim_support trunk_support
    carrier_support peer_complete peer_incomplete serial_complete serial_gap silence
    edge declared_gap baseline_loss number_unpaired_only answered_early
    answered_not_there billed_longer rounding overlap repeated_crossing redirecting
    restricted fdr same_key_near unreadable harm_budget number_absent possible_partner
    usual serial declared
    """,
)
# Letters that the language does not have: a mixed-up catalogue shows by them.
FOREIGN = {"ru": "іўʼ", "be": "ищъИЩЪ"}
FORMS = {"en": 2, "ru": 3, "be": 3}


def catalogue(language):
    """Return the messages of a language by id."""
    source = (PACKAGE / "catalogues" / f"{language}.po").read_bytes()
    return {m.id: m for m in read_po(BytesIO(source), locale=language) if m.id}


def key(message):
    """Return the id of a message, plural or not."""
    return message.id[0] if isinstance(message.id, tuple) else message.id


def strings(message):
    """Return the texts of a message."""
    return message.string if isinstance(message.string, tuple) else (message.string,)


def parameters(text):
    """Return the names that stand in braces."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_languages_have_the_same_messages():
    """No message is missing in one language only."""
    english, *others = (set(catalogue(one)) for one in LANGUAGES)
    for other in others:
        assert english == other


@pytest.mark.parametrize("language", LANGUAGES)
def test_messages_are_complete(language):
    """Every message is there, in all plural forms, and takes the same parameters."""
    english = catalogue("en")
    for name, message in catalogue(language).items():
        wanted = set().union(*(parameters(s) for s in strings(english[name])))
        for text in strings(message):
            assert text.strip(), name
            assert "fuzzy" not in message.flags
            assert parameters(text) == wanted, name
        if isinstance(message.id, tuple):
            assert FORMS[language] == len(strings(message)), name


@pytest.mark.parametrize("language", ["ru", "be"])
def test_languages_are_not_mixed_up(language):
    """Russian has no short u, Belarusian no hard sign: each is written as itself."""
    for message in catalogue(language).values():
        for text in strings(message):
            assert not set(FOREIGN[language]) & set(text), key(message)


@pytest.mark.parametrize("language", ["ru", "be"])
def test_nothing_is_left_in_english(language):
    """What is text at all is not the English text, except names and signs."""
    english = catalogue("en")
    for name, message in catalogue(language).items():
        for text, other in zip(strings(message), strings(english[name]), strict=False):
            letters = re.sub(r"\{\w+\}|Tallystick|UTC|[\W\d_]", "", text)
            assert not letters or text != other, name


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_and_code_has_its_sentence(language):
    """All kinds are explained in five parts; all codes have a plain sentence."""
    texts = texts_in(language)
    parts = ("title", "what", "seen", "innocent", "action")
    for kind in KINDS:
        assert all(texts.has(f"kind.{kind}.{part}") for part in parts)
    for code in CODES:
        assert texts.named("evidence", code).endswith("."), code
    for why in WHY:
        assert texts.has(f"gap.{why}"), why


def test_messages_that_the_code_asks_for_exist():
    """Every id written out in a template or module is in the catalogue."""
    texts, asked = texts_in("en"), set()
    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix in {".py", ".j2"}:
            source = path.read_text(encoding="utf-8")
            found = re.findall(r'\b(?:t|texts)\.(?:say|count)\(\s*"([a-z_.]+)"', source)
            asked |= {name for name in found if not name.endswith(".")}
    assert len(asked) > 100
    assert [name for name in sorted(asked) if not texts.has(name)] == []


def test_unknown_codes_are_shown_as_they_are():
    """A code without a sentence is its own sentence."""
    assert texts_in("be").named("evidence", "new_code") == "new_code"
    assert texts_in("ru").say("no.such.message") == "no.such.message"


@pytest.mark.parametrize(
    ("language", "number", "said"),
    [
        ("en", 1, "1 row could"),
        ("en", 2, "2 rows could"),
        ("ru", 1, "1 строку"),
        ("ru", 3, "3 строки"),
        ("ru", 11, "11 строк "),
        ("ru", 21, "21 строку"),
        ("be", 1, "1 радок"),
        ("be", 22, "22 радкі"),
        ("be", 112, "112 радкоў"),
        ("be", 1001, "1\N{NO-BREAK SPACE}001 радок"),
    ],
)
def test_plurals_follow_the_language(language, number, said):
    """One, few and many are told apart as each language does."""
    assert texts_in(language).count("brief.rejected", number).startswith(said)


def test_reference_page_says_what_the_report_says():
    """The documentation of the kinds and the report's own texts are one."""
    page = Path(__file__).parents[2] / "docs" / "reference" / "finding-kinds.md"
    text = page.read_text(encoding="utf-8")
    places = [
        text.index(f"\n## {explain_kind(k, texts_in('en')).title}") for k in KINDS
    ]
    assert places == sorted(places)
    for kind in KINDS:
        said = explain_kind(kind, texts_in("en"))
        for part in (said.what, said.seen, said.innocent, said.action):
            assert part in text, kind
        for language in LANGUAGES:
            assert explain_kind(kind, texts_in(language)).title in text
