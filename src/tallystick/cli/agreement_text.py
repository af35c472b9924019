"""An agreement's text: begun, checked, and what may stand in it."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tallystick.proof import VerifyingKey

File_ = Annotated[Path, typer.Argument(help="The agreement's text (TOML).")]


def new(
    out: Annotated[Path, typer.Option("--out", help="The file; never overwritten.")],
    party: Annotated[
        list[str],
        typer.Option(
            "--party", help="A party's signing key, or its file; give it twice."
        ),
    ],
    channel: Annotated[
        str,
        typer.Option("--channel", help="The file of `tally keys agree --out`."),
    ],
    start: Annotated[
        str,
        typer.Option("--from", help="Rules to start from, such as fi or bilateral."),
    ] = "bilateral",
    name: Annotated[
        str | None, typer.Option("--name", help="Of the agreement.")
    ] = None,
    first_day: Annotated[
        datetime | None,
        typer.Option("--first-day", formats=["%Y-%m-%d"], help="If not in 60 days."),
    ] = None,
) -> None:
    """Write a draft, ready to be edited and proposed.

    Example: tally agreement new --party "$BY" --party "$RU" --channel channel.toml \
--from bilateral --out draft.toml
    """
    from tallystick.agreement.text import draft_text, parse_text, starting_rules
    from tallystick.model import ConfigError

    keys = [read_signing_key(one) for one in party]
    if len({key.party for key in keys}) != 2:
        raise ConfigError(
            "agreement-parties",
            "An agreement is between two parties.",
            advice="Give --party twice, with what each prints by `tally node "
            "signing-key`.",
        )
    both = "-".join(sorted(key.party.lower() for key in keys))
    today = datetime.fromtimestamp(time.time_ns() // 1_000_000_000, UTC)
    day = first_day or today + timedelta(60)
    text = draft_text(
        name=name or f"{both}-calls",
        keys=keys,
        channel=_channel(channel),
        first_day=day.date(),
        rules=starting_rules(start),
    )
    parse_text(text, origin="The draft")
    try:
        with out.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigError(
            "agreement-exists",
            f"{out} is there already and was left as it is.",
            advice="Name another file.",
        ) from None
    typer.echo(f"{out}: a draft. Fill in bodies and contacts, then propose it.")


def check(file: File_) -> None:
    """Explain every mistake in a text, each with its place, and what to think over.

    Example: tally agreement check draft.toml
    """
    from tallystick.agreement.text import digest_of, doubts, read_text

    text = read_file(file)
    value, mistakes = read_text(text)
    for one in mistakes:
        typer.echo(f"{file}: {one}")
    if value is None:
        raise typer.Exit(1)
    for doubt in doubts(value):
        typer.echo(f"{file}: think over: {doubt}")
    acting = sum(one.rule.mode == "live" for one in value.rules)
    typer.echo(
        f"{file}: {value.name}, version {value.version}, {len(value.rules)} rules, "
        f"{acting} live. Digest {digest_of(text)[:12]}."
    )


def schema() -> None:
    """Print what a text may hold, as JSON Schema.

    Example: tally agreement schema > agreement.schema.json
    """
    import json

    from tallystick.agreement.text import json_schema

    typer.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


def read_file(path: Path) -> str:
    """Return a text.

    Raises:
        ConfigError: "agreement-text".
    """
    from tallystick.model import ConfigError

    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError:
        raise ConfigError(
            "agreement-text",
            f"{path} is not text in UTF-8.",
            advice="Save it as plain text.",
        ) from None


def read_signing_key(told: str) -> "VerifyingKey":
    """Return a party's signing key, given as its line or in a file."""
    from tallystick.proof import parse_verifying_key

    line = told if told.startswith("tallystick-") else read_file(Path(told))
    return parse_verifying_key(line, origin="A party's key")


def _channel(told: str) -> str:
    import re

    from tallystick.blinding import parse_channel

    if re.fullmatch(r"[0-9a-f]{64}", told):
        return told
    return parse_channel(read_file(Path(told)), origin=told).identifier
