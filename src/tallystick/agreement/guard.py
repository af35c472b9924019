"""The guard: when a live rule must suspend itself.

It is fed with counts and the time, and answers when a rule is beyond what both parties
agreed that it may do. It reads no clock and stops nothing by itself.

Source: spec/agreement.md, "The guard".
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from operator import add, sub
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from tallystick.agreement.text import Harm
from tallystick.model import Sentence
from tallystick.model.share import exact_interval

Reason = Literal["share", "redress", "change"]
REASONS: Final[tuple[Reason, ...]] = ("share", "redress", "change")

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
SHARE_MS: Final = HOUR_MS
"""Over so long the share of crossings acted on is counted."""
NOW_MS: Final = 10 * MINUTE_MS
"""What is compared with the past to see a sudden change."""
PAST_MS: Final = 24 * HOUR_MS
"""The past it is compared with, which ends where the present begins."""
REDRESS_MS: Final = 30 * 24 * HOUR_MS
"""Over so long upheld objections are counted: they come late."""
LEVEL: Final = 1 - 2e-6
"""Of the exact interval. A rule that keeps its budget is taken for one that does not
in one look of a million at most."""


SENTENCES: Final[Mapping[Reason, str]] = MappingProxyType(
    {
        "share": "Rule {rule} acted on {counted} of {of} crossings of the last hour, "
        "more than the agreed share of {budget}.",
        "redress": "Objections to rule {rule} that were upheld: {counted} among {of} "
        "crossings, more than the agreed {budget} per million.",
        "change": "Rule {rule} acted on {counted} of {of} crossings of the last ten "
        "minutes, more than {budget} times its share of the day before.",
    }
)
"""What a rule's suspension says, by its reason; it is signed as text."""


class Trip(NamedTuple):
    """Why a rule must suspend itself.

    Attributes:
        rule: Which.
        reason: `share`, `redress` or `change`.
        at_ms: When it was seen.
        counted: Calls acted on, or objections upheld.
        of: Crossings among which they were counted.
        least: What the share, the objections per million or the change is at least.
        budget: What it may be at most.
    """

    rule: str
    reason: Reason
    at_ms: int
    counted: int
    of: int
    least: float
    budget: float

    @property
    def sentence(self) -> str:
        """What both sides are told."""
        values = {
            "rule": self.rule,
            "counted": self.counted,
            "of": self.of,
            "budget": f"{self.budget:g}",
        }
        return str(Sentence(SENTENCES[self.reason], values))


class Counts(NamedTuple):
    """What was counted in some time.

    Attributes:
        crossings: Calls that arrived.
        acted: Those on which the rule acted.
        upheld: Objections that were upheld.
    """

    crossings: int = 0
    acted: int = 0
    upheld: int = 0

    def plus(self, other: "Counts") -> "Counts":
        """Return the sum."""
        return Counts(*map(add, self, other))

    def minus(self, other: "Counts") -> "Counts":
        """Return the difference."""
        return Counts(*map(sub, self, other))


@dataclass(slots=True)
class _Sums:
    """Running totals at the end of each span; those older than `keep_ms` are let go."""

    span_ms: int
    keep_ms: int
    begins: list[int] = field(default_factory=lambda: [0])
    totals: list[Counts] = field(default_factory=lambda: [Counts()])

    def add(self, now_ms: int, counts: Counts) -> None:
        """Count in the present span."""
        begins = now_ms // self.span_ms * self.span_ms
        total = self.totals[-1].plus(counts)
        if self.begins[-1] == begins:
            self.totals[-1] = total
            return
        self.begins.append(begins)
        self.totals.append(total)
        if len(self.begins) > 2 * self.keep_ms // self.span_ms:
            old = max(0, bisect_right(self.begins, now_ms - self.keep_ms) - 1)
            del self.begins[:old], self.totals[:old]

    def spans(self) -> Iterator[tuple[int, Counts]]:
        """Yield when each span began, and what was counted in it.

        Yields:
            Those that are kept whole, in order.
        """
        for at, (before, after) in zip(
            self.begins[1:], pairwise(self.totals), strict=True
        ):
            yield at, after.minus(before)

    def between(self, from_ms: int, to_ms: int) -> Counts:
        """Return what was counted in spans that began after one moment, up to one."""
        return self._until(to_ms).minus(self._until(from_ms))

    def _until(self, at_ms: int) -> Counts:
        return self.totals[max(0, bisect_right(self.begins, at_ms) - 1)]


@dataclass(slots=True)
class _Watched:
    """What is remembered of one rule."""

    minutes: _Sums = field(
        default_factory=lambda: _Sums(MINUTE_MS, PAST_MS + NOW_MS + MINUTE_MS)
    )
    hours: _Sums = field(default_factory=lambda: _Sums(HOUR_MS, REDRESS_MS))


