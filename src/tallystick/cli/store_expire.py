"""`tally store expire`: let go of what is older than both parties agreed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from tallystick.cli.options import (
    ChannelIfAny_,
    Config_,
    KeyIfAny_,
    Log_,
    PeerKey_,
    Store_,
)

if TYPE_CHECKING:
    from tallystick.store.expiry import Line, Old

WORDS = {
    "cases": "cases that have ended",
    "gathered": "problems too small for a case",
    "findings": "findings, with both halves and their evidence",
    "objections": "objections that were answered",
    "results": "figures of results",
    "conclusions": "conclusions that something is lawful",
    "references": "references by which nobody objected",
    "statements": "statements about cases and objections",
}
"""What there is to let go of."""


def expire(
    config: Config_ = None,
    store: Store_ = "",
    key: KeyIfAny_ = None,
    channel: ChannelIfAny_ = None,
    peer_key: PeerKey_ = "",
    log: Log_ = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would go; change nothing.")
    ] = False,
) -> None:
    """Let go of what is older than both parties agreed to keep.

    A running office does so by itself, an hour after it began and every hour.
    It is for good: nothing brings it back.

    Example: tally store expire --config node.toml --dry-run
    """
    import time
    from collections import Counter

    from tallystick.cli.progress import Stages
    from tallystick.cli.side import open_told_side
    from tallystick.office.retention import expiry_of
    from tallystick.store.expiry import planned

    now_ms = time.time_ns() // 1_000_000
    with open_told_side(config, store, key, channel, peer_key, log) as side:
        found = expiry_of(side, now_ms=now_ms)
        if found is None:
            typer.echo("No agreement was ever in force: nothing is too old.")
            return
        tell_periods(found.old)
        lines = planned(found.old)
        tell_lines(lines)
        if waiting := found.old.open_cases():
            typer.echo(f"{waiting:,} cases are older and stay: they have not ended.")
        if dry_run:
            typer.echo("Nothing was changed.")
            return
        gone, total = Counter[str](), sum(one.goes for one in lines)
        with Stages(unit="rows") as stages:
            for piece in found.steps():
                gone.update(piece)
                stages("letting go", min(gone.total(), total), total)
    typer.echo(f"{gone.total():,} rows were let go of.")


def tell_periods(old: Old) -> None:
    """Say what counts as too old."""
    told = (
        ("cases, findings, results", old.horizons.cases_ms),
        ("objections", old.horizons.objections_ms),
        ("references", old.horizons.verdicts_ms),
        ("statements", old.horizons.statements_ms),
    )
    for what, before_ms in told:
        typer.echo(f"{what:<26} too old before {_day(before_ms)}")


def tell_lines(lines: list[Line]) -> None:
    """Say what goes and what stays."""
    typer.echo(f"{'goes':>12} {'stays':>12}  {'oldest':10}")
    for one in lines:
        oldest = "" if one.oldest_ms is None else _day(one.oldest_ms)
        typer.echo(f"{one.goes:12,} {one.stays:12,}  {oldest:10}  {WORDS[one.kind]}")


def _day(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d}"
