"""Two countries: what holds before anybody signs in, and what a visitor then does.

One file, so that they are prepared once.
"""

import re
import signal
from collections.abc import Generator
from pathlib import Path

import pytest

from cli.at_work import at_work
from docs.console import fits
from docs.places import ROOT
from tallystick.cli.demo.preparing import take_up
from tallystick.cli.demo.sides import open_sides
from tallystick.node.service import now_ms
from tallystick.office import Side
from tallystick.store.cases import CaseDesk, CaseQuery, CaseRow

from .visit import Running, begun, running, until
from .walk import code_of, windows, work_a_case, work_an_objection

PAGE = ROOT / "docs" / "tutorials" / "two-countries-one-case.md"
TEXT = PAGE.read_text(encoding="utf-8")
NODES = 2
ALONE = "spoofed-range"
"""What a call is about whose number only the side where it arrived has."""
OTHER = {"departure": "arrival", "arrival": "departure"}
"""Each half of a crossing, and the other."""


@pytest.fixture(scope="module")
def sides(folder: Path) -> Generator[dict[str, Side]]:
    """Return both, as their offices would open them."""
    with open_sides(take_up(folder).settings) as sides:
        yield sides


def rows(side: Side) -> dict[str, CaseRow]:
    """Return a side's cases by name."""
    found = side.cases().cases.find(CaseQuery(size=500)).rows
    return {one.id: one for one in found}


def surest(desk: CaseDesk, name: str) -> set[str]:
    """Return how a side names the crossings of a case."""
    return set(desk.cases.surest(name, most=500))


def test_both_found_the_same_cases(sides):
    """By name, by problem, by crossing; but for what only one side can see."""
    found = {party: rows(side) for party, side in sides.items()}
    both = found["BY"].keys() & found["RU"].keys()
    for party, cases in found.items():
        alone = [cases[name] for name in cases.keys() - both]
        assert alone
        assert {(one.kind, one.arrival) for one in alone} == {(ALONE, party)}
    desks = [side.cases() for side in sides.values()]
    for name in both:
        by, ru = (cases[name] for cases in found.values())
        assert (by.kind, by.actor, by.object) == (ru.kind, ru.actor, ru.object)
        assert surest(desks[0], name) == surest(desks[1], name)


def test_each_way_has_schemes_of_its_own(sides):
    """Calls from one side are dishonest in other ways than those from the other."""
    found = rows(sides["BY"]) | rows(sides["RU"])
    kinds = {
        party: {one.kind for one in found.values() if one.departure == party} - {ALONE}
        for party in sides
    }
    assert all(len(one) >= 2 for one in kinds.values())
    assert not kinds["BY"] & kinds["RU"]


def test_an_agreement_is_in_force_on_both_sides(sides):
    """The same text, with live rules, and nothing was said that does not count."""
    holdings = [side.holding(now_ms()) for side in sides.values()]
    assert all(holdings)
    by, ru = holdings
    assert by.version.digest == ru.version.digest
    assert len(by.version.signed) == 2
    assert {rule.id for rule in by.table.rules if rule.mode == "live"} >= {"missing"}
    for side in sides.values():
        (name,) = side.agreements()
        assert side.life(name).passed_over == ()
        assert [len(one.answers) for one in side.life(name).remarks] == [1]
        assert side.terms(now_ms()) == sides["BY"].terms(now_ms())
        assert not side.statements.unsent()


def test_neither_store_holds_a_number_of_the_other(sides):
    """Each side sees the other's halves without numbers, and by handles."""
    for party, side in sides.items():
        desk = side.cases()
        own = set()
        for name, row in rows(side).items():
            half = "departure" if row.departure == party else "arrival"
            for one in desk.cases.crossings(name, size=500):
                assert getattr(one, f"{OTHER[half]}_calling") is None
                assert getattr(one, f"{OTHER[half]}_called") is None
                if getattr(one, f"{half}_called"):
                    own.add(half)
        assert own == {"departure", "arrival"}


def test_killed_outright_it_leaves_nothing_behind(folder):
    """Nobody could end what it had begun: that ends by itself."""
    with begun(folder) as process:
        until(lambda: len(at_work(folder)) >= NODES)
        process.send_signal(signal.SIGKILL)
    until(lambda: not at_work(folder))


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
    shown.reference("Russia")
    printed = re.search(r"```text\n(.*?)```", TEXT, re.DOTALL)[1]
    assert fits(tuple(printed.splitlines()), shown.text)


def test_what_the_tutorial_shows_is_there():
    """Every picture, small enough for a page."""
    pictures = [PAGE.parent / one for one in re.findall(r"\]\((\S+\.png)\)", TEXT)]
    assert len(pictures) >= 6
    assert all(2_000 < one.stat().st_size < 150_000 for one in pictures)
