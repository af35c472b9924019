"""Cases in a console's store: three problems, and a talk of two parties about one."""

import polars as pl

from store.simulated import CHANNEL, SECRET, take
from tallystick.cases.course import Terms
from tallystick.cases.grouping import SORTED_SCHEMA
from tallystick.cases.reference import make_reference
from tallystick.harm import (
    Figures,
    Period,
    PublishTerms,
    Redress,
    Replay,
    RuleFigures,
    publish,
    reported,
)
from tallystick.proof import SigningKey, sign_statement
from tallystick.store import StatementBook
from tallystick.store.cases import CaseDesk, CaseQuery, ObjectionRow
from tallystick.store.findings import ResultFigures, RouteDay

from .world import STARTS_MS

DAY_MS = 86_400_000
AUGUST = Period(from_ms=1_785_542_400_000, until_ms=1_788_220_800_000)
KEYS = {name: SigningKey(party=name, seed=name.encode() * 16) for name in ("BY", "RU")}
CALLING, CALLED = "+375291234567", "+74951234568"
EVIDENCE = (
    '{"code":"prior","bits":-9.5,"detail":"{}"}\n'
    '{"code":"duration","bits":21.25,"detail":"{\\"difference_ms\\": 60000}"}'
)
LOOSE = (
    ("unproven", "unproven", "T1", 5),
    ("unproven", "unproven", "T2", 4),
    ("no_departure", "nameless", "", 3),
)
"""Findings of no case: the kind, why, the trunk, and how many."""
TEXT = "who answered <b>these</b>?"
PROBLEMS = (
    ("stretched-trunk", "stretched", "Elm", "T1", 12),
    ("stretched-trunk", "false_answer", "Oak", "T2", 14),
    ("phantom-route", "no_arrival", "Ash", "", 30),
)


def plant(store):
    """Plant the cases; that of trunk T1 was asked about 40 days ago.

    Returns:
        The name of the latter: it is overdue.
    """
    take(store, findings(), figures=FIGURES)
    mine = case_of(store, object="T1")
    names = ("domain", "kind", "departure", "arrival", "actor", "object")
    about, raised = f"case/{mine.id}", {name: getattr(mine, name) for name in names}
    handles = desk(store).cases.surest(mine.id, most=2)
    asked = {"whom": "RU", "question": "as-answered", "text": TEXT}
    say(store, about, "raised", raised, days=41)
    say(store, about, "asked", {**asked, "crossings": list(handles)}, days=40)
    return mine.id


