"""Findings join the open case of their problem, or begin one.

Whatever portions they come in, and however often, the same cases come out: a crossing
counts once, by its handle, and all sums are of whole numbers.

Source: spec/cases.md, "Joining".
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection, bindparam, insert, select, text, update

from tallystick.cases.course import DAY_MS
from tallystick.cases.grouping import (
    CaseRule,
    Grouped,
    is_large_enough,
    keys_of,
)
from tallystick.cases.key import CaseKey, case_id
from tallystick.cases.money import RateDeck, money
from tallystick.store.cases.rows import FOUND, GATHERING
from tallystick.store.findings.keeping import (
    CASE,
    FEW,
    Way,
    count_days,
    forget_results,
    fresh_others,
    keep,
    there,
)
from tallystick.store.findings.results import (
    ResultFigures,
    covered,
    overlapping,
    replace_results,
)
from tallystick.store.forgotten import forgotten_cases
from tallystick.store.opening import Store
from tallystick.store.sql import add_to, portions
from tallystick.store.tables import CASE_DAYS, CASE_RATES, CASES, FINDINGS

_KEY: Final = ("case", "actor", "object")
_EVER: Final = 2**62
OVER: Final = "over"
"""Why a finding is part of no case: the one that it belongs to was let go of."""
_Problem = tuple[str, str, str]
_Known = tuple[str, int, int | None]
"""A case's name, how often its problem had come, and when it ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What came of a result.

    Attributes:
        new: Crossings that were not there yet.
        repeated: Crossings that were.
        opened: Names of the cases that became large enough by it.
        joined: Names of the cases that were there and got more.
        left: As in `Grouped`, what is still too little for a case (`few`), and what is
            part of one that was let go of (`over`).
        overlaps: So many other results have some time in common with this one.
    """

    new: int
    repeated: int
    opened: Sequence[str]
    joined: Sequence[str]
    left: pl.DataFrame
    overlaps: int = 0


def gather(
    store: Store,
    channel: str,
    grouped: Grouped,
    *,
    domain: str,
    departure: str,
    arrival: str,
    secret: bytes,
    rules: Iterable[CaseRule],
    deck: RateDeck | None = None,
    figures: ResultFigures | None = None,
    now_ms: int = 0,
) -> Gathered:
    """Take a result's grouped findings in.

    Args:
        store: Where cases are kept.
        channel: 64 hexadecimal digits.
        grouped: As `group` makes it of the findings, with the same way and secret.
        domain: Such as `calls`.
        departure: The party on whose side the crossings leave.
        arrival: The other one.
        secret: As in `case_secret`.
        rules: The domain's, for how many make a case.
        deck: Rates for the money at stake; without it none is counted.
        figures: What else is kept of the result; None: nothing.
        now_ms: The present time.
    """
    by_kind = {rule.kind: rule for rule in rules}
    way = Way(channel, departure, arrival)
    keys = keys_of(grouped.members, domain=domain, departure=departure, arrival=arrival)
    with store.write() as connection:
        alone(connection)
        known = _known(connection, channel, domain, departure, arrival)
        gone = forgotten_cases(connection, channel)
        spans, began = _spans(channel, keys, known, gone, secret)
        spanned = (
            grouped.members.join(spans, on=_KEY, how="inner")
            .filter(
                pl.col("at_ms") >= pl.col("since"), pl.col("at_ms") < pl.col("till")
            )
            .drop("since", "till")
        )
        is_over = pl.col("id").is_in(list(gone.keys() - _ids(known)))
        over, placed = spanned.filter(is_over), spanned.filter(~is_over)
        kept = there(connection, placed["handle"].to_list())
        gathered = [handle for handle, part in kept.items() if part in {CASE, FEW}]
        fresh = placed.filter(~pl.col("handle").is_in(gathered))
        ids = fresh["id"].unique().to_list()
        _begin(connection, [row for row in began if row["id"] in set(ids)])
        _add(connection, fresh, deck)
        before = _states(connection, ids)
        opened = _enlarge(connection, before, by_kind)
        cases = _cases(before, opened)
        days, overlaps = _replace(connection, way, figures, now_ms=now_ms)
        parts = _parts(fresh, fresh_others(connection, grouped.others), cases)
        days |= keep(connection, way, parts, result=figures.id if figures else "")
        count_days(connection, way, days)
    few = fresh.filter(~pl.col("id").is_in(cases))
    return Gathered(
        new=fresh.height,
        repeated=placed.height - fresh.height,
        opened=sorted(opened),
        joined=sorted(i for i, (_, state) in before.items() if state != GATHERING),
        left=pl.concat([grouped.left, _left(few, FEW), _left(over, OVER)]),
        overlaps=overlaps,
    )


def _replace(
    connection: Connection, way: Way, figures: ResultFigures | None, *, now_ms: int
) -> tuple[set[int], int]:
    """Keep a result's figures instead of those that it covers."""
    if figures is None:
        return set(), 0
    gone = covered(connection, way, figures)
    span = figures.from_ms - DAY_MS, figures.until_ms + DAY_MS
    days = forget_results(connection, way, gone, span=span)
    replace_results(connection, way, figures, gone, now_ms=now_ms)
    return days, overlapping(connection, way, figures)


