"""Tables: filtered, sorted, a page at a time, exported; by links and forms alone."""

import csv
import io
import re

import pytest

from tallystick.console.pages.audit import TABLE
from tallystick.console.tables.table import PAGE_SIZE, read_ask
from tallystick.store import AuditBook

from .world import STARTS_MS

DAY_MS = 86_400_000


def note(world, count, **more):
    """Write lines into the audit log, a day apart."""
    book = AuditBook(world.store)
    for number in range(count):
        said = {"who": f"who{number:03}", "role": "analyst", "record": f"r/{number}"}
        book.note("today", "read", now_ms=STARTS_MS + number * DAY_MS, **said | more)


@pytest.fixture
def auditor(world):
    """Return a browser of an auditor."""
    return world.visitor("ada", "auditor")


def names(guest):
    """Return the names that a page of the audit log shows."""
    return re.findall(r'<td data-label="Who">(who\d+)</td>', guest.page.text)


def href(guest, text):
    """Return where a link leads."""
    found = re.search(rf'<a [^>]*href="([^"]+)"[^>]*>{text}', guest.page.text)
    return found[1].replace("&amp;", "&") if found else None


def test_pages_follow_one_another_without_a_gap(world, auditor):
    """Every row is on one page; the newest first."""
    note(world, 2 * PAGE_SIZE + 7)
    auditor.get("/audit")
    seen = names(auditor)
    assert len(seen) == PAGE_SIZE
    while (to := href(auditor, "Next")) is not None:
        auditor.get(to)
        seen += names(auditor)
    assert seen == [f"who{n:03}" for n in reversed(range(2 * PAGE_SIZE + 7))]
    assert "page 3 of 3" in auditor.page.text


def test_a_heading_sorts_and_turns_round(world, auditor):
    """And says to screen readers how it is sorted; a filter stays."""
    note(world, 5)
    auditor.get("/audit?role=analyst")
    auditor.get(href(auditor, "Who"))
    assert names(auditor) == [f"who{n:03}" for n in range(5)]
    assert 'aria-sort="ascending"' in auditor.page.text
    auditor.get(href(auditor, "Who"))
    assert names(auditor) == [f"who{n:03}" for n in reversed(range(5))]
    assert 'aria-sort="descending"' in auditor.page.text
    assert '<option value="analyst" selected>' in auditor.page.text


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("who=who001", 1),
        ("who=WHO%25", 0),
        ("who=%5F", 0),
        ("role=analyst", 5),
        ("role=officer", 0),
        ("role=nonsense", 5),
        ("record=r/", 5),
        ("at_ms_from=2026-09-23", 3),
        ("at_ms_to=2026-09-22", 2),
        ("at_ms_from=2026-09-22&at_ms_to=2026-09-22", 1),
        ("at_ms_from=nonsense", 5),
        ("sort=nonsense&down=1", 5),
        ("page=2", 0),
        ("page=-1", 5),
        ("page=99999999999999999999", 5),
        ("page=%C2%B2", 5),
        ("who=%00", 5),
        ("who='--", 0),
        ("sort=who;DROP", 5),
    ],
)
def test_a_filter_lets_through_what_fits(world, auditor, query, shown):
    """What makes no sense is not asked; signs of SQL are letters."""
    note(world, 5)
    assert auditor.get(f"/audit?{query}").status_code == 200
    assert len(names(auditor)) == shown


def test_all_rows_leave_as_a_file_whatever_the_page(world, auditor):
    """With machine times; what a spreadsheet would compute is text."""
    note(world, PAGE_SIZE + 3)
    note(world, 1, who="=1+1", why="+7")
    answer = auditor.get("/audit.csv?sort=who&down=0&page=2")
    assert answer.headers["content-disposition"] == 'attachment; filename="audit.csv"'
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows[0][:3] == ["at", "who", "role"]
    assert "2026-09-21T14:13:20+00:00" in {row[0] for row in rows}
    assert {"'=1+1", "'+7"} <= {cell for row in rows for cell in row}
    assert len(rows) == 1 + PAGE_SIZE + 4 + 1  # and that it was exported
    only = auditor.get("/audit.csv?who=who000").text
    assert only.count("\r\n") == 2


def test_what_is_asked_is_bounded():
    """No text beyond 128 characters, no page beyond the last."""
    ask = read_ask(TABLE, {"who": "x" * 1_000, "page": "9999999"})
    assert len(ask.contains["who"]) == 128
    assert ask.page < 10_000
    assert read_ask(TABLE, {"page": "0"}).page == 0


def test_a_table_works_in_place_with_scripts(world, chromium):
    """htmx changes the table alone, and the page's address."""
    note(world, PAGE_SIZE + 1)
    guest = world.visitor("ada", "auditor")
    context = chromium.new_context(ignore_https_errors=True, locale="en")
    cookie = {"name": "__Host-tally", "url": world.address, "secure": True}
    ident = guest.http.cookies["__Host-tally"]
    context.add_cookies([cookie | {"value": ident}])
    page = context.new_page()
    page.goto(f"{world.address}/audit")
    page.evaluate("window.stays = true")
    page.get_by_role("link", name="Next").click()
    page.get_by_text("page 2 of 2").wait_for()
    page.get_by_label("Who", exact=True).fill("who007")
    page.get_by_role("button", name="Filter").click()
    page.get_by_text("1 row", exact=True).wait_for()
    assert page.evaluate("window.stays")
    assert "who=who007" in page.url
    context.close()
