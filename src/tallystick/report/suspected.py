"""Carriers as wholes: what they show more often than usual.

Such a figure can stand where no single call can be named for it.
"""

from dataclasses import dataclass
from typing import Final

from tallystick.report.kinds import title_of
from tallystick.report.result import Summary, Suspected
from tallystick.report.texts import Texts

SUSPECTED_MOST: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspectRow:
    """A carrier and a kind in figures.

    Attributes:
        kind: Its title.
        unnamed: Why no single call is named; "" where some are.
    """

    carrier: str
    side: str
    kind: str
    calls: str
    share: str
    range: str
    usual: str
    unnamed: str


def show_suspected(summary: Summary, texts: Texts) -> list[SuspectRow]:
    """Return all rows, in the order of the result: surest first."""
    return [_row(one, summary, texts) for one in summary.suspected]


def count_suspected(summary: Summary) -> int:
    """Return how many carriers are suspected; one on both sides counts twice."""
    return len({(one.side, one.carrier) for one in summary.suspected})


def named_calls(one: Suspected, summary: Summary) -> int | None:
    """Return how many calls of the carrier are named; None where that is not told."""
    if not summary.by_kind.get(one.kind):
        return 0
    counts = [
        row.findings[one.kind].count if one.kind in row.findings else 0
        for row in summary.carriers
        if (row.side, row.carrier, row.trunk) == (one.side, one.carrier, None)
    ]
    return sum(counts) if counts else None


def _row(one: Suspected, summary: Summary, texts: Texts) -> SuspectRow:
    formats = texts.formats
    calls, whole = formats.integer(one.calls), formats.integer(one.among)
    unnamed = named_calls(one, summary) == 0
    return SuspectRow(
        carrier=one.carrier or texts.say("carriers.unnamed"),
        side=texts.named("side", one.side),
        kind=title_of(one.kind, texts),
        calls=texts.say("carriers.suspected.of", calls=calls, all=whole),
        share=formats.share(one.share),
        range=formats.shares(one.low, one.high),
        usual=formats.share(one.usual),
        unnamed=texts.say("carriers.suspected.unnamed") if unnamed else "",
    )
