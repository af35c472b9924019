"""Cases in the console: the list, one case, and who sees which number."""

import csv
import io
import re

import pytest

from tallystick.console.desk import words
from tallystick.console.numbers import hidden
from tallystick.console.pages.cases.views import bars
from tallystick.store import Ask
from tallystick.store.audit import AUDIT_LOG
from tallystick.store.cases import Day

from .planted import CALLED, CALLING, TEXT, case_of, desk, plant
from .sides import case_of as actors_case
from .test_looks import grave, looker
from .test_say_cases import say, theirs

MASKED = "+37529*****67"


@pytest.fixture
def case(world):
    """Return the name of the case about trunk T1; there are two more."""
    return plant(world.store)


def listed(guest):
    """Return the cases that a page lists."""
    return re.findall(r'<a href="/cases/([0-9A-Z]{16})"', guest.page.text)


def looks(world):
    """Return what the audit log has about numbers that were looked at."""
    found = AUDIT_LOG.find(world.store, Ask(equals={"action": "open"}, sort="at_ms"))
    return [(one["who"], one["record"], one["why"]) for one in found.rows]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", 3),
        ("kind=stretched-trunk", 2),
        ("kind=loop", 0),
        ("state=asked", 1),
        ("state=found", 2),
        ("open=yes", 3),
        ("open=no", 0),
        ("overdue=yes", 1),
        ("overdue=no", 2),
        ("actor=Elm", 1),
        ("kind=nonsense", 3),
    ],
)
@pytest.mark.usefixtures("case")
def test_the_list_is_filtered(world, query, shown):
    """Every row leads to its case, and no number is in it."""
    guest = world.visitor("vera")
    assert guest.get(f"/cases?{query}").status_code == 200
    assert len(listed(guest)) == shown
    assert MASKED not in guest.page.text
    assert CALLING not in guest.page.text


def test_the_list_is_sorted_by_what_is_counted(world, case):
    """The largest first, then the smallest."""
    guest = world.visitor("vera")
    guest.get("/cases?sort=crossings&down=1")
    largest = listed(guest)
    guest.get("/cases?sort=crossings&down=0")
    assert listed(guest) == list(reversed(largest))
    assert largest[0] == case_of(world.store, actor="Ash").id
    assert largest[-1] == case


def test_what_a_case_counts_leads_to_its_findings(world, case):
    """All, the certain ones, and those of each day; from the list, too."""
    guest = world.visitor("vera")
    pages = guest.get("/cases").text + guest.get(f"/cases/{case}").text
    links = re.findall(rf'<a href="(/findings\?case_id={case}[^"]*)"[^>]*>(\d+)', pages)
    assert len(links) > 3
    for href, shown in links:
        found = guest.get(href.replace("&amp;", "&")).text
        assert f"<span>{words('en').count('table.rows', int(shown))}</span>" in found


def test_the_list_leaves_as_a_file(world, case):
    """With plain values; of money nothing where no rates were given."""
    answer = world.visitor("vera").get("/cases.csv?overdue=yes")
    rows = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")))
    (row,) = list(rows)
    assert row["id"] == case
    assert (row["crossings"], row["money"]) == ("12", "")
    assert (row["confidence"], row["overdue"]) == ("0.99", "yes")
    assert (row["open"], row["currency"]) == ("yes", "")
    assert "+375" not in answer.text


def test_what_a_case_is_and_how_it_stands(world, case):
    """Its volume, its trend, whose turn it is, and what was said, letter by letter."""
    t = words("en")
    text = world.visitor("vera").get(f"/cases/{case}").text
    assert "Stretched trunk: Elm, T1" in text
    assert "6.0 / 18.0" in text
    assert "99.0%" in text
    assert re.search(r"Overdue: it was the turn of RU until [^<]+ UTC", text)
    assert text.count("<rect ") == len(desk(world.store).cases.trend(case))
    assert TEXT not in text
    assert "who answered &lt;b&gt;these&lt;/b&gt;?" in text
    history = re.search(r'<ol class="history">.*?</ol>', text, re.DOTALL)[0]
    said = [t.say("step.raised"), t.say("step.asked")]
    assert re.findall(r"<b>BY</b> ([a-z ]+)", history) == said
    assert "passed over" not in history


