"""Replay a result of `tally pair calls` through an agreement's rules.

Crossings are counted by what is known of them first; the decision table is asked once
for each such combination. What a batch result does not show (a signature, where a
subscriber was) is no fact: a rule is counted for what it would have done on the facts
that are there, and beside it for the most that it could have done.

Source: spec/agreement.md, "Trying rules".
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl

from tallystick.agreement import FACTS, Evidence, RuleTable, decide
from tallystick.agreement.rule import HARMLESS
from tallystick.agreement.text import AgreementText
from tallystick.domains.calls.numbers.plan import country_of, main_country, split_code
from tallystick.model import ConfigError, UnavailableError

NOT_SHOWN: Final = ("identity", "attestation", "roaming", "listed")
"""Facts of which a batch result says nothing."""

_KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "no_departure": ("no_departure", "none"),
    "calling_number_altered": ("altered", "calling"),
    "calling_number_removed": ("altered", "calling"),
    "called_number_altered": ("altered", "called"),
    "loop": ("repeated", "none"),
    "false_answer": ("paired", "none"),
    "stretched": ("paired", "none"),
    "unproven": ("unproven", "none"),
}
"""What a node would have said of the half while it rang; spec/verdict.md."""

_EXPLAINED: Final = {
    "called_usual": ("altered", "calling"),
    "calling_usual": ("altered", "called"),
}
"""Passes whose pairs a node would have called altered; only batch explains them."""

_FINDINGS: Final = (
    "kind",
    "departure_id",
    "arrival_id",
    "arrival_side",
    "arrival_carrier",
    "arrival_trunk",
    "confidence",
    "certain",
    "arrival_calling",
    "arrival_called",
)
_SHOWN_DIGITS: Final = 6  # of a masked number: the plus and five digits


class _Known(NamedTuple):
    """What a result shows of a crossing; None: it does not say."""

    half: str
    differs: str
    origin: str | None
    number: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTrial:
    """What one rule would have done.

    Attributes:
        rule: Its id.
        action: What it would do.
        mode: As the text has it.
        calls: Crossings for which it decides, by the facts that are shown.
        at_most: The same, whatever the facts were that are not shown.
        certain: Of `calls`, findings that the batch harm budget covers.
        carriers: From so many carriers they came.
        trunks: Over so many trunks.
        ranges: From so many number ranges.
        partner: Of `calls`, those it would have acted on though the other half is
            there; that many honest callers at least would have noticed.
        partner_at_most: The same of `at_most`.
        explained: Of `partner`, those that batch pairing explained later.
        wrong: Expected number of wrong findings among those acted on.
        budget: The share it may act on at most; None where it touches no call.
    """

    rule: str
    action: str
    mode: str
    calls: int
    at_most: int
    certain: int
    carriers: int
    trunks: int
    ranges: int
    partner: int
    partner_at_most: int
    explained: int
    wrong: float
    budget: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a text's rules would have done with a day's crossings.

    Attributes:
        arrivals: The party whose border they reached.
        crossings: Those that arrived and were judged.
        not_judged: Departures without an arrival at the border.
        rules: In the order of the text; last `none`, where no rule holds.
    """

    arrivals: str
    crossings: int
    not_judged: int
    rules: tuple[RuleTrial, ...]


@dataclass(slots=True)
class Crossings:
    """The crossings of a result by what is known of them.

    Attributes:
        known: One row per combination, carrier, trunk and range.
        called: Crossings by the country they called.
        not_judged: Departures without an arrival at the border.
    """

    known: pl.DataFrame
    called: Mapping[str, int]
    not_judged: int


@dataclass(slots=True)
class _Sum:
    """What one rule has come to."""

    calls: int = 0
    at_most: int = 0
    certain: int = 0
    partner: int = 0
    partner_at_most: int = 0
    explained: int = 0
    wrong: float = 0.0
    who: tuple[set[str], set[str], set[str]] = field(
        default_factory=lambda: (set(), set(), set())
    )


