"""Routes in the console: each number is that of the rows that it leads to."""

import re

import pytest

from tallystick.console.desk import words

from .planted import plant

CELL = re.compile(r'<a href="(/findings\?[^"]+)"[^>]*>([\d,]+)</a>')
CAPTION = re.compile(r'<caption id="caption">[^<]*<span>([\d,]+) rows?</span>')


pytestmark = pytest.mark.usefixtures("planted")


@pytest.fixture
def planted(world):
    """Plant cases, findings of none, and what a result counted."""
    return plant(world.store)


def number(text):
    """Read a number as the page writes it."""
    return int(text.replace(",", ""))


@pytest.mark.parametrize("by", ["trunk", "carrier", "day"])
def test_each_number_leads_to_the_rows_that_it_counts(world, by):
    """By trunk, by carrier, by day; also those of whom nobody is named."""
    guest = world.visitor("vera")
    text = guest.get(f"/routes?by={by}").text
    links = CELL.findall(text)
    assert len(links) > 12
    for href, shown in dict(links).items():
        world.clock.pass_s(1)
        found = guest.get(href.replace("&amp;", "&")).text
        assert number(CAPTION.search(found)[1]) == number(shown), href


def test_a_trunk_leads_to_its_days_which_add_up(world):
    """Calls and pairs of a trunk are the sums of those of its days."""
    guest = world.visitor("vera")
    guest.get("/routes?carrier=Elm&point=T1&side=departure")
    (href, calls) = re.search(
        r'<a href="(/routes\?by=day[^"]+)"[^>]*>([\d,]+)</a>', guest.page.text
    ).groups()
    assert number(calls) == 700
    rows = guest.get(href.replace("&amp;", "&").replace("/routes", "/routes.csv")).text
    sums = [line.split(",") for line in rows.splitlines()[1:]]
    names = rows.splitlines()[0].lstrip("\ufeff").split(",")
    assert sum(int(row[names.index("crossings")]) for row in sums) == 700
    assert sum(int(row[names.index("stretched")]) for row in sums) == 12


def test_what_results_say_is_shown(world):
    """Pairs, completeness, how far the clock is, and the share that can be judged."""
    text = world.visitor("vera").get("/routes").text
    assert "1,617" in text
    assert "99.38%" in text
    assert "+120" in text
    assert text.count('<rect class="claimed"') > 3


def test_where_pairs_lie_is_said_and_which_results_count_them(world):
    """They are no rows here; whoever looks for others' days sees no result."""
    t = words("en")
    text = world.visitor("vera").get("/routes").text
    assert re.search(r'<a href="#pairs"[^>]*>700</a>', text)
    said = text[text.index('<section id="pairs">') :]
    assert t.say("routes.pairs") in said
    assert "BY → RU, 6 August 2026" in said
    query = "at_ms_from=2020-01-01&at_ms_to=2020-01-05"
    text = world.visitor("nina").get(f"/routes?{query}").text
    assert t.say("routes.pairs_of") not in text


def test_days_without_anything_have_a_page(world):
    """And days that are none are not asked."""
    guest = world.visitor("vera")
    for query in ("at_ms_from=2020-01-01&at_ms_to=2020-01-05", "at_ms_from=9999-99-99"):
        assert guest.get(f"/routes?{query}").status_code == 200
    guest.get("/routes?at_ms_from=2020-01-01&at_ms_to=2020-01-05")
    assert words("en").say("table.none") in guest.page.text


def test_today_leads_to_the_findings_of_the_last_day(world):
    """Each kind to its rows."""
    guest = world.visitor("vera")
    links = re.findall(
        r'<a href="(/findings\?[^"]+)">[^<]*: ([\d,]+)</a>', guest.get("/").text
    )
    assert links
    for href, shown in links:
        found = guest.get(href.replace("&amp;", "&")).text
        assert number(CAPTION.search(found)[1]) == number(shown)
