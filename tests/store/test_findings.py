"""Findings are kept once and counted right, whatever comes first; results replace."""

import random

import polars as pl
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, insert, text

from tallystick.cases.grouping import SORTED_SCHEMA
from tallystick.cli.case_desk import findings_of
from tallystick.cli.case_figures import figures_of
from tallystick.domains.calls.cases import sort_findings
from tallystick.report.result import read_summary
from tallystick.store import Ask, open_store
from tallystick.store.findings import (
    Days,
    FindingBook,
    Own,
    ResultFigures,
    RouteDay,
    finding_listing,
    kinds_between,
    last_day,
    route_days,
    route_listing,
)
from tallystick.store.findings.routes import GROUPS
from tallystick.store.listing import EXPORTED
from tallystick.store.opening import MIGRATIONS
from tallystick.store.tables import METADATA

from .simulated import CHANNEL, day, take

DAY_MS = 86_400_000
T0 = 1_790_000_000_000 // DAY_MS * DAY_MS
ALL = Days(0, 10**5)


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """Return a day with schemes of every kind."""
    return day(tmp_path_factory.mktemp("planted"))


def one(finding, why, n=0, **more):
    """Return a finding that no case gathers, or too few."""
    return {
        **dict.fromkeys([*SORTED_SCHEMA, "case", "why"]),
        "finding": finding,
        "why": why,
        "departure_id": f"D{n}",
        "departure_point": "T1",
        "departure_carrier": "Elm",
        "at_ms": T0 + n * 1_000,
        "ms": 1_000,
        "stake_ms": 1_000,
        "confidence": 0.9,
        **more,
    }


def frame(*rows):
    """Return findings as a domain makes them."""
    schema = {**SORTED_SCHEMA, "case": pl.String, "why": pl.String}
    return pl.DataFrame(list(rows), schema=schema)


def parts(store):
    """Return what is kept: kind and part of each."""
    found = finding_listing().find(store, Ask(sort="at_ms", size=100))
    return [(row["finding"], row["part"]) for row in found.rows]


def everything_of(listing, store, sort):
    """Return all rows of a listing."""
    return listing.find(store, Ask(sort=sort, size=EXPORTED)).rows


def test_trunks_count_what_their_records_hold(store, planted):
    """Pairs and findings of a trunk come to the calls that left by it."""
    result = planted / "result"
    figures = figures_of(read_summary(result), name="x")
    take(store, sort_findings(findings_of(result)), figures=figures)
    listing = route_listing("trunk", ALL, kinds_between(store, ALL))
    counted = {
        (row["carrier"], row["point"]): row["crossings"]
        for row in everything_of(listing, store, "crossings")
        if row["side"] == "departure"
    }
    recorded = pl.read_parquet(planted / "day" / "departures.parquet")
    left = recorded.group_by("carrier", "trunk").len()
    off = [
        abs(counted.get((carrier, trunk), 0) - n) / n
        for carrier, trunk, n in left.iter_rows()
    ]
    # Records that came twice, or continue another, are one call.
    assert max(off) < 0.03
    read = read_summary(result).inputs["departures"]
    calls = read.rows - read.repeated - read.continued
    assert abs(sum(counted.values()) - calls) <= 0.0005 * calls


