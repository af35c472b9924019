"""What holds of two countries before anybody has signed in."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tallystick.cli.demo.preparing import take_up
from tallystick.cli.demo.sides import open_sides
from tallystick.node.service import now_ms
from tallystick.office import Side
from tallystick.store.cases import CaseDesk, CaseQuery, CaseRow

ONLY_RU = "spoofed-range"
"""What a call is about whose number only the side where it arrived has."""
OTHER = {"BY": "arrival", "RU": "departure"}


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
    by, ru = (rows(side) for side in sides.values())
    assert by.keys() == {one for one in ru if ru[one].kind != ONLY_RU}
    assert len(by) >= 5
    desks = [side.cases() for side in sides.values()]
    for name, row in by.items():
        assert (row.kind, row.actor, row.object) == (
            ru[name].kind,
            ru[name].actor,
            ru[name].object,
        )
        assert surest(desks[0], name) == surest(desks[1], name)


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
        desk, hidden = side.cases(), OTHER[party]
        shown = {"departure", "arrival"} - {hidden}
        crossings = [
            one for name in rows(side) for one in desk.cases.crossings(name, size=500)
        ]
        assert crossings
        for one in crossings:
            assert getattr(one, f"{hidden}_calling") is None
            assert getattr(one, f"{hidden}_called") is None
        assert any(getattr(one, f"{shown.pop()}_called") for one in crossings)
