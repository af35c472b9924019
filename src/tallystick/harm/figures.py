"""What was counted, exactly: known to the party that counted, never published so.

Source: spec/harm.md, "What is counted".
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tallystick.agreement.rule import ACTIONS, HARMLESS
from tallystick.harm.period import Period
from tallystick.model import RefusedError

OUTCOMES: Final = ("paired", "altered", "no_departure", "repeated", "unproven")
NOTICED: Final = tuple(action for action in ACTIONS if action not in HARMLESS)
"""Actions that caller or called person can notice: a crossing so treated was
*acted on*."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What later evidence says of crossings that a rule held for.

    Attributes:
        honest: The other half is there after all, or an objection was upheld.
        confirmed: Later evidence says, too, that something is wrong.
        unproven: No later evidence covers them.
    """

    honest: int = 0
    confirmed: int = 0
    unproven: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.honest + self.confirmed + self.unproven


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFigures:
    """What one rule did, or would have done.

    Attributes:
        rule: Its name.
        mode: `live`: it was done; `dry-run`: it would have been.
        action: What.
        replay: To how many crossings, and what later evidence says of them.
    """

    rule: str
    mode: str
    action: str
    replay: Replay


@dataclass(frozen=True, slots=True, kw_only=True)
class Redress:
    """Objections of callers, by how they were decided.

    Attributes:
        upheld: The caller was right.
        refused: The caller was not.
        open: Not decided yet.
        unmatched: Of those upheld, whose crossing is not among those acted on here.
    """

    upheld: int = 0
    refused: int = 0
    open: int = 0
    unmatched: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Crossings a rule held for, by carrier, before and after it went live.

    Attributes:
        rule: Its name.
        since_ms: When it went live.
        before: By carrier, while it was a dry run.
        after: By carrier, since.
        all_before: Every crossing verified while it was a dry run.
        all_after: Every crossing verified since.
    """

    rule: str
    since_ms: int
    before: Mapping[str, int]
    after: Mapping[str, int]
    all_before: int
    all_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One party's count of one period: the crossings that came to it.

    Attributes:
        party: Who counted.
        peer: Where the crossings came from.
        period: From when until when.
        outcomes: Crossings by outcome, each with the last word on it.
        rules: What rules did, or would have done.
        redress: Objections; None: nobody told.
        waited_ms: Crossings by how long their answer took.
        covered: Crossings that were paired, or around which the peer's record was
            complete.
        minutes_seen: Minutes of the period in which anything crossed.
        minutes_covered: Those of them in which every crossing was covered.
        replayed: Whether a later pairing in batch was looked at.
        lost: Crossings whose first verdict is not there: what was done is not known.
        told: Own departures told to the peer; None: not counted.
        heard: The peer's departures heard; None: not counted.
        moved: What went elsewhere.
        open_cases: Cases open; None: nobody told.
        overdue_cases: Of them, past their deadline.
    """

    party: str
    peer: str
    period: Period
    outcomes: Mapping[str, int]
    rules: tuple[RuleFigures, ...] = ()
    redress: Redress | None = None
    waited_ms: Mapping[int, int] = field(default_factory=dict)
    covered: int = 0
    minutes_seen: int = 0
    minutes_covered: int = 0
    replayed: bool = False
    lost: int = 0
    told: int | None = None
    heard: int | None = None
    moved: tuple[Moved, ...] = ()
    open_cases: int | None = None
    overdue_cases: int | None = None

    def __post_init__(self) -> None:
        """Refuse figures that do not add up.

        Raises:
            RefusedError: "harm-figures".
        """
        whole = (
            set(self.outcomes) <= set(OUTCOMES)
            and self.covered <= self.verified
            and self.acted.total <= self.verified
            and sum(self.waited_ms.values()) <= self.verified
            and self.minutes_covered <= self.minutes_seen <= self.period.minutes
        )
        if not whole:
            raise RefusedError(
                "harm-figures",
                "The figures of the harm report do not add up: parts are more than"
                " their whole.",
                advice="Nothing is published. This is a fault of the program.",
            )

    @property
    def verified(self) -> int:
        """Every crossing a verdict fell on."""
        return sum(self.outcomes.values())

    @property
    def acted(self) -> Replay:
        """What later evidence says of the crossings acted on."""
        live = [one.replay for one in self.rules if one.mode == "live"]
        return Replay(
            honest=sum(one.honest for one in live),
            confirmed=sum(one.confirmed for one in live),
            unproven=sum(one.unproven for one in live),
        )


def percentile(counts: Mapping[int, int], share: float) -> int:
    """Return the least value that at least this share of all does not exceed.

    Args:
        counts: How often each value occurs; at least one does.
        share: Above 0, at most 1.
    """
    wanted = math.ceil(share * sum(counts.values()))
    reached = value = 0
    for value in sorted(counts):
        reached += counts[value]
        if reached >= wanted:
            break
    return value
