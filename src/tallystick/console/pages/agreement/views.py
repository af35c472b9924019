"""An agreement as a page shows it: its rules, what holds, what was said."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple

from starlette.exceptions import HTTPException

from tallystick.agreement.evidence import FACTS
from tallystick.agreement.life import Holding, Life, Version
from tallystick.agreement.sentences import catalogue, sentence
from tallystick.agreement.text import AgreedRule
from tallystick.console.pages.verdicts import verdict_rows
from tallystick.console.saying.agreement import SAYINGS, Matter
from tallystick.console.saying.field import Field, as_typed
from tallystick.console.visit import Visit
from tallystick.node.watch.top import View
from tallystick.office import Side
from tallystick.office.agreeing import said_of
from tallystick.report.texts import Texts

_MOMENTS: Final = ("%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d")


class Guarded(NamedTuple):
    """What a guard counts in the time that a part of the budget is about.

    Attributes:
        counted: Calls acted on, or objections upheld.
        of: Calls among which they were counted.
    """

    counted: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    """A rule as a table shows it.

    Attributes:
        agreed: The rule, its legal article and its budget.
        when: What must hold, as sentences; all of them.
        unless: What keeps it from holding.
        mode: `dry-run`, `live` or `suspended`.
        decided: Calls that it decided since the node started; None: not known.
        share: Of all calls judged since.
        guarded: What its guard counts now, by part of the budget; empty: not known.
        rows: Leads to the calls that it decided; empty: nowhere.
        remarks: How many remarks name it.
    """

    agreed: AgreedRule
    when: Sequence[str]
    unless: Sequence[str]
    mode: str
    decided: int | None
    share: float
    guarded: Mapping[str, Guarded]
    rows: str
    remarks: int


def side_of(visit: Visit) -> Side:
    """Return whose agreements are shown.

    Raises:
        HTTPException: 404; this console has no side of a channel.
    """
    side = visit.desk.settings.side
    if side is None:
        raise HTTPException(404)
    return side


def matter_of(visit: Visit) -> Matter:
    """Return the agreement that is asked for.

    Raises:
        HTTPException: 404; nothing was ever said of it.
    """
    side, name = side_of(visit), visit.place["name"]
    if name not in side.agreements():
        raise HTTPException(404)
    return Matter(
        side=side,
        name=name,
        said=said_of(side, name),
        life=side.life(name),
        now_ms=visit.now_ms,
    )


def version_of(matter: Matter, visit: Visit) -> Version:
    """Return the text that is asked for.

    Raises:
        HTTPException: 404; it was never proposed.
    """
    version = matter.life.version(visit.place["digest"])
    if version is None:
        raise HTTPException(404)
    return version


def moment_of(visit: Visit) -> int | None:
    """Return the moment that is asked about; None: none that can be read."""
    said = visit.query.get("at", "")
    for form in _MOMENTS:
        try:
            at = datetime.strptime(said, form).replace(tzinfo=UTC)
        except ValueError:
            continue
        return int(at.timestamp()) * 1000
    return None


def offers_of(visit: Visit, matter: Matter) -> dict[str, Sequence[Field]]:
    """Return the fields of what somebody may say now, by kind."""
    may = {
        kind: saying.fields(matter)
        for kind, saying in SAYINGS.items()
        if visit.may("agreement", kind)
    }
    offers = {kind: fields for kind, fields in may.items() if fields}
    return as_typed(offers, visit.form)


def rule_rows(
    visit: Visit, life: Life, version: Version, holding: Holding | None
) -> list[RuleRow]:
    """Return the rules of a text.

    Args:
        visit: Who looks; whoever sees no figures sees none here.
        life: Of the agreement.
        version: The text.
        holding: What holds; what it suspends is said, and what its rules did.
    """
    holds = holding is not None and holding.version.digest == version.digest
    may = holds and visit.may("today", "figures")
    view = visit.desk.node.look().view if may else None
    decided, guarded = _decided(view), guard_counts(view)
    every = sum(decided.values()) if decided else 0
    suspended = holding.suspended if holding is not None and holds else frozenset()
    rows = []
    for one in version.value.rules:
        ident = one.rule.id
        mine = None if decided is None else int(decided.get(ident, 0))
        rows.append(
            RuleRow(
                agreed=one,
                when=list(_sentences(visit.t, one.rule.when)),
                unless=list(_sentences(visit.t, one.rule.unless)),
                mode="suspended" if ident in suspended else one.rule.mode,
                decided=mine,
                share=mine / every if mine else 0.0,
                guarded=guarded.get(ident, {}),
                rows=verdict_rows(visit, rule=ident) if mine else "",
                remarks=sum(remark.rule == ident for remark in life.remarks),
            )
        )
    return rows


def _decided(view: View | None) -> dict[str, float] | None:
    """Return how many calls each rule decided since the node started."""
    if view is None:
        return None
    by_rule = view.now.by("tally_verdicts_total", "rule")
    return {rule: n for (rule,), n in by_rule.items()}


def guard_counts(view: View | None) -> dict[str, dict[str, Guarded]]:
    """Return what the guard of a node counts, by rule and part of the budget."""
    if view is None:
        return {}
    counted, crossings = (
        view.now.by(f"tally_guard_{name}", "rule", "budget")
        for name in ("counted", "crossings")
    )
    found: dict[str, dict[str, Guarded]] = {}
    for (rule, part), n in counted.items():
        seen = Guarded(int(n), int(crossings.get((rule, part), 0)))
        found.setdefault(rule, {})[part] = seen
    return found


def _sentences(t: Texts, facts: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """Yield what must hold of each fact; of several words any.

    Yields:
        Sentences, words of one fact in the order of the table.
    """
    for fact, words in facts.items():
        ordered = [one for one in FACTS[fact] if one in words]
        yield f" {t.say('rule.or')} ".join(_sentence(t, fact, one) for one in ordered)


def _sentence(t: Texts, fact: str, word: str) -> str:
    code = f"{fact}_{word}"
    return sentence(code, t.language) if code in catalogue() else t.named("fact", code)
