"""A table as a page shows it: what is asked for stands in the page's address."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, Protocol
from urllib.parse import urlencode

from tallystick.console.visit import Visit, moment
from tallystick.report.formats import Formats
from tallystick.report.texts import Texts
from tallystick.store import Ask, Found, Store
from tallystick.store.listing import Row

Kind = Literal[
    "text",
    "name",
    "choice",
    "time",
    "moment",
    "day",
    "number",
    "money",
    "share",
    "offset",
    "span",
]
TIMES: Final = {"time", "moment", "day"}
MOMENT: Final = "%Y-%m-%dT%H:%M:%S"
"""A moment as it stands in an address; browsers leave out seconds that are none."""
PAGE_SIZE: Final = 50
_TEXT_LENGTH: Final = 128
UNITS: Final[Mapping[str, int]] = {
    "number": 1,
    "money": 100,
    "share": 1_000_000,
    "span": 1,
    "offset": 1,
}
"""So many of what is kept are one of what is shown."""
_WRITTEN: Final[Mapping[str, Callable[[Formats, float], str]]] = {
    "number": Formats.integer,
    "money": lambda formats, value: formats.number(value, digits=2),
    "share": Formats.share,
    "span": Formats.span,
    "offset": Formats.offset,
}
NO_NAME: Final = "-"
"""What is typed, or stands in an address, for a name that is not there."""
_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        name: As the listing has it.
        kind: `text` is searched in, of a `name` all is given (`-`: there is none), a
            `choice` is chosen, of a `time` and a `day` days are given; a `number`,
            `money` (in hundredths, of the row's `currency`), a `share` (in millionths)
            and a `span` or `offset` (in milliseconds) are only shown.
        choices: Those of a choice.
        words: Values are the messages of this name with the value for `{}`, or behind
            a point, where there are such.
        link: Where a cell leads.
        filters: Whether rows can be chosen by it.
        shown: Whether the page has it as a column, too, and not only the file.
        sorts: Whether rows can be sorted by it.
        heading: The message that names it; empty: `column.NAME`.
        written: What a cell says, where that is not its value alone.
    """

    name: str
    kind: Kind = "text"
    choices: tuple[str, ...] = ()
    words: str = ""
    link: Callable[[Row], str] | None = None
    filters: bool = True
    shown: bool = True
    sorts: bool = True
    heading: str = ""
    written: Callable[[Texts, Row], str] | None = None

    @property
    def title(self) -> str:
        """The message that names it."""
        return self.heading or f"column.{self.name}"

    def say(self, t: Texts, code: str) -> str:
        """Return a value in somebody's language; one without words as it is."""
        key = self.words.format(code) if "{}" in self.words else f"{self.words}.{code}"
        return t.say(key) if self.words and t.has(key) else code


class Rows(Protocol):
    """Where the rows of a table come from: a listing of the store, or a frame."""

    @property
    def counted(self) -> int:
        """Rows are counted up to here."""

    def find(self, store: Store, ask: Ask) -> Found:
        """Return one page of what is asked."""

    def every(self, store: Store, ask: Ask) -> Iterator[Row]:
        """Return all rows that are asked for, whatever the page."""


