"""What `tally node top` shows, made of two readings of a running node.

Pure: text and times in, figures out. A figure that cannot be told is None.
"""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from tallystick.node.watch.measures import STAGES

MILLION: Final = 1_000_000
HARMLESS: Final = {"pass", "log"}
"""Actions by which nothing is done about a call."""

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """All figures of a node at one moment.

    Attributes:
        at_s: When they were read, by any steady clock.
        figures: By name and labels.
        health: What `/healthz` says.
    """

    at_s: float
    figures: dict[str, dict[Labels, float]]
    health: dict[str, object]

    def one(self, name: str) -> float | None:
        """Return a figure without labels; None where it is not there."""
        value = self.figures.get(name, {}).get(())
        return None if value is None or math.isnan(value) else value

    def by(self, name: str, *labels: str) -> dict[tuple[str, ...], float]:
        """Return sums of a figure by some of its labels."""
        sums: dict[tuple[str, ...], float] = {}
        for at, value in self.figures.get(name, {}).items():
            of = dict(at)
            key = tuple(of.get(label, "") for label in labels)
            sums[key] = sums.get(key, 0.0) + value
        return sums


@dataclass(frozen=True, slots=True)
class Spent:
    """How long something takes, of those that were counted.

    Attributes:
        count: How many.
        half_s: Half of them at most so long.
        most_s: 99 of 100 at most so long.
    """

    count: float
    half_s: float | None
    most_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What is shown.

    Attributes:
        verdicts: Per second now, and since the start, by outcome and action.
        per_s: All verdicts per second.
        acted_per_million: Calls that something was done about, since the start.
        spent: By what: answers, waits, stages, lag, turns; of the time between the
            two readings where anything was counted in it.
        cpu: Share of one core.
        now: The later reading.
    """

    verdicts: dict[tuple[str, ...], tuple[float, float]]
    per_s: float
    acted_per_million: float | None
    spent: dict[str, Spent]
    cpu: float | None
    now: Reading


SPENT: Final = {
    "whole answer": ("tally_verdict_wait_seconds", ""),
    "wait for the stream": ("tally_stream_wait_seconds", ""),
    "stream lag": ("tally_stream_lag_seconds", ""),
    "turns late by": ("tally_turn_late_seconds", ""),
    **{stage: ("tally_stage_seconds", stage) for stage in STAGES},
}


def read(text: str, health: dict[str, object], *, at_s: float) -> Reading:
    """Take what `/metrics` and `/healthz` answered."""
    figures: dict[str, dict[Labels, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = tuple(sorted(sample.labels.items()))
            figures.setdefault(sample.name, {})[labels] = sample.value
    return Reading(at_s, figures, health)


def view(before: Reading, now: Reading) -> View:
    """Return what is shown of two readings, one after the other."""
    passed_s = max(now.at_s - before.at_s, 1e-9)
    totals = now.by("tally_verdicts_total", "outcome", "action")
    earlier = before.by("tally_verdicts_total", "outcome", "action")
    verdicts = {
        key: (max(0.0, total - earlier.get(key, 0.0)) / passed_s, total)
        for key, total in sorted(totals.items(), key=lambda one: -one[1])
    }
    every = sum(totals.values())
    acted = sum(
        total for (_, action), total in totals.items() if action not in HARMLESS
    )
    cpu = _grown(before, now, "process_cpu_seconds_total")
    return View(
        verdicts=verdicts,
        per_s=sum(rate for rate, _ in verdicts.values()),
        acted_per_million=acted / every * MILLION if every else None,
        spent={what: _spent(before, now, *of) for what, of in SPENT.items()},
        cpu=None if cpu is None else cpu / passed_s,
        now=now,
    )


def quantile(share: float, buckets: list[tuple[float, float]]) -> float | None:
    """Return a quantile of a histogram, as Prometheus estimates it.

    Args:
        share: For example 0.99.
        buckets: Upper bounds and how many lie at or below each, going up to infinity.

    Returns:
        None without values; the highest bound where it lies beyond that.
    """
    if not buckets or buckets[-1][1] <= 0:
        return None
    rank = share * buckets[-1][1]
    for (low, below), (high, upto) in pairwise([(0.0, 0.0), *buckets]):
        if upto >= rank:
            if math.isinf(high):
                return low
            inside = upto - below
            return high if not inside else low + (high - low) * (rank - below) / inside
    return None


def _spent(before: Reading, now: Reading, name: str, stage: str) -> Spent:
    latest, earlier = (_buckets(one, name, stage) for one in (now, before))
    past = dict(earlier)
    grown = [(bound, count - past.get(bound, 0.0)) for bound, count in latest]
    # Where nothing was counted lately, or the node started anew: since its start.
    lately = bool(grown) and grown[-1][1] > 0 and all(count >= 0 for _, count in grown)
    chosen = grown if lately else latest
    count = chosen[-1][1] if chosen else 0.0
    return Spent(count, quantile(0.5, chosen), quantile(0.99, chosen))


def _buckets(reading: Reading, name: str, stage: str) -> list[tuple[float, float]]:
    found = reading.figures.get(f"{name}_bucket", {})
    return sorted(
        (float(dict(labels)["le"]), count)
        for labels, count in found.items()
        if dict(labels).get("stage", "") == stage
    )


def _grown(before: Reading, now: Reading, name: str) -> float | None:
    earlier, latest = before.one(name), now.one(name)
    if earlier is None or latest is None or latest < earlier:
        return None
    return latest - earlier
