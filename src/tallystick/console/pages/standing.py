"""What stands at the present moment: rules that are suspended, and today's count."""

from collections.abc import Iterator
from typing import NamedTuple

from tallystick.cases.course import DAY_MS
from tallystick.console.keptwatch import Counted
from tallystick.console.pages.routes import date_of
from tallystick.console.tables.table import address
from tallystick.console.visit import Visit
from tallystick.office import Side
from tallystick.report.kinds import in_order
from tallystick.store.findings import Days, last_day, route_days


class Stopped(NamedTuple):
    """A rule that is suspended.

    Attributes:
        agreement: The name of the agreement.
        rule: Its name; empty: all of the agreement.
        by: The party that stopped it.
        at_ms: When.
        why: In its words.
    """

    agreement: str
    rule: str
    by: str
    at_ms: int
    why: str


class Found(NamedTuple):
    """Findings of one kind and day.

    Attributes:
        kind: The kind.
        crossings: How many.
        href: Leads to them.
    """

    kind: str
    crossings: int
    href: str


def stopped(side: Side | None, now_ms: int) -> Iterator[Stopped]:
    """Yield the rules that do nothing now, though both signed them.

    Yields:
        Those of all agreements of the channel that are in force.
    """
    for name in side.agreements() if side is not None else ():
        life = side.life(name) if side is not None else None
        if life is None or life.obeyed(now_ms) is None:
            continue
        for one in life.suspensions:
            if one.holds(now_ms):
                yield Stopped(name, one.rule, one.by, one.at_ms, one.why)


def latest_findings(visit: Visit) -> tuple[int, list[Found]] | None:
    """Return the last day of which there are findings, and these by kind."""
    today = visit.now_ms // DAY_MS
    day = last_day(visit.desk.store)
    if day is None:
        return None
    day = min(day, today)
    counts: dict[str, int] = {}
    for one in route_days(visit.desk.store, Days(day, day)):
        for kind, n in one.kinds.items():
            counts[kind] = counts.get(kind, 0) + n
    date = date_of(day)
    asked = {"at_ms_from": date, "at_ms_to": date}
    kinds = [
        Found(kind, counts[kind], address("findings", finding=kind, **asked))
        for kind in in_order(counts)
    ]
    return day, kinds


def since_midnight(visit: Visit) -> Counted | None:
    """Return what the node kept since midnight, UTC; None: it is not counted."""
    if not visit.may("today", "figures"):
        return None
    return visit.desk.kept.look(visit.now_ms)
