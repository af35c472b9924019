"""The page: self-contained, complete, honest about what is not there."""

import json
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

from tallystick.domains.calls.schema import KINDS
from tallystick.model import MalformedError, UnavailableError
from tallystick.report.article import SECTIONS
from tallystick.report.command import without_folders
from tallystick.report.page import write_report
from tallystick.report.result import read_summary
from tallystick.report.suspected import count_suspected, named_calls
from tallystick.report.texts import LANGUAGES, texts_in

from .builder import Shape, build_result

TEXTS = texts_in("en")
TWO_MEGABYTES = 2_000_000
VOID = {"meta", "input", "br", "img", "link", "hr"}
FEW = ("loop", "no_arrival", "unproven")
SMALL = Shape(carriers=2, trunks=3, hours=2, calls=200_000, kinds=FEW)


class Reader(HTMLParser):
    """Collects what the tests ask about, and checks that elements nest."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.tags = [], [], [], Counter()
        self.text = []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.tags[tag] += 1
        self.ids += [values["id"]] if "id" in values else []
        self.links += [values["href"]] if "href" in values else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert tag == self.open.pop()

    def handle_data(self, data):
        self.text.append(data)


def read(page):
    """Parse a page, failing where it is not well nested."""
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def write(tmp_path, shape, language="en"):
    """Return the page of a result of the given shape."""
    return write_report(
        build_result(tmp_path / "r", shape), language=language
    ).read_text(encoding="utf-8")


def test_page_fetches_and_executes_nothing(page):
    """Nothing is loaded from anywhere and there is no script."""
    assert "<script" not in page
    assert not re.search(r"\b(src|srcset|@import|url\(\s*['\"]?http)", page)
    addresses = set(re.findall(r"https?://[^\s\"'<]+", page))
    assert {"http://www.w3.org/2000/svg"} >= addresses


def test_page_is_well_formed_and_its_links_lead_somewhere(page):
    """Elements nest, ids are unique, anchors exist, other links name result files."""
    reader = read(page)
    assert [name for name, n in Counter(reader.ids).items() if n > 1] == []
    anchors = {link[1:] for link in reader.links if link.startswith("#")}
    assert anchors <= set(reader.ids)
    files = {link for link in reader.links if not link.startswith("#")}
    assert {"findings.csv", "pairs.parquet", "rejects.csv"} == files


def test_page_holds_every_section_in_three_languages(page):
    """Each language has its own article with all sections in the same order."""
    ids = read(page).ids
    for language in LANGUAGES:
        wanted = [f"{language}-{name}" for name in SECTIONS]
        assert wanted == [name for name in ids if name in wanted]
        assert f'<article id="{language}" lang="{language}">' in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_opens_in_the_language_asked_for(tmp_path, language):
    """The chosen language is checked, and the page says so to assistive readers."""
    page = write(tmp_path, Shape(calls=0, hours=0, kinds=(), outage=False), language)
    assert f'<html lang="{language}">' in page
    checked = re.findall(r'id="choose-(\w\w)"\s* checked', page)
    assert [language] == checked


def test_page_explains_every_kind_and_counts_those_found(page):
    """All kinds are explained; the found ones link to their explanation and rows."""
    for language in LANGUAGES:
        for kind in KINDS:
            assert f'id="{language}-kind-{kind}"' in page
            assert f'href="#{language}-kind-{kind}"' in page
    for kind in KINDS:
        assert len(LANGUAGES) == page.count(f"<code>kind = {kind}</code>")


def test_page_has_an_announcement_for_every_picture(page):
    """Every picture that is not hidden from screen readers has a label."""
    for opening in re.findall(r"<svg[^>]*>", page):
        announced = 'role="img"' in opening and 'aria-label="' in opening
        assert announced or "aria-hidden" in opening


def test_page_shows_strongest_findings_with_both_halves_and_the_reckoning(page):
    """Twenty findings per language, masked as they were given."""
    assert 20 * len(LANGUAGES) == page.count('<section class="finding"')
    assert "+37529*****" in page
    assert 20 * len(LANGUAGES) == page.count('<table class="reckoning">')


@pytest.mark.parametrize(
    ("name", "shape", "said"),
    [
        (
            "no findings",
            replace(SMALL, kinds=(), outage=False),
            "brief.lead.clean",
        ),
        (
            "empty day",
            Shape(calls=0, hours=0, kinds=(), outage=False),
            "brief.lead.empty",
        ),
        ("empty day", Shape(calls=0, hours=0, kinds=(), outage=False), "day.none"),
        ("no domestic", replace(SMALL, domestic=False), "brief.no_domestic"),
        (
            "one carrier",
            Shape(carriers=1, trunks=1, calls=900, hours=3, kinds=FEW),
            "flow.title",
        ),
    ],
)
def test_edges_are_written_and_said(tmp_path, name, shape, said):
    """Unusual results give a page that says what is not there."""
    page = write(tmp_path, shape)
    reader = read(page)
    text = "".join(reader.text)
    for language in LANGUAGES:
        assert texts_in(language).say(said) in text, name


def test_nothing_paired_is_said_first(tmp_path):
    """Zero pairs are most often two files that do not belong together."""
    folder = build_result(tmp_path / "r", replace(SMALL, kinds=(), outage=False))
    path = folder / "summary.json"
    text = re.sub(r'"pairs": {"total": \d+', '"pairs": {"total": 0', path.read_text())
    path.write_text(text, encoding="utf-8")
    page = write_report(folder).read_text(encoding="utf-8")
    assert texts_in("en").say("brief.lead.unpaired") in "".join(read(page).text)


def test_large_result_stays_small(tmp_path):
    """Forty carriers and 300 trunks over nine days still fit a mail."""
    shape = Shape(carriers=40, trunks=300, calls=3_000_000, named_most=20, hours=24 * 9)
    page = write(tmp_path, shape)
    assert len(page.encode()) < TWO_MEGABYTES
    assert texts_in("en").count("carriers.others", 26) in page
    assert texts_in("ru").count("day.joined", 3) in page


def test_names_are_shown_and_never_executed(tmp_path):
    """Carriers may be called anything: HTML is escaped, other scripts stay."""
    names = (
        "<b>Bold & Co</b>",
        "</svg><script>alert(1)</script>",
        "電信事業者",
        "شركة الاتصالات",
        "Ўсходняя лінія",
        "{{ 7*7 }}",
        "a" * 90,
    )
    shape = replace(
        SMALL,
        carriers=7,
        names=names,
        arriving=("<i>x</i>", "Дон & Шлюз"),
        kinds=FEW[:1],
    )
    page = write(tmp_path, shape)
    reader = read(page)
    text = "".join(reader.text)
    assert not {"i", "script"} & set(reader.tags)
    assert "<b>Bold" not in page
    for name in names[:-1]:
        assert name in text


def test_blinded_result_shows_no_number_of_the_peer(tmp_path):
    """Where the peer's numbers are not given, the page says so."""
    page = write(tmp_path, replace(SMALL, blinded=True, kinds=("stretched",)))
    assert texts_in("be").say("half.hidden") in page


