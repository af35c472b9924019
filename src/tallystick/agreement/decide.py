"""From evidence and rules to a verdict. Laws go before rules.

Source: spec/verdict.md, "The decision".
"""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Final

from tallystick.agreement.evidence import NEEDS_COVERAGE, Evidence
from tallystick.agreement.rule import Rule, RuleTable
from tallystick.agreement.verdict import Verdict

if TYPE_CHECKING:
    from tallystick.agreement.guard import Guard

REMEMBERED: Final = 8_192
"""Verdicts kept by evidence: real traffic shows some hundred combinations."""

MINUTE_MS: Final = 60_000
NO_RULE: Final = "none"
_NOT_AN_OUTCOME: Final = "not_asked"


def decide(evidence: Evidence, table: RuleTable) -> Verdict:
    """Return what is to be done about a call.

    1. Emergency and priority calls pass.
    2. What rests on absence without coverage is unproven, whoever says otherwise.
    3. The first rule that holds decides; if it is a dry run it is noted, and the
       first live rule that holds decides what is done.
    """
    for law in ("emergency", "priority"):
        if getattr(evidence, law):
            return _by_law(f"law_{law}", evidence)
    if evidence.half in NEEDS_COVERAGE and not evidence.covered:
        evidence = evidence._replace(half="unproven", differs="none", why="not_covered")
    first: Rule | None = None
    for rule in table.rules:
        if not _holds(rule, evidence):
            continue
        first = first or rule
        if rule.mode == "live":
            return _by_rule(first, rule, evidence)
    return _by_rule(first, None, evidence)


class Decider:
    """`decide` with a memory: the same evidence has the same verdict.

    Attributes:
        table: The rules, suspended ones as dry runs.
        guard: Watches what they do; None: nobody does.
        crossings: Calls that were counted.
        acted: Of these, those on which each rule with a budget acted.

    Bounds: REMEMBERED verdicts; then the memory starts anew.
    """

    __slots__ = ("_known", "_minute", "_told", "acted", "crossings", "guard", "table")

    def __init__(
        self,
        table: RuleTable,
        guard: "Guard | None" = None,
        suspended: Collection[str] = (),
    ) -> None:
        """Decide by one table; make another decider for another one.

        Args:
            table: The rules.
            guard: Watches those that have a budget.
            suspended: Rules that the parties suspended.
        """
        self.table = table
        self.guard = guard
        for rule in (*suspended, *(guard.suspended if guard else ())):
            self.table = self.table.with_mode(rule, "dry-run")
        self._known: dict[Evidence, Verdict] = {}
        self.crossings = 0
        self.acted: Counter[str] = Counter()
        self._told: dict[str, int] = {}  # crossings, by rule
        self._minute = 0

    def decide(self, evidence: Evidence) -> Verdict:
        """Return what is to be done about a call."""
        verdict = self._known.get(evidence)
        if verdict is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            verdict = self._known[evidence] = decide(evidence, self.table)
        return verdict

    def count(self, verdict: Verdict, *, now_ms: int) -> None:
        """Let the guard know of a call that was answered.

        A rule that it stops is a dry run from the next call on.

        Args:
            verdict: The answer.
            now_ms: The present time.
        """
        if self.guard is None:
            return
        self.crossings += 1
        if verdict.acting in self.guard.budgets:
            self.acted[verdict.acting] += 1
            self._tell(verdict.acting, 1, now_ms)
        if now_ms // MINUTE_MS != self._minute:
            self._minute = now_ms // MINUTE_MS
            for rule in self.guard.budgets:
                self._tell(rule, 0, now_ms)

    def hear(
        self,
        crossings: int,
        acted: Mapping[str, int],
        upheld: Mapping[str, int],
        *,
        now_ms: int,
    ) -> None:
        """Let the guard know of what others counted by the same rules.

        Objections count against rules that are live: of one that is suspended the
        past will be forgotten.

        Args:
            crossings: Calls that other processes of the node answered.
            acted: Of these, those on which each rule acted.
            upheld: Objections to each rule that were upheld.
            now_ms: The present time.
        """
        if self.guard is None:
            return
        live = {one.id for one in self.table.rules if one.mode == "live"}
        for rule in self.guard.budgets:
            more = {
                "crossings": crossings,
                "acted": acted.get(rule, 0),
                "upheld": upheld.get(rule, 0) if rule in live else 0,
            }
            if any(more.values()):
                self._tell(rule, 0, now_ms)  # own calls that it was not told of yet
                if self.guard.tell(rule, now_ms=now_ms, **more):
                    self._stop(rule)

    def inherit(self, before: "Decider") -> None:
        """Go on with the guard of a decider by the same budgets, and what it stopped.

        Args:
            before: Who decided until now.
        """
        if not (self.guard and before.guard):
            return
        if self.guard.budgets == before.guard.budgets:
            self.guard = before.guard
            for rule in self.guard.suspended:
                self.table = self.table.with_mode(rule, "dry-run")
            self._known.clear()

    def _tell(self, rule: str, acted: int, now_ms: int) -> None:
        if self.guard is None:
            return
        new = self.crossings - self._told.get(rule, 0)
        self._told[rule] = self.crossings
        if self.guard.tell(rule, now_ms=now_ms, crossings=new, acted=acted):
            self._stop(rule)

    def _stop(self, rule: str) -> None:
        self.table = self.table.with_mode(rule, "dry-run")
        self._known.clear()


def _holds(rule: Rule, evidence: Evidence) -> bool:
    return all(
        getattr(evidence, fact) in words for fact, words in rule.when.items()
    ) and not any(
        getattr(evidence, fact) in words for fact, words in rule.unless.items()
    )


def _by_law(law: str, evidence: Evidence) -> Verdict:
    return Verdict(
        outcome=_outcome(evidence),
        action="pass",
        rule=law,
        mode="live",
        would="pass",
        acting=law,
        reasons=(law,),
    )


def _by_rule(first: Rule | None, acting: Rule | None, evidence: Evidence) -> Verdict:
    return Verdict(
        outcome=_outcome(evidence),
        action=acting.action if acting else "pass",
        rule=first.id if first else NO_RULE,
        mode=first.mode if first else "live",
        would=first.action if first else "pass",
        acting=acting.id if acting else NO_RULE,
        reasons=_reasons(first, evidence),
        confidence=first.confidence if first else None,
    )


def _outcome(evidence: Evidence) -> str:
    return "unproven" if evidence.half == _NOT_AN_OUTCOME else evidence.half


def _reasons(rule: Rule | None, evidence: Evidence) -> tuple[str, ...]:
    """Name the half first, then what else the rule looked at."""
    reasons = [f"half_{evidence.half}"]
    if evidence.half == "altered":
        reasons = [f"half_altered_{evidence.differs}"]
    elif evidence.half == "unproven" and evidence.why:
        reasons.append(f"why_{evidence.why}")
    facts = rule.when if rule else ()
    looked_at = [fact for fact in facts if fact not in {"half", "differs"}]
    return (*reasons, *(f"{f}_{getattr(evidence, f)}" for f in looked_at))
