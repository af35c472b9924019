"""What `tally harm` takes out of a store, and puts there."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from tallystick.harm import HarmState, Period
    from tallystick.proof import Signed, SigningKey, Statement
    from tallystick.store import Store

REDRESS = {"upheld": "upheld", "dismissed": "refused"}
"""What the report calls a decision about an objection; without one it is `open`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedStore:
    """What a store adds to a report.

    Attributes:
        objections: To verdicts of the period, as `read_redress` returns them; None:
            there is no store.
        open_cases: Cases open now.
        overdue_cases: Of them, past their deadline.
    """

    objections: Sequence[dict[str, str]] | None = None
    open_cases: int | None = None
    overdue_cases: int | None = None


@contextmanager
def _opened(url: str) -> Generator[Store]:
    from tallystick.store import open_store

    store = open_store(url)
    try:
        yield store
    finally:
        store.close()


def count_store(
    url: str, channel: Path | None, period: Period, *, now_ms: int
) -> CountedStore:
    """Count the objections of a period and the cases that are open.

    Args:
        url: Of the store; empty: there is none.
        channel: The file of the channel whose they are.
        period: From when until when the verdicts fell.
        now_ms: The present time.

    Raises:
        ConfigError: "harm-channel".
    """
    from tallystick.blinding.keyfile import read_channel
    from tallystick.model import ConfigError
    from tallystick.store import Ask
    from tallystick.store.cases import ObjectionBook, case_listing

    if not url:
        return CountedStore()
    if channel is None:
        raise ConfigError(
            "harm-channel",
            "It is not said whose objections and cases are to be counted.",
            advice="Give --channel, the file of `tally keys agree`, with --store.",
        )
    identifier = read_channel(channel).identifier
    listing = case_listing(now_ms=now_ms)
    with _opened(url) as store:
        objections = ObjectionBook(store, identifier).between(
            period.from_ms, period.until_ms
        )
        opened, overdue = (
            listing.find(
                store,
                Ask(equals={"channel": identifier, name: "yes"}, sort="id", size=1),
            ).total
            for name in ("open", "overdue")
        )
    rows = [
        {
            "reference": one.reference,
            "call_id": one.verdict,
            "outcome": REDRESS.get(one.outcome, "open"),
        }
        for one in objections
    ]
    return CountedStore(objections=rows, open_cases=opened, overdue_cases=overdue)


def keep_signed(
    url: str, statement: Statement, key: SigningKey, *, now_ms: int
) -> Signed:
    """Sign a statement behind what was said of the same thing, and keep it.

    Returns:
        It, still to be sent to the peer.
    """
    from tallystick.proof import kept_statement, latest, sign_statement
    from tallystick.store import StatementBook

    with _opened(url) as store:
        book = StatementBook(store, statement.channel)
        before = [kept_statement(one.note) for one in book.about(statement.about)]
        seen = [one for one in before if one.statement.at_ms <= now_ms]
        after = statement.after or latest(seen)
        signed = sign_statement(replace(statement, after=after), key)
        book.keep(signed, now_ms=now_ms)
    return signed


def published(url: str, channel: str, period: str) -> HarmState:
    """Return what both parties said of a period, as a store has it."""
    from tallystick.store.harm import HarmBook

    with _opened(url) as store:
        return HarmBook(store).published(channel, period).state
