"""Routes and carriers: what crossed by them and what was found, day by day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from tallystick.console.keptwatch import DayCount
from tallystick.console.tables.export import export
from tallystick.console.tables.table import (
    NO_NAME,
    Column,
    Table,
    address,
    day_ms,
    show,
)
from tallystick.console.visit import Handler, Visit, moment
from tallystick.report.kinds import in_order
from tallystick.store.findings import (
    By,
    DayFigures,
    Days,
    kinds_between,
    last_day,
    results_between,
    route_days,
    route_listing,
)
from tallystick.store.findings.keeping import SIDES, UNPROVEN
from tallystick.store.findings.routes import GROUPS
from tallystick.store.listing import Row

USUAL_DAYS: Final = 7
DAYS_MOST: Final = 366
HEIGHT: Final = 40
_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of one direction, as it is drawn and said.

    Attributes:
        x: Days from the first that is drawn.
        claimed: Height of what is claimed, at most `HEIGHT`.
        unproven: Height of what is unproven, above it.
        date: Of the day, ISO 8601.
        day: Of it.
        links: Leads to the findings, by kind.
    """

    x: int
    claimed: float
    unproven: float
    date: str
    day: DayFigures
    links: Mapping[str, str]


def days_of(visit: Visit) -> Days:
    """Return which days are asked for; usually the last ones of which is anything."""
    asked = [day_ms(visit.query.get(f"at_ms_{end}", "")) for end in ("from", "to")]
    first, last = (None if ms is None else ms // _DAY_MS for ms in asked)
    if last is None:
        last = last_day(visit.desk.store) or visit.now_ms // _DAY_MS
        last = max(last, first or 0)
    if first is None:
        first = last - USUAL_DAYS + 1
    return Days(max(first, last - DAYS_MOST + 1), last)


def _table(visit: Visit, days: Days, kinds: Sequence[str]) -> Table:
    """Return the table of routes; its days stand in every link of it."""
    by = _by(visit)
    is_operator = visit.who.role == "operator"
    listing = route_listing(
        by,
        days,
        kinds,
        only={
            name: "" if value == NO_NAME else value
            for name in ("side", "carrier", "point")
            if (value := visit.query.get(name, ""))
        },
        party=visit.desk.settings.party,
        trunks=visit.who.trunks if is_operator else None,
    )

    def found(kind: str | None) -> Column:
        name = kind or "findings"
        return Column(
            name,
            "number",
            filters=False,
            link=lambda row: _findings(row, by, days, kind) if row[name] else "",
            heading=f"kind.{kind}.title" if kind else "",
        )

    names = GROUPS[by]
    columns = (
        Column("by", "choice", choices=tuple(GROUPS), words="by", shown=False),
        Column("carrier", "name"),
        Column("point", "name", shown="point" in names, sorts="point" in names),
        Column("side", "choice", choices=SIDES, words="side"),
        Column("departure", "name"),
        Column("arrival", "name"),
        Column("at_ms", "day", shown=by == "day"),
        Column(
            "crossings",
            "number",
            filters=False,
            link=None if by == "day" else lambda row: _daily(row, by, days),
        ),
        Column("paired", "number", filters=False, link=_pairs),
        Column("proven", "share", filters=False),
        found(None),
        *(found(kind) for kind in kinds),
        Column("late_ms", "offset", filters=False),
    )
    return Table("routes", listing, columns, sort="findings", down=True)


def _by(visit: Visit) -> By:
    asked = visit.query.get("by", "")
    return next((by for by in GROUPS if by == asked), "trunk")


def _findings(row: Row, by: By, days: Days, kind: str | None) -> str:
    """Return where the findings are that a number counts."""
    side = row["side"]
    names = {f"{side}_carrier": row["carrier"] or NO_NAME}
    if "point" in GROUPS[by]:
        names[f"{side}_point"] = row["point"] or NO_NAME
    day = row["at_ms"] // _DAY_MS
    return address(
        "findings",
        finding=kind,
        departure=row["departure"],
        arrival=row["arrival"],
        **names,
        **_span(Days(day, day) if by == "day" else days),
    )


def _daily(row: Row, by: By, days: Days) -> str:
    """Return where the days are that a number is the sum of."""
    names = {"carrier": row["carrier"] or NO_NAME}
    if by == "trunk":
        names["point"] = row["point"] or NO_NAME
    said = names | {name: row[name] for name in ("side", "departure", "arrival")}
    return address("routes", by="day", **said, **_span(days), sort="at_ms", down="1")


def _pairs(row: Row) -> str:
    """Return where it is said why pairs are no rows here, and where they lie."""
    return "#pairs" if row["paired"] else ""


def _span(days: Days) -> dict[str, str]:
    return {"at_ms_from": date_of(days.first), "at_ms_to": date_of(days.last)}


def date_of(day: int) -> str:
    """Return a day, counted from 1970, as ISO 8601."""
    return moment(day * _DAY_MS).date().isoformat()


def bars(figures: Sequence[DayFigures]) -> dict[tuple[str, str], list[Bar]]:
    """Return the trend of each direction as it is drawn."""
    first = min((one.day for one in figures), default=0)
    most = max((sum(one.kinds.values()) for one in figures), default=0) or 1
    drawn: dict[tuple[str, str], list[Bar]] = {}
    for one in figures:
        unproven = one.kinds.get(UNPROVEN, 0)
        claimed = sum(one.kinds.values()) - unproven
        date = date_of(one.day)
        asked = {"departure": one.departure, "arrival": one.arrival}
        asked |= {"at_ms_from": date, "at_ms_to": date}
        bar = Bar(
            one.day - first,
            round(HEIGHT * claimed / most, 2),
            round(HEIGHT * unproven / most, 2),
            date,
            one,
            {kind: address("findings", finding=kind, **asked) for kind in one.kinds},
        )
        drawn.setdefault((one.departure, one.arrival), []).append(bar)
    return drawn


def _read(visit: Visit) -> Response:
    days = days_of(visit)
    kinds = in_order(kinds_between(visit.desk.store, days))
    totals = visit.may("routes", "totals")
    return visit.page(
        "routes/routes.html.j2",
        table=show(visit, _table(visit, days, kinds)),
        days=days,
        kinds=kinds,
        trends=bars(route_days(visit.desk.store, days)) if totals else {},
        height=HEIGHT,
        counted=_counted(visit, days),
        results=results_between(visit.desk.store, days),
        day_of=lambda day: visit.t.formats.day(moment(day * _DAY_MS)),
    )


def _counted(visit: Visit, days: Days) -> list[DayCount]:
    if not visit.may("routes", "totals"):
        return []
    return visit.desk.kept.by_day(days, now_ms=visit.now_ms)


def _export(visit: Visit) -> Response:
    days = days_of(visit)
    kinds = in_order(kinds_between(visit.desk.store, days))
    return export(visit, _table(visit, days, kinds))


HANDLERS: Final[dict[str, Handler]] = {"read": _read, "export": _export}
