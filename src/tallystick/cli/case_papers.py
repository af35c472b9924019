"""A case on paper: the letter that asks, and all that is held of it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tallystick.cli.case_desk import (
    Case_,
    about_of,
    now_ms,
    open_desk,
)
from tallystick.cli.options import (
    Channel_,
    ChannelIfAny_,
    Config_,
    Days_,
    Key_,
    KeyIfAny_,
    Log_,
    PeerKey_,
    Store_,
)


class Tongue(StrEnum):
    """Languages of letters."""

    BE = "be"
    RU = "ru"
    EN = "en"


def letter(
    case: Case_,
    store: Store_,
    key: Key_,
    channel: Channel_,
    out: Annotated[Path, typer.Option("--out", help="A file: .txt, .docx or .pdf.")],
    language: Annotated[
        Tongue, typer.Option("--language", help="Of the letter.")
    ] = Tongue.EN,
    days: Days_ = "",
) -> None:
    """Write the request that was last asked as a letter.

    Example: tally cases letter 7QF2M9XT4CW0AB12 --language be --out request.docx
    --store sqlite:///cases.db --key by.key --channel channel.toml
    """
    from tallystick.model import ConfigError
    from tallystick.office.papers import LETTERS, letter_of

    form = LETTERS.get(out.suffix.removeprefix("."))
    if form is None:
        raise ConfigError(
            "case-suffix",
            f"A letter cannot be written as {out.name}.",
            advice="Name a file that ends in .txt, .docx or .pdf.",
        )
    with open_desk(store, key, channel, days) as (desk, _):
        about, name = about_of(case)
        state = desk.state(about, now_ms=now_ms())
        written = letter_of(desk, name, state, language.value)
        out.write_bytes(form.write(written, language.value, now_ms()))
    typer.echo(f"Written: {out}")


def export(
    case: Case_,
    store: Store_,
    key: Key_,
    channel: Channel_,
    out: Annotated[Path, typer.Option("--out", help="A file: .json or .xlsx.")],
    days: Days_ = "",
) -> None:
    """Write all that is held of a case: its crossings and everything that was said.

    Example: tally cases export 7QF2M9XT4CW0AB12 --out case.xlsx
    --store sqlite:///cases.db --key by.key --channel channel.toml
    """
    from tallystick.model import ConfigError
    from tallystick.office.papers import DOSSIERS, dossier_of

    form = DOSSIERS.get(out.suffix.removeprefix("."))
    if form is None:
        raise ConfigError(
            "case-suffix",
            f"A case cannot be written as {out.name}.",
            advice="Name a file that ends in .json or .xlsx.",
        )
    with open_desk(store, key, channel, days) as (desk, _):
        about, name = about_of(case)
        state = desk.state(about, now_ms=now_ms())
        out.write_bytes(form.write(dossier_of(desk, name, state), now_ms()))
    typer.echo(f"Written: {out}")


def bundle(
    case: Case_,
    out: Annotated[Path, typer.Option("--out", help="The evidence bundle.")],
    config: Config_ = None,
    store: Store_ = "",
    key: KeyIfAny_ = None,
    channel: ChannelIfAny_ = None,
    peer_key: PeerKey_ = "",
    log: Log_ = None,
    without_cosignature: Annotated[
        bool,
        typer.Option(
            "--without-cosignature", help="Also where the peer has not cosigned it yet."
        ),
    ] = False,
) -> None:
    """Put all that proves a case or an objection into one file, for a third party.

    Whoever has the file sees the halves that were opened, with their numbers, and can
    check everything by `tally proof verify`, without a network.

    Example: tally cases bundle 7QF2M9XT4CW0AB12 --out case.json --config node.toml
    """
    from tallystick.cli.side import open_told_side
    from tallystick.office.evidence import case_bundle
    from tallystick.store.log import Disk

    with open_told_side(config, store, key, channel, peer_key, log) as side:
        about, _ = about_of(case)
        data = case_bundle(side, about, uncosigned=without_cosignature)
    Disk().put(out.absolute(), data)
    typer.echo(f"Written: {out}, {len(data):,} bytes")
