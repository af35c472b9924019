"""Two countries at work: a visitor comes in by what the terminal says."""

import re
from collections.abc import Generator
from pathlib import Path

import pytest

from cli.at_work import at_work
from docs.console import fits
from docs.places import ROOT

from .visit import Running, running, until
from .walk import code_of, windows

PAGE = ROOT / "docs" / "tutorials" / "two-countries-one-case.md"
TEXT = PAGE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def shown(folder: Path) -> Generator[Running]:
    """Return both sides at work; Ctrl-C then leaves nothing behind."""
    with running(folder) as shown:
        yield shown
        assert shown.end() == 0
        assert at_work(folder) == []
        assert "Traceback" not in shown.text
        assert not re.search(r"\d{7,}", shown.text)


def test_a_case_is_carried_from_finding_to_done(shown):
    """Somebody comes in at both sides by printed codes, and sees each step."""
    listed = shown.cases("BY", "list", "--kind", "sim-boxes")
    name = re.search(r"\b[0-9A-Z]{16}\b", listed)[0]
    with (
        shown.signed_in("analyst", "Belarus") as by,
        shown.signed_in("analyst", "Russia") as ru,
    ):

        def seen(state):
            pages = [one.get(f"/cases/{name}").text for one in (by, ru)]
            return all(f"<b>{state.capitalize()}" in page for page in pages)

        assert seen("found")
        words = ("--question", "whose-cards", "--crossings", "5")
        shown.cases("BY", "ask", name, *words)
        until(lambda: seen("asked"))
        shown.cases("RU", "open", name)
        shown.cases("RU", "answer", name, "confirmed")
        until(lambda: seen("answered"))
        shown.cases("BY", "decide", name, "confirmed")
        until(lambda: seen("decided"))
        shown.cases("RU", "close", name)
        until(lambda: seen("done"))
        # What was said is in both logs, and each side has seen the other's grow.
        for party in ("BY", "RU"):
            until((shown.folder / party / "log/private/cosigned").is_file)
        assert not re.search(r"\+\d{7,}", by.get(f"/cases/{name}").text)


def test_the_tutorial_can_be_walked(shown, chromium):
    """What it says to choose is there to choose, and leads where it says."""
    seen: list[str] = []
    with windows(chromium, shown, seen) as (by, ru):
        by.go("/sign-in")
        by.picture("1-sign-in")
        for party, one in (("BY", by), ("RU", ru)):
            code = code_of(shown.folder, party, "officer")
            one.sign_in("officer", shown.password(), code)
        by.click("Cases")
        by.picture("3-cases")
        row = by.page.locator("tr", has_text="BY-118")
        assert "Stretched trunk" in row.inner_text()
        name = row.locator("a").inner_text()
        by.go(f"/cases/{name}")
        by.picture("4-found")
        by.say("Raise the case")
        by.offer("Ask", question="as-answered", whom="RU", most="5")
        by.picture("5-signing")
        by.click("Sign it")
        ru.go(f"/cases/{name}")
        ru.stands("asked")
        ru.picture("6-asked")
        ru.offer("Open your records")
        assert ru.page.locator("tbody tr").count() == 5
        assert not re.search(r"\+\d{7,}", ru.page.inner_text("main"))
        ru.picture("7-opening")
        ru.fill(why="the other side asks")
        ru.click("Sign it")
        ru.say("Answer", answer="confirmed")
        by.go(f"/cases/{name}")
        by.stands("answered")
        by.say("Decide", decision="confirmed")
        ru.stands("decided")
        ru.say("Close the case")
        by.stands("done")
        by.picture("8-done")
        ru.click("Today")
        refused = ru.page.locator("body", has_text=re.compile(r"[1-9]\d*\s*acted on"))
        refused.wait_for()
        ru.picture("2-today")
        by.click("Agreement")
        by.click("Sign out")
        code = code_of(shown.folder, "BY", "auditor")
        by.sign_in("auditor", shown.password(), code)
        by.click("Audit log")
        by.go(f"/cases/{name}")
        assert not re.search(r"\+\d{3}", by.page.inner_text("main"))
    words = " ".join(" ".join(seen).casefold().split())
    named = re.findall(r"(?<![*\w])\*([^*\n]+)\*(?!\*)", TEXT)
    assert len(named) >= 10
    assert [one for one in named if one.casefold() not in words] == []


def test_the_tutorial_begins_as_the_terminal_does(shown):
    """By a target of the Makefile, and with what is then printed."""
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"make ([a-z-]+)", TEXT)) <= set(targets)
    printed = re.search(r"```text\n(.*?)```", TEXT, re.DOTALL)[1]
    assert fits(tuple(printed.splitlines()), shown.text)


def test_what_the_tutorial_shows_is_there():
    """Every picture, small enough for a page."""
    pictures = [PAGE.parent / one for one in re.findall(r"\]\((\S+\.png)\)", TEXT)]
    assert len(pictures) >= 6
    assert all(2_000 < one.stat().st_size < 150_000 for one in pictures)