def read_crossings(result: Path) -> Crossings:
    """Count a result's crossings by what is known of them.

    Args:
        result: The folder that `tally pair calls` wrote.

    Raises:
        UnavailableError: "result-missing".
    """
    paths = [result / name for name in ("findings.parquet", "pairs.parquet")]
    if not all(path.is_file() for path in (*paths, result / "summary.json")):
        raise UnavailableError(
            "result-missing",
            f"{result} holds no complete result.",
            advice="Name the directory that `tally pair calls ... --out DIR` wrote.",
        )
    findings = pl.scan_parquet(paths[0]).select(_FINDINGS)
    at_border = pl.col("arrival_id").is_not_null() & (
        pl.col("arrival_side").fill_null("arrivals") == "arrivals"
    )
    found = (
        findings.filter(at_border)
        .group_by(
            kind="kind",
            partner=pl.col("departure_id").is_not_null(),
            certain="certain",
            carrier=pl.col("arrival_carrier").fill_null(""),
            trunk=pl.col("arrival_trunk").fill_null(""),
            range=pl.col("arrival_calling").str.head(_SHOWN_DIGITS),
        )
        .agg(calls=pl.len(), wrong=(1 - pl.col("confidence")).sum())
    )
    clean = (
        pl.scan_parquet(paths[1])
        .select("arrival_id", kind="pass")
        .join(findings.filter(at_border), on="arrival_id", how="anti")
        .group_by("kind")
        .agg(calls=pl.len())
        .with_columns(
            partner=pl.lit(value=True),
            certain=pl.lit(value=False),
            carrier=pl.lit(""),
            trunk=pl.lit(""),
            range=pl.lit(None, pl.String),
            wrong=pl.lit(0.0),
            clean=pl.lit(value=True),
        )
    )
    both = pl.concat(
        [found.with_columns(clean=pl.lit(value=False)), clean], how="diagonal_relaxed"
    ).collect()
    called = (
        findings.filter(at_border)
        .group_by(range=pl.col("arrival_called").str.head(_SHOWN_DIGITS))
        .agg(calls=pl.len())
        .collect()
    )
    countries: dict[str, int] = {}
    for head, calls in called.iter_rows():
        country = _country(head or "")
        countries[country] = countries.get(country, 0) + calls
    not_judged = findings.filter(~at_border).select(pl.len()).collect().item()
    return Crossings(known=both, called=countries, not_judged=not_judged)


def arriving_party(text: AgreementText, crossings: Crossings) -> str:
    """Return the party that most of the called numbers are of.

    Args:
        text: Names the parties' numbering plans.
        crossings: Of a result.

    Raises:
        ConfigError: "agreement-arrivals" when it cannot be told.
    """
    calls = {
        party.name: sum(
            crossings.called.get(one.country, 0)
            for one in text.numbering
            if one.party == party.name
        )
        for party in text.parties
    }
    most = max(calls, key=lambda name: calls[name])
    if 2 * calls[most] <= sum(calls.values()):
        raise ConfigError(
            "agreement-arrivals",
            "The result does not show whose border the calls reached.",
            advice="Say so with --arrivals and the party's name.",
        )
    return most


def try_rules(text: AgreementText, crossings: Crossings, *, arrivals: str) -> Trial:
    """Return what a text's rules would have done.

    Args:
        text: The agreement, signed or not.
        crossings: Of a result.
        arrivals: The party whose border they reached.

    Raises:
        ConfigError: "agreement-arrivals" when it is none of the two.
    """
    if arrivals not in {party.name for party in text.parties}:
        raise ConfigError(
            "agreement-arrivals",
            "The party of the arrivals is none of this agreement's.",
            advice=f"Give {' or '.join(party.name for party in text.parties)}.",
        )
    plans = {
        one.country: "own" if one.party == arrivals else "peer"
        for one in text.numbering
    }
    table = text.table()
    sums: dict[str, _Sum] = {rule.id: _Sum() for rule in table.rules}
    remembered: dict[_Known, tuple[str, frozenset[str]]] = {}
    total = 0
    for row in crossings.known.iter_rows(named=True):
        known = _known(row, plans)
        if known is None:
            continue
        if known not in remembered:
            remembered[known] = _decided(table, known)
        total += row["calls"]
        _count(sums, row, *remembered[known], table)
    return Trial(
        arrivals=arrivals,
        crossings=total,
        not_judged=crossings.not_judged,
        rules=tuple(_told(text, name, one) for name, one in sums.items()),
    )