def test_kind_code_and_evidence_that_are_not_known_are_shown_as_they_are(tmp_path):
    """A newer pairing may write what this version has no sentence for."""
    folder = build_result(tmp_path / "r", SMALL)
    for name, column, old in (
        ("findings", "kind", "loop"),
        ("evidence", "code", "overlap"),
    ):
        path = folder / f"{name}.parquet"
        frame = pl.read_parquet(path)
        frame.with_columns(pl.col(column).replace(old, "brand_new")).write_parquet(path)
    page = write_report(folder).read_text(encoding="utf-8")
    assert "brand_new" in page


def test_bare_result_without_evidence_pairs_and_rejects(tmp_path):
    """Only the summary and the findings are indispensable."""
    folder = build_result(tmp_path / "r", SMALL)
    for name in ("evidence.parquet", "pairs.parquet", "rejects.csv"):
        (folder / name).unlink()
    page = write_report(folder).read_text(encoding="utf-8")
    assert texts_in("en").say("finding.reasons") in page
    assert texts_in("en").say("unread.rejects.none") in page


def test_no_result_is_a_sentence(tmp_path):
    """A directory that holds no result is named, with what to do."""
    with pytest.raises(UnavailableError, match=r"summary\.json") as caught:
        write_report(tmp_path)
    assert caught.value.code == "result-missing"
    assert "tally pair calls" in caught.value.advice


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "other/9"}', "\x00"])
def test_broken_summary_is_a_sentence(tmp_path, text):
    """A summary of another format is refused, never half read."""
    (tmp_path / "summary.json").write_text(text, encoding="utf-8")
    with pytest.raises(MalformedError) as caught:
        write_report(tmp_path)
    assert caught.value.code == "result-unreadable"


