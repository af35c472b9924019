"""Carriers and trunks: what crossed by them, and what was found, by day.

Pairs come from results, findings are counted from the findings themselves: so each of
their numbers is that of the rows that it leads to.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Subquery,
    case,
    cast,
    func,
    literal,
    null,
    select,
    union_all,
)

from tallystick.cases.course import DAY_MS
from tallystick.store.findings.keeping import EVERY, SIDES, UNPROVEN
from tallystick.store.listing import Listing
from tallystick.store.opening import Store
from tallystick.store.tables import (
    COMPLETE_DAYS,
    FINDING_DAYS,
    RESULTS,
    ROUTE_DAYS,
)

By = Literal["trunk", "carrier", "day"]
GROUPS: Final[dict[By, tuple[str, ...]]] = {
    "trunk": ("departure", "arrival", "side", "carrier", "point"),
    "carrier": ("departure", "arrival", "side", "carrier"),
    "day": ("departure", "arrival", "side", "carrier", "point", "day"),
}
PAIRED_KINDS: Final = ("loop", "false_answer", "stretched")
"""Kinds of pairs: both halves are among the pairs, too."""


class Days(NamedTuple):
    """From which day until which, both with it; counted from 1970."""

    first: int
    last: int


class DayFigures(NamedTuple):
    """What one direction came to on one day.

    Attributes:
        day: Counted from 1970.
        departure: The party on whose side crossings leave.
        arrival: The other one.
        paired: Pairs.
        kinds: Findings by kind, each counted once.
        complete: By side, the share of what it should hold; absent where no result
            says so.
    """

    day: int
    departure: str
    arrival: str
    paired: int
    kinds: Mapping[str, int]
    complete: Mapping[str, float]

    @property
    def crossings(self) -> int:
        """Pairs, and findings that are none of pairs."""
        others = (n for kind, n in self.kinds.items() if kind not in PAIRED_KINDS)
        return self.paired + sum(others)


def kinds_between(store: Store, days: Days) -> list[str]:
    """Return the kinds of finding that these days have, in the order of names."""
    at = FINDING_DAYS.c
    wanted = select(at.finding).where(*_totals(days)).distinct()
    with store.read() as connection:
        return sorted(connection.scalars(wanted))


def _totals(days: Days) -> list[ColumnElement[bool]]:
    """Return what holds of rows without a side."""
    at = FINDING_DAYS.c
    return [at.side == EVERY, at.day.between(*days)]


def last_day(store: Store) -> int | None:
    """Return the last day of which there is anything; None: there is nothing."""
    with store.read() as connection:
        days: list[int | None] = [
            connection.scalar(select(func.max(table.c.day)))
            for table in (FINDING_DAYS, ROUTE_DAYS)
        ]
    return max((day for day in days if day is not None), default=None)


def route_listing(
    by: By,
    days: Days,
    kinds: Sequence[str],
    *,
    only: Mapping[str, str] | None = None,
    party: str = "",
    trunks: Sequence[str] | None = None,
) -> Listing:
    """Return carriers and trunks with what crossed by them.

    Args:
        by: What a row is: a trunk, a carrier, or a trunk on a day.
        days: Of which days.
        kinds: Each has a column of its name.
        only: Values of `side`, `carrier` and `point`; absent: all.
        party: Whose trunks `trunks` are.
        trunks: Only these; None: all.

    Returns:
        The columns of `GROUPS`, those of the kinds, and `crossings`, `paired`,
        `findings`, `proven` (in millionths), `late_ms`, `at_ms` (the last day), `by`.
    """
    names = GROUPS[by]
    parts = _parts(names, days, kinds, _Own(only or {}, party, trunks))
    sums = {
        name: cast(func.sum(parts.c[name]), BigInteger)
        for name in ("paired", "findings", "crossings", *kinds)
    }
    unproven = sums.get(UNPROVEN, literal(0, BigInteger))
    proven = 1_000_000 - 1_000_000 * unproven // sums["crossings"]
    grouped = (
        select(
            *(parts.c[name] for name in names),
            *(one.label(name) for name, one in sums.items()),
            cast(func.max(parts.c.late_ms), BigInteger).label("late_ms"),
            (cast(func.max(parts.c.last), BigInteger) * DAY_MS).label("at_ms"),
            case((sums["crossings"] > 0, proven)).label("proven"),
        )
        .group_by(*(parts.c[name] for name in names))
        .subquery("routes")
    )
    columns: dict[str, ColumnElement[Any]] = dict(grouped.c.items())
    columns.setdefault("point", literal(""))
    ties = tuple(grouped.c[name] for name in names[:-1])
    return Listing(
        columns | {"by": literal(by)}, grouped.c[names[-1]], ties=ties, at_once=True
    )


def _parts(
    names: Sequence[str],
    days: Days,
    kinds: Sequence[str],
    own: "_Own",
) -> Subquery:
    """Return pairs and findings, each grouped, as rows of the same columns."""
    pairs, found, result = ROUTE_DAYS.c, FINDING_DAYS.c, RESULTS.c
    nothing = literal(0, BigInteger)

    def of(*tables: Any) -> list[ColumnElement[Any]]:  # ruff: ignore[any-type] (columns by name)
        return [next(t[name] for t in tables if name in t) for name in names]

    paired = (
        select(
            *of(pairs, result),
            func.sum(cast(pairs.paired, Integer)).label("paired"),
            func.sum(cast(pairs.paired, Integer)).label("crossings"),
            nothing.label("findings"),
            cast(func.avg(pairs.late_ms), BigInteger).label("late_ms"),
            func.max(pairs.day).label("last"),
            *(nothing.label(kind) for kind in kinds),
        )
        .join(RESULTS, result.id == pairs.result)
        .where(pairs.day.between(*days), *own.where(result, pairs))
        .group_by(*of(pairs, result))
    )
    n = cast(found.crossings, Integer)  # of which PostgreSQL makes sums quickly
    more = case((found.finding.in_(PAIRED_KINDS), 0), else_=n)
    findings = (
        select(
            *of(found),
            nothing.label("paired"),
            func.sum(more).label("crossings"),
            func.sum(n).label("findings"),
            cast(null(), BigInteger).label("late_ms"),
            func.max(found.day).label("last"),
            *(
                func.sum(case((found.finding == kind, found.crossings), else_=0)).label(
                    kind
                )
                for kind in kinds
            ),
        )
        .where(
            found.day.between(*days),
            found.side.in_(SIDES),
            *own.where(found, found),
        )
        .group_by(*of(found))
    )
    return union_all(paired, findings).subquery("parts")


class _Own(NamedTuple):
    """Of which trunks rows are wanted."""

    only: Mapping[str, str]
    party: str
    trunks: Sequence[str] | None

    def where(self, parties: Any, at: Any) -> list[ColumnElement[bool]]:  # ruff: ignore[any-type] (columns by name)
        wanted = [at[name] == value for name, value in self.only.items()]
        if self.trunks is not None:
            mine = case(
                (at.side == "departure", parties.departure), else_=parties.arrival
            )
            wanted += [mine == self.party, at.point.in_(self.trunks)]
        return wanted


def route_days(store: Store, days: Days) -> list[DayFigures]:
    """Return what each direction came to, day by day, in order."""
    found, pairs, done, result = (
        FINDING_DAYS.c,
        ROUTE_DAYS.c,
        COMPLETE_DAYS.c,
        RESULTS.c,
    )
    kinds = select(
        found.day, found.departure, found.arrival, found.finding, found.crossings
    ).where(*_totals(days))
    paired = (
        select(pairs.day, result.departure, result.arrival, func.sum(pairs.paired))
        .join(RESULTS, result.id == pairs.result)
        .where(pairs.side == "departure", pairs.day.between(*days))
        .group_by(pairs.day, result.departure, result.arrival)
    )
    sums = (func.sum(done.held), func.sum(done.expected))
    complete = (
        select(done.day, result.departure, result.arrival, done.side, *sums)
        .join(RESULTS, result.id == done.result)
        .where(done.day.between(*days))
        .group_by(done.day, result.departure, result.arrival, done.side)
    )
    pairs_of: dict[_Key, int] = {}
    kinds_of: dict[_Key, dict[str, int]] = {}
    shares_of: dict[_Key, dict[str, float]] = {}
    with store.read() as connection:
        for *key, n in connection.execute(paired):
            pairs_of[_key(key)] = int(n)
        for *key, kind, n in connection.execute(kinds):
            kinds_of.setdefault(_key(key), {})[kind] = n
        for *key, side, held, expected in connection.execute(complete):
            if expected:
                shares_of.setdefault(_key(key), {})[side] = int(held) / int(expected)
    return [
        DayFigures(
            *key, pairs_of.get(key, 0), kinds_of.get(key, {}), shares_of.get(key, {})
        )
        for key in sorted({*pairs_of, *kinds_of, *shares_of})
    ]


_Key = tuple[int, str, str]


def _key(parts: Sequence[Any]) -> _Key:
    day, departure, arrival = parts
    return int(day), str(departure), str(arrival)
