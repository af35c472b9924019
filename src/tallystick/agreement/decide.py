"""From evidence and rules to a verdict. Laws go before rules.

Source: spec/verdict.md, "The decision".
"""

from typing import Final

from tallystick.agreement.evidence import NEEDS_COVERAGE, Evidence
from tallystick.agreement.rule import Rule, RuleTable
from tallystick.agreement.verdict import Verdict

REMEMBERED: Final = 8_192
"""Verdicts kept by evidence: real traffic shows some hundred combinations."""

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

    Bounds: REMEMBERED verdicts; then the memory starts anew.
    """

    __slots__ = ("_known", "table")

    def __init__(self, table: RuleTable) -> None:
        """Decide by one table; make another decider for another one."""
        self.table = table
        self._known: dict[Evidence, Verdict] = {}

    def decide(self, evidence: Evidence) -> Verdict:
        """Return what is to be done about a call."""
        verdict = self._known.get(evidence)
        if verdict is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            verdict = self._known[evidence] = decide(evidence, self.table)
        return verdict


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
