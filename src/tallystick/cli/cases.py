"""`tally cases`: from findings to cases, and each case to its end."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from tallystick.cli import case_papers
from tallystick.cli.case_desk import (
    Case_,
    From_,
    Text_,
    Until_,
    about_of,
    date_of,
    ms_of,
    now_ms,
    open_desk,
    say,
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

NAMED_MOST = 50


class Covers(StrEnum):
    """What of a case is lawful."""

    BOTH = "both"
    ACTOR = "actor"
    OBJECT = "object"


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


@app.command()
def ask(
    case: Case_,
    store: Store_,
    key: Key_,
    channel: Channel_,
    question: Annotated[str, typer.Option("--question", help="As `show` lists them.")],
    operator: Annotated[
        str, typer.Option("--operator", help="Whose knowledge is wanted.")
    ] = "",
    own: Annotated[
        bool, typer.Option("--own", help="The operator is of the own side.")
    ] = False,
    most: Annotated[
        int,
        typer.Option(
            "--crossings", min=0, max=1000, help="Name so many, the surest first."
        ),
    ] = NAMED_MOST,
    text: Text_ = "",
    days: Days_ = "",
) -> None:
    """Ask the peer, or an operator, about a case; raise it where nobody has yet.

    Example: tally cases ask 7QF2M9XT4CW0AB12 --question as-answered
    --store sqlite:///cases.db --key by.key --channel channel.toml
    """
    from tallystick.office.casework import raised_body

    with open_desk(store, key, channel, days) as (desk, signing):
        about, name = about_of(case)
        if desk.state(about, now_ms=now_ms()).state == "none":
            row = desk.cases.case(name)
            say(desk, signing, about, "raised", raised_body(row))
        (peer,) = set(desk.parties) - {signing.party}
        named = desk.cases.surest(name, most=most) if about[:5] == "case/" else ()
        body = {
            "whom": signing.party if own else peer,
            "question": question,
            "operator": operator,
            "crossings": list(named),
            "text": text,
        }
        say(desk, signing, about, "asked", body)


@app.command("open")
def open_(
    case: Case_, store: Store_, key: Key_, channel: Channel_, days: Days_ = ""
) -> None:
    """Open your own halves of the crossings that were asked about, and of no others.

    Example: tally cases open 7QF2M9XT4CW0AB12 --store sqlite:///cases.db --key by.key
    --channel channel.toml
    """
    from tallystick.office.casework import halves_to_open

    with open_desk(store, key, channel, days) as (desk, signing):
        about, name = about_of(case)
        state = desk.state(about, now_ms=now_ms())
        halves = halves_to_open(desk, name, signing.party, state)
        say(desk, signing, about, "opened", {"halves": halves})


@app.command()
def answer(
    case: Case_,
    answer: Annotated[
        str,
        typer.Argument(help="confirmed, explained, contested or no-evidence."),
    ],
    store: Store_,
    key: Key_,
    channel: Channel_,
    text: Text_ = "",
    days: Days_ = "",
) -> None:
    """Answer what was asked.

    Example: tally cases answer 7QF2M9XT4CW0AB12 confirmed --store sqlite:///cases.db
    --key ru.key --channel channel.toml
    """
    with open_desk(store, key, channel, days) as (desk, signing):
        about, _ = about_of(case)
        say(desk, signing, about, "answered", {"answer": answer, "text": text})


@app.command()
def decide(
    case: Case_,
    decision: Annotated[
        str,
        typer.Argument(
            help="confirmed, lawful or unproven; of an objection upheld or dismissed."
        ),
    ],
    store: Store_,
    key: Key_,
    channel: Channel_,
    text: Text_ = "",
    covers: Annotated[
        Covers, typer.Option("--covers", help="What is lawful: of the case's key.")
    ] = Covers.BOTH,
    from_: From_ = "1970-01-01",
    until: Until_ = None,
    days: Days_ = "",
) -> None:
    """Decide a case, or, after an appeal, say what you decide.

    Example: tally cases decide 7QF2M9XT4CW0AB12 lawful --until 2027-01-01
    --store sqlite:///cases.db --key by.key --channel channel.toml
    """
    body: dict[str, Any] = {"decision": decision, "text": text}
    if decision == "lawful":
        body["lawful"] = {
            "covers": covers.value,
            "from_ms": ms_of(from_),
            "until_ms": None if until is None else ms_of(until),
        }
    with open_desk(store, key, channel, days) as (desk, signing):
        say(desk, signing, about_of(case)[0], "decided", body)


@app.command()
def appeal(
    case: Case_,
    store: Store_,
    key: Key_,
    channel: Channel_,
    text: Text_ = "",
    days: Days_ = "",
) -> None:
    """Appeal against the other side's decision.

    Example: tally cases appeal 7QF2M9XT4CW0AB12 --text "The trunk was renumbered."
    --store sqlite:///cases.db --key ru.key --channel channel.toml
    """
    with open_desk(store, key, channel, days) as (desk, signing):
        say(desk, signing, about_of(case)[0], "appealed", {"text": text})


@app.command()
def close(
    case: Case_,
    store: Store_,
    key: Key_,
    channel: Channel_,
    text: Text_ = "",
    days: Days_ = "",
) -> None:
    """Say that what was decided is done, or withdraw; or that the caller was told.

    Example: tally cases close 7QF2M9XT4CW0AB12 --store sqlite:///cases.db --key by.key
    --channel channel.toml
    """
    with open_desk(store, key, channel, days) as (desk, signing):
        about, _ = about_of(case)
        kind = "closed" if about.startswith("case/") else "told"
        say(desk, signing, about, kind, {"text": text})


@app.command("object")
def object_(
    reference: Annotated[str, typer.Argument(help="As the caller was given it.")],
    store: Store_,
    key: Key_,
    channel: Channel_,
    text: Text_ = "",
    days: Days_ = "",
) -> None:
    """Take the objection of a caller who was refused or masked.

    Example: tally cases object K7QF-2M9X-T4C3 --store sqlite:///cases.db --key ru.key
    --channel channel.toml
    """
    from tallystick.cases.reference import read_reference

    name = read_reference(reference)
    with open_desk(store, key, channel, days) as (desk, signing):
        given = desk.objections.objection(name)
        body = {
            "domain": "calls",
            "action": given.action,
            "rule": given.rule,
            "text": text,
        }
        say(desk, signing, f"objection/{name}", "received", body)


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
