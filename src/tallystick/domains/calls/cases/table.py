"""How findings of calls group into cases that an officer can act on.

Source: spec/cases.md, "Cases of calls".
"""

from typing import Final

from tallystick.cases.grouping import CaseRule

RANGE_DIGITS: Final = 5
"""A range is named by so many digits: country and operator, all that is shown."""

RULES: Final = (
    CaseRule(
        kind="phantom-route",
        findings=("no_arrival", "called_number_altered"),
        actor="departure_carrier",
        asks=(("actor", "next-hop"), ("peer", "any-arrival"), ("own", "test-calls")),
    ),
    CaseRule(
        kind="refiling",
        findings=("calling_number_altered", "calling_number_removed"),
        actor="departure_carrier",
        asks=(("actor", "who-changed"), ("peer", "as-received"), ("own", "as-sent")),
    ),
    CaseRule(
        kind="sim-boxes",
        findings=("domestic_arrival",),
        actor="departure_carrier",
        asks=(("peer", "whose-cards"), ("actor", "next-hop"), ("own", "test-calls")),
    ),
    CaseRule(
        kind="spoofed-range",
        findings=("no_departure",),
        actor="arrival_carrier",
        object="range",
        asks=(("peer", "was-roaming"), ("actor", "traceback"), ("own", "as-received")),
    ),
    CaseRule(
        kind="stretched-trunk",
        findings=("false_answer", "stretched"),
        actor="departure_carrier",
        object="departure_trunk",
        asks=(("actor", "as-billed"), ("peer", "as-answered"), ("own", "test-calls")),
    ),
    # The laps of a loop pass by honest carriers, too: only many in a day are a case.
    CaseRule(
        kind="loop",
        findings=("loop",),
        actor="departure_carrier",
        least=15,
        days=1,
        asks=(("actor", "routing"), ("peer", "routing"), ("own", "routing")),
    ),
)
"""No finding stands in two rows; `unproven` in none."""

SURPLUS: Final = ("stretched", "false_answer")
"""Kinds of which only what was billed beyond the conversation is at stake."""
