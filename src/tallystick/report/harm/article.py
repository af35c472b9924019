"""What the harm report says in one language, before it is a page or a PDF."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from markupsafe import Markup

from tallystick.harm import HELD, Count, Report, compare, digest
from tallystick.harm.shape import Acted, ByRule, Honest
from tallystick.harm.withhold import most_of
from tallystick.report.formats import DASH
from tallystick.report.harm.picture import draw_outcomes
from tallystick.report.result import instant
from tallystick.report.texts import LANGUAGE_NAMES, Texts

OUTCOMES: Final = ("paired", "altered", "no_departure", "repeated", "unproven")
Row = list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table; the first column names the rows, the others hold figures.

    Attributes:
        caption: What it shows.
        head: One heading a column.
        rows: As many texts a row.
        words: How many columns after the first hold words instead.
    """

    caption: str
    head: Row
    rows: list[Row]
    words: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A section: sentences, a picture, tables."""

    id: str
    title: str
    sentences: list[str] = field(default_factory=list)
    picture: Markup | None = None
    tables: list[Table] = field(default_factory=list)
    codes: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class HarmArticle:
    """Everything one language's article says."""

    t: Texts
    title: str
    span: str
    by: str
    leads: list[str]
    ledgers: list[tuple[str, list[tuple[str, str, str]]]]
    sections: list[Section]

    @property
    def name(self) -> str:
        """The language's own name."""
        return LANGUAGE_NAMES[self.t.language]


def write_article(
    reports: Sequence[tuple[Report, dict[str, Any]]], texts: Texts
) -> HarmArticle:
    """Put one party's report, or both, into a language.

    Args:
        reports: One or two, each as read and as it came.
        texts: The language.
    """
    told = [report for report, _ in reports]
    parts = (
        _verified(told, texts),
        _acted(told, texts),
        _honest(told, texts),
        _delay(told, texts),
        _complete(told, texts),
        _moved(told, texts),
        _open(told, texts),
        _both([raw for _, raw in reports], texts),
        _method(reports, texts),
    )
    span = told[0].period
    start, end = instant(span.start), instant(span.until)
    return HarmArticle(
        t=texts,
        title=f"{texts.say('harm.title')}, {_name(span.name)}",
        span=texts.say(
            "page.period",
            start=texts.formats.minute(start) if start else "",
            end=texts.formats.minute(end) if end else "",
        ),
        by=" ".join(texts.say("harm.by", by=one.by) for one in told),
        leads=[_lead(one, texts) for one in told],
        ledgers=[(direction(one, texts), _ledger(one, texts)) for one in told],
        sections=[
            Section(id=name, title=texts.say(f"harm.section.{name}"), **part)
            for name, part in zip(SECTIONS, parts, strict=True)
        ],
    )


SECTIONS: Final = (
    "verified",
    "acted",
    "honest",
    "delay",
    "complete",
    "moved",
    "open",
    "both",
    "method",
)


def direction(report: Report, texts: Texts) -> str:
    """Return whose calls to whom a report is about."""
    return texts.say("harm.direction", source=report.peer, target=report.by)


def shown(count: Count | float, texts: Texts) -> str:
    """Return a published number as text."""
    if count is None:
        return texts.say("harm.unknown")
    if isinstance(count, str):
        return texts.say("harm.held")
    return texts.formats.integer(count)


def per_million(honest: Honest, texts: Texts) -> str:
    """Return the interval per million."""
    low, high = honest.per_million.low, honest.per_million.high
    return f"{_rate(low, texts)}{DASH}{_rate(high, texts)}"


def _rate(value: float, texts: Texts) -> str:
    digits = 0 if float(value).is_integer() else 2
    return texts.formats.number(value, digits=digits)


def _name(period: str) -> str:
    return period.replace("_", f" {DASH} ")


def _lead(report: Report, texts: Texts) -> str:
    honest = report.honest
    if not isinstance(honest.of, int) or not honest.of:
        key = "harm.lead.none" if honest.of == 0 else "harm.lead.held"
        return texts.say(key, direction=direction(report, texts))
    if not honest.proven:
        key = "harm.lead.unproven"
    else:
        key = "harm.lead.touched" if honest.most else "harm.lead.untouched"
    return texts.say(
        key,
        direction=direction(report, texts),
        of=texts.formats.integer(honest.of),
        count=_between(honest, texts),
        least=texts.formats.integer(honest.least),
        most=texts.formats.integer(honest.most),
        low=_rate(honest.per_million.low, texts),
        high=_rate(honest.per_million.high, texts),
    )


