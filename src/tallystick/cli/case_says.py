"""What a party says about a case, or about a caller's objection."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from tallystick.cli.case_desk import (
    Case_,
    From_,
    Text_,
    Until_,
    about_of,
    ms_of,
    now_ms,
    open_desk,
    say,
)
from tallystick.cli.options import Channel_, Days_, Key_, Store_

NAMED_MOST: Final = 50


class Covers(StrEnum):
    """What of a case is lawful."""

    BOTH = "both"
    ACTOR = "actor"
    OBJECT = "object"


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
