"""What makes a row a reject, and what makes a value be left out: two tables."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from tallystick.domains.calls.records.times import SECONDS, UNREADABLE
from tallystick.domains.calls.schema import DIRECTIONS

TIMES: Final = ("started_at", "answered_at", "released_at")
NUMBERS: Final = ("calling_number", "called_number", "redirecting_number")
TEXTS: Final = (
    "record_id",
    *NUMBERS,
    "trunk",
    "carrier",
    "calling_imei",
    "calling_cell",
)
CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "direction": DIRECTIONS,
    "presentation": ("allowed", "restricted"),
}
NO_ZONE: Final = 3
# Keepers that count whole seconds release up to one second before they start.
SLACK_MS: Final = 1000
LONGEST_MS: Final = 366 * 86_400_000
HIGHEST_CAUSE: Final = 127  # ITU-T Q.850: seven bits

_SPREADSHEET: Final = r"^\s*[+]?\d+(?:[.,]\d+)?[eE][+-]?\d+\s*$"
_SPREADSHEET_REASON: Final = (
    "The number is in scientific notation, like 1.23E+11: a spreadsheet has rounded "
    "it and its digits are lost. Export the column as text."
)
_TIME_REASONS: Final = {
    SECONDS: "The time is an integer too small for epoch milliseconds; it seems to "
    'count seconds. State [time] format = "epoch_s" in a mapping file.',
    NO_ZONE: "The time states no offset from UTC. Give the zone of the file, for "
    "example --zone Europe/Minsk.",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """What is wrong with a row when `broken` is true of it."""

    column: str
    reason: str
    broken: pl.Expr


def _time_rules(column: str) -> list[Rule]:
    problem = pl.col(f"{column}:problem")
    return [
        Rule(column, "{unreadable_time}", problem == UNREADABLE),
        *(Rule(column, why, problem == code) for code, why in _TIME_REASONS.items()),
    ]


# The first rule that is broken is the reason. Braces are filled from the mapping.
REJECTS: Final[tuple[Rule, ...]] = (
    Rule(
        "",
        "The row holds neither a number nor a time.",
        (pl.col("calling_number").eq(""))
        & (pl.col("called_number").eq(""))
        & pl.col("started_at_ms").is_null()
        & (pl.col("started_at:problem") == 0),
    ),
    Rule(
        "direction",
        "The row does not say who called whom.",
        pl.col("direction:needed"),
    ),
    Rule("record_id", "The record has no id.", pl.col("record_id").eq("")),
    *(
        Rule(name, _SPREADSHEET_REASON, pl.col(name).str.contains(_SPREADSHEET))
        for name in NUMBERS[:2]
    ),
    *_time_rules("started_at"),
    Rule("started_at", "The time is empty.", pl.col("started_at_ms").is_null()),
    *_time_rules("answered_at"),
    *_time_rules("released_at"),
    Rule(
        "duration_s",
        "The duration is empty.",
        pl.col("duration:empty"),
    ),
    Rule(
        "duration_s",
        "The duration is not {unit}.",
        pl.col("duration:unread"),
    ),
    Rule("duration_s", "The duration is negative.", pl.col("duration_ms") < 0),
    Rule(
        "duration_s",
        "The duration is longer than a year.",
        pl.col("duration_ms") > LONGEST_MS,
    ),
    Rule(
        "released_at",
        "The call is released before it starts.",
        pl.col("released_at_ms") < pl.col("started_at_ms") - SLACK_MS,
    ),
)

# Kept, but the value is left out.
NOTES: Final[tuple[Rule, ...]] = (
    *(
        Rule(
            name,
            f"The {name} is none of {', '.join(allowed)}; it was left out. Say what "
            f"it means under [values.{name}] in a mapping file.",
            pl.col(f"{name}:unknown"),
        )
        for name, allowed in CHOICES.items()
    ),
    Rule(
        "release_cause",
        "The release cause is no number from 0 to 127 (Q.850); it was left out.",
        pl.col("release_cause:unknown"),
    ),
    Rule(
        "redirecting_number",
        _SPREADSHEET_REASON,
        pl.col("redirecting_number").str.contains(_SPREADSHEET),
    ),
)


def _first_broken(rules: tuple[Rule, ...]) -> pl.Expr:
    """Return per row the position of the first broken rule, or null."""
    return pl.coalesce(
        pl.when(rule.broken).then(pl.lit(at, dtype=pl.UInt8))
        for at, rule in enumerate(rules)
    ).alias("broken")


FIRST_REJECT: Final = _first_broken(REJECTS)
FIRST_NOTE: Final = _first_broken(NOTES)