def _between(honest: Honest, texts: Texts) -> str:
    least, most = (texts.formats.integer(n) for n in (honest.least, honest.most))
    return least if least == most else f"{least}{DASH}{most}"


def _ledger(report: Report, texts: Texts) -> list[tuple[str, str, str]]:
    figures = (
        ("verified", shown(report.verified.total, texts), ""),
        ("acted", shown(report.acted.total, texts), "harm.figure.acted.note"),
        ("honest", per_million(report.honest, texts), "harm.figure.honest.note"),
        ("covered", _covered(report, texts), "harm.figure.covered.note"),
    )
    return [
        (figure, texts.say(f"harm.figure.{name}"), texts.say(note) if note else "")
        for name, figure, note in figures
    ]


def _covered(report: Report, texts: Texts) -> str:
    """Return the share that was covered at least."""
    whole, least = report.verified.total, report.terms.least
    if not isinstance(whole, int) or not whole:
        return shown(whole, texts) if whole is None or whole == HELD else DASH
    share = max(0.0, 1 - most_of(report.completeness.uncovered, least) / whole)
    return texts.formats.share(share)


def _heads(reports: Sequence[Report], texts: Texts, first: str) -> Row:
    return [texts.say(first), *(direction(one, texts) for one in reports)]


def _figures(
    reports: Sequence[Report],
    texts: Texts,
    rows: Sequence[tuple[str, Callable[[Report], str]]],
    *,
    caption: str = "",
    first: str = "harm.column.measure",
) -> Table:
    """Return a table of measures by direction."""
    return Table(
        caption=texts.say(caption) if caption else "",
        head=_heads(reports, texts, first),
        rows=[[texts.say(key), *(of(one) for one in reports)] for key, of in rows],
    )


def _count_of(*names: str, texts: Texts) -> Callable[[Report], str]:
    def read(report: Report) -> str:
        value: Any = report
        for name in names:
            value = None if value is None else getattr(value, name)
        return shown(value, texts)

    return read


def _verified(reports: Sequence[Report], texts: Texts) -> dict[str, Any]:
    rows = [
        (f"harm.outcome.{name}", _count_of("verified", "outcomes", name, texts=texts))
        for name in OUTCOMES
    ]
    rows.append(("harm.total", _count_of("verified", "total", texts=texts)))
    return {
        "tables": [_figures(reports, texts, rows, first="harm.column.outcome")],
        "picture": draw_outcomes(
            [(direction(one, texts), one.verified.outcomes) for one in reports], texts
        ),
    }


def _acted(reports: Sequence[Report], texts: Texts) -> dict[str, Any]:
    sentences, tables = [], []
    for one in reports:
        where = direction(one, texts)
        if one.acted.rules:
            total = ["", shown(one.acted.total, texts), *_later(one.acted, texts)]
            live = _rules(one.acted.rules, texts, f"{where}. {texts.say(LIVE)}")
            live.rows.append([texts.say("harm.total"), *total])
            tables.append(live)
        else:
            sentences.append(f"{where}. {texts.say('harm.acted.none')}")
        if one.dry_run:
            tables.append(_rules(one.dry_run, texts, f"{where}. {texts.say(DRY)}"))
        else:
            sentences.append(f"{where}. {texts.say('harm.acted.none_dry')}")
    return {"sentences": sentences, "tables": tables}


LIVE: Final = "harm.acted.live"
DRY: Final = "harm.acted.dry"
LATER: Final = ("honest", "confirmed", "unproven")


def _rules(rules: Sequence[ByRule], texts: Texts, caption: str) -> Table:
    names = ("rule", "action", "calls", *LATER)
    return Table(
        caption=caption,
        head=[texts.say(f"harm.column.{name}") for name in names],
        rows=[
            [
                rule.rule,
                _action(rule.action, texts),
                shown(rule.crossings, texts),
                *_later(rule, texts),
            ]
            for rule in rules
        ],
        words=1,
    )


def _later(one: ByRule | Acted, texts: Texts) -> Row:
    return [shown(getattr(one.replay, name), texts) for name in LATER]


def _action(action: str, texts: Texts) -> str:
    return texts.named("harm.action", action)


def _honest(reports: Sequence[Report], texts: Texts) -> dict[str, Any]:
    later = [
        (f"harm.honest.{name}", _count_of("acted", "replay", name, texts=texts))
        for name in ("honest", "confirmed", "unproven")
    ]
    redress = [
        (f"harm.honest.{name}", _count_of("redress", name, texts=texts))
        for name in ("upheld", "refused", "open")
    ]
    bounds: list[tuple[str, Callable[[Report], str]]] = [
        ("harm.honest.least", _count_of("honest", "least", texts=texts)),
        ("harm.honest.most", _count_of("honest", "most", texts=texts)),
        ("harm.honest.rate", lambda one: per_million(one.honest, texts)),
    ]
    rows = [*later, *redress, *bounds]
    return {
        "sentences": [
            f"{direction(one, texts)}: {texts.say(_proven(one))}." for one in reports
        ],
        "tables": [_figures(reports, texts, rows, caption="harm.honest.caption")],
    }


