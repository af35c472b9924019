"""Page, PDF and table: what they hold, that they stand alone, and how they look."""

import csv
import io
import json
import re
import subprocess  # ruff: ignore[suspicious-subprocess-import] (Debian's own program)
from html.parser import HTMLParser
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from hypothesis import given, settings
from playwright.sync_api import sync_playwright

from report.conftest import CHROMIUM
from tallystick.harm import (
    Figures,
    Moved,
    PublishTerms,
    Redress,
    Replay,
    RuleFigures,
    publish,
)
from tallystick.model import MalformedError
from tallystick.report.harm import harm_page, harm_pdf, harm_table, write_harm
from tallystick.report.texts import LANGUAGES

from .drawn import OCTOBER, figures


def month(party="RU", peer="BY", **more):
    """Return the figures of a month with something of everything."""
    rules = (
        ("missing", "live", "mask", Replay(honest=33, confirmed=3_900, unproven=112)),
        ("own-number", "live", "reject", Replay(confirmed=310)),
        ("suspect", "dry-run", "label", Replay(honest=3, confirmed=80, unproven=40)),
    )
    moved = Moved(
        rule="missing",
        since_ms=OCTOBER.from_ms + 11 * 86_400_000,
        before={"Nordvik <b>": 2_100, "Zephyr": 300},
        after={"Nordvik <b>": 160, "Zephyr": 1_400, "Kvadra": 4},
        all_before=600_000,
        all_after=1_200_000,
    )
    told = {
        "party": party,
        "peer": peer,
        "period": OCTOBER,
        "outcomes": {
            "paired": 1_850_000,
            "altered": 230,
            "no_departure": 4_455,
            "repeated": 7,
            "unproven": 10_400,
        },
        "rules": tuple(
            RuleFigures(rule=rule, mode=mode, action=action, replay=replay)
            for rule, mode, action, replay in rules
        ),
        "redress": Redress(upheld=0, refused=41, open=14),
        "waited_ms": {0: 1_800_000, 3: 30_000, 12: 15_000, 140: 5_000},
        "covered": 1_841_000,
        "minutes_seen": 44_100,
        "minutes_covered": 43_800,
        "replayed": True,
        "told": 1_950_500,
        "heard": 1_850_700,
        "moved": (moved,),
        "open_cases": 31,
        "overdue_cases": 0,
    }
    return Figures(**(told | more))


TERMS = PublishTerms(carriers=True)
ONE = json.loads(json.dumps(publish(month(), TERMS)))
OTHER = json.loads(
    json.dumps(publish(month("BY", "RU", told=1_850_700, heard=1_900_000), TERMS))
)


class Page(HTMLParser):
    """Gathers what the tests look at."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.headers, self.wide = [], [], []
        self._row = 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "th":
            self.headers.append(dict(attrs).get("scope"))


@pytest.fixture(scope="module")
def page():
    return harm_page([ONE, OTHER])


def test_it_stands_alone(page):
    """Nothing is fetched and nothing runs: no script, no address but anchors."""
    parsed = Page(page)
    names = {tag for tag, _ in parsed.tags}
    assert not names & {"script", "link", "img", "iframe", "object", "form"}
    links = [a["href"] for tag, a in parsed.tags if tag == "a"]
    assert links
    assert all(link.startswith("#") for link in links)
    assert "http" not in re.sub(r'xmlns="[^"]*"', "", page)


def test_links_lead_somewhere_and_ids_are_unique(page):
    """Every place that is linked to is there once."""
    tags = Page(page).tags
    ids = [a["id"] for _, a in tags if "id" in a]
    assert len(ids) == len(set(ids))
    assert {a["href"][1:] for tag, a in tags if tag == "a"} <= set(ids)


def test_tables_tell_what_heads_what(page):
    """Every heading cell has a scope, every article its language."""
    parsed = Page(page)
    assert set(parsed.headers) == {"row", "col"}
    articles = [a["lang"] for tag, a in parsed.tags if tag == "article"]
    assert articles == list(LANGUAGES)


def test_names_are_text(page):
    """A carrier's name with a tag in it is shown, not obeyed."""
    assert "Nordvik &lt;b&gt;" in page
    assert "Nordvik <b>" not in page


def test_differences_are_named(page):
    """What RU told and BY did not hear stands in the page, in each language."""
    for words in (
        "The reports differ",
        "Отчёты расходятся",
        "Справаздачы разыходзяцца",
    ):
        assert words in page


