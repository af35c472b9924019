"""Two countries at work: a visitor comes in by what the terminal says."""

import re
import shlex
from collections.abc import Generator
from pathlib import Path

import pytest

from cli.at_work import at_work
from cli.told import tally
from docs.console import commands_of, fits
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
            return all(f"<dd>{state}" in page for page in pages)

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
    """Its commands do what it says, and what it says to choose is there to choose."""
    seen: list[str] = []
    commands = iter(commands_of(TEXT))
    with windows(chromium, shown, seen) as (by, ru):

        def said():
            """Carry out the tutorial's next command."""
            command = next(commands)
            party, words = re.fullmatch(
                r"cd (\w+) && tally (.*)", command.line
            ).groups()
            line = words.replace("CASE", name)
            done = tally(*shlex.split(line), folder=shown.folder / party)
            assert done.status == 0, done.err
            assert fits(command.output, done.out)

        by.go("/sign-in")
        by.picture("1-sign-in")
        for party, one in (("BY", by), ("RU", ru)):
            code = code_of(shown.folder, party, "officer")
            one.sign_in("officer", shown.password(), code)
        ru.wait("acted on")
        ru.picture("2-today")
        by.click("Cases")
        by.picture("3-cases")
        row = by.page.locator("tr", has_text="BY-118")
        assert "Stretched trunk" in row.inner_text()
        name = row.locator("a").inner_text()
        by.go(f"/cases/{name}")
        by.picture("4-found")
        said()
        ru.go(f"/cases/{name}")
        ru.wait("State\nasked")
        ru.picture("5-asked")
        said()
        said()
        by.go(f"/cases/{name}")
        by.wait("State\nanswered")
        said()
        ru.wait("State\ndecided")
        said()
        by.wait("State\ndone")
        by.picture("6-done")
        by.click("Sign out")
        code = code_of(shown.folder, "BY", "auditor")
        by.sign_in("auditor", shown.password(), code)
        by.click("Audit log")
        by.go(f"/cases/{name}")
        assert not re.search(r"\+\d{3}", by.page.inner_text("main"))
    assert next(commands, None) is None
    words = " ".join(seen).casefold()
    named = re.findall(r"(?<![*\w])\*([^*\n]+)\*(?!\*)", TEXT)
    assert len(named) >= 5
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