def _parts(
    fresh: pl.DataFrame, others: pl.DataFrame, cases: Sequence[str]
) -> pl.DataFrame:
    """Say of each finding what it is part of."""
    is_case = pl.col("case_id").is_in(cases)
    members = fresh.rename({"id": "case_id"}).with_columns(
        part=pl.when(is_case).then(pl.lit(CASE)).otherwise(pl.lit(FEW))
    )
    return pl.concat([members, others], how="diagonal").unique("handle", keep="first")


def alone(connection: Connection) -> None:
    """Let nobody else take findings in, or let go of them, meanwhile."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE cases IN SHARE ROW EXCLUSIVE MODE"))
    else:
        # A write that changes nothing: SQLite lets one write at a time.
        connection.execute(update(CASES).where(CASES.c.id == "").values(nth=1))


def _known(
    connection: Connection, channel: str, domain: str, departure: str, arrival: str
) -> dict[_Problem, list[_Known]]:
    """Return the cases that there are of each problem, in order."""
    wanted = (
        select(
            CASES.c.kind,
            CASES.c.actor,
            CASES.c.object,
            CASES.c.id,
            CASES.c.nth,
            CASES.c.ended_ms,
        )
        .where(
            CASES.c.channel == channel,
            CASES.c.domain == domain,
            CASES.c.departure == departure,
            CASES.c.arrival == arrival,
        )
        .order_by(CASES.c.nth)
    )
    known: dict[_Problem, list[_Known]] = {}
    for kind, actor, about, ident, nth, ended in connection.execute(wanted):
        known.setdefault((kind, actor, about), []).append((ident, nth, ended))
    return known


def _spans(
    channel: str,
    keys: Mapping[_Problem, CaseKey],
    known: Mapping[_Problem, list[_Known]],
    gone: Mapping[str, int],
    secret: bytes,
) -> tuple[pl.DataFrame, list[dict[str, Any]]]:
    """Say which case takes a problem's crossings of which time.

    What began before a case ended is part of it, also where that was let go of; what
    came back later is of the next.
    """
    spans, began = [], []
    for parts, key in keys.items():
        since, nth = -_EVER, 0
        for ident, place, ended in _every(key, known.get(parts, ()), gone, secret):
            nth = place
            till = _EVER if ended is None else ended
            spans.append((*parts, ident, since, till))
            since = till
        if since == _EVER:
            continue
        ident = case_id(secret, key, nth + 1)
        spans.append((*parts, ident, since, _EVER))
        began.append(new_row(channel, key, ident, nth + 1))
    schema = dict.fromkeys((*_KEY, "id"), pl.String)
    frame = pl.DataFrame(
        spans, schema={**schema, "since": pl.Int64, "till": pl.Int64}, orient="row"
    )
    return frame, began


def _every(
    key: CaseKey, known: Sequence[_Known], gone: Mapping[str, int], secret: bytes
) -> Iterator[_Known]:
    """Yield the cases of a problem in order, those in between that were let go of too.

    Yields:
        As in `_known`.
    """
    here, nth = {place: (ident, place, ended) for ident, place, ended in known}, 1
    last = max(here, default=0)
    while gone or nth <= last:
        if nth in here:
            yield here[nth]
        elif gone and (ident := case_id(secret, key, nth)) in gone:
            yield ident, nth, gone[ident]
        elif nth > last:
            return
        nth += 1


def _ids(known: Mapping[_Problem, Sequence[_Known]]) -> set[str]:
    return {ident for every in known.values() for ident, _, _ in every}


def new_row(channel: str, key: CaseKey, ident: str, nth: int) -> dict[str, Any]:
    """Return the row of a problem that nothing is known of yet."""
    return {
        "id": ident,
        "channel": channel,
        "domain": key.domain,
        "kind": key.kind,
        "departure": key.departure,
        "arrival": key.arrival,
        "actor": key.actor,
        "object": key.object,
        "nth": nth,
        "state": GATHERING,
        "turn": "",
        "outcome": "",
        "crossings": 0,
        "certain": 0,
        "ms": 0,
        "stake_ms": 0,
        "confidence_ppm": 0,
        "money": 0,
        "currency": "",
        "first_ms": _EVER,
        "last_ms": 0,
    }


def _begin(connection: Connection, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(CASES), rows)


def _add(connection: Connection, fresh: pl.DataFrame, deck: RateDeck | None) -> None:
    """Add up what crossings come to by day, by rate and in all."""
    sums = [pl.col(name).sum() for name in ("ms", "stake_ms")]
    count = pl.len().cast(pl.Int64).alias("crossings")
    days = fresh.group_by(pl.col("id").alias("case_id"), "day").agg(count, *sums)
    add_to(
        connection, CASE_DAYS, days.to_dicts(), adding=("crossings", "ms", "stake_ms")
    )
    if deck is not None:
        rates = (
            fresh.with_columns(rate=deck.rate(pl.col("toward")))
            .filter(pl.col("rate").is_not_null())
            .group_by(pl.col("id").alias("case_id"), "rate")
            .agg(pl.col("stake_ms").sum())
            .with_columns(currency=pl.lit(deck.currency))
        )
        add_to(connection, CASE_RATES, rates.to_dicts(), adding=("stake_ms",))
    totals = fresh.group_by(pl.col("id").alias("b_id")).agg(
        count.alias("b_crossings"),
        pl.col("certain").sum().cast(pl.Int64).alias("b_certain"),
        pl.col("ms").sum().alias("b_ms"),
        pl.col("stake_ms").sum().alias("b_stake_ms"),
        pl.col("confidence_ppm").sum().alias("b_confidence_ppm"),
        pl.col("at_ms").min().alias("b_first"),
        pl.col("at_ms").max().alias("b_last"),
    )
    _add_up(connection, totals)
    _reckon(connection, totals["b_id"].to_list())


def _add_up(connection: Connection, totals: pl.DataFrame) -> None:
    if totals.is_empty():
        return
    added = ("crossings", "certain", "ms", "stake_ms", "confidence_ppm")
    here = select(CASES.c.id, CASES.c.first_ms, CASES.c.last_ms)
    spans = {row.id: row for row in connection.execute(here)}
    rows = [
        {
            **row,
            "b_first": min(row["b_first"], spans[row["b_id"]].first_ms),
            "b_last": max(row["b_last"], spans[row["b_id"]].last_ms),
        }
        for row in totals.to_dicts()
    ]
    changed = (
        update(CASES)
        .where(CASES.c.id == bindparam("b_id"))
        .values(
            first_ms=bindparam("b_first"),
            last_ms=bindparam("b_last"),
            **{name: CASES.c[name] + bindparam(f"b_{name}") for name in added},
        )
    )
    connection.execute(changed, rows)


def _reckon(connection: Connection, ids: Sequence[str]) -> None:
    """Write what is at stake of cases; the currency that came first where two did."""
    rates: dict[str, dict[str, list[tuple[int, int]]]] = {}
    for some in portions(ids):
        wanted = select(CASE_RATES).where(CASE_RATES.c.case_id.in_(some))
        for row in connection.execute(wanted):
            by_currency = rates.setdefault(row.case_id, {})
            by_currency.setdefault(row.currency, []).append((row.rate, row.stake_ms))
    for ident, by_currency in rates.items():
        currency = min(by_currency)
        connection.execute(
            update(CASES)
            .where(CASES.c.id == ident)
            .values(money=money(by_currency[currency]), currency=currency)
        )


def _states(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return the kind and the state of each case."""
    states = {}
    for some in portions(ids):
        wanted = select(CASES.c.id, CASES.c.kind, CASES.c.state)
        for ident, kind, state in connection.execute(
            wanted.where(CASES.c.id.in_(some))
        ):
            states[ident] = (kind, state)
    return states


