"""The desk of cases as commands use it: how it opens, and what it is told."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Generator

    import polars as pl

    from tallystick.proof import SigningKey
    from tallystick.store.cases import CaseDesk, Gathered

Case_ = Annotated[
    str, typer.Argument(help="The case, or the reference of an objection.")
]
Text_ = Annotated[str, typer.Option("--text", help="In words; the peer reads it.")]
From_ = Annotated[
    str, typer.Option("--from", help="From when: a date, such as 2026-03-01.")
]
Until_ = Annotated[
    str | None, typer.Option("--until", help="Until when; without it for good.")
]


@contextmanager
def open_desk(
    store: str, key: Path, channel: Path, days: str = ""
) -> Generator[tuple[CaseDesk, SigningKey]]:
    """Open a desk, and close its store behind it.

    Days are those of the agreement in the store, and of `days` only where none is.

    Yields:
        It, once, and the key to sign with.
    """
    from tallystick.blinding.agreement import agree
    from tallystick.blinding.keyfile import read_channel, read_private_key
    from tallystick.cases.course import parse_days
    from tallystick.cases.key import case_secret
    from tallystick.office import Side
    from tallystick.office.mirror import peer_key_in
    from tallystick.proof import signing_key
    from tallystick.store import StatementBook, open_store
    from tallystick.store.cases import CaseDesk

    own, agreed = read_private_key(key), read_channel(channel)
    peer, signing, told = (
        agreed.peer_of(own.public()),
        signing_key(own),
        parse_days(days),
    )
    one, other = agreed.keys
    opened = open_store(store)
    try:
        peer_key = peer_key_in(
            StatementBook(opened, agreed.identifier),
            channel=agreed.identifier,
            own=signing.public(),
            peer=peer.party,
        )
        if peer_key is not None:
            side = Side(
                store=opened, own=own, channel=agreed, peer_key=peer_key, days=told
            )
            yield side.cases(), signing
            return
        desk = CaseDesk(
            store=opened,
            channel=agreed.identifier,
            parties=(one.party, other.party),
            secret=case_secret(agree(own, peer)),
            terms=told,
        )
        yield desk, signing
    finally:
        opened.close()


def say(
    desk: CaseDesk, key: SigningKey, about: str, kind: str, body: dict[str, Any]
) -> None:
    """Say something with a key, and tell the terminal so."""
    desk.say(about, kind, body, key=key, now_ms=now_ms())
    typer.echo(f"Signed and kept: {kind}. It goes to the peer with the next delivery.")


def about_of(case: str) -> tuple[str, str]:
    """Return what statements are about, and the name: of a case, or an objection."""
    from tallystick.cases.reference import read_reference

    if "-" in case:
        name = read_reference(case)
        return f"objection/{name}", name
    return f"case/{case.upper()}", case.upper()


def take_result(
    desk: CaseDesk, result: Path, *, departure: str, rates: Path | None = None
) -> Gathered:
    """Group a result's findings into cases, or add them to those that are open.

    Args:
        desk: Of the party that found them.
        result: The folder that pairing wrote.
        departure: The party whose side the calls left.
        rates: CSV with prefix, rate and currency; None: no money is counted.

    Raises:
        ConfigError: "case-party".
    """
    from tallystick.cases.grouping import group
    from tallystick.cases.money import read_rates
    from tallystick.cli.case_figures import figures_of
    from tallystick.domains.calls.cases import RULES, sort_findings
    from tallystick.model import ConfigError
    from tallystick.node.config.files import read_text
    from tallystick.report.result import read_summary
    from tallystick.store.cases import gather

    if departure not in desk.parties:
        raise ConfigError(
            "case-party",
            f"The channel is not one of {departure}.",
            advice=f"Its parties are {' and '.join(desk.parties)}.",
        )
    (arrival,) = set(desk.parties) - {departure}
    way = {"domain": "calls", "departure": departure, "arrival": arrival}
    grouped = group(
        sort_findings(findings_of(result)),
        **way,
        secret=desk.secret,
        lawful=desk.cases.lawful(),
    )
    deck = None
    if rates is not None:
        text = read_text(rates, code="rate-deck", what="The rate deck")
        deck = read_rates(text, origin=str(rates))
    return gather(
        desk.store,
        desk.channel,
        grouped,
        **way,
        secret=desk.secret,
        rules=RULES,
        deck=deck,
        figures=figures_of(read_summary(result), name=f"{desk.channel} {departure}"),
        now_ms=now_ms(),
    )


def findings_of(result: Path) -> pl.LazyFrame:
    """Read the findings of a result folder, each with its evidence.

    Raises:
        MalformedError: "case-result".
    """
    import polars as pl

    from tallystick.model import MalformedError

    if not (result / "summary.json").is_file():
        raise MalformedError(
            "case-result",
            f"{result} is not a result: it has no summary.json.",
            advice="Give the folder that `tally pair` wrote.",
        )
    try:
        findings = pl.read_parquet(result / "findings.parquet")
        return findings.join(_evidence(result), on="finding_id", how="left").lazy()
    except (OSError, pl.exceptions.PolarsError):
        raise MalformedError(
            "case-result",
            f"The findings in {result} cannot be read.",
            advice="Let `tally pair` write the result again.",
        ) from None


def _evidence(result: Path) -> pl.DataFrame:
    """Return `finding_id` and `evidence`: what was weighed, one JSON object a line."""
    import polars as pl

    path = result / "evidence.parquet"
    if not path.is_file():
        return pl.DataFrame(schema=dict.fromkeys(("finding_id", "evidence"), pl.String))
    step = pl.struct("code", "bits", "detail").struct.json_encode()
    weighed = pl.scan_parquet(path).group_by("finding_id")
    told = step.sort_by("step").str.join("\n").alias("evidence")
    return weighed.agg(told).collect()


def ms_of(date: str) -> int:
    """Read a date.

    Raises:
        ConfigError: "case-date".
    """
    from datetime import UTC, datetime

    from tallystick.model import ConfigError

    try:
        moment = datetime.fromisoformat(date)
    except ValueError:
        raise ConfigError(
            "case-date", "A date cannot be read.", advice="Write it as 2026-03-01."
        ) from None
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(zoned.timestamp() * 1000)


def date_of(at_ms: int) -> str:
    """Return the day of a moment, in UTC."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at_ms / 1000, UTC).date().isoformat()


def now_ms() -> int:
    """Return the present time, UTC milliseconds."""
    import time

    return time.time_ns() // 1_000_000
