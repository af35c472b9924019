"""What holds of two countries before anybody has signed in."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tallystick.cli.demo.preparing import take_up
from tallystick.cli.demo.sides import open_sides
from tallystick.node.service import now_ms
from tallystick.office import Side
from tallystick.store.cases import CaseDesk, CaseQuery, CaseRow

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