@dataclass(slots=True)
class Guard:
    """Watches the live rules of one agreement.

    Bounds: remembers at most 2,902 minutes and 1,440 hours of each rule with a budget.

    Attributes:
        budgets: What each rule may do at most.
        suspended: Rules that must not act, and why; emptied by `resume` only.
    """

    budgets: Mapping[str, Harm]
    suspended: dict[str, Trip] = field(default_factory=dict)
    _watched: dict[str, _Watched] = field(default_factory=dict)
    _now_ms: int = 0

    def tell(
        self,
        rule: str,
        *,
        now_ms: int,
        crossings: int = 0,
        acted: int = 0,
        upheld: int = 0,
    ) -> Trip | None:
        """Count what a rule did, and say whether it must suspend itself.

        Args:
            rule: Which.
            now_ms: The present time; one before the last told counts as that.
            crossings: Calls that arrived since the last time.
            acted: Those on which the rule acted.
            upheld: Objections to it that were upheld.

        Returns:
            Why, the first time that it must; None else.
        """
        budget = self.budgets.get(rule)
        self._now_ms = now_ms = max(now_ms, self._now_ms)
        if budget is None or rule in self.suspended:
            return None
        watched = self._watched.setdefault(rule, _Watched())
        counts = Counts(crossings, acted, upheld)
        watched.minutes.add(now_ms, counts)
        watched.hours.add(now_ms, counts)
        for trip in _looks(rule, now_ms, watched, budget):
            if trip.least > trip.budget:
                self.suspended[rule] = trip
                return trip
        return None

    def look(self, rule: str, *, now_ms: int) -> tuple[Trip, ...]:
        """Return what is counted of a rule against each part of its budget.

        Args:
            rule: Which.
            now_ms: The present time.

        Returns:
            One for each of `REASONS`, whether it is beyond or not; none for a rule
            without a budget.
        """
        budget = self.budgets.get(rule)
        watched = self._watched.get(rule) or _Watched()
        return () if budget is None else tuple(_looks(rule, now_ms, watched, budget))

    def recall(self, rule: str, past: Iterable[tuple[int, Counts]]) -> None:
        """Count what was before this guard watched, for its objections only.

        Args:
            rule: Which.
            past: When, and what was counted then; `acted` is not looked at.
        """
        if rule in self.budgets:
            watched = self._watched.setdefault(rule, _Watched())
            every = sorted([*past, *watched.hours.spans()])
            watched.hours = _Watched().hours
            for at_ms, counts in every:
                watched.hours.add(at_ms, counts)

    def resume(self, rule: str) -> None:
        """Let a rule act again, when both parties have lifted its suspension.

        Its past is forgotten: what had stopped it is not held against it twice.
        """
        self.suspended.pop(rule, None)
        self._watched.pop(rule, None)


def _looks(rule: str, now_ms: int, watched: _Watched, budget: Harm) -> Iterator[Trip]:
    """Yield what each part of a budget is compared with.

    Yields:
        One for each of `REASONS`, in this order.
    """
    for part in (_share, _redress, _change):
        yield part(rule, now_ms, watched, budget)


def _share(rule: str, now_ms: int, watched: _Watched, budget: Harm) -> Trip:
    seen = watched.minutes.between(now_ms - SHARE_MS, now_ms)
    least = _least(seen.acted, seen.crossings)
    return Trip(rule, "share", now_ms, seen.acted, seen.crossings, least, budget.share)


def _redress(rule: str, now_ms: int, watched: _Watched, budget: Harm) -> Trip:
    seen = watched.hours.between(now_ms - REDRESS_MS, now_ms)
    least = _least(seen.upheld, seen.crossings) * 1_000_000
    return Trip(
        rule, "redress", now_ms, seen.upheld, seen.crossings, least, budget.redress
    )


def _change(rule: str, now_ms: int, watched: _Watched, budget: Harm) -> Trip:
    """Compare the present with the past, given how often the rule acted in both.

    Of all those times, the share that falls into the present is binomial; from its
    exact lower bound follows that of the factor between the two shares.
    """
    now = watched.minutes.between(now_ms - NOW_MS, now_ms)
    past = watched.minutes.between(now_ms - NOW_MS - PAST_MS, now_ms - NOW_MS)
    least = 0.0
    if now.crossings and past.crossings:
        low = _least(now.acted, now.acted + past.acted)
        least = low / (1 - low) * past.crossings / now.crossings
    return Trip(rule, "change", now_ms, now.acted, now.crossings, least, budget.change)


def _least(count: int, of: int) -> float:
    """Return what a share is at least; of more than all, all."""
    return exact_interval(min(count, of), of, level=LEVEL)[0] if of else 0.0
