"""From exact figures to the report that is published: rounded, small ones held back.

The report is a JSON object. Everything in it is made of what may be published: rates
and bounds are reckoned from published numbers, so that nobody can reckon back.

Source: spec/harm.md, "The report".
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

import msgspec

from tallystick.harm.figures import OUTCOMES, Figures, Moved, Redress, percentile
from tallystick.harm.period import Period
from tallystick.harm.withhold import (
    HELD,
    Count,
    least_of,
    most_of,
    published,
    published_cells,
    total_of,
)
from tallystick.model import ConfigError
from tallystick.model.share import exact_interval

FORMAT: Final = "tallystick-harm/1"
MILLION: Final = 1_000_000
PERCENTILES: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999}
LEAST_LIMIT: Final = 10_000
MOVED_LEAST: Final = 100
"""So many crossings before and after are needed to say what went elsewhere."""

_SHARE_STEP: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishTerms:
    """What the parties agreed about publishing.

    Attributes:
        least: Numbers from 1 to below this one are held back, others rounded
            down to multiples of it; 1: all numbers are shown as they are.
        days: So many days after its end a period may be published.
        carriers: Whether carriers may be named.
    """

    least: int = 10
    days: int = 7
    carriers: bool = False

    def __post_init__(self) -> None:
        """Refuse terms under which a number held back would be known.

        Raises:
            ConfigError: "harm-terms".
        """
        if not 1 <= self.least <= LEAST_LIMIT or self.least == 2 or self.days < 0:
            raise ConfigError(
                "harm-terms",
                "What is agreed about publishing cannot hold: the least number shown"
                f" is 1, or 3 to {LEAST_LIMIT}, and days are not negative. With 2, a"
                " number held back could only be 1.",
                advice="Usual are 10 and 7 days.",
            )


def publish(figures: Figures, terms: PublishTerms) -> dict[str, Any]:
    """Return the report that may be published.

    Args:
        figures: Exact counts of one party.
        terms: What was agreed.

    Returns:
        An object for JSON, the same for the same arguments.
    """
    least = terms.least
    outcomes = published_cells(
        {name: figures.outcomes.get(name, 0) for name in OUTCOMES}, least
    )
    live, dry_run = (_rules(figures, mode, least) for mode in ("live", "dry-run"))
    replay = {
        name: total_of(one["replay"][name] for one in live)
        for name in ("honest", "confirmed", "unproven")
    }
    redress = _redress(figures.redress, least)
    return {
        "format": FORMAT,
        "by": figures.party,
        "peer": figures.peer,
        "period": _period(figures.period),
        "terms": {"least": least, "days": terms.days, "carriers": terms.carriers},
        "verified": {"total": total_of(outcomes.values()), "outcomes": outcomes},
        "acted": {
            "total": total_of(one["crossings"] for one in live),
            "rules": live,
            "replay": replay,
        },
        "dry_run": dry_run,
        "redress": redress,
        "honest": _honest(figures, outcomes, live, redress, least),
        "delay": _delay(figures.waited_ms, least),
        "completeness": {
            "uncovered": published(figures.verified - figures.covered, least),
            "minutes": figures.period.minutes,
            "minutes_seen": published(figures.minutes_seen, least),
            "minutes_covered": published(figures.minutes_covered, least),
        },
        "moved": [
            _moved(one, terms)
            for one in figures.moved
            if min(sum(one.before.values()), sum(one.after.values()))
            >= max(MOVED_LEAST, 10 * least)
        ],
        "open": {
            "cases": published(figures.open_cases, least),
            "overdue": published(figures.overdue_cases, least),
        },
        "halves": {
            "told": published(figures.told, least),
            "heard": published(figures.heard, least),
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


def _rules(figures: Figures, mode: str, least: int) -> list[dict[str, Any]]:
    told = []
    for one in sorted(figures.rules, key=lambda one: (one.rule, one.action)):
        if one.mode == mode:
            said = one.replay
            replay = published_cells(
                {
                    "honest": said.honest,
                    "confirmed": said.confirmed,
                    "unproven": said.unproven,
                },
                least,
            )
            told.append(
                {
                    "rule": one.rule,
                    "action": one.action,
                    "crossings": total_of(replay.values()),
                    "replay": replay,
                }
            )
    return told


def _redress(said: Redress | None, least: int) -> dict[str, Count] | None:
    if said is None:
        return None
    cells = {"upheld": said.upheld, "refused": said.refused, "open": said.open}
    return published_cells(cells, least)


def _honest(
    figures: Figures,
    outcomes: Mapping[str, Count],
    live: Sequence[Mapping[str, Any]],
    redress: Mapping[str, Count] | None,
    least: int,
) -> dict[str, Any]:
    """Return how many honest crossings were touched, at least and at most.

    At most: as if every crossing that no later evidence covers had been honest.
    """
    honest, unproven = (
        [one["replay"][name] for one in live] for name in ("honest", "unproven")
    )
    fewest = sum(least_of(one) for one in honest)
    unknown = sum(most_of(one, least) for one in unproven)
    most = sum(most_of(one, least) for one in honest) + unknown
    if redress is not None and figures.redress is not None:
        fewest = max(fewest, least_of(redress["upheld"]))
        if figures.redress.unmatched:
            most += most_of(redress["upheld"], least)
    most = max(fewest, most)
    cells = outcomes.values()
    low, high = _per_million(
        (fewest, sum(most_of(one, least) for one in cells)),
        (most, sum(least_of(one) for one in cells)),
    )
    return {
        "least": fewest,
        "most": most,
        "of": total_of(cells),
        "per_million": {"low": low, "high": high},
        "proven": not unknown and not figures.lost,
        "replayed": figures.replayed,
    }


def _per_million(fewest: tuple[int, int], most: tuple[int, int]) -> tuple[float, float]:
    """Return the exact interval that holds for every number from fewest to most.

    Args:
        fewest: The smallest number, and of how many at most.
        most: The largest number, and of how many at least.
    """
    count, of = most
    high = exact_interval(min(count, of), of)[1] if of else 1.0
    count, of = fewest
    low = exact_interval(min(count, of), of)[0] if of else 0.0
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
    """Return what went elsewhere as round shares and rates, never as counts."""
    before, after = (_shares(side) for side in (moved.before, moved.after))
    names = sorted({*before, *after})
    gaps = (abs(before.get(name, 0.0) - after.get(name, 0.0)) for name in names)
    report: dict[str, Any] = {
        "rule": moved.rule,
        "since": _moment(moved.since_ms)[:10],
        "rate_before": _rate(sum(moved.before.values()), moved.all_before),
        "rate_after": _rate(sum(moved.after.values()), moved.all_after),
        "share": _stepped(min(1.0, sum(gaps) / 2)),
    }
    if terms.carriers:
        report["carriers"] = [
            {
                "carrier": name,
                "before": _carrier(moved.before, name, before, terms.least),
                "after": _carrier(moved.after, name, after, terms.least),
            }
            for name in names
        ]
    return report


def _shares(counts: Mapping[str, int]) -> dict[str, float]:
    total = sum(counts.values())
    return {name: count / total for name, count in counts.items()}


def _carrier(
    counts: Mapping[str, int], name: str, shares: Mapping[str, float], least: int
) -> float | Literal["held"]:
    small = 0 < counts.get(name, 0) < least
    return HELD if small else _stepped(shares.get(name, 0.0))


def _stepped(share: float) -> float:
    return round(round(share / _SHARE_STEP) * _SHARE_STEP, 2)


def _rate(count: int, of: int) -> float:
    """Return a rate per million with two digits that count."""
    rate = count / of * MILLION if of else 0.0
    return float(f"{rate:.1e}")
