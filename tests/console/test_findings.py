"""Findings in the console: the list, both halves of one, and who sees which number."""

import csv
import io
import re

import pytest

from store.simulated import CHANNEL
from tallystick.console.desk import words
from tallystick.store.cases import CaseBook

from .planted import CALLED, CALLING, case_of, desk, plant
from .test_cases import MASKED, looks


@pytest.fixture
def case(world):
    """Return the name of the case about trunk T1."""
    return plant(world.store)


def listed(guest):
    """Return the findings that a page lists."""
    return re.findall(r'<a href="/findings/([0-9a-f]{24})"', guest.page.text)


def handle_of(world, **wanted):
    """Return a finding of the case that has these values."""
    return desk(world.store).cases.surest(case_of(world.store, **wanted).id, most=1)[0]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("finding=stretched", 12),
        ("finding=no_departure", 3),
        ("finding=nonsense", 68),
        ("part=case", 56),
        ("part=nameless", 3),
        ("part=unproven", 9),
        ("certain=no", 12),
        ("departure_point=T2", 18),
        ("departure_point=T2&finding=unproven", 4),
        ("departure_carrier=-", 9),
        ("departure_carrier=Nobody", 0),
        ("arrival_carrier=Fir&arrival_point=R1", 26),
        ("departure=RU", 0),
        ("at_ms_from=2026-08-10", 1),
    ],
)
@pytest.mark.usefixtures("case")
def test_the_list_is_filtered(world, query, shown):
    """By kind, day, carrier, trunk, case or none, and how sure; no number is in it."""
    guest = world.visitor("vera")
    answer = guest.get(f"/findings.csv?{query}")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert len(rows) == shown
    guest.get(f"/findings?{query}")
    assert len(listed(guest)) == min(shown, 50)
    for text in (answer.text, guest.page.text):
        assert "+375" not in text
        assert "+749" not in text


@pytest.mark.usefixtures("case")
def test_the_list_is_sorted_and_paged(world):
    """Each finding is on one page, whichever way it is sorted."""
    guest = world.visitor("vera")
    every = set()
    for sort in ("at_ms", "confidence", "departure_carrier", "part"):
        seen = []
        for page in (1, 2):
            guest.get(f"/findings?sort={sort}&down=1&page={page}")
            seen += listed(guest)
        assert len(seen) == len(set(seen)) == 68
        every |= set(seen)
    assert len(every) == 68
    # What takes too long to sort by is not sorted by.
    guest.get("/findings?sort=ms&down=1")
    assert 'aria-sort="descending"><a href="/findings?sort=at_ms' in guest.page.text


def test_both_halves_are_side_by_side_and_differences_are_marked(world, case):
    """What it is, how sure, why, which case; numbers hidden."""
    t = words("en")
    handle = handle_of(world, object="T1")
    text = world.visitor("vera").get(f"/findings/{handle}").text
    assert text.count('<tr class="differs">') == 1
    calling = re.search(r'<tr class="differs">.*?</tr>', text, re.DOTALL)[0]
    assert MASKED in calling
    assert "+37529*****68" in calling
    assert t.say("finding_page.differs") in calling
    assert CALLING not in text
    for said in (
        t.say("kind.stretched.title"),
        t.say("finding.certain"),
        t.say("evidence.prior"),
        "+21.2",
        "\N{MINUS SIGN}30",
    ):
        assert said in text, said
    assert f'href="/cases/{case}"' in text


def test_a_case_leads_to_its_findings_and_they_lead_back(world, case):
    """The number of its calls is that of the rows."""
    guest = world.visitor("vera")
    text = guest.get(f"/cases/{case}").text
    link, shown = re.search(
        r'<a href="(/findings\?case_id=\w+)">(\d+)</a>', text
    ).groups()
    guest.get(link)
    assert len(listed(guest)) == int(shown) == 12
    assert set(listed(guest)) == set(CaseBook(world.store, CHANNEL).surest(case))
    assert f'href="/cases/{case}"' in guest.page.text