def test_page_is_the_same_each_time(tmp_path):
    """No time, no chance: the same result gives the same bytes."""
    folder = build_result(tmp_path / "r", replace(SMALL, kinds=()))
    first = write_report(folder).read_bytes()
    assert first == write_report(folder).read_bytes()


def test_carriers_as_wholes_stand_first_among_carriers(day, page):
    """Suspected carriers are told with their figures, also where no call is named."""
    summary = read_summary(day)
    wanted = [(one.carrier, one.kind) for one in summary.suspected]
    named = [named_calls(one, summary) for one in summary.suspected]
    assert ("Meridian Wholesale", "calling_number_removed") in wanted
    assert named.count(0) == 1
    for language in LANGUAGES:
        texts = texts_in(language)
        section = page.split(f'id="{language}-carriers"')[1].split("<h3")[0]
        table = section.split("<table>")[1]
        assert texts.say("carriers.suspected.title") in table
        assert table.split("</table>")[0].count('<th scope="row">') == len(wanted)
        assert section.count(texts.say("carriers.suspected.unnamed")) == 1
        count = count_suspected(summary)
        assert texts.count("brief.suspected", count) in page


def test_unnamed_is_said_only_where_it_is_known(day):
    """Without the carrier's own row, nothing is said about its single calls."""
    summary = read_summary(day)
    named = next(one for one in summary.suspected if named_calls(one, summary))
    assert named_calls(named, replace(summary, carriers=[])) is None
    assert named_calls(named, replace(summary, carriers=[], by_kind={})) == 0


def test_many_suspected_carriers_are_cut_short(tmp_path):
    """The page shows the surest twenty and says how many more there are."""
    folder = build_result(tmp_path / "r", SMALL)
    path = folder / "summary.json"
    raw = json.loads(path.read_text())
    row = {"kind": "loop", "side": "arrivals", "calls": 30, "of": 90, "share": 0.3}
    raw["suspected"] = [row | {"carrier": f"C{n}"} for n in range(23)]
    path.write_text(json.dumps(raw), encoding="utf-8")
    page = write_report(folder).read_text(encoding="utf-8")
    assert texts_in("en").count("carriers.suspected.more", 3) in page
    assert "C19" in page
    assert "C20" not in page


def test_certain_findings_and_indications_are_counted(day, page):
    """The brief tells them apart, and the strongest are marked."""
    frame = pl.read_parquet(day / "findings.parquet")
    certain = frame["certain"].sum()
    rest = read_summary(day).accusing - certain
    for number, name in ((certain, "certain"), (rest, "indications")):
        said = TEXTS.say(f"brief.{name}")
        figure = TEXTS.formats.integer(number)
        assert f'"figure">{figure}</td><th scope="row">{said}</th>' in page
    assert f"<b>{TEXTS.say('finding.certain')}</b>" in page


def test_older_result_leaves_out_what_it_does_not_tell(tmp_path):
    """Without suspicions, marks and command the page says nothing of them."""
    page = write(tmp_path, replace(SMALL, older=True))
    for key in (
        "carriers.suspected.title",
        "brief.certain",
        "brief.indications",
        "finding.indication",
        "repeat.command",
    ):
        assert TEXTS.say(key) not in page
    assert "tally pair calls departures.csv arrivals.parquet" in page


def test_command_is_shown_without_folders(page):
    """What made the result can be repeated; folders may name people."""
    text = "".join(read(page).text)
    command = (
        "tally pair calls departures.csv 'arrivals of May.parquet' --zone"
        " Europe/Minsk --domestic=domestic.csv.zst --out result\n"
    )
    assert text.count(command) == len(LANGUAGES)
    assert "/srv/may" not in page
    assert without_folders("tally 'broken") == ""


def test_folders_are_not_told(page):
    """File names are shown without the folders they lay in."""
    assert "departures.csv" in page
    assert "/data/2025" not in page


def test_path_is_returned(day: Path, page: str):
    """The page lies in the result directory."""
    assert page
    assert (day / "report.html").is_file()
