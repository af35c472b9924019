"""Harm reports: all that were published, and one period's, ours beside the peer's."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, Final, get_args
from urllib.parse import quote

import msgspec
import polars as pl
from starlette.exceptions import HTTPException
from starlette.responses import Response

from tallystick.console.tables.export import export
from tallystick.console.tables.frame import FrameListing
from tallystick.console.tables.table import Column, Table, show
from tallystick.console.visit import Handler, Visit
from tallystick.harm import canonical, read_report
from tallystick.harm.said import Standing
from tallystick.report.formats import DASH
from tallystick.report.harm import harm_pdf, harm_table
from tallystick.report.harm.article import HarmArticle, shown, write_article
from tallystick.report.texts import Language, Texts, texts_in
from tallystick.store.harm import HarmBook, Published
from tallystick.store.listing import Row

BOTH: Final = "both"
_KEPT: Final = 32
"""So many reports are kept as they were made: the same bytes make the same pages."""


_SCHEMA: Final = {
    "id": pl.String,
    "period": pl.String,
    "standing": pl.String,
    "by": pl.String,
    "verified": pl.Int64,
    "acted": pl.Int64,
    "honest_least": pl.Float64,
    "honest_most": pl.Float64,
    "held": pl.String,
    "seen": pl.String,
}
_HELD: Final = "held"


def _one_of(row: Row) -> str:
    return f"/harm/{quote(row['id'])}"


def _of_party(row: Row) -> str:
    """Return where one party's report is; empty where it published none."""
    return f"{_one_of(row)}?of={quote(row['by'])}" if row["by"] else ""


def _counted(name: str, t: Texts, row: Row) -> str:
    if not row["by"]:
        return ""
    return shown(_HELD if name in row["held"].split(";") else row[name], t)


def _rates(t: Texts, row: Row) -> str:
    if not row["by"]:
        return ""
    low, high = (t.formats.about(row[f"honest_{end}"]) for end in ("least", "most"))
    return f"{low}{DASH}{high}"


def _figure(name: str, heading: str, say: Callable[[Texts, Row], str]) -> Column:
    return Column(
        name, "number", filters=False, link=_of_party, heading=heading, written=say
    )


COLUMNS: Final = (
    Column("period", link=_one_of, heading="harm_page.period"),
    Column(
        "standing",
        "choice",
        choices=get_args(Standing),
        words="standing",
        heading="harm_page.standing",
    ),
    Column("by", "name", link=_of_party, heading="harm_page.by"),
    _figure("verified", "today.asked", partial(_counted, "verified")),
    _figure("acted", "column.acted", partial(_counted, "acted")),
    Column("honest_least", "number", filters=False, shown=False),
    _figure("honest_most", "harm_page.honest", _rates),
    Column("held", filters=False, shown=False),
    Column("seen", heading="harm_page.seen"),
)


def _table(visit: Visit) -> Table:
    """Return the table of reports: a row for each party that published one."""
    every = HarmBook(visit.desk.store).every()
    rows = [row for found in every for row in _rows(found)]
    frame = pl.DataFrame(rows, schema=_SCHEMA)
    listing = FrameListing(frame, ties=("period", "id", "by"))
    return Table("harm", listing, COLUMNS, sort="period", down=True)


def _rows(found: Published) -> Iterator[dict[str, Any]]:
    """Yield what the list says of a period.

    Yields:
        One row for each report; one without figures where there is none.
    """
    state = found.state
    same = {"id": found.id, "period": state.period, "standing": state.standing}
    if not state.reports:
        yield same | {"by": "", "held": "", "seen": ""}
    for party in sorted(state.reports):
        said = _report(found, party)
        counts = {name: said[name]["total"] for name in ("verified", "acted")}
        rates = said["honest"]["per_million"]
        yield same | {
            "by": party,
            **{name: None if n == _HELD else n for name, n in counts.items()},
            "honest_least": float(rates["low"]),
            "honest_most": float(rates["high"]),
            "held": ";".join(name for name, n in counts.items() if n == _HELD),
            "seen": ", ".join(sorted(state.countersigned)),
        }


