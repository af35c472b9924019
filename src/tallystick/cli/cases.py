"""`tally cases`: from findings to cases, and each case to its end."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tallystick.cli import case_papers, case_says
from tallystick.cli.case_desk import (
    Case_,
    From_,
    Until_,
    about_of,
    date_of,
    ms_of,
    now_ms,
    open_desk,
    take_result,
)
from tallystick.cli.case_words import (
    line_of,
    lines_of,
    what_was_done,
)
from tallystick.cli.options import Channel_, Days_, Json_, Key_, Store_

app = typer.Typer(
    name="cases",
    help="Group findings into cases and bring each to its end.",
    no_args_is_help=True,
)


@app.callback()
def group() -> None:
    """Group findings into cases and bring each to its end."""


@app.command("import")
def import_(
    result: Annotated[Path, typer.Argument(help="The folder `tally pair` wrote.")],
    store: Store_,
    key: Key_,
    channel: Channel_,
    departure: Annotated[
        str, typer.Option("--departure", help="The party whose side the calls left.")
    ],
    rates: Annotated[
        Path | None,
        typer.Option("--rates", help="CSV with prefix, rate (a minute), currency."),
    ] = None,
) -> None:
    """Group a result's findings into cases, or add them to those that are open.

    Example: tally cases import result --store sqlite:///cases.db --key by.key
    --channel channel.toml --departure BY --rates rates.csv
    """
    with open_desk(store, key, channel) as (desk, _):
        taken = take_result(desk, result, departure=departure, rates=rates)
        typer.echo(
            f"{taken.new:,} crossings taken in, {taken.repeated:,} were there already; "
            f"{len(taken.opened)} new cases, {len(taken.joined)} that were there."
        )
        for row in taken.left.iter_rows(named=True):
            why = LEFT.get(row["why"], row["why"])
            typer.echo(f"  no case: {row['crossings']:,} {row['finding']}: {why}")
        if taken.overlaps:
            typer.echo(
                f"  {taken.overlaps} results that are here already share some of its "
                "time: what they have in common is counted twice by day."
            )


LEFT = {
    "unproven": "nothing is claimed of them",
    "explained": "they were explained as lawful",
    "nameless": "no carrier is named, or the number is the other side's to show",
    "few": "too few yet; they are gathered",
    "over": "their case is over, and was let go of as agreed",
    "unknown": "a kind that no case gathers",
}


@app.command("list")
def list_(
    store: Store_,
    channel: Channel_,
    state: Annotated[
        list[str] | None, typer.Option("--state", help="Only these states.")
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", help="Only these kinds.")
    ] = None,
    search: Annotated[
        str, typer.Option("--search", help="Part of a name, carrier, trunk or range.")
    ] = "",
    overdue: Annotated[
        bool, typer.Option("--overdue", help="Only those whose time is up.")
    ] = False,
    page: Annotated[int, typer.Option("--page", min=1, help="Which page.")] = 1,
    json_: Json_ = False,
) -> None:
    """List cases, the latest first.

    Example: tally cases list --store sqlite:///cases.db --channel channel.toml
    """
    import json
    from dataclasses import asdict

    from tallystick.blinding.keyfile import read_channel
    from tallystick.store import open_store
    from tallystick.store.cases import CaseBook, CaseQuery

    opened = open_store(store)
    try:
        found = CaseBook(opened, read_channel(channel).identifier).find(
            CaseQuery(
                states=state or (),
                kinds=kind or (),
                text=search,
                overdue_ms=now_ms() if overdue else None,
                page=page - 1,
            )
        )
    finally:
        opened.close()
    if json_:
        rows = [asdict(row) for row in found.rows]
        typer.echo(json.dumps({"total": found.total, "cases": rows}, indent=1))
        return
    for row in found.rows:
        typer.echo(line_of(row))
    typer.echo(f"{len(found.rows)} of {found.total} cases.")


@app.command()
def show(
    case: Case_,
    store: Store_,
    key: Key_,
    channel: Channel_,
    days: Days_ = "",
) -> None:
    """Show where a case stands, whose turn it is, and what may be asked of whom.

    Example: tally cases show 7QF2M9XT4CW0AB12 --store sqlite:///cases.db --key by.key
    --channel channel.toml
    """
    from tallystick.office.casework import questions_of

    with open_desk(store, key, channel, days) as (desk, _):
        about, name = about_of(case)
        state = desk.state(about, now_ms=now_ms())
        if about.startswith("case/"):
            row = desk.cases.case(name)
            typer.echo(line_of(row))
            for day in desk.cases.trend(name):
                typer.echo(
                    f"  {date_of(day.day * 86_400_000)}  {day.crossings:,} calls"
                )
            for whom, question in questions_of(row.kind):
                typer.echo(f"  may be asked of {whom}: {question}")
        else:
            typer.echo(f"{name}  {what_was_done(desk, about, name)}  {state.state}")
        for line in lines_of(state):
            typer.echo(line)


app.command()(case_says.ask)
app.command("open")(case_says.open_)
app.command()(case_says.answer)
app.command()(case_says.decide)
app.command()(case_says.appeal)
app.command()(case_says.close)
app.command("object")(case_says.object_)


@app.command()
def explain(
    store: Store_,
    key: Key_,
    channel: Channel_,
    why: Annotated[str, typer.Option("--why", help="Why it is lawful.")],
    carrier: Annotated[str, typer.Option("--carrier", help="Of this carrier.")] = "",
    about: Annotated[
        str, typer.Option("--about", help="Of this trunk, or range (by its prefix).")
    ] = "",
    kind: Annotated[str, typer.Option("--kind", help="Only cases of this kind.")] = "",
    from_: From_ = "1970-01-01",
    until: Until_ = None,
) -> None:
    """Keep that a carrier or a range is lawful, so that it does not come back.

    Example: tally cases explain --about +37517 --until 2027-01-01
    --why "A call centre presents its own numbers from abroad."
    --store sqlite:///cases.db --key by.key --channel channel.toml
    """
    import hashlib
    from dataclasses import astuple

    from tallystick.cases.lawful import Lawful
    from tallystick.model import ConfigError

    if not (carrier or about):
        raise ConfigError(
            "case-lawful",
            "It is not said what is lawful.",
            advice="Give --carrier, --about, or both.",
        )
    lawful = Lawful(
        kind=kind,
        actor=carrier,
        object=about,
        from_ms=ms_of(from_),
        until_ms=None if until is None else ms_of(until),
    )
    name = hashlib.sha256(repr(astuple(lawful)).encode()).hexdigest()
    with open_desk(store, key, channel) as (desk, _):
        desk.cases.keep_lawful(name, lawful, why=why)
    typer.echo("Kept. Findings that it covers are no part of a case from now on.")


app.command()(case_papers.letter)
app.command()(case_papers.export)
app.command()(case_papers.bundle)
