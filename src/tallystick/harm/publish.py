"""From exact figures to the report that is published: rounded, small ones held back.

The report is a JSON object. Everything in it is made of what may be published: rates
and bounds are reckoned from published numbers, so that nobody can reckon back.

Source: spec/harm.md, "The report".
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from tallystick.harm.figures import OUTCOMES, Figures, Moved, Replay, percentile
from tallystick.harm.period import Period
from tallystick.harm.withhold import (
    Count,
    least_of,
    most_of,
    publish_count,
    publish_tables,
)
from tallystick.model import ConfigError
from tallystick.model.share import exact_interval

FORMAT: Final = "tallystick-harm/1"
MILLION: Final = 1_000_000
PERCENTILES: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999}
LEAST_LIMIT: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishTerms:
    """What the parties agreed about publishing.

    Attributes:
        least: No number from 1 to below this one is published.
        base: Numbers are rounded to multiples of it; divides `least`.
        days: So many days after its end a period may be published.
        carriers: Whether carriers may be named.
    """

    least: int = 10
    base: int = 10
    days: int = 7
    carriers: bool = False

    def __post_init__(self) -> None:
        """Refuse terms under which small numbers could show.

        Raises:
            ConfigError: "harm-terms".
        """
        right = 1 <= self.base <= self.least <= LEAST_LIMIT and self.days >= 0
        if not right or self.least % self.base:
            raise ConfigError(
                "harm-terms",
                "What is agreed about publishing does not fit together: the least"
                " number shown must be a multiple of what is rounded to, and at most"
                f" {LEAST_LIMIT}.",
                advice="For example 10 and 10, or 10 and 5.",
            )


def publish(figures: Figures, terms: PublishTerms) -> dict[str, Any]:
    """Return the report that may be published.

    Args:
        figures: Exact counts of one party.
        terms: What was agreed.

    Returns:
        An object for JSON, the same for the same arguments.
    """
    least, base = terms.least, terms.base
    outcomes = {name: figures.outcomes.get(name, 0) for name in OUTCOMES}
    coverage = {
        "covered": figures.covered,
        "uncovered": figures.verified - figures.covered,
    }
    verified, (by_outcome, by_coverage) = publish_tables(
        figures.verified, [outcomes, coverage], least=least, base=base
    )
    live = {
        f"{one.rule} {one.action}": one.replay.total
        for one in figures.rules
        if one.mode == "live"
    }
    acted, (by_rule, replay) = publish_tables(
        figures.acted.total, [live, _cells(figures.acted)], least=least, base=base
    )
    redress = _redress(figures, terms)
    return {
        "format": FORMAT,
        "by": figures.party,
        "peer": figures.peer,
        "period": _period(figures.period),
        "terms": {
            "least": least,
            "base": base,
            "days": terms.days,
            "carriers": terms.carriers,
        },
        "verified": {"total": verified, "outcomes": by_outcome},
        "acted": {"total": acted, "rules": _rules(by_rule), "replay": replay},
        "dry_run": _dry_run(figures, terms),
        "redress": redress,
        "honest": _honest(figures, terms, verified, acted, replay, redress),
        "delay": _delay(figures.waited_ms, least),
        "completeness": {
            **by_coverage,
            "minutes": figures.period.minutes,
            "minutes_seen": publish_count(figures.minutes_seen, least=least, base=base),
            "minutes_covered": publish_count(
                figures.minutes_covered, least=least, base=base
            ),
        },
        "moved": [_moved(one, terms) for one in figures.moved],
        "open": {
            "cases": publish_count(figures.open_cases, least=least, base=base),
            "overdue": publish_count(figures.overdue_cases, least=least, base=base),
        },
        "halves": {
            "told": publish_count(figures.told, least=least, base=base),
            "heard": publish_count(figures.heard, least=least, base=base),
        },
    }


def canonical(report: Mapping[str, Any]) -> bytes:
    """Return the bytes that are hashed: JSON without spaces, names in order."""
    return msgspec.json.encode(report, order="sorted")


def digest(report: Mapping[str, Any]) -> str:
    """Return SHA-256 of the canonical JSON, in hexadecimal digits."""
    return hashlib.sha256(canonical(report)).hexdigest()


def _period(period: Period) -> dict[str, str]:
    return {
        "name": period.name,
        "from": _moment(period.from_ms),
        "until": _moment(period.until_ms),
    }


def _moment(moment_ms: int) -> str:
    whole = datetime.fromtimestamp(moment_ms // 1000, UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{moment_ms % 1000:03}Z"


def _cells(replay: Replay) -> dict[str, int]:
    return {
        "honest": replay.honest,
        "confirmed": replay.confirmed,
        "unproven": replay.unproven,
    }


def _rules(shown: Mapping[str, Count]) -> list[dict[str, Any]]:
    named = [(*name.split(" "), count) for name, count in sorted(shown.items())]
    return [
        {"rule": rule, "action": action, "crossings": count}
        for rule, action, count in named
    ]


def _dry_run(figures: Figures, terms: PublishTerms) -> list[dict[str, Any]]:
    """Return what each dry run would have done; each rule is a table of its own."""
    told = []
    for one in sorted(figures.rules, key=lambda one: (one.rule, one.action)):
        if one.mode == "live":
            continue
        total, (replay,) = publish_tables(
            one.replay.total,
            [_cells(one.replay)],
            least=terms.least,
            base=terms.base,
        )
        told.append(
            {
                "rule": one.rule,
                "action": one.action,
                "crossings": total,
                "replay": replay,
            }
        )
    return told


def _redress(figures: Figures, terms: PublishTerms) -> dict[str, Count] | None:
    said = figures.redress
    if said is None:
        return None
    cells = {"upheld": said.upheld, "refused": said.refused, "open": said.open}
    total, (shown,) = publish_tables(
        sum(cells.values()), [cells], least=terms.least, base=terms.base
    )
    return {"total": total, **shown}


def _honest(
    figures: Figures,
    terms: PublishTerms,
    verified: Count,
    acted: Count,
    replay: Mapping[str, Count],
    redress: Mapping[str, Count] | None,
) -> dict[str, Any]:
    """Return how many honest crossings were touched, at least and at most.

    At most: as if every crossing that no later evidence covers had been honest.
    """
    base = terms.base
    cells = max(len(figures.rules), len(replay))
    bound = most_of(acted, base, max(terms.least - 1, cells))
    unproven = most_of(replay["unproven"], base, bound)
    least = least_of(replay["honest"], base)
    most = min(bound, most_of(replay["honest"], base, bound) + unproven)
    if redress is not None and figures.redress is not None:
        upheld = redress["upheld"]
        least = max(least, least_of(upheld, base))
        if figures.redress.unmatched:
            total = most_of(redress["total"], base, terms.least)
            most += most_of(upheld, base, total)
    most = max(least, most)
    of = verified if isinstance(verified, int) else None
    low, high = _per_million(least, most, least_of(verified, base))
    return {
        "least": least,
        "most": most,
        "of": of,
        "per_million": {"low": low, "high": high},
        "proven": unproven == 0 and figures.lost == 0,
        "replayed": figures.replayed,
    }


def _per_million(least: int, most: int, of: int) -> tuple[float, float]:
    """Return the exact interval that holds for every number from least to most."""
    if not of:
        return 0.0, float(MILLION)
    low = exact_interval(min(least, of), of)[0]
    high = exact_interval(min(most, of), of)[1]
    # Outwards, so that what is published never claims more than what was counted.
    return (
        math.floor(low * MILLION * 100) / 100,
        math.ceil(high * MILLION * 100) / 100,
    )


def _delay(waited_ms: Mapping[int, int], least: int) -> dict[str, int | None]:
    """Return percentiles, each only where enough crossings lie beyond it."""
    total = sum(waited_ms.values())
    return {
        name: percentile(waited_ms, share) if total * (1 - share) >= least else None
        for name, share in PERCENTILES.items()
    }


def _moved(moved: Moved, terms: PublishTerms) -> dict[str, Any]:
    least, base = terms.least, terms.base
    names = sorted({*moved.before, *moved.after})
    sides = [
        publish_tables(
            sum(side.values()),
            [{name: side.get(name, 0) for name in names}],
            least=least,
            base=base,
        )
        for side in (moved.before, moved.after)
    ]
    (before, (by_before,)), (after, (by_after,)) = sides
    report: dict[str, Any] = {
        "rule": moved.rule,
        "since": _moment(moved.since_ms)[:10],
        "before": before,
        "after": after,
        "all_before": publish_count(moved.all_before, least=least, base=base),
        "all_after": publish_count(moved.all_after, least=least, base=base),
        "share": _share_moved(before, by_before, after, by_after),
    }
    if terms.carriers:
        report["carriers"] = [
            {"carrier": name, "before": by_before[name], "after": by_after[name]}
            for name in names
        ]
    return report


def _share_moved(
    before: Count,
    by_before: Mapping[str, Count],
    after: Count,
    by_after: Mapping[str, Count],
) -> float | None:
    """Return which share of a rule's crossings now comes by other carriers.

    Of the two distributions over carriers, half of the sum of the differences.
    Carriers whose number is held back on either side count as one.
    """
    if not isinstance(before, int) or not isinstance(after, int):
        return None
    if not before or not after:
        return None
    gaps, left_before, left_after = 0.0, 1.0, 1.0
    for name, one in by_before.items():
        other = by_after[name]
        if not isinstance(one, int) or not isinstance(other, int):
            continue
        gaps += abs(one / before - other / after)
        left_before -= one / before
        left_after -= other / after
    return round(min(1.0, (gaps + abs(left_before - left_after)) / 2), 2)