@pytest.mark.parametrize(
    ("role", "masked", "may_open"),
    [
        ("analyst", True, True),
        ("officer", True, True),
        ("operator", True, False),
        ("auditor", False, False),
        ("administrator", False, False),
    ],
)
@pytest.mark.usefixtures("case")
def test_who_sees_numbers(world, role, masked, may_open):
    """Hidden to those who work with them, not at all to the others."""
    handle = handle_of(world, object="T1")
    text = world.visitor("vera", role).get(f"/findings/{handle}").text
    assert CALLING not in text
    assert (MASKED in text) is masked
    assert ("+37529" in text) is masked
    assert ('name="why"' in text) is may_open


@pytest.mark.usefixtures("case")
def test_numbers_are_opened_with_a_reason(world):
    """The reason stands in the audit log before the page shows them."""
    guest = world.visitor("olga", "officer")
    handle = handle_of(world, object="T1")
    path = f"/findings/{handle}/open"
    guest.get(f"/findings/{handle}")
    for why, problem in (
        (" ", "no_reason"),
        ("x" * 257, "no_reason"),
        (f"compare {CALLED}", "number_in_reason"),
    ):
        assert guest.post(path, {"why": why}).status_code == 422
        assert words("en").say(f"problem.{problem}") in guest.page.text
        assert CALLING not in guest.page.text
    assert looks(world) == []
    assert guest.post(path, {"why": "letter of 2026-03-10"}).status_code == 200
    assert guest.page.text.count(CALLING) == guest.page.text.count(CALLED) == 1
    assert guest.page.headers["cache-control"] == "no-store"
    assert looks(world) == [("olga", handle, "letter of 2026-03-10")]
    assert CALLING not in guest.get(f"/findings/{handle}").text


@pytest.mark.usefixtures("case")
def test_numbers_that_cannot_be_noted_are_not_shown(world, monkeypatch):
    """The log comes first."""
    guest = world.visitor("olga", "officer")
    handle = handle_of(world, object="T1")
    guest.get(f"/findings/{handle}")

    def full(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr("tallystick.store.audit.AuditBook.note", full)
    answer = guest.post(f"/findings/{handle}/open", {"why": "a letter"})
    assert answer.status_code == 500
    assert CALLING not in answer.text


@pytest.mark.usefixtures("case")
def test_an_operator_sees_its_own_trunks_only(world):
    """In the list, in the file, as a finding, and among routes; whatever is asked."""
    guest = world.visitor("olga", "operator")
    other = handle_of(world, object="T2")
    for asked in ("", "?departure_point=T2", "?departure_carrier=Oak", "?part=case"):
        assert other not in listed_all(guest, asked)
    assert len(listed_all(guest, "")) == 17
    assert ",T2," not in guest.get("/findings.csv").text
    assert "Oak" not in guest.get("/findings.csv").text
    assert guest.get(f"/findings/{other}").status_code == 404
    assert guest.get(f"/findings/{handle_of(world, object='T1')}").status_code == 200
    guest.get("/account")
    token = guest.token()
    answer = guest.post(f"/findings/{other}/open", {"why": "mine"}, token=token)
    assert answer.status_code == 403
    for path in ("/routes", "/routes.csv", "/routes?by=carrier", "/routes?point=T2"):
        text = guest.get(path).text
        assert "Oak" not in text
        assert 'T2"' not in text.replace('value="T2"', "")
        assert "Ash" not in text
    assert "T1" in guest.get("/routes").text


def listed_all(guest, query):
    """Return what the list holds for a query."""
    guest.get(f"/findings{query}")
    return listed(guest)


@pytest.mark.usefixtures("case")
def test_what_is_not_there_is_not_found(world):
    """Handles that nobody has, whatever they look like."""
    guest = world.visitor("olga", "officer")
    for name in ("0" * 24, "%27--", "x" * 300):
        assert guest.get(f"/findings/{name}").status_code == 404