def _known(row: Mapping[str, object], plans: Mapping[str, str]) -> _Known | None:
    """Return what is known of the crossings of a row; None of an unknown kind."""
    kind = str(row["kind"])
    if row["clean"]:
        half, differs = _EXPLAINED.get(kind, ("paired", "none"))
        return _Known(half, differs, None, None)
    if kind not in _KINDS:
        return None
    head = row["range"]
    if head is None:  # of a blinded run
        origin, number = None, None
    elif head in {"", "?"}:
        origin, number = "none", "unreadable" if head else "absent"
    else:
        country = _country(str(head))
        origin, number = plans.get(country, "third" if country else "none"), None
    return _Known(*_KINDS[kind], origin, number)


def _decided(table: RuleTable, known: _Known) -> tuple[str, frozenset[str]]:
    """Return the rule that decides on what is shown, and all that could."""
    shown: dict[str, Any] = {
        name: word for name, word in known._asdict().items() if word is not None
    }
    shown_only = Evidence(covered=True)._replace(**shown)
    mentioned = {
        name: tuple(_words(table, name))
        for name in (*NOT_SHOWN, "origin", "number")
        if name not in shown
    }
    possible = set()
    for words in product(*mentioned.values()):
        supposed: dict[str, Any] = dict(zip(mentioned, words, strict=True))
        possible.add(decide(shown_only._replace(**supposed), table).rule)
    plain = decide(shown_only, table).rule
    return plain, frozenset(possible | {plain})


def _words(table: RuleTable, fact: str) -> Iterator[str]:
    """Yield the words of a fact that rules name, and one that none names."""
    named = {
        word
        for rule in table.rules
        for words in (rule.when.get(fact, ()), rule.unless.get(fact, ()))
        for word in words
    }
    yield from sorted(named)
    yield from [word for word in FACTS[fact] if word not in named][:1]


def _count(
    sums: dict[str, _Sum],
    row: Mapping[str, object],
    plain: str,
    possible: frozenset[str],
    table: RuleTable,
) -> None:
    calls = int(str(row["calls"]))
    acts = {rule.id for rule in table.rules if rule.action not in HARMLESS}
    for name in possible:
        one = sums.setdefault(name, _Sum())
        one.at_most += calls
        one.partner_at_most += calls if row["partner"] and name in acts else 0
    one = sums[plain]
    one.calls += calls
    one.certain += calls if row["certain"] else 0
    for seen, column in zip(one.who, ("carrier", "trunk", "range"), strict=True):
        if row[column]:
            seen.add(str(row[column]))
    if plain not in acts:
        return
    one.wrong += float(str(row["wrong"]))
    if row["partner"]:
        one.partner += calls
        one.explained += calls if row["clean"] and row["kind"] in _EXPLAINED else 0


def _told(text: AgreementText, name: str, one: _Sum) -> RuleTrial:
    agreed = {each.rule.id: each for each in text.rules}.get(name)
    carriers, trunks, ranges = map(len, one.who)
    return RuleTrial(
        rule=name,
        action=agreed.rule.action if agreed else "pass",
        mode=agreed.rule.mode if agreed else "live",
        calls=one.calls,
        at_most=one.at_most,
        certain=one.certain,
        carriers=carriers,
        trunks=trunks,
        ranges=ranges,
        partner=one.partner,
        partner_at_most=one.partner_at_most,
        explained=one.explained,
        wrong=one.wrong,
        budget=agreed.harm.share if agreed and agreed.harm else None,
    )


@cache
def _country(head: str) -> str:
    """Return the country of a number of which the first digits are shown."""
    digits = head.removeprefix("+").rstrip("*")
    split = split_code(f"{digits:0<11}") if digits.isdigit() else None
    if split is None:
        return ""
    return country_of(int(f"{digits:0<11}")) or main_country(split[0])


def beside(trials: Sequence[Trial]) -> Iterator[tuple[str, list[RuleTrial | None]]]:
    """Yield each rule of several trials with what it comes to in each.

    Yields:
        The rule's id, and for each trial its figures or None where it has no such rule.
    """
    by_name = [{one.rule: one for one in trial.rules} for trial in trials]
    for name in dict.fromkeys(name for rules in by_name for name in rules):
        yield name, [rules.get(name) for rules in by_name]
