"""Findings of a simulated day become cases: the planted ones, and no others."""

import dataclasses
import random
from collections import defaultdict

import polars as pl
import pytest
from sqlalchemy import select

from tallystick.cases.lawful import Lawful
from tallystick.cases.money import read_rates
from tallystick.domains.calls.cases import RULES
from tallystick.store import open_store
from tallystick.store.cases import CaseBook, CaseQuery
from tallystick.store.tables import CASE_DAYS, CASE_RATES, CASES, FINDING_DAYS, FINDINGS

from .simulated import CHANNEL, day, found, guilty, take

DECK = read_rates("prefix,rate,currency\n+7,0.0215,EUR\n7495,0.015,EUR\n")
EVERY = (CASES, FINDINGS, FINDING_DAYS, CASE_DAYS, CASE_RATES)
KIND_OF = {finding: rule.kind for rule in RULES for finding in rule.findings}


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """Return a day with schemes of every kind."""
    return day(tmp_path_factory.mktemp("planted"))


def everything(store):
    """Return all rows that gathering wrote."""
    with store.read() as connection:
        return [sorted(map(str, connection.execute(select(t)))) for t in EVERY]


def test_planted_schemes_are_cases_and_honest_carriers_have_none(store, planted):
    """Every case is of a carrier that did it; nearly every scheme has its case."""
    take(store, found(planted))
    rows = CaseBook(store, CHANNEL).find(CaseQuery(size=500)).rows
    did = defaultdict(set)
    for finding, carrier in guilty(planted):
        did[KIND_OF[finding]].add(carrier)
    for row in rows:
        assert row.actor in did[row.kind], (row.kind, row.actor)
    seen = {(row.kind, row.actor) for row in rows}
    schemes = {(kind, one) for kind in did if kind != "loop" for one in did[kind]}
    # Hidden numbers are named of carriers as wholes, not call by call; some schemes
    # are too small on a day.
    assert len(schemes - seen) <= 5, schemes - seen
    assert {row.kind for row in rows} == {rule.kind for rule in RULES}


def test_a_day_without_schemes_has_no_case(store, tmp_path):
    """Noise is gathered, and is no case."""
    taken = take(store, found(day(tmp_path, "none")))
    assert taken.opened == []
    assert CaseBook(store, CHANNEL).find(CaseQuery()).total == 0
    assert "unproven" in taken.left["why"].to_list()


def test_the_same_day_twice_changes_nothing(store, planted):
    """No row of any table is another."""
    first = take(store, found(planted), deck=DECK)
    before = everything(store)
    again = take(store, found(planted), deck=DECK)
    assert everything(store) == before
    assert (again.new, again.repeated) == (0, first.new)
    assert again.opened == []


@pytest.mark.property
@pytest.mark.parametrize("seed", range(3))
def test_portions_make_the_same_cases_as_the_whole(tmp_path, planted, seed):
    """However the findings of a day are cut and in whatever order they come."""
    whole, cut = (open_store(f"sqlite:///{tmp_path}/{name}.db") for name in "ab")
    findings = found(planted)
    take(whole, findings, deck=DECK)
    mixed = findings.sample(fraction=1, shuffle=True, seed=seed)
    start = 0
    chance = random.Random(seed)  # ruff: ignore[suspicious-non-cryptographic-random-usage] (which portions, only)
    while start < mixed.height:
        size = chance.choice([1, 40, 300, 900])
        take(cut, mixed.slice(start, size), deck=DECK)
        # Some come again with the next portion, and are there once.
        start += max(size - 5, 1)
    assert everything(cut) == everything(whole)
    whole.close()
    cut.close()


def test_tomorrow_joins_the_open_case(store, planted):
    """The same problem a day later is the same case, with a trend of two days."""
    findings = found(planted)
    take(store, findings)
    book = CaseBook(store, CHANNEL)
    before = {row.id: row for row in book.find(CaseQuery(size=500)).rows}
    later = findings.with_columns(
        pl.col("at_ms") + 86_400_000, departure_id="next" + pl.col("departure_id")
    )
    taken = take(store, later)
    after = {row.id: row for row in book.find(CaseQuery(size=500)).rows}
    assert before.keys() <= set(taken.joined)
    for ident, row in before.items():
        assert after[ident].crossings == 2 * row.crossings
        assert after[ident].last_ms == row.last_ms + 86_400_000
        assert sum(one.crossings for one in book.trend(ident)) == 2 * row.crossings


def test_what_was_explained_comes_back_when_it_expires(store, planted):
    """For its time, its carrier and its range; and not a moment longer."""
    findings = found(planted)
    middle = int(findings["at_ms"].median())
    lawful = Lawful(kind="spoofed-range", object="+375", until_ms=middle)
    taken = take(store, findings, lawful=[lawful])
    rows = CaseBook(store, CHANNEL).find(
        CaseQuery(kinds=["spoofed-range"], states=["found", "gathering"], size=500)
    )
    every = findings.filter(pl.col("case") == "spoofed-range")
    assert every.filter(pl.col("at_ms") < middle).height > 0
    later = every.filter(pl.col("at_ms") >= middle).height
    assert sum(row.crossings for row in rows.rows) == later > 0
    explained = taken.left.filter(pl.col("why") == "explained")["crossings"].sum()
    assert explained == every.height - later


def test_money_is_what_the_rates_say(store, planted):
    """By the longest prefix, of what was paid in vain, rounded once."""
    findings = found(planted)
    take(store, findings, deck=DECK)
    (row,) = [
        one
        for one in CaseBook(store, CHANNEL).find(CaseQuery(size=500)).rows
        if one.kind == "stretched-trunk" and one.actor == worst(findings)
    ]
    mine = findings.filter(
        pl.col("case") == "stretched-trunk",
        pl.col("actor") == row.actor,
        pl.col("object") == row.object,
    )
    euro = sum(
        (0.015 if toward.startswith("7495") else 0.0215) * stake / 60_000
        for toward, stake in mine.select("toward", "stake_ms").iter_rows()
    )
    assert row.currency == "EUR"
    assert abs(row.money - 100 * euro) <= 0.51
    assert row.stake_ms == mine["stake_ms"].sum() < mine["ms"].sum() == row.ms


def worst(findings):
    """Return the carrier with most stretched calls, all on one trunk."""
    counted = findings.filter(pl.col("case") == "stretched-trunk")
    return counted.group_by("actor").len().sort("len")["actor"][-1]


def test_numbers_are_kept_as_masked_as_they_came(store, planted):
    """No row holds more of a number than findings.parquet shows."""
    take(store, found(planted))
    with store.read() as connection:
        for row in connection.execute(select(FINDINGS)).mappings():
            for name in ("departure_calling", "arrival_calling", "arrival_called"):
                assert not row[name] or "*" in row[name]
        for row in connection.execute(select(CASES)).mappings():
            assert len(row["object"].removeprefix("+")) <= 6


def test_fields_of_the_list_are_those_of_the_table():
    """A column that is added is shown, or said to be left out."""
    from tallystick.store.cases import CaseRow

    fields = {one.name for one in dataclasses.fields(CaseRow)}
    assert {column.name for column in CASES.columns} - fields == {"channel"}