def test_what_is_unproven_is_not_called_nought(page):
    """The lead says that it is not proven, and the bound."""
    assert "it is not proven how many honest ones were touched" in page


def test_pages_are_the_same_for_the_same_report(tmp_path):
    """No clock is in any file."""
    for name in ("a", "b"):
        write_harm(ONE, tmp_path / name, language="be")
    files = sorted((tmp_path / "a").iterdir())
    assert [path.name for path in files] == [
        "report.csv",
        "report.html",
        "report.json",
        "report.pdf",
    ]
    for path in files:
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_the_table_holds_every_figure():
    """Each figure of the JSON has its row."""
    rows = list(csv.DictReader(io.StringIO(harm_table([ONE, OTHER]))))
    of = {(r["by"], r["figure"], r["of"]): r["value"] for r in rows}
    assert len(of) == len(rows)
    assert of["RU", "verified.outcomes.paired", ""] == "1850000"
    assert of["RU", "verified.outcomes.repeated", ""] == "held"
    assert of["BY", "acted.rules.replay.honest", "missing mask"] == "30"
    assert of["RU", "moved.carriers.after", "missing Kvadra"] == "held"
    assert of["RU", "honest.proven", ""] == "no"


@settings(max_examples=8, deadline=None)
@given(figures())
def test_any_report_can_be_shown(drawn):
    """Whatever was counted, all forms can be made of it."""
    report = publish(drawn, PublishTerms(least=3))
    assert harm_page([report]).count("<article") == 3
    assert harm_pdf([report]).startswith(b"%PDF")
    assert harm_table([report])


@pytest.mark.parametrize("spoil", [{}, {"verified": 1}, {"acted": None}, {"by": 7}])
def test_what_is_no_report_is_refused(spoil):
    """A peer's JSON is not trusted; the place is named, and no value."""
    with pytest.raises(MalformedError) as told:
        harm_page([{} if not spoil else ONE | spoil])
    assert told.value.code == "harm-report"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Honest calls touched"),
        ("ru", "Затронутые добросовестные вызовы"),
        ("be", "Закранутыя сумленныя выклікі"),
    ],
)
def test_the_pdf_has_its_letters(tmp_path, debian_command, language, words):
    """Text can be taken out again in each language, and every font is inside."""
    path = tmp_path / "report.pdf"
    path.write_bytes(harm_pdf([ONE, OTHER], language=language))
    tool = debian_command("pdftotext", package="poppler-utils")
    said = subprocess.run(
        [tool, path, "-"], capture_output=True, check=True, timeout=60
    )
    text = said.stdout.decode()
    assert words in text
    if language == "be":
        assert "ў" in text
        assert "ахоплена запісам" in text
    fonts = debian_command("pdffonts", package="poppler-utils")
    told = subprocess.run([fonts, path], capture_output=True, check=True, timeout=60)
    rows = told.stdout.decode().splitlines()[2:]
    assert rows
    assert all(" yes yes yes " in row for row in rows)


def test_it_fits_a_phone_and_a_screen(tmp_path, browser):
    """In Chromium nothing stands out of the page, in any language."""
    for language in LANGUAGES:
        path = tmp_path / f"{language}.html"
        probe = (
            "<script>document.title=document.documentElement.scrollWidth+' '+"
            "innerWidth+' '+document.querySelectorAll('article:not([hidden])').length"
            "</script></body>"
        )
        text = harm_page([ONE, OTHER], language=language).replace("</body>", probe)
        path.write_text(text, encoding="utf-8")
        for width in (500, 1200):
            dom = browser(path, f"--window-size={width},900", "--dump-dom")
            wide, inner, _ = re.search(r"<title>([^<]*)<", dom)[1].split()
            assert int(wide) <= int(inner), (language, width)


def test_axe_finds_nothing_against_it(tmp_path, lacks):
    """The rules of WCAG that a program can check hold, light and dark."""
    if not Path(CHROMIUM).is_file():
        lacks(f"{CHROMIUM} is not installed: nothing can be looked at")
    path = tmp_path / "report.html"
    path.write_text(harm_page([ONE, OTHER]), encoding="utf-8")
    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            for scheme in ("light", "dark"):
                seen = opened.new_page(color_scheme=scheme)
                seen.goto(path.as_uri(), timeout=30_000)
                found = Axe().run(seen)
                assert found.violations_count == 0, found.generate_report()
        finally:
            opened.close()
