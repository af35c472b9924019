"""Two countries at work: a visitor comes in by what the terminal says."""

import re
from collections.abc import Generator
from pathlib import Path

import pytest

from cli.at_work import at_work
from docs.console import fits
from docs.places import ROOT

from .visit import Running, running, until
from .walk import code_of, windows, work_a_case, work_an_objection

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


def test_the_tutorial_can_be_walked(shown, chromium):
    """What it says to choose is there to choose, and leads where it says."""
    seen: list[str] = []
    with windows(chromium, shown, seen) as (by, ru, caller):
        by.go("/sign-in")
        by.picture("1-sign-in")
        for country, one in (("Belarus", by), ("Russia", ru)):
            one.sign_in("officer", shown.password(), shown.code("officer", country))
        name = work_a_case(by, ru)
        for one in (by, ru):
            # Both judge calls of the other, and tell it of their own.
            one.click("Today")
            one.shows(r"[1-9]\d*\s+acted on", r"[1-9]\d*\s+calls the other side was")
        ru.picture("2-today")
        work_an_objection(caller, by, ru, shown.reference("Russia"))
        by.click("Sign out")
        code = code_of(shown.folder, "BY", "auditor")
        by.sign_in("auditor", shown.password(), code)
        by.click("Audit log")
        by.go(f"/cases/{name}")
        assert not re.search(r"\+\d{3}", by.page.inner_text("main"))
    assert name in shown.cases("RU", "list", "--kind", "stretched-trunk")
    # What was said is in both logs, and each side has seen the other's grow.
    for party in ("BY", "RU"):
        until((shown.folder / party / "log/private/cosigned").is_file)
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