def _read(visit: Visit) -> Response:
    return visit.page("harm/reports.html.j2", table=show(visit, _table(visit)))


def _export(visit: Visit) -> Response:
    return export(visit, _table(visit))


def _one(visit: Visit) -> Response:
    found = _published(visit)
    chosen = _chosen(visit, found)
    return visit.page(
        "harm/report.html.j2",
        found=found,
        a=_article(_bytes(found, chosen), visit.t.language) if chosen else None,
        chosen=chosen,
        of=_name(chosen),
        both=BOTH,
        differing=[(one.code, one.of, one.first, one.second) for one in _differ(found)],
        said=shown_value,
        reports=sorted(found.state.reports),
    )


def _file(visit: Visit) -> Response:
    """Give a report as a file.

    Raises:
        HTTPException: 404; there is none, or not in this form.
    """
    found, form = _published(visit), visit.place["form"]
    chosen = _chosen(visit, found)
    if not chosen or form not in _FORMS:
        raise HTTPException(404)
    kind, make = _FORMS[form]
    content = make(_bytes(found, chosen), visit.t.language)
    name = f"harm-{found.state.period}-{_name(chosen)}.{form}"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=kind, headers=headers)


def _published(visit: Visit) -> Published:
    """Return what was published of the period that is asked for.

    Raises:
        HTTPException: 404; nothing was.
    """
    found = HarmBook(visit.desk.store).named(visit.place["id"])
    if found is None:
        raise HTTPException(404)
    return found


def _chosen(visit: Visit, found: Published) -> tuple[str, ...]:
    """Return whose reports are asked for; both where nothing is said, our own first."""
    own = visit.desk.settings.party
    there = sorted(found.state.reports, key=lambda party: (party != own, party))
    asked = visit.query.get("of", BOTH)
    return (asked,) if asked in there else tuple(there)


def _name(chosen: Sequence[str]) -> str:
    return chosen[0] if len(chosen) == 1 else BOTH


def _report(found: Published, party: str) -> dict[str, Any]:
    body: dict[str, Any] = found.state.reports[party].statement.body["report"]
    return body


def _bytes(found: Published, chosen: Sequence[str]) -> tuple[bytes, ...]:
    return tuple(canonical(_report(found, party)) for party in chosen)


def _differ(found: Published) -> Sequence[Any]:
    return found.state.differences


def shown_value(visit: Visit, value: object) -> str:
    """Return what a report says in a place, in somebody's language."""
    if value is None or isinstance(value, str | int):
        return value if _is_word(value) else shown(value, visit.t)  # type: ignore[arg-type, return-value]
    if isinstance(value, Mapping):
        return "; ".join(f"{name} {one}" for name, one in value.items())
    return " → ".join(map(str, value)) if isinstance(value, Sequence) else str(value)


def _is_word(value: object) -> bool:
    return isinstance(value, str) and value != "held"


def _raw(reports: Sequence[bytes]) -> list[dict[str, Any]]:
    return [msgspec.json.decode(one) for one in reports]


@lru_cache(_KEPT)
def _article(reports: tuple[bytes, ...], language: Language) -> HarmArticle:
    raw = _raw(reports)
    return write_article([(read_report(one), one) for one in raw], texts_in(language))


@lru_cache(_KEPT)
def _pdf(reports: tuple[bytes, ...], language: Language) -> bytes:
    return harm_pdf(_raw(reports), language=language)


def _csv(reports: tuple[bytes, ...], language: Language) -> bytes:
    del language
    return harm_table(_raw(reports)).encode()


def _json(reports: tuple[bytes, ...], language: Language) -> bytes:
    """Return one report to the byte as it is signed, or a list of two."""
    del language
    return reports[0] if len(reports) == 1 else b"[" + b",".join(reports) + b"]"


_FORMS: Final[dict[str, tuple[str, Callable[[tuple[bytes, ...], Language], bytes]]]] = {
    "pdf": ("application/pdf", _pdf),
    "csv": ("text/csv; charset=utf-8", _csv),
    "json": ("application/json", _json),
}

HANDLERS: Final[dict[str, Handler]] = {
    "read": _read,
    "export": _export,
    "one": _one,
    "file": _file,
}
