"""How calls pair, as data.

Source: spec/pairing.md, "Calls"; the kinds are those of spec/files.md.
"""

from typing import Final

from tallystick.domains.calls.schema import KINDS
from tallystick.pairing.spec import (
    Attribute,
    Check,
    Company,
    Continuation,
    PairingSpec,
    Reading,
    Recurrence,
)

SPEC: Final = PairingSpec(
    domain="calls",
    parts=("calling", "called"),
    attributes=(
        Attribute(
            name="duration_ms",
            cls="TOL",
            step=1000,
            noun="duration",
            increments=(60_000, 30_000, 6_000),
        ),
        Attribute(name="answered", cls="EQ"),
        Attribute(name="answer_ms", cls="TOL", step=1000, evidence=False),
    ),
    order=KINDS,
    readings=(
        Reading(
            name="called_domestic",
            key="called",
            against="domestic",
            kind="domestic_arrival",
            reason="called_number_same",
            support="sim_support",
        ),
        Reading(
            name="called",
            key="called",
            differs="calling",
            kind="calling_number_altered",
            kind_removed="calling_number_removed",
            reason="called_number_same",
        ),
        Reading(
            name="calling",
            key="calling",
            differs="called",
            kind="called_number_altered",
            reason="calling_number_same",
        ),
    ),
    checks=(
        Check(
            kind="false_answer",
            attribute="answered",
            test="departure_only",
            reason="answered_not_there",
            delay="answer_ms",
        ),
        Check(
            kind="false_answer",
            attribute="answer_ms",
            test="departure_earlier",
            reason="answered_early",
            least=2000,
        ),
        Check(
            kind="stretched",
            attribute="duration_ms",
            test="departure_exceeds",
            reason="billed_longer",
            least=2000,
        ),
    ),
    recurrence=Recurrence(
        kind="loop", within_ms=60_000, alike="duration_ms", tolerance=2000
    ),
    continuation=Continuation(amount="duration_ms", delay="answer_ms"),
    # A spoofed number is known by the company its other calls keep, a hijacked
    # range by that of its neighbours: blocks of a thousand numbers.
    company=(
        Company(side="arrivals", part="calling", block=1),
        Company(side="departures", part="called", block=1000),
    ),
    horizon_ms=900_000,
)
