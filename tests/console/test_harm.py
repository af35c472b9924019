"""Harm reports in the console: the list, one, both side by side, and as files."""

import csv
import json
import re

import pytest

from store.simulated import CHANNEL
from tallystick.console.desk import words
from tallystick.harm import canonical
from tallystick.report.harm import harm_table
from tallystick.report.texts import LANGUAGES, texts_in
from tallystick.store.harm import HarmBook

from .planted import publish_reports


def raw(store):
    """Return both reports, by party."""
    (found,) = HarmBook(store).every()
    return {
        party: one.statement.body["report"]
        for party, one in found.state.reports.items()
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_report_is_told_in_three_languages(world, language):
    """With its picture, both parties', and that they agree."""
    t, report = words(language), texts_in(language)
    name = publish_reports(world.store)
    guest = world.visitor("vera", "auditor")
    assert f'href="/harm/{name}"' in guest.get(f"/harm?language={language}").text
    text = guest.get(f"/harm/{name}?language={language}").text
    for said in (
        report.say("harm.section.honest"),
        report.say("harm.both.agreed"),
        t.say("harm_page.unsent"),
        t.say("harm_page.sent"),
        "BY → RU",
        "RU → BY",
    ):
        assert said in text, said
    assert '<svg role="img"' in text


def test_the_list_filters_sorts_and_leaves_as_a_file(world):
    """By period, standing and party; each number leads to its report."""
    name = publish_reports(world.store, told=1_300)
    guest = world.visitor("vera", "auditor")

    def listed(query):
        text = guest.get(f"/harm?{query}").text
        return re.findall(rf'href="/harm/{name}\?of=(BY|RU)"[^>]*>(?:BY|RU)</a>', text)

    assert listed("") == ["RU", "BY"]
    assert listed("sort=by&down=0") == ["BY", "RU"]
    assert listed("by=RU") == ["RU"]
    assert listed("standing=differs&period=2026-08") == ["RU", "BY"]
    assert listed("standing=agreed") == listed("period=2025") == []
    assert words("en").say("harm_page.none") not in guest.page.text
    assert f'<a href="/harm/{name}?of=BY" hx-boost="false">1,200</a>' in (
        guest.get("/harm?by=BY").text
    )
    lines = csv.DictReader(guest.get("/harm.csv?by=BY").text.splitlines())
    (row,) = lines
    assert (row["verified"], row["acted"], row["standing"]) == ("1200", "60", "differs")


def test_what_differs_is_said_with_both_numbers(world):
    """Told by the one, heard by the other."""
    name = publish_reports(world.store, told=1_300)
    text = world.visitor("vera").get(f"/harm/{name}").text
    t = words("en")
    assert t.say("harm.differs.told-heard", of="BY") in text
    assert '<td class="n">1,300</td><td class="n">1,200</td>' in text


@pytest.mark.parametrize("of", ["BY", "RU", "both"])
def test_reports_leave_as_files(world, of):
    """To the byte what the commands make."""
    name = publish_reports(world.store)
    guest = world.visitor("olga", "operator")
    reports = raw(world.store)
    chosen = [reports[of]] if of != "both" else [reports["BY"], reports["RU"]]
    pdf = guest.get(f"/harm/{name}/report.pdf?of={of}")
    assert pdf.content.startswith(b"%PDF")
    assert f"harm-2026-08-{of}.pdf" in pdf.headers["content-disposition"]
    assert guest.get(f"/harm/{name}/report.csv?of={of}").text == harm_table(chosen)
    said = guest.get(f"/harm/{name}/report.json?of={of}").content
    if of == "both":
        assert json.loads(said) == chosen
    else:
        assert said == canonical(chosen[0])


def test_what_is_not_there_is_not_found(world):
    """Periods, forms, and names that only look like some."""
    guest = world.visitor("vera")
    assert words("en").say("harm_page.none") in guest.get("/harm").text
    name = publish_reports(world.store)
    beginning = CHANNEL[:8]
    for path in (
        f"{beginning}-2026-09",
        "2026-08",
        "-2026-08",
        f"%25{beginning[1:]}-2026-08",
        f"{name}/report.exe",
        f"{name}/report.",
    ):
        assert guest.get(f"/harm/{path}").status_code == 404, path
