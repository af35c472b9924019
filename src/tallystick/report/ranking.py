"""Carriers and trunks, worst first, the rest folded into one row."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tallystick.model.share import exact_interval
from tallystick.report.kinds import in_order
from tallystick.report.result import UNPROVEN, Carrier, Interval, Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """One side's carriers (or trunks) in order, and what was folded.

    Attributes:
        rows: The named ones, worst first.
        others: All remaining ones as one row, or None.
        folded: How many `others` stands for.
        kinds: Findings that occur at all, in the contract's order.
    """

    rows: list[Carrier]
    others: Carrier | None
    folded: int
    kinds: list[str]


def rank_carriers(summary: Summary, side: str, *, most: int) -> Ranking:
    """Rank the carriers of `side` by what is certain to be wrong with them."""
    of_side = [row for row in summary.carriers if row.side == side]
    whole = [row for row in of_side if row.trunk is None]
    return _ranked(whole or _joined(of_side), most)


def rank_trunks(summary: Summary, side: str, *, most: int) -> Ranking:
    """Rank the trunks of `side` in the same way."""
    rows = [row for row in summary.carriers if row.side == side and row.trunk]
    return _ranked(rows, most)


def certainly(row: Carrier) -> float:
    """Return the share of findings that is there even at the low end of all intervals.

    Ranking by the low end keeps a small carrier with one bad call from the top.
    """
    return sum(
        near.low
        for kind, near in row.findings.items()
        if kind != UNPROVEN and near.count
    )


def interval(count: int, calls: int) -> Interval:
    """Return the share `count` / `calls` with its exact 95 % interval.

    Source: C. J. Clopper, E. S. Pearson, Biometrika 26 (1934) 404.
    """
    if not calls:
        return Interval(count=count, share=0.0, low=0.0, high=1.0)
    some = min(count, calls)
    low, high = exact_interval(some, calls)
    return Interval(count=count, share=some / calls, low=low, high=high)


def fold(rows: Sequence[Carrier]) -> Carrier:
    """Return one row that stands for all `rows`; its intervals are computed anew."""
    calls, answered = sum(row.calls for row in rows), sum(row.answered for row in rows)
    talk_s = sum(row.acd_s * row.answered for row in rows)
    counts: Counter[str] = Counter()
    for row in rows:
        counts.update({kind: near.count for kind, near in row.findings.items()})
    return Carrier(
        side=rows[0].side,
        calls=calls,
        answered=answered,
        asr=answered / calls if calls else 0.0,
        acd_s=talk_s / answered if answered else 0.0,
        paired=sum(row.paired for row in rows),
        findings={kind: interval(count, calls) for kind, count in counts.items()},
    )


def _joined(rows: Sequence[Carrier]) -> list[Carrier]:
    """Join the trunks of each carrier where pairing wrote trunks only."""
    names = dict.fromkeys(row.carrier for row in rows)
    groups = {name: [row for row in rows if row.carrier == name] for name in names}
    return [replace(fold(group), carrier=name) for name, group in groups.items()]


def _ranked(rows: Sequence[Carrier], most: int) -> Ranking:
    ordered = sorted(rows, key=lambda row: (-certainly(row), -row.calls, row.carrier))
    # A fold of one would hide a name to save no room.
    cut = most if len(ordered) > most + 1 else len(ordered)
    rest = ordered[cut:]
    found = {k for row in rows for k, near in row.findings.items() if near.count}
    return Ranking(
        rows=ordered[:cut],
        others=fold(rest) if rest else None,
        folded=len(rest),
        kinds=in_order(found),
    )
