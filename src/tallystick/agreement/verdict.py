"""What is to be done about one call, and why.

Source: spec/verdict.md, "The verdict".
"""

from functools import lru_cache
from typing import NamedTuple

from tallystick.agreement.rule import Action, Mode


class Verdict(NamedTuple):
    """What is to be done about one call.

    Attributes:
        outcome: `paired`, `altered`, `no_departure`, `repeated` or `unproven`.
        action: What is to be done.
        rule: The first rule that holds, or the law that went before all rules.
        mode: That rule's mode.
        would: What that rule would do; the same as `action` where it is live.
        acting: The live rule that set the action; `none` where none holds.
        reasons: Codes of what it rests on, each with a sentence.
        confidence: The rule's own word; None: not said.
    """

    outcome: str
    action: Action
    rule: str
    mode: Mode
    would: Action
    acting: str
    reasons: tuple[str, ...]
    confidence: float | None = None


@lru_cache(maxsize=8_192)
def only_watched(verdict: Verdict) -> Verdict:
    """Return the verdict on a call that nobody asked about: a dry run of all rules."""
    if verdict.action in {"pass", "log"}:
        return verdict
    return verdict._replace(action="pass", mode="dry-run", acting="none")
