"""From findings to the cases they are part of.

Which case a finding is part of depends on the finding alone, so that a day's findings
make the same cases in whatever portions they come. Whether a problem is large enough
to be a case depends on all that came, day by day.

Source: spec/cases.md, "Grouping".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from tallystick.cases.course import DAY_MS
from tallystick.cases.key import CaseKey, handles
from tallystick.cases.lawful import Lawful, mark_lawful

SORTED_SCHEMA: Final[dict[str, pl.DataType]] = {
    "finding": pl.String(),
    "departure_id": pl.String(),
    "arrival_id": pl.String(),
    "arrival_side": pl.String(),
    "at_ms": pl.Int64(),
    "ms": pl.Int64(),
    "stake_ms": pl.Int64(),
    "confidence": pl.Float64(),
    "certain": pl.Boolean(),
    "actor": pl.String(),
    "object": pl.String(),
    "toward": pl.String(),
    "departure_point": pl.String(),
    "departure_carrier": pl.String(),
    "arrival_point": pl.String(),
    "arrival_carrier": pl.String(),
    "departure_calling": pl.String(),
    "departure_called": pl.String(),
    "arrival_calling": pl.String(),
    "arrival_called": pl.String(),
    "departure_at_ms": pl.Int64(),
    "arrival_at_ms": pl.Int64(),
    "departure_ms": pl.Int64(),
    "arrival_ms": pl.Int64(),
    "departure_answered": pl.Boolean(),
    "arrival_answered": pl.Boolean(),
    "departure_answer_ms": pl.Int64(),
    "arrival_answer_ms": pl.Int64(),
    "reasons": pl.String(),
    "evidence": pl.String(),
    "crossing": pl.String(),
}
"""What a domain makes of a result's findings, besides `case`, the kind of case (null:
none, and `why` says the reason). `ms` is how long a crossing lasted, `stake_ms` how
much of that was paid for in vain; `toward` is what a rate depends on: the beginning of
the called number, as far as it is shown. `evidence` are JSON objects with `code`,
`bits` and `detail`, one a line, in the order in which they were weighed. `crossing`
names a crossing instead of the two record ids where the parties do not know each
other's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRule:
    """What makes a kind of case.

    Attributes:
        kind: Of the case.
        findings: The kinds of finding it gathers.
        actor: The column that says who is asked.
        object: The column that says what it is about; None: all of the actor's.
        least: So many crossings within `days` make a case; fewer are gathered.
        days: Within so many days.
        asks: Of whom (`actor`, `peer`, `own`) what can be asked: codes of questions.
    """

    kind: str
    findings: tuple[str, ...]
    actor: str
    object: str | None = None
    least: int = 10
    days: int = 7
    asks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouped:
    """Findings by what is done with them.

    Attributes:
        members: SORTED_SCHEMA, `case`, `handle` and `day`: those that a case gathers.
        others: The same with `why`, and no `case`: those that none does.
        left: `why`, `finding`, `crossings`, `ms`: the remainder, and why it is none.
    """

    members: pl.DataFrame
    others: pl.DataFrame
    left: pl.DataFrame


def group(
    findings: pl.DataFrame,
    *,
    domain: str,
    departure: str,
    arrival: str,
    secret: bytes,
    lawful: Sequence[Lawful] = (),
) -> Grouped:
    """Name the problem and the crossing of each finding, and set the others apart.

    Args:
        findings: SORTED_SCHEMA with `case` and `why`, as a domain makes it.
        domain: Its name.
        departure: The party on whose side the crossings leave.
        arrival: The other one.
        secret: As in `case_secret`.
        lawful: What was explained; findings in its time are no part of a case.
    """
    marked = mark_lawful(findings, lawful, (departure, arrival))
    why = (
        pl.when(pl.col("case").is_null())
        .then(pl.coalesce("why", pl.lit("other")))
        .when("is_lawful")
        .then(pl.lit("explained"))
        .when(pl.col("actor").fill_null("") == "")
        .then(pl.lit("nameless"))
    )
    marked = marked.with_columns(why=why)
    left = (
        marked.filter(pl.col("why").is_not_null())
        .group_by("why", "finding")
        .agg(pl.len().cast(pl.Int64).alias("crossings"), pl.col("ms").sum())
        .sort("why", "finding")
    )
    whole = marked.filter(pl.col("at_ms").is_not_null()).with_columns(
        pl.col("object").fill_null(""),
        day=pl.col("at_ms") // DAY_MS,
        confidence_ppm=(pl.col("confidence") * 1e6).round().cast(pl.Int64),
        certain=pl.col("certain").fill_null(value=False),
    )
    crossings = whole.select(
        pl.from_epoch(pl.col("at_ms"), time_unit="ms").dt.strftime("%Y-%m-%d"),
        pl.coalesce("crossing", "departure_id"),
        "arrival_side",
        pl.when(pl.col("crossing").is_null()).then("arrival_id"),
    )
    named = whole.drop("is_lawful").with_columns(
        handle=handles(secret, domain, crossings)
    )
    claimed = pl.col("why").is_null()
    return Grouped(
        members=named.filter(claimed).drop("why").unique("handle", keep="first"),
        others=named.filter(~claimed).drop("case").unique("handle", keep="first"),
        left=left,
    )


def keys_of(
    members: pl.DataFrame, *, domain: str, departure: str, arrival: str
) -> dict[tuple[str, str, str], CaseKey]:
    """Return the problems that members are parts of, by case, actor and object."""
    rows = members.select("case", "actor", "object").unique().sort(pl.all())
    return {
        row: CaseKey(
            domain=domain,
            kind=row[0],
            departure=departure,
            arrival=arrival,
            actor=row[1],
            object=row[2],
        )
        for row in rows.iter_rows()
    }


def is_large_enough(days: Mapping[int, int], *, least: int, within: int) -> bool:
    """Tell whether a problem is a case.

    Args:
        days: Crossings by day, counted from 1970.
        least: So many are needed
        within: in so many days in a row.
    """
    return any(
        sum(days.get(last - back, 0) for back in range(within)) >= least
        for last in days
    )


def sort_by_rules(rules: Iterable[CaseRule]) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Return the expressions of `case`, `actor` and `object` that a table says.

    Args:
        rules: The table; the columns it names must be there, and `finding`.
    """
    case, actor, about = (pl.lit(None, pl.String) for _ in range(3))
    for rule in rules:
        here = pl.col("finding").is_in(rule.findings)
        case = pl.when(here).then(pl.lit(rule.kind)).otherwise(case)
        actor = pl.when(here).then(pl.col(rule.actor)).otherwise(actor)
        named = pl.lit("") if rule.object is None else pl.col(rule.object)
        about = pl.when(here).then(named).otherwise(about)
    return case, actor, about
