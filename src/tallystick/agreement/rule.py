"""One line of a decision table, and the table.

Source: spec/verdict.md, "Rules".
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from tallystick.agreement.evidence import FACTS, GROUNDS
from tallystick.model import ConfigError, RefusedError, Sentence

Action = Literal["pass", "log", "label", "mask", "divert", "reject"]
Mode = Literal["dry-run", "live"]

ACTIONS: Final[tuple[Action, ...]] = (
    "pass",
    "log",
    "label",
    "mask",
    "divert",
    "reject",
)
"""The ladder, mildest first."""

MODES: Final[tuple[Mode, ...]] = ("dry-run", "live")
HARMLESS: Final = frozenset({"pass", "log"})
"""Actions that neither caller nor called notices; the others need grounds."""

_ADVICE: Final = Sentence(
    "See spec/verdict.md, Rules. The rules before it stay in force."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of a decision table.

    Attributes:
        id: Its name, in lower case with dashes.
        when: Words that each named fact must have one of.
        unless: Words that keep the rule from holding; any one does.
        action: What is done.
        mode: `dry-run`: it is only noted what would be done.
        confidence: How sure the parties are that it is right; None: not said.
    """

    id: str
    when: Mapping[str, frozenset[str]]
    unless: Mapping[str, frozenset[str]]
    action: Action
    mode: Mode
    confidence: float | None = None

    def __post_init__(self) -> None:
        """Refuse a rule that a law of the product forbids.

        Raises:
            RefusedError: "rule-groundless", "rule-unproven".
        """
        if self.action in HARMLESS:
            return
        if not any(words <= GROUNDS.get(f, frozenset()) for f, words in self._whens()):
            raise RefusedError(
                "rule-groundless",
                "Rule {rule} would {action} calls against which there is no evidence.",
                advice="Name a ground in `when`. {see}",
                see=_ADVICE,
                rule=self.id,
                action=self.action,
            )
        if "half" in self.when or "half" in self.unless:
            possible = self.when.get("half", frozenset(FACTS["half"]))
            left = possible - self.unless.get("half", frozenset())
            if not left <= GROUNDS["half"]:
                raise RefusedError(
                    "rule-unproven",
                    "Rule {rule} would {action} calls for want of a half that may only"
                    " be late.",
                    advice="Nothing may be done where the half is unproven or was"
                    " not asked for. {see}",
                    see=_ADVICE,
                    rule=self.id,
                    action=self.action,
                )

    def _whens(self) -> list[tuple[str, frozenset[str]]]:
        return [(fact, words) for fact, words in self.when.items() if words]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTable:
    """A decision table: the first rule that holds decides.

    Attributes:
        name: Its name.
        version: Counts up with each change both sides signed.
        rules: In order.
    """

    name: str
    version: int
    rules: tuple[Rule, ...]

    def with_mode(self, rule: str, mode: Mode) -> "RuleTable":
        """Return the table with one rule put into another mode.

        Raises:
            ConfigError: "rule-unknown".
        """
        if rule not in {one.id for one in self.rules}:
            raise ConfigError(
                "rule-unknown",
                "The table has no rule of this name.",
                advice=f"{_ADVICE}",
            )
        changed = tuple(
            replace(one, mode=mode) if one.id == rule else one for one in self.rules
        )
        return replace(self, rules=changed)
