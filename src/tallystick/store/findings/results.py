"""What results count by day: one takes the place of those that it covers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import starmap
from typing import Final, NamedTuple

from sqlalchemy import Connection, delete, func, insert, select

from tallystick.cases.course import DAY_MS
from tallystick.store.findings.keeping import Way
from tallystick.store.findings.routes import Days
from tallystick.store.opening import Store
from tallystick.store.tables import COMPLETE_DAYS, RESULTS, ROUTE_DAYS

RESULTS_SHOWN: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteDay:
    """Pairs of one day by one trunk.

    Attributes:
        day: Counted from 1970.
        side: `departure` or `arrival`: whose trunk it is.
        carrier: Its name; may be empty.
        point: The trunk's; may be empty.
        paired: How many.
        late_ms: How far its clock is from the other side's; None: not learned.
    """

    day: int
    side: str
    carrier: str
    point: str
    paired: int
    late_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFigures:
    """What is kept of a result besides its findings.

    Attributes:
        id: 16 hexadecimal digits, of what it was made of.
        from_ms: When its first half began.
        until_ms: When its last half began.
        routes: Its pairs.
        complete: By day and side: how many halves it should hold, and how many it does.
    """

    id: str
    from_ms: int
    until_ms: int
    routes: Sequence[RouteDay] = ()
    complete: Mapping[tuple[int, str], tuple[int, int]] = field(default_factory=dict)


class Taken(NamedTuple):
    """A result whose figures are kept.

    Attributes:
        departure: The party on whose side crossings leave.
        arrival: The other one.
        from_ms: When its first half began.
        until_ms: When its last half had begun.
        taken_ms: When it was taken in.
    """

    departure: str
    arrival: str
    from_ms: int
    until_ms: int
    taken_ms: int


def results_between(store: Store, days: Days) -> list[Taken]:
    """Return the results that count something of these days, the newest first."""
    at = RESULTS.c
    wanted = (
        select(*(at[name] for name in Taken._fields))
        .where(at.from_ms < (days.last + 1) * DAY_MS, at.until_ms > days.first * DAY_MS)
        .order_by(at.from_ms.desc(), at.id)
        .limit(RESULTS_SHOWN)
    )
    with store.read() as connection:
        return list(starmap(Taken, connection.execute(wanted)))


def covered(connection: Connection, way: Way, figures: ResultFigures) -> list[str]:
    """Return the results, all of whose time lies within that of another one."""
    wanted = select(RESULTS.c.id).where(
        *(RESULTS.c[name] == value for name, value in way._asdict().items()),
        RESULTS.c.from_ms >= figures.from_ms,
        RESULTS.c.until_ms <= figures.until_ms,
    )
    return list(connection.scalars(wanted))


def overlapping(connection: Connection, way: Way, figures: ResultFigures) -> int:
    """Return how many results have some time in common with one, and stay."""
    counted = select(func.count()).where(
        *(RESULTS.c[name] == value for name, value in way._asdict().items()),
        RESULTS.c.id != figures.id,
        RESULTS.c.from_ms < figures.until_ms,
        RESULTS.c.until_ms > figures.from_ms,
    )
    return connection.execute(counted).scalar_one()


def replace_results(
    connection: Connection,
    way: Way,
    figures: ResultFigures,
    gone: Sequence[str],
    *,
    now_ms: int,
) -> None:
    """Keep a result's figures, and those of others no more.

    Args:
        connection: Of a store that is being written.
        way: Of its crossings.
        figures: Its.
        gone: The names of the others, as `covered` returns them.
        now_ms: The present time.
    """
    for table in (ROUTE_DAYS, COMPLETE_DAYS):
        connection.execute(delete(table).where(table.c.result.in_(gone)))
    connection.execute(delete(RESULTS).where(RESULTS.c.id.in_(gone)))
    own = {"id": figures.id, "from_ms": figures.from_ms, "until_ms": figures.until_ms}
    connection.execute(insert(RESULTS).values(**own, **way._asdict(), taken_ms=now_ms))
    routes = [
        {"result": figures.id} | {name: getattr(one, name) for name in one.__slots__}
        for one in figures.routes
    ]
    complete = [
        {
            "result": figures.id,
            "day": day,
            "side": side,
            "expected": expected,
            "held": held,
        }
        for (day, side), (expected, held) in figures.complete.items()
    ]
    for table, rows in ((ROUTE_DAYS, routes), (COMPLETE_DAYS, complete)):
        if rows:
            connection.execute(insert(table), rows)