FIGURES = ResultFigures(
    id="f" * 16,
    from_ms=STARTS_MS - 46 * DAY_MS,
    until_ms=STARTS_MS - 40 * DAY_MS,
    routes=[
        RouteDay(
            day=(STARTS_MS - 45 * DAY_MS) // DAY_MS,
            side=side,
            carrier=carrier,
            point=point,
            paired=paired,
            late_ms=120,
        )
        for side, carrier, point, paired in (
            ("departure", "Elm", "T1", 700),
            ("departure", "Oak", "T2", 900),
            ("arrival", "Fir", "R1", 1_600),
        )
    ],
    complete={((STARTS_MS - 45 * DAY_MS) // DAY_MS, "departure"): (1_610, 1_600)},
)


def object_to(store, call_id):
    """Let a caller object who was refused two days ago; return the reference."""
    reference = make_reference(b"k" * 32, call_id)
    given = {"reference": reference, "verdict": call_id, "action": "reject"}
    row = ObjectionRow(**given, rule="no-initiation", verdict_ms=STARTS_MS - 2 * DAY_MS)
    desk(store).objections.give(row)
    body = {"domain": "calls", "action": "reject", "rule": row.rule, "text": TEXT}
    say(store, f"objection/{reference}", "received", body, days=1)
    return reference


def say(store, about, kind, body, *, days):
    """Let BY say something, so many days ago."""
    now_ms = STARTS_MS - days * DAY_MS
    desk(store).say(about, kind, body, key=KEYS["BY"], now_ms=now_ms)


def publish_reports(store, *, told=1_200):
    """Let both parties publish what they counted of August 2026.

    Args:
        store: Of BY, which has sent its own.
        told: Departures that BY says it told of; RU heard of 1,200.

    Returns:
        The name of the period on the pages.
    """
    book = StatementBook(store, CHANNEL)
    for party, peer in (("BY", "RU"), ("RU", "BY")):
        figures = Figures(
            party=party,
            peer=peer,
            period=AUGUST,
            outcomes={"paired": 1_000, "no_departure": 60, "unproven": 140},
            rules=(
                RuleFigures(
                    rule="missing",
                    mode="live",
                    action="mask",
                    replay=Replay(honest=20, confirmed=40),
                ),
            ),
            redress=Redress(upheld=20, refused=30, open=10),
            waited_ms={3: 1_100, 90: 100},
            covered=1_060,
            minutes_seen=600,
            minutes_covered=580,
            told=told if party == "BY" else 1_100,
            heard=1_200 if party == "RU" else 1_100,
        )
        report = publish(figures, PublishTerms())
        now_ms = STARTS_MS - DAY_MS
        statement = reported(report, channel=CHANNEL, at_ms=now_ms)
        signed = sign_statement(statement, KEYS[party])
        book.keep(signed, now_ms=now_ms, from_peer=party == "RU")
    return f"{CHANNEL[:8]}-2026-08"


def desk(store):
    """Return the desk of the planted channel."""
    return CaseDesk(
        store=store,
        channel=CHANNEL,
        parties=("BY", "RU"),
        secret=SECRET,
        terms=Terms(),
    )


def case_of(store, **wanted):
    """Return the case that has these values."""
    rows = desk(store).cases.find(CaseQuery()).rows
    return next(
        one
        for one in rows
        if all(getattr(one, name) == value for name, value in wanted.items())
    )


def findings():
    """Return the findings of all problems, over some days, numbers in the clear."""
    empty = dict.fromkeys([*SORTED_SCHEMA, "case", "why"])
    schema = {**SORTED_SCHEMA, "case": pl.String, "why": pl.String}
    rows = [
        {
            **empty,
            "case": case,
            "finding": finding,
            "actor": actor,
            "object": about,
            "departure_id": f"{actor}{n}",
            "arrival_side": "arrivals",
            "at_ms": STARTS_MS - 45 * DAY_MS + n * 7_200_000,
            "ms": 90_000,
            "stake_ms": 30_000,
            "confidence": 0.99,
            "certain": True,
            "departure_point": about or "T9",
            "departure_calling": CALLING,
            "departure_called": CALLED,
            "departure_carrier": actor,
            "departure_at_ms": STARTS_MS - 45 * DAY_MS + n * 7_200_000,
            "departure_ms": 90_000,
            "departure_answered": True,
            "departure_answer_ms": 8_000,
            "reasons": "duration",
            "evidence": EVIDENCE,
            **(arrived(n) if case == "stretched-trunk" else {}),
        }
        for case, finding, actor, about, many in PROBLEMS
        for n in range(many)
    ]
    rows += [
        {
            **empty,
            "why": why,
            "finding": finding,
            "at_ms": STARTS_MS - 45 * DAY_MS + n * 7_200_000,
            "ms": 60_000,
            "stake_ms": 60_000,
            "confidence": 0.6,
            "certain": False,
            **(
                {"departure_id": f"{trunk}{n}", "departure_point": trunk}
                if trunk
                else {"arrival_id": f"R{n}", "arrival_side": "arrivals"}
            ),
        }
        for finding, why, trunk, many in LOOSE
        for n in range(many)
    ]
    return pl.DataFrame(rows, schema=schema)


def arrived(n):
    """Return the half that arrived."""
    return {
        "arrival_id": f"R1-{n}",
        "arrival_point": "R1",
        "arrival_carrier": "Fir",
        "arrival_calling": "+37529*****68",
        "arrival_at_ms": STARTS_MS - 45 * DAY_MS + n * 7_200_000 + 900,
        "arrival_ms": 60_000,
        "arrival_answered": True,
        "arrival_answer_ms": 7_000,
    }