@pytest.mark.property
def test_each_number_of_routes_is_that_of_its_rows(store, planted):
    """By trunk, by carrier, by day; of all kinds, and of each."""
    rows = sort_findings(findings_of(planted / "result"))
    later = rows.with_columns(
        pl.col("at_ms") + DAY_MS, departure_id="next" + pl.col("departure_id")
    )
    take(store, rows)
    take(store, later)
    kinds = kinds_between(store, ALL)
    found = finding_listing()
    chance = random.Random(4)  # ruff: ignore[suspicious-non-cryptographic-random-usage] (which rows, only)
    for by in GROUPS:
        routes = everything_of(route_listing(by, ALL, kinds), store, "findings")
        assert routes
        for row in chance.sample(routes, min(12, len(routes))):
            side = row["side"]
            wanted = {"departure": "BY", f"{side}_carrier": row["carrier"]}
            if by != "carrier":
                wanted[f"{side}_point"] = row["point"]
            until = row["at_ms"] + DAY_MS
            spans = {"since": {"at_ms": row["at_ms"]}, "until": {"at_ms": until}}
            spans = spans if by == "day" else {}
            for kind in (None, *kinds):
                equals = wanted | ({"finding": kind} if kind else {})
                ask = Ask(equals=equals, sort="at_ms", size=1, **spans)
                total = found.find(store, ask).total
                assert total == row[kind or "findings"], (by, kind)
    days = route_days(store, ALL)
    for figure in days:
        for kind, n in figure.kinds.items():
            since, until = figure.day * DAY_MS, (figure.day + 1) * DAY_MS
            ask = Ask(
                equals={"finding": kind, "departure": figure.departure},
                since={"at_ms": since},
                until={"at_ms": until},
                sort="confidence",
                size=1,
            )
            assert found.find(store, ask).total == n
    assert sum(sum(f.kinds.values()) for f in days) == 2 * rows.height


def test_evidence_is_kept_with_its_finding(store, planted):
    """In the order in which it was weighed, as the result has it."""
    result = planted / "result"
    take(store, sort_findings(findings_of(result)))
    weighed = pl.read_parquet(result / "evidence.parquet").sort("finding_id", "step")
    findings = pl.read_parquet(result / "findings.parquet")
    rows = finding_listing().find(store, Ask(sort="confidence", down=True, size=20))
    for row in rows.rows:
        kept = FindingBook(store).finding(row["handle"])
        (given,) = findings.filter(
            pl.col("departure_id").eq_missing(kept.row["departure_id"]),
            pl.col("arrival_id").eq_missing(kept.row["arrival_id"]),
            pl.col("kind") == kept.row["finding"],
        ).to_dicts()
        steps = weighed.filter(finding_id=given["finding_id"])
        assert [(s["code"], s["bits"]) for s in kept.steps] == list(
            steps.select("code", "bits").iter_rows()
        )
        assert ";".join(kept.reasons) == given["reasons"]
        assert kept.row["departure_answered"] == given["departure_answered"]


CLAIM, DOUBT = one("no_arrival", "explained"), one("unproven", "unproven")
CASE = one("no_arrival", None, case="phantom-route", actor="Elm")


@pytest.mark.parametrize(
    ("order", "kept"),
    [
        ((DOUBT, CLAIM), ("no_arrival", "explained")),
        ((CLAIM, DOUBT), ("no_arrival", "explained")),
        ((CASE, DOUBT), ("no_arrival", "few")),
        ((DOUBT, CASE), ("no_arrival", "few")),
        ((CLAIM, CASE), ("no_arrival", "few")),
        ((CASE, CLAIM, DOUBT), ("no_arrival", "few")),
    ],
)
def test_what_says_more_is_kept(store, order, kept):
    """Whatever comes first; and counted once."""
    for row in order:
        take(store, frame(row))
    assert parts(store) == [kept]
    (figure,) = route_days(store, ALL)
    assert figure.kinds == {kept[0]: 1}


def test_a_case_that_is_large_enough_takes_what_was_gathered(store):
    """What was too little is part of it then."""
    rows = [
        one("no_arrival", None, n, case="phantom-route", actor="Elm") for n in range(12)
    ]
    take(store, frame(*rows[:8]))
    assert {part for _, part in parts(store)} == {"few"}
    take(store, frame(*rows[8:]))
    assert {part for _, part in parts(store)} == {"case"}


def result(name, first, last, paired, **more):
    """Return the figures of a result of some days."""
    routes = [
        RouteDay(
            day=T0 // DAY_MS + day,
            side="departure",
            carrier="Elm",
            point="T1",
            paired=paired,
        )
        for day in range(first, last)
    ]
    return ResultFigures(
        id=name * 16,
        from_ms=T0 + first * DAY_MS,
        until_ms=T0 + last * DAY_MS,
        routes=routes,
        **more,
    )


