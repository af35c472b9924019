"""What two parties found without showing records has the same names on both sides."""

import polars as pl

from tallystick.cases.grouping import Grouped, group
from tallystick.domains.calls.cases import sort_findings

WAY = {"domain": "calls", "departure": "BY", "arrival": "RU"}
EMPTY = {
    "kind": pl.String,
    "departure_id": pl.String,
    "arrival_id": pl.String,
    "arrival_side": pl.String,
    "departure_at_ms": pl.Int64,
    "arrival_at_ms": pl.Int64,
    "departure_duration_s": pl.Float64,
    "arrival_duration_s": pl.Float64,
    "arrival_answered": pl.Boolean,
    "confidence": pl.Float64,
    "certain": pl.Boolean,
    "departure_trunk": pl.String,
    "departure_carrier": pl.String,
    "arrival_trunk": pl.String,
    "arrival_carrier": pl.String,
    "departure_calling": pl.String,
    "departure_called": pl.String,
    "arrival_calling": pl.String,
    "arrival_called": pl.String,
    "crossing": pl.String,
}
BOTH = {
    "kind": "false_answer",
    "departure_at_ms": 1_773_090_275_939,
    "arrival_at_ms": 1_773_090_276_000,
    "departure_carrier": "Elm",
    "departure_trunk": "BY-118",
    "arrival_side": "arrivals",
    "confidence": 0.99,
    "certain": True,
}
ALONE = BOTH | {
    "kind": "no_departure",
    "departure_at_ms": None,
    "arrival_carrier": "Fir",
}
VIEWS = {
    "BY": ("BY007852932", "RU:0000000417", "RU:0000000418", None),
    "RU": ("BY:0000000033", "RU004156577", "RU004156578", "+37529*****77"),
}


def seen_by(party: str, epoch: str = "2026-03-10") -> Grouped:
    """Return what a party's own result becomes."""
    departure, arrival, alone, number = VIEWS[party]
    rows = [
        BOTH | {"departure_id": departure, "arrival_id": arrival},
        ALONE | {"arrival_id": alone},
    ]
    names = (f"{epoch}:33:417", f"{epoch}::418")
    given = [
        dict.fromkeys(EMPTY) | row | {"arrival_calling": number, "crossing": name}
        for row, name in zip(rows, names, strict=True)
    ]
    findings = pl.LazyFrame(given, schema=EMPTY)
    return group(sort_findings(findings), **WAY, secret=b"s" * 32)


def test_a_crossing_has_one_name_on_both_sides():
    """Though each knows only its own record id of it."""
    by, ru = (
        seen_by(party).members.filter(pl.col("case") == "stretched-trunk")
        for party in ("BY", "RU")
    )
    assert by["departure_id"].to_list() != ru["departure_id"].to_list()
    assert by["handle"].to_list() == ru["handle"].to_list()
    assert by["handle"].len() == 1


def test_a_range_that_is_the_others_to_show_is_no_case_here():
    """It is not taken for a call without a number."""
    assert seen_by("BY").left.filter(finding="no_departure")["why"].to_list() == [
        "nameless"
    ]
    ru = seen_by("RU").members.filter(finding="no_departure")
    assert ru["object"].to_list() == ["+37529"]


def test_crossings_of_two_exchanges_are_two():
    """Counts begin anew with each epoch."""
    both = (seen_by("RU", epoch).members for epoch in ("2026-03-10", "again"))
    assert pl.concat(both)["handle"].n_unique() == 4