@dataclass(frozen=True, slots=True)
class Table:
    """What a table is made of.

    Attributes:
        name: Of its page.
        listing: Where its rows come from.
        columns: Those shown, from the left.
        sort: By which it is sorted where nothing is asked.
        down: From the highest.
    """

    name: str
    listing: Rows
    columns: tuple[Column, ...]
    sort: str
    down: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading that sorts.

    Attributes:
        text: Its words.
        href: Sorts by it, or turns it round.
        sorted: `ascending`, `descending` or `none`, as screen readers say it.
    """

    text: str
    href: str
    sorted: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A value as it is shown.

    Attributes:
        text: Its words.
        href: Where it leads; empty: nowhere.
        at: Of a time, the machine's form.
        is_number: Whether digits stand under digits.
    """

    text: str
    href: str = ""
    at: str = ""
    is_number: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A table to be rendered.

    Attributes:
        name: Of its page.
        path: Where it is.
        columns: Those that rows can be chosen by.
        headings: Theirs.
        rows: Cells, row by row.
        values: What the form is filled with.
        hidden: What the form passes on.
        total: Rows of all pages.
        beyond: Whether there are more than were counted.
        page: From 1.
        pages: How many.
        before: Leads to the page before; empty: this is the first.
        after: Leads to the next; empty: this is the last.
        csv: Leads to all rows as a file.
        is_filtered: Whether some rows may be left out.
    """

    name: str
    path: str
    columns: tuple[Column, ...]
    headings: list[Heading]
    rows: list[list[Cell]]
    values: Mapping[str, str]
    hidden: Mapping[str, str]
    total: int
    beyond: bool
    page: int
    pages: int
    before: str
    after: str
    csv: str
    is_filtered: bool


def show(visit: Visit, table: Table) -> Shown:
    """Return what a visit asks of a table; what makes no sense is not asked."""
    ask = read_ask(table, visit.query)
    found = table.listing.find(visit.desk.store, ask)
    pages = max(1, min(_last_page(table), -(-found.total // ask.size)))
    said = {name: value for name, value in _said(table, visit.query) if value}
    order = {"sort": ask.sort, "down": "1" if ask.down else "0"}
    path = f"/{table.name}"
    shown = [one for one in table.columns if one.shown]

    def href(**more: str) -> str:
        fields = {name: value for name, value in (said | more).items() if value}
        return f"{path}?{urlencode(fields)}"

    def turned(column: Column) -> Heading:
        mine = column.name == ask.sort
        down = not ask.down if mine else column.kind not in {"text", "name", "choice"}
        state = ("descending" if ask.down else "ascending") if mine else "none"
        to = href(sort=column.name, down="1" if down else "0") if column.sorts else ""
        return Heading(visit.t.say(column.title), to, state)

    return Shown(
        name=table.name,
        path=path,
        columns=tuple(one for one in table.columns if one.filters),
        headings=[turned(one) for one in shown],
        rows=[[_cell(visit.t, one, row) for one in shown] for row in found.rows],
        values=said,
        hidden=order,
        total=min(found.total, table.listing.counted),
        beyond=found.total > table.listing.counted,
        page=ask.page + 1,
        pages=pages,
        before=href(**order, page=str(ask.page)) if ask.page else "",
        after=href(**order, page=str(ask.page + 2)) if ask.page + 1 < pages else "",
        csv=f"{path}.csv{href(**order).removeprefix(path)}",
        is_filtered=bool(said),
    )


def read_ask(table: Table, query: Mapping[str, str]) -> Ask:
    """Read what is asked of a table; whatever does not fit is left out."""
    said = dict(_said(table, query))
    kinds = {one.name: one for one in table.columns}
    page = query.get("page", "")
    by = query.get("sort", "")
    sorts = {one.name for one in table.columns if one.sorts}
    times = [one.name for one in table.columns if one.kind in TIMES and one.filters]
    since = {name: _span_of(kinds[name], said[f"{name}_from"])[0] for name in times}
    until = {name: _span_of(kinds[name], said[f"{name}_to"])[1] for name in times}
    return Ask(
        contains={n: v for n, v in said.items() if v and _kind(kinds, n) == "text"},
        equals={
            n: "" if v == NO_NAME else v
            for n, v in said.items()
            if v and _kind(kinds, n) in {"choice", "name"}
        },
        since={name: ms for name, ms in since.items() if ms is not None},
        until={name: ms for name, ms in until.items() if ms is not None},
        sort=by if by in sorts else table.sort,
        down=query.get("down") == "1" if by in sorts else table.down,
        page=min(int(page), _last_page(table)) - 1 if _is_page(page) else 0,
        size=PAGE_SIZE,
    )


def _said(table: Table, query: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what each field of the filter says; empty where it says nothing known."""
    for one in (column for column in table.columns if column.filters):
        if one.kind in TIMES:
            for name in (f"{one.name}_from", f"{one.name}_to"):
                day = query.get(name, "")
                yield name, day if _span_of(one, day)[0] is not None else ""
        else:
            value = query.get(one.name, "")[:_TEXT_LENGTH].replace("\0", "")
            yield one.name, value if not one.choices or value in one.choices else ""


def _last_page(table: Table) -> int:
    return table.listing.counted // PAGE_SIZE


def _kind(columns: Mapping[str, Column], name: str) -> str:
    return columns[name].kind if name in columns else ""


def _is_page(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 8 and int(text) > 0


def address(page: str, /, **asked: str | int | None) -> str:
    """Return where the rows of a table are that have these values.

    Args:
        page: The table's.
        asked: By the names of columns; what is None is not asked.
    """
    said = {name: value for name, value in asked.items() if value is not None}
    return f"/{page}?{urlencode(said)}"


def _span_of(column: Column, text: str) -> tuple[int | None, int | None]:
    """Return when a day, or a moment, begins and is over."""
    if column.kind == "moment":
        for form in (MOMENT, MOMENT.removesuffix(":%S")):
            if (at_ms := _parsed(text, form)) is not None:
                return at_ms, at_ms
    at_ms = day_ms(text)
    return (None, None) if at_ms is None else (at_ms, at_ms + _DAY_MS)


def day_ms(text: str) -> int | None:
    """Return when a day begins, UTC milliseconds."""
    return _parsed(text, "%Y-%m-%d")


def _parsed(text: str, form: str) -> int | None:
    try:
        at = datetime.strptime(text, form).replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(at.timestamp()) * 1000


def _cell(t: Texts, column: Column, row: Row) -> Cell:
    value = row[column.name]
    href = column.link(row) if column.link else ""
    if column.written is not None:
        return Cell(column.written(t, row), href, is_number=column.kind in UNITS)
    if value is None or value == "":
        return Cell("", href)
    if column.kind in TIMES:
        at = moment(value)
        if column.kind == "day":
            return Cell(t.formats.day(at), href, at.date().isoformat())
        text = f"{t.formats.day_and_month(at)} {at.year}, {t.formats.clock(at)}"
        return Cell(text, href, at.isoformat(timespec="seconds"))
    if column.kind in UNITS:
        written = _WRITTEN[column.kind](t.formats, value / UNITS[column.kind])
        if column.kind == "money":
            written = f"{written} {row['currency']}"
        return Cell(written, href, is_number=True)
    code = str(value) if not isinstance(value, bool) else "yes" if value else "no"
    return Cell(column.say(t, code), href)
