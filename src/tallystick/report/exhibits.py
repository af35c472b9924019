"""The pictures and tables of each section, with the words that go with them."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Final

import polars as pl
from markupsafe import Markup

from tallystick.report.bins import bin_width_ms
from tallystick.report.carriers import draw_carriers, name_of
from tallystick.report.clocks import ClockRow, draw_clocks, rank_clocks
from tallystick.report.flow import draw_flow
from tallystick.report.formats import HOUR_MS
from tallystick.report.hours import draw_hours
from tallystick.report.kinds import title_of
from tallystick.report.ranking import Ranking, rank_carriers, rank_trunks
from tallystick.report.result import SIDES, UNPROVEN, Carrier, Summary
from tallystick.report.suspected import SUSPECTED_MOST, SuspectRow, show_suspected
from tallystick.report.texts import Texts
from tallystick.report.window import draw_window

CARRIERS_MOST: Final = 14
TRUNKS_MOST: Final = 12
ROUTES_MOST: Final = 12
PHANTOMS_MOST: Final = 12
WORST_MOST: Final = 3
NOISE: Final = 20
COLUMN_OF: Final = {"departures": "departure", "arrivals": "arrival"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRow:
    """A trunk whose calls did not arrive as sold."""

    carrier: str
    trunk: str
    ends: str
    calls: int
    share: float
    minutes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowSection:
    """Where the departures went; `times` is how much larger the second picture is."""

    all: Markup | None
    astray: Markup | None
    times: str
    rows: list[RouteRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySection:
    """The strips, and how many hours a bar of them stands for."""

    picture: Markup
    hours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A share with its interval, in words."""

    title: str
    share: str
    range: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """A carrier or trunk in figures."""

    name: str
    calls: int
    asr: str
    acd: str
    paired: str
    worst: list[Near]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A ranked table; `column` says by which column its rows are found again."""

    what: str
    column: str
    rows: list[TableRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class SideSection:
    """The carriers of one side."""

    side: str
    pictures: list[Markup]
    tables: list[Table]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhantomRow:
    """A route that is not what it is sold as."""

    name: str
    share: float
    low: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierSection:
    """The carriers of both sides."""

    suspected: list[SuspectRow]
    suspected_more: int
    phantoms: list[PhantomRow]
    phantoms_more: int
    sides: list[SideSection]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSection:
    """The clocks; `zones` names those that are wrong by whole hours."""

    picture: Markup | None
    folded: str
    zones: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowSection:
    """The window and the passes."""

    sentence: str
    picture: Markup | None
    passes: list[tuple[str, int]]


def show_flow(summary: Summary, texts: Texts) -> FlowSection:
    """Return the flow of all calls, and of those that did not arrive, larger."""
    routes = summary.routes
    astray = [route for route in routes if route.ends != "arrivals"]
    total, lost = sum(r.calls for r in routes), sum(r.calls for r in astray)
    return FlowSection(
        all=draw_flow(routes, texts, label=texts.say("flow.picture")),
        astray=draw_flow(astray, texts, label=texts.say("flow.astray.picture")),
        times=texts.formats.about(total / lost) if lost else "",
        rows=_route_rows(summary, texts),
    )


def _route_rows(summary: Summary, texts: Texts) -> list[RouteRow]:
    totals: Counter[tuple[str, str]] = Counter()
    calls: Counter[tuple[str, str, str]] = Counter()
    minutes: Counter[tuple[str, str, str]] = Counter()
    for route in summary.routes:
        trunk = (route.departure_carrier, route.departure_trunk)
        totals[trunk] += route.calls
        if route.ends != "arrivals" and route.calls:
            calls[*trunk, route.ends] += route.calls
            minutes[*trunk, route.ends] += round(route.minutes)
    return [
        RouteRow(
            carrier=carrier or texts.say("carriers.unnamed"),
            trunk=trunk,
            ends=ends,
            calls=count,
            share=count / totals[carrier, trunk],
            minutes=minutes[carrier, trunk, ends],
        )
        for (carrier, trunk, ends), count in _foremost(calls)
    ]


def _foremost(
    calls: Counter[tuple[str, str, str]],
) -> list[tuple[tuple[str, str, str], int]]:
    """Return the largest, those that accuse nobody at the end."""
    ordered = sorted(
        calls.items(), key=lambda one: (one[0][2] == UNPROVEN, -one[1], one[0])
    )
    return ordered[:ROUTES_MOST]


def show_day(summary: Summary, texts: Texts) -> DaySection | None:
    """Return the strips of the day, or None for an empty one."""
    picture = draw_hours(summary, texts)
    if picture is None:
        return None
    return DaySection(picture=picture, hours=bin_width_ms(summary) // HOUR_MS)


def show_carriers(summary: Summary, texts: Texts) -> CarrierSection:
    """Return carriers and trunks, ranked, of each side that names any."""
    phantoms, suspected = _phantoms(summary, texts), show_suspected(summary, texts)
    sides = [_side(side, summary, texts) for side in SIDES]
    return CarrierSection(
        suspected=suspected[:SUSPECTED_MOST],
        suspected_more=max(0, len(suspected) - SUSPECTED_MOST),
        phantoms=phantoms[:PHANTOMS_MOST],
        phantoms_more=max(0, len(phantoms) - PHANTOMS_MOST),
        sides=[one for one in sides if one.tables],
    )


def _phantoms(summary: Summary, texts: Texts) -> list[PhantomRow]:
    rows = [
        PhantomRow(
            name=name_of(replace(row, phantom=None), texts),
            share=row.phantom.share,
            low=row.phantom.low,
            why=texts.named("phantom", row.phantom.why),
        )
        for row in summary.carriers
        if row.phantom
    ]
    return sorted(rows, key=lambda row: (-row.low, row.name))


def _side(side: str, summary: Summary, texts: Texts) -> SideSection:
    carriers = rank_carriers(summary, side, most=CARRIERS_MOST)
    trunks = rank_trunks(summary, side, most=TRUNKS_MOST)
    tables = [
        _table("table", f"{COLUMN_OF[side]}_carrier", carriers, texts),
        _table("trunks", f"{COLUMN_OF[side]}_trunk", trunks, texts),
    ]
    return SideSection(
        side=side,
        pictures=draw_carriers(carriers, texts),
        tables=[table for table in tables if table.rows],
    )


def _table(what: str, column: str, ranking: Ranking, texts: Texts) -> Table:
    rows = [_row(row, name_of(row, texts), texts) for row in ranking.rows]
    if ranking.others:
        key = "carriers.others" if what == "table" else "flow.others"
        rows.append(_row(ranking.others, texts.count(key, ranking.folded), texts))
    return Table(what=what, column=column, rows=rows)


def _row(row: Carrier, name: str, texts: Texts) -> TableRow:
    formats = texts.formats
    found = [(kind, near) for kind, near in row.findings.items() if near.count]
    found.sort(key=lambda pair: (pair[0] == UNPROVEN, -pair[1].low, pair[0]))
    # Beside a third of all calls gone astray, a handful of others is only noise.
    least = found[0][1].low / NOISE if found else 0.0
    worst = [(kind, near) for kind, near in found if near.low >= least]
    return TableRow(
        name=name,
        calls=row.calls,
        asr=formats.share(round(row.asr, 3)),
        acd=formats.unit(row.acd_s, "s"),
        paired=formats.share(row.paired / row.calls if row.calls else 0.0),
        worst=[
            Near(
                title=title_of(kind, texts),
                share=formats.share(near.share),
                range=formats.shares(near.low, near.high),
            )
            for kind, near in worst[:WORST_MOST]
        ],
    )


def show_clocks(summary: Summary, texts: Texts) -> ClockSection:
    """Return the clocks, furthest off first."""
    clocks = rank_clocks(summary)
    folded = ""
    if clocks.folded:
        folded = texts.count(
            "clocks.folded",
            clocks.folded,
            low=texts.formats.offset(clocks.low_ms),
            high=texts.formats.offset(clocks.high_ms),
        )
    return ClockSection(
        picture=draw_clocks(clocks, texts),
        folded=folded,
        zones=[_zone(row, texts) for row in clocks.rows if row.hours],
    )


def _zone(row: ClockRow, texts: Texts) -> str:
    trunk = row.clock.trunk or texts.say("carriers.unnamed")
    return texts.count("clocks.zone", abs(row.hours), trunk=trunk)


def show_window(summary: Summary, offsets: pl.DataFrame, texts: Texts) -> WindowSection:
    """Return the window, what it costs, and which pass paired how much."""
    window, sentence = summary.window, ""
    if window.ms > 0:
        sentence = texts.say(
            "window.sentence",
            window=texts.formats.span(window.ms),
            spread=texts.formats.span(window.spread_ms),
            false=texts.formats.about(window.false_pairs_expected),
        )
    passes = sorted(summary.by_pass.items(), key=lambda one: (-one[1], one[0]))
    return WindowSection(
        sentence=sentence,
        picture=draw_window(window, offsets, texts),
        passes=passes,
    )