def test_a_result_takes_the_place_of_those_that_it_covers(store):
    """Its figures, and what they found of no case; others stay, and are told of."""
    take(store, frame(DOUBT), figures=result("a", 0, 1, 100))
    taken = take(
        store, frame(one("unproven", "unproven", 3)), figures=result("b", 1, 2, 50)
    )
    assert taken.overlaps == 0
    assert [one.paired for one in route_days(store, ALL)] == [100, 50]
    taken = take(store, frame(CLAIM), figures=result("c", 0, 1, 110))
    assert [(one.paired, dict(one.kinds)) for one in route_days(store, ALL)] == [
        (110, {"no_arrival": 1, "unproven": 1}),
        (50, {}),
    ]
    again = take(store, frame(), figures=result("c", 0, 1, 110))
    assert parts(store) == [("unproven", "unproven")]
    assert [one.paired for one in route_days(store, ALL)] == [110, 50]
    half = ResultFigures(
        id="d" * 16, from_ms=T0 + DAY_MS // 2, until_ms=T0 + DAY_MS * 3 // 2
    )
    assert (again.overlaps, take(store, frame(), figures=half).overlaps) == (0, 2)
    assert last_day(store) == T0 // DAY_MS + 1


def test_an_operator_has_findings_of_its_own_side_only(store):
    """A trunk of the same name on the other side is another's."""
    rows = [
        one("no_arrival", "explained", 0),
        one("no_arrival", "explained", 1, departure_point="T2"),
        one(
            "no_departure",
            "nameless",
            2,
            departure_id=None,
            departure_point=None,
            arrival_id="A",
            arrival_side="arrivals",
            arrival_point="T1",
        ),
    ]
    take(store, frame(*rows))
    for party, kinds in (("BY", ["no_arrival"]), ("RU", ["no_departure"]), ("XX", [])):
        own = Own(party, ["T1"])
        every = [
            finding_listing(own).find(store, Ask(sort=sort, size=9)).rows
            for sort in ("at_ms", "confidence")
        ]
        assert [[row["finding"] for row in rows] for rows in every] == [kinds, kinds]
        listing = route_listing("trunk", ALL, [], party=party, trunks=["T1"])
        counted = everything_of(listing, store, "findings")
        assert sum(row["findings"] for row in counted) == len(kinds)
    assert finding_listing(Own("BY", [])).find(store, Ask(sort="at_ms")).total == 0


def test_an_older_store_keeps_its_crossings(url):
    """What cases gathered before is found, counted, and told apart."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        for number, state in enumerate(("found", "gathering")):
            connection.execute(insert(METADATA.tables["cases"]), [case(number, state)])
            connection.execute(
                text(
                    "INSERT INTO case_findings (handle, case_id, finding, departure_id,"
                    " at_ms, ms, stake_ms, confidence_ppm, certain, departure_point)"
                    f" VALUES ('h{number}', 'case{number}', 'loop', 'D', {T0}, 1, 1, 1,"
                    " true, 'T1')"
                )
            )
    engine.dispose()
    store = open_store(url)
    assert sorted(parts(store)) == [("loop", "case"), ("loop", "few")]
    (figure,) = route_days(store, ALL)
    assert figure.kinds == {"loop": 2}
    (row,) = everything_of(route_listing("trunk", ALL, ["loop"]), store, "findings")
    assert (row["point"], row["carrier"], row["loop"]) == ("T1", "", 2)
    assert FindingBook(store).finding("h0").steps == []
    store.close()


def case(number, state):
    """Return the row of a case of an older store."""
    numbers = ("crossings", "certain", "ms", "stake_ms", "confidence_ppm", "money")
    return {
        "id": f"case{number}",
        "channel": CHANNEL,
        "domain": "calls",
        "kind": "loop",
        "departure": "BY",
        "arrival": "RU",
        "actor": "Elm",
        "object": "",
        "nth": number + 1,
        "state": state,
        "turn": "",
        "outcome": "",
        "currency": "",
        **dict.fromkeys(numbers, 1),
        "first_ms": T0,
        "last_ms": T0,
    }