def _enlarge(
    connection: Connection,
    before: Mapping[str, tuple[str, str]],
    rules: Mapping[str, CaseRule],
) -> list[str]:
    """Make cases of what is large enough now; return their names."""
    gathering = [i for i, (_, state) in before.items() if state == GATHERING]
    days: dict[str, dict[int, int]] = {}
    for some in portions(gathering):
        wanted = select(CASE_DAYS).where(CASE_DAYS.c.case_id.in_(some))
        for row in connection.execute(wanted):
            days.setdefault(row.case_id, {})[row.day] = row.crossings
    large = [
        ident
        for ident in gathering
        if is_large_enough(
            days.get(ident, {}),
            least=rules[before[ident][0]].least,
            within=rules[before[ident][0]].days,
        )
    ]
    for some in portions(large):
        connection.execute(
            update(CASES).where(CASES.c.id.in_(some)).values(state=FOUND)
        )
        connection.execute(
            update(FINDINGS).where(FINDINGS.c.case_id.in_(some)).values(part=CASE)
        )
    return large


def _cases(before: Mapping[str, tuple[str, str]], opened: list[str]) -> list[str]:
    return [*opened, *(i for i, (_, state) in before.items() if state != GATHERING)]


def _left(members: pl.DataFrame, why: str) -> pl.DataFrame:
    return (
        members.group_by("finding")
        .agg(pl.len().cast(pl.Int64).alias("crossings"), pl.col("ms").sum())
        .sort("finding")
        .select(pl.lit(why).alias("why"), "finding", "crossings", "ms")
    )
