"""The cases of a store, looked through as the console does, on both databases."""

import polars as pl
import pytest

from tallystick.cases.course import Terms
from tallystick.store import Ask
from tallystick.store.cases import About, CaseDesk, CaseQuery, case_listing

from .simulated import CHANNEL, SECRET, take
from .test_desk import DAY, KEYS, T0, findings, raised


@pytest.fixture
def asked(store):
    """Return a store with one case, of which an answer is due 31 days after T0."""
    take(store, findings(12))
    take(
        store,
        findings(3).with_columns(
            actor=pl.lit("Oak"), departure_id=pl.lit("X") + pl.col("departure_id")
        ),
    )
    desk = CaseDesk(
        store=store,
        channel=CHANNEL,
        parties=("A", "B"),
        secret=SECRET,
        terms=Terms(),
    )
    (row,) = desk.cases.find(CaseQuery()).rows
    for day, kind, body in (
        (0, "raised", raised(row)),
        (1, "asked", {"whom": "B", "question": "as-answered"}),
    ):
        desk.say(f"case/{row.id}", kind, body, key=KEYS["A"], now_ms=T0 + day * DAY)
    return store


@pytest.mark.parametrize(
    ("equals", "day", "many"),
    [
        ({}, 2, 1),
        ({"overdue": "yes"}, 30, 0),
        ({"overdue": "yes"}, 32, 1),
        ({"overdue": "no"}, 32, 0),
        ({"open": "yes"}, 2, 1),
        ({"open": "no"}, 2, 0),
        ({"kind": "loop"}, 2, 0),
    ],
)
def test_cases_are_open_and_overdue(asked, equals, day, many):
    """And what is only gathering is no case."""
    listing = case_listing(now_ms=T0 + day * DAY)
    for sort in ("confidence", "money", "overdue"):
        found = listing.find(asked, Ask(equals=equals, sort=sort))
        assert (found.total, len(found.rows)) == (many, many)


def test_a_case_has_its_mean_confidence_and_no_money_without_rates(asked):
    """A sum of nothing would be read as nothing at stake."""
    (row,) = case_listing(now_ms=T0).find(asked, Ask(sort="id")).rows
    assert (row["confidence"], row["money"], row["crossings"]) == (998_000, None, 12)


@pytest.mark.parametrize(
    ("about", "many"),
    [
        (About("BY", ["stretched-trunk"], ["BY-118"]), 1),
        (About("BY", ["stretched-trunk"], ["BY-11"]), 0),
        (About("RU", ["stretched-trunk"], ["BY-118"]), 0),
        (About("BY", ["loop"], ["BY-118"]), 0),
        (About("BY", ["stretched-trunk"], []), 0),
    ],
)
def test_only_the_cases_about_something(asked, about, many):
    """Of that party, of those kinds, about those objects."""
    listing = case_listing(now_ms=T0, about=about)
    assert listing.find(asked, Ask(sort="id")).total == many
    assert len(list(listing.every(asked, Ask(sort="id")))) == many