def test_a_statement_that_does_not_count_is_said_to_be_passed_over(world, case):
    """It stays in the history, with the reason."""
    before = world.clock.ms
    world.clock.ms -= 60 * 86_400_000
    text = world.visitor("vera").get(f"/cases/{case}").text
    world.clock.ms = before
    assert text.count(words("en").say("over.later")) == 2


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
def test_who_sees_numbers(world, case, role, masked, may_open):
    """Hidden to those who work with them, not at all to the others, in no URL."""
    text = world.visitor("vera", role).get(f"/cases/{case}").text
    assert CALLING not in text
    assert (MASKED in text) is masked
    assert ('name="handle"' in text) is may_open


def test_the_numbers_of_one_crossing_are_opened_with_a_reason(world, case):
    """The reason stands in the audit log; the numbers do not."""
    guest = world.visitor("olga", "officer")
    handle = desk(world.store).cases.surest(case, most=1)[0]
    path = f"/cases/{case}/open"
    guest.get(f"/cases/{case}")
    for fields, problem in (
        ({"why": "asked by RU"}, "no_crossing"),
        ({"handle": handle, "why": "  "}, "no_reason"),
        ({"handle": handle, "why": "x" * 257}, "no_reason"),
        ({"handle": handle, "why": f"to compare {CALLING}"}, "number_in_reason"),
        ({"handle": handle, "why": "8 (029) 123-45-67 is ours"}, "number_in_reason"),
    ):
        assert guest.post(path, fields).status_code == 422
        assert words("en").say(f"problem.{problem}") in guest.page.text
        assert CALLING not in guest.page.text
    assert looks(world) == []
    said = {"handle": handle, "why": "letter of 2026-03-10"}
    assert guest.post(path, said).status_code == 200
    assert guest.page.text.count(CALLING) == 1
    assert guest.page.text.count(CALLED) == 1
    assert guest.page.headers["cache-control"] == "no-store"
    assert looks(world) == [("olga", f"{case}/{handle}", "letter of 2026-03-10")]
    assert CALLING not in guest.get(f"/cases/{case}").text


