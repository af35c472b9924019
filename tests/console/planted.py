"""Cases in a console's store: three problems, and a talk of two parties about one."""

import polars as pl

from store.simulated import CHANNEL, SECRET, take
from tallystick.cases.course import Terms
from tallystick.cases.grouping import SORTED_SCHEMA
from tallystick.proof import SigningKey
from tallystick.store.cases import CaseDesk, CaseQuery

from .world import STARTS_MS

DAY_MS = 86_400_000
KEYS = {name: SigningKey(party=name, seed=name.encode() * 16) for name in ("BY", "RU")}
CALLING, CALLED = "+375291234567", "+74951234568"
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
    take(store, findings())
    mine = case_of(store, object="T1")
    names = ("domain", "kind", "departure", "arrival", "actor", "object")
    about, raised = f"case/{mine.id}", {name: getattr(mine, name) for name in names}
    handles = desk(store).cases.surest(mine.id, most=2)
    asked = {"whom": "RU", "question": "as-answered", "text": TEXT}
    say(store, about, "raised", raised, days=41)
    say(store, about, "asked", {**asked, "crossings": list(handles)}, days=40)
    return mine.id


def say(store, about, kind, body, *, days):
    """Let BY say something, so many days ago."""
    now_ms = STARTS_MS - days * DAY_MS
    desk(store).say(about, kind, body, key=KEYS["BY"], now_ms=now_ms)


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
        }
        for case, finding, actor, about, many in PROBLEMS
        for n in range(many)
    ]
    return pl.DataFrame(rows, schema=schema)
