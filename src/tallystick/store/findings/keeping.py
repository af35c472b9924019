"""Findings are written once, and counted by day whenever they change.

A finding that a case gathers takes the place of one that none did, and a claim that of
an `unproven`: so whatever comes first, the same is kept.

Source: spec/cases.md, "Grouping".
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import polars as pl
from sqlalchemy import (
    ColumnElement,
    Connection,
    Insert,
    Select,
    delete,
    func,
    insert,
    literal,
    select,
    true,
)

from tallystick.cases.course import DAY_MS
from tallystick.store.sql import add_to, insert_many, portions
from tallystick.store.tables import EVIDENCE, FINDING_DAYS, FINDINGS

CASE: Final = "case"
FEW: Final = "few"
UNPROVEN: Final = "unproven"
PARTS: Final = (CASE, FEW, "explained", "nameless", "unknown", UNPROVEN)
"""Part of a case, of one that is too small yet, or why of none."""
SIDES: Final = ("departure", "arrival")
EVERY: Final = ""
"""Side under which each finding is counted once, without carrier and trunk."""


class Way(NamedTuple):
    """The channel, and the parties on whose side crossings leave and arrive."""

    channel: str
    departure: str
    arrival: str


def there(connection: Connection, asked: Sequence[str]) -> Mapping[str, str]:
    """Return what crossings that are kept already are part of, by handle."""
    found: dict[str, str] = {}
    if connection.execute(select(FINDINGS.c.handle).limit(1)).first():
        wanted = select(FINDINGS.c.handle, FINDINGS.c.part)
        for some in portions(asked):
            rows = connection.execute(wanted.where(FINDINGS.c.handle.in_(some)))
            found |= {handle: part for handle, part in rows}  # ruff: ignore[unnecessary-comprehension] (rows are not pairs to mypy)
    return found


def fresh_others(connection: Connection, others: pl.DataFrame) -> pl.DataFrame:
    """Return those findings without a case that say more than what is kept."""
    kept = there(connection, others["handle"].to_list())
    claims = [handle for handle, part in kept.items() if part != UNPROVEN]
    unproven = [handle for handle, part in kept.items() if part == UNPROVEN]
    handle, is_claim = pl.col("handle"), pl.col("why") != UNPROVEN
    return others.filter(
        ~handle.is_in(claims), ~handle.is_in(unproven) | is_claim
    ).rename({"why": "part"})


def keep(
    connection: Connection, way: Way, fresh: pl.DataFrame, *, result: str
) -> set[int]:
    """Keep findings, with their evidence, in the place of what is kept of them.

    Args:
        connection: Of a store that is being written.
        way: Of all of them.
        fresh: Each once, with `case_id` and `part`.
        result: With which they came.

    Returns:
        The days on which there is another number of them.
    """
    forget(connection, fresh["handle"].to_list())
    halves = [
        pl.when(pl.col(f"{side}_id").is_not_null())
        .then(pl.col(f"{side}_{name}").fill_null(""))
        .alias(f"{side}_{name}")
        for side in SIDES
        for name in ("point", "carrier")
    ]
    names = [column.name for column in FINDINGS.columns]
    same = {name: pl.lit(value) for name, value in way._asdict().items()}
    rows = fresh.with_columns(*halves, **same, result=pl.lit(result)).select(names)
    insert_many(connection, FINDINGS, rows.sort("handle").iter_rows())
    told = fresh.filter(
        pl.col("evidence").is_not_null() | pl.col("reasons").is_not_null()
    ).select(
        "handle",
        pl.col("reasons").fill_null(""),
        pl.col("evidence").fill_null(""),
    )
    insert_many(connection, EVIDENCE, told.sort("handle").iter_rows())
    return set(fresh["day"].to_list())


def forget(connection: Connection, handles: Sequence[str]) -> None:
    """Let go of findings."""
    if not connection.execute(select(FINDINGS.c.handle).limit(1)).first():
        return
    for some in portions(handles):
        connection.execute(delete(EVIDENCE).where(EVIDENCE.c.handle.in_(some)))
        connection.execute(delete(FINDINGS).where(FINDINGS.c.handle.in_(some)))


def forget_counted(connection: Connection, way: Way, handles: Sequence[str]) -> None:
    """Let go of findings, and take them off the counts of their days.

    Args:
        connection: Of a store that is being written.
        way: Of all of them.
        handles: Their names, each once.

    Bounds: what is written grows with `handles`, not with what their days hold.
    """
    at, days, parties = FINDING_DAYS.c, set[int](), way._asdict()
    names = [one.name for one in FINDING_DAYS.primary_key.columns]
    for some in portions(handles):
        for side in (*SIDES, EVERY):
            counted = connection.execute(
                _counts(way, FINDINGS.c.at_ms // DAY_MS, side).where(
                    FINDINGS.c.handle.in_(some)
                )
            ).all()
            less = [
                dict(zip(names, key, strict=True)) | {"crossings": -count}
                for *key, count in counted
            ]
            add_to(connection, FINDING_DAYS, less, adding=("crossings",))
            days |= {one["day"] for one in less}
    for day in days:
        mine = (at[name] == value for name, value in parties.items())
        connection.execute(
            delete(FINDING_DAYS).where(at.day == day, at.crossings <= 0, *mine)
        )
    forget(connection, handles)


def forget_results(
    connection: Connection, way: Way, results: Sequence[str], *, span: tuple[int, int]
) -> set[int]:
    """Let go of what other results found, and no case gathers.

    Args:
        connection: Of a store that is being written.
        way: Theirs.
        results: Their names.
        span: From when until when they may be.

    Returns:
        The days on which there is another number of them.
    """
    at = FINDINGS.c
    wanted = select(at.handle, at.at_ms).where(
        at.at_ms >= span[0],
        at.at_ms < span[1],
        at.case_id.is_(None),
        at.result.in_(results),
        *(at[name] == value for name, value in way._asdict().items()),
    )
    rows = connection.execute(wanted).all() if results else []
    forget(connection, [handle for handle, _ in rows])
    return {at_ms // DAY_MS for _, at_ms in rows}


def count_days(connection: Connection, way: Way, days: Iterable[int]) -> None:
    """Count the findings of these days anew, by carrier, trunk and kind."""
    parties = way._asdict().items()
    for day in sorted(set(days)):
        mine = (FINDING_DAYS.c[name] == value for name, value in parties)
        connection.execute(delete(FINDING_DAYS).where(FINDING_DAYS.c.day == day, *mine))
        for side in (*SIDES, EVERY):
            connection.execute(_counted(way, day, side))


def _counted(way: Way, day: int, side: str) -> Insert:
    at = FINDINGS.c
    rows = _counts(way, literal(day), side).where(
        at.at_ms >= day * DAY_MS, at.at_ms < (day + 1) * DAY_MS
    )
    columns = [column.name for column in FINDING_DAYS.columns]
    return insert(FINDING_DAYS).from_select(columns, rows)


def _counts(way: Way, day: ColumnElement[int], side: str) -> Select[*tuple[Any, ...]]:
    """Return how findings are counted on a side, as the table's columns are."""
    at = FINDINGS.c
    names = (at[f"{side}_carrier"], at[f"{side}_point"]) if side else ()
    return (
        select(
            *(literal(value) for value in way),
            day.label("day"),
            literal(side),
            *(names or (literal(""), literal(""))),
            at.finding,
            func.count(),
        )
        .where(
            *(at[name] == value for name, value in way._asdict().items()),
            at[f"{side}_id"].is_not(None) if side else true(),
        )
        .group_by("day", *names, at.finding)
    )
