"""Letters say the same in three languages, and hold no more than they should."""

import io
import zipfile

import pytest

from tallystick.cases.letter import LANGUAGES, Subject, words, write_letter
from tallystick.domains.calls.cases import RULES
from tallystick.report.cases import Dossier, dossier_xlsx, letter_docx, letter_pdf

from .parties import HANDLES, T0

SUBJECT = Subject(
    case="7QF2M9XT4CW0AB12",
    kind="stretched-trunk",
    departure="BY",
    arrival="RU",
    actor="=Ўсход #strong[x]",
    object="BY-118",
    crossings=1301,
    stake_ms=9_540_000,
    money=238_550,
    currency="EUR",
    first_ms=T0,
    last_ms=T0 + 86_400_000,
)


def letter(language, question="as-answered"):
    return write_letter(
        SUBJECT,
        language=language,
        sender="BY",
        whom="RU",
        question=question,
        handles=HANDLES[:3],
        due_ms=T0,
    )


def test_every_question_and_kind_is_said_in_three_languages():
    """No letter shows a code."""
    said = words()
    needed = {f"kind_{rule.kind}" for rule in RULES}
    needed |= {f"question_{code}" for rule in RULES for _, code in rule.asks}
    assert needed <= said.keys()
    assert all(set(LANGUAGES) == set(one) for one in said.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_letter_names_the_crossings_it_asks_about_and_no_other(language):
    """By their handles; with amounts as the language writes them."""
    text = letter(language).text
    assert [one for one in HANDLES if one in text] == HANDLES[:3]
    assert {"be": "2\xa0385,5 EUR", "ru": "2\xa0385,5 EUR", "en": "2,385.5 EUR"}[
        language
    ] in text
    assert "{" not in text
    assert ".." not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_letter_is_written_as_docx_and_pdf(language):
    """All of it is there; what it says is never taken as markup."""
    written = letter(language)
    docx = letter_docx(written, language=language, at_ms=T0)
    with zipfile.ZipFile(io.BytesIO(docx)) as parts:
        text = parts.read("word/document.xml").decode()
    assert "=Ўсход #strong[x]" in text
    assert all(handle in text for handle in written.handles)
    pdf = letter_pdf(written, language=language)
    assert pdf.startswith(b"%PDF-")
    assert pdf == letter_pdf(written, language=language)


def test_a_workbook_takes_no_text_as_a_formula():
    """A carrier may be called anything."""
    dossier = Dossier(
        case={"actor": '=HYPERLINK("https://example.org")', "crossings": 3},
        state={"state": "open", "turn": ("BY",)},
        days=[{"day": 1, "crossings": 3}],
        crossings=[{"handle": HANDLES[0], "departure_carrier": "=1+1"}],
        statements=[],
    )
    book = dossier_xlsx(dossier, at_ms=T0)
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        sheets = [name for name in parts.namelist() if "/sheet" in name]
        assert not any(b"<f>" in parts.read(name) for name in sheets)
        assert "=HYPERLINK" in parts.read("xl/sharedStrings.xml").decode()