def test_numbers_that_cannot_be_noted_are_not_shown(world, case, monkeypatch):
    """The log comes first."""
    guest = world.visitor("olga", "officer")
    handle = desk(world.store).cases.surest(case, most=1)[0]
    guest.get(f"/cases/{case}")

    def full(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr("tallystick.store.audit.AuditBook.note", full)
    answer = guest.post(f"/cases/{case}/open", {"handle": handle, "why": "a letter"})
    assert answer.status_code == 500
    assert CALLING not in answer.text


def test_what_is_not_there_is_not_found(world, case):
    """Cases that nobody has, and the crossing of another case."""
    guest = world.visitor("olga", "officer")
    other = case_of(world.store, actor="Oak").id
    foreign = desk(world.store).cases.surest(other, most=1)[0]
    assert guest.get("/cases/0000000000000000").status_code == 404
    assert guest.get("/cases/%27--").status_code == 404
    guest.get(f"/cases/{case}")
    token = guest.token()
    for handle in (foreign, "0" * 24):
        said = {"handle": handle, "why": "a letter"}
        path = f"/cases/{case}/open"
        assert guest.post(path, said, token=token).status_code == 404
    assert looks(world) == []


def test_an_operator_sees_its_own_trunks_only(world, case):
    """In the list, in the file, as a case, and in today's counts."""
    guest = world.visitor("olga", "operator")
    other = case_of(world.store, actor="Oak").id
    guest.get("/cases")
    assert listed(guest) == [case]
    guest.get("/cases?object=T2")
    assert listed(guest) == []
    assert "T2" not in guest.get("/cases.csv").text
    assert guest.get(f"/cases/{case}").status_code == 200
    assert guest.get(f"/cases/{other}").status_code == 404
    assert ">1 open case<" in guest.get("/").text


@pytest.mark.usefixtures("case")
def test_today_counts_cases_and_leads_to_them(world):
    """Each count to the rows that it counts."""
    guest = world.visitor("vera")
    text = guest.get("/").text
    for words_, shown in (("3 open cases", 3), ("1 overdue", 1)):
        guest.get(re.search(rf'<a href="([^"]+)"[^>]*>{words_}', text)[1])
        assert len(listed(guest)) == shown


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_an_officer_goes_from_today_to_a_number(world, case, chromium, scripts):
    """In a real browser, in Belarusian: today, overdue, the case, one call, why."""
    t = words("be")
    made = looker(world, chromium, "officer", "be", "light").context
    context = chromium.new_context(
        ignore_https_errors=True,
        java_script_enabled=scripts,
        locale="be",
        storage_state=made.storage_state(),
    )
    made.close()
    page = context.new_page()
    page.set_default_timeout(15_000)
    wrong = []
    page.on("console", lambda one: one.type == "error" and wrong.append(one.text))
    page.goto(world.address)
    page.get_by_role("link", name=t.count("cases.overdue", 1)).click()
    page.get_by_role("link", name=case).click()
    assert t.say("case.stretched-trunk") in page.inner_text("h1")
    page.locator("input[name=handle]").first.check()
    page.get_by_label(t.say("case_page.why")).fill("ліст ад 10 сакавіка")
    page.get_by_role("button", name=t.say("case_page.open")).click()
    page.get_by_text(CALLING).wait_for()
    if scripts:
        assert grave(page) == []
    assert [one[2] for one in looks(world)] == ["ліст ад 10 сакавіка"]
    assert wrong == []
    context.close()


def test_what_is_being_typed_stays(speaking, two, chromium):
    """In a real browser: the other side speaks while an officer writes."""
    t, case = words("en"), actors_case(two.by, "Elm")
    say(speaking.visitor("olga", "officer"), case, "raised")
    page = looker(speaking, chromium, "officer", "en", "light")
    page.set_default_timeout(15_000)
    page.clock.install()
    page.goto(f"{speaking.address}/cases/{case}")
    page.locator("summary", has_text=t.say("say.asked")).click()
    box = page.locator("#asked-text")
    box.fill("How long")
    asked = {"whom": "BY", "question": "as-answered", "crossings": []}
    theirs(two, case, "asked", asked, speaking.clock.ms + 1)
    speaking.clock.pass_s(1)
    page.clock.fast_forward(5_000)  # it asks by itself
    page.get_by_role("link", name=t.say("case_page.moved")).wait_for()
    assert page.locator(".history li").count() == 2
    page.keyboard.type(" were they?")
    assert box.input_value() == "How long were they?"
    page.get_by_role("link", name=t.say("case_page.moved")).click()
    page.locator("summary", has_text=t.say("say.answered")).wait_for()
    page.context.close()


def test_a_trend_is_drawn_to_scale():
    """The largest day as high as may be; of a long trend the last year."""
    days = [
        Day(day=n, crossings=m, ms=0, stake_ms=0)
        for n, m in ((1, 99), (900, 2), (902, 8))
    ]
    drawn = bars(days)
    assert [(one.x, one.height) for one in drawn] == [(0, 10), (2, 40)]
    assert bars([]) == []


@pytest.mark.parametrize(
    ("number", "shown"),
    [(CALLING, MASKED), (MASKED, MASKED), (None, ""), ("", ""), ("anon", "?")],
)
def test_numbers_are_hidden_once(number, shown):
    """What the result hid already stays as it is."""
    assert hidden(number) == shown