def _proven(report: Report) -> str:
    if report.honest.proven:
        return f"harm.honest.{'nothing' if report.acted.total == 0 else 'yes'}"
    return f"harm.honest.{'no' if report.honest.replayed else 'unreplayed'}"


def _delay(reports: Sequence[Report], texts: Texts) -> dict[str, Any]:
    def reader(name: str) -> Callable[[Report], str]:
        def read(report: Report) -> str:
            value = getattr(report.delay, name)
            return texts.say("harm.few") if value is None else texts.formats.span(value)

        return read

    rows = [(f"harm.delay.{name}", reader(name)) for name in DELAYS]
    return {"tables": [_figures(reports, texts, rows, caption="harm.delay.caption")]}


DELAYS: Final = ("p50", "p90", "p99", "p999")


def _complete(reports: Sequence[Report], texts: Texts) -> dict[str, Any]:
    rows = [
        (f"harm.complete.{key}", _count_of("completeness", name, texts=texts))
        for key, name in (
            ("uncovered", "uncovered"),
            ("minutes", "minutes"),
            ("seen", "minutes_seen"),
            ("whole", "minutes_covered"),
        )
    ]
    return {"tables": [_figures(reports, texts, rows)]}


def _moved(reports: Sequence[Report], texts: Texts) -> dict[str, Any]:
    tables = list(_moved_tables(reports, texts))
    return {
        "tables": tables,
        "sentences": [] if tables else [texts.say("harm.moved.none")],
    }


def _moved_tables(reports: Sequence[Report], texts: Texts) -> Iterator[Table]:
    share = texts.formats.share
    for one in reports:
        for moved in one.moved:
            rates = (moved.rate_before, moved.rate_after)
            parts = [
                [
                    part.carrier,
                    *(
                        texts.say("harm.held") if isinstance(n, str) else share(n)
                        for n in (part.before, part.after)
                    ),
                ]
                for part in moved.carriers or ()
            ]
            yield Table(
                caption=texts.say(
                    "harm.moved.caption",
                    direction=direction(one, texts),
                    rule=moved.rule,
                    since=texts.formats.day(datetime.fromisoformat(moved.since)),
                ),
                head=[
                    texts.say("harm.column.measure"),
                    texts.say("harm.moved.before"),
                    texts.say("harm.moved.after"),
                ],
                rows=[
                    [
                        texts.say("harm.moved.rate"),
                        *(texts.formats.about(rate) for rate in rates),
                    ],
                    *parts,
                    [texts.say("harm.moved.share"), "", share(moved.share)],
                ],
            )


def _open(reports: Sequence[Report], texts: Texts) -> dict[str, Any]:
    rows = [
        (f"harm.open.{name}", _count_of("open", name, texts=texts))
        for name in ("cases", "overdue")
    ]
    return {"tables": [_figures(reports, texts, rows)]}


def _both(raw: Sequence[dict[str, Any]], texts: Texts) -> dict[str, Any]:
    if len(raw) == 1:
        return {"sentences": [texts.say("harm.both.alone")]}
    rows = []
    for teller, hearer in (raw, raw[::-1]):
        rows += [
            [
                texts.say(f"harm.both.{what}", by=one["by"]),
                shown(one["halves"][what], texts),
            ]
            for one, what in ((teller, "told"), (hearer, "heard"))
        ]
    found = compare(*raw)
    sentence = texts.say("harm.both.agreed")
    if found:
        named = (texts.say(f"harm.differs.{one.code}", of=one.of) for one in found)
        sentence = texts.say("harm.both.differs", what="; ".join(named))
    head = [texts.say("harm.column.measure"), texts.say("harm.column.calls")]
    table = Table(caption=texts.say("harm.both.caption"), head=head, rows=rows)
    return {"sentences": [sentence], "tables": [table]}


def _method(
    reports: Sequence[tuple[Report, dict[str, Any]]], texts: Texts
) -> dict[str, Any]:
    terms = reports[0][0].terms
    rounding = texts.say("harm.method.rounding", least=terms.least)
    return {
        "sentences": [rounding, texts.say("harm.method.rate")],
        "codes": [
            (texts.say("harm.method.digest", by=one.by), digest(raw))
            for one, raw in reports
        ],
    }
