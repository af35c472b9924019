"""What two parties agreed to do about a call: rules, and the verdict they give.

Source: spec/verdict.md.
"""

from tallystick.agreement.decide import Decider, decide
from tallystick.agreement.evidence import FACTS, GROUNDS, Evidence
from tallystick.agreement.rule import ACTIONS, Rule, RuleTable
from tallystick.agreement.rulefile import default_rules, parse_rules
from tallystick.agreement.sentences import LANGUAGES, explain, sentence
from tallystick.agreement.verdict import Verdict, only_watched

__all__ = [
    "ACTIONS",
    "FACTS",
    "GROUNDS",
    "LANGUAGES",
    "Decider",
    "Evidence",
    "Rule",
    "RuleTable",
    "Verdict",
    "decide",
    "default_rules",
    "explain",
    "only_watched",
    "parse_rules",
    "sentence",
]
