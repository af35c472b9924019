"""`tally office`: where a party's statements come and go."""

from pathlib import Path
from typing import Annotated

import typer

from tallystick.cli.options import (
    Cert_,
    Channel_,
    ChannelIfAny_,
    Config_,
    Days_,
    Key_,
    KeyIfAny_,
    PeerKey_,
    Set_,
    Store_,
)

app = typer.Typer(
    name="office",
    help="Where what you say to your peer, and it to you, comes and goes.",
    no_args_is_help=True,
)


@app.callback()
def group() -> None:
    """Where what you say to your peer, and it to you, comes and goes."""


@app.command()
def run(
    config: Config_ = None,
    settings: Set_ = None,
    store: Store_ = "",
    key: KeyIfAny_ = None,
    channel: ChannelIfAny_ = None,
    peer_key: PeerKey_ = "",
    peer: Annotated[
        str, typer.Option("--peer", help="The peer's office, https://HOST:PORT.")
    ] = "",
    listen: Annotated[
        str, typer.Option("--listen", help="HOST:PORT for the peer.")
    ] = "127.0.0.1:8460",
    book: Annotated[
        Path | None,
        typer.Option("--book", help="The folder of the agreement's book."),
    ] = None,
    cert: Cert_ = None,
    cert_key: Annotated[
        Path | None, typer.Option("--cert-key", help="Its key, PEM.")
    ] = None,
    authorities: Annotated[
        Path | None,
        typer.Option("--authorities", help="Who vouches for the peer's server, PEM."),
    ] = None,
    days: Days_ = "",
    log: Annotated[
        Path | None,
        typer.Option("--log", help="The folder of your log, to be kept."),
    ] = None,
    witness: Annotated[
        str, typer.Option("--witness", help="URL of the peer's witness.")
    ] = "",
    verdicts: Annotated[
        Path | None,
        typer.Option("--verdicts", help="A node's folder `verdicts`, to log counts."),
    ] = None,
) -> None:
    """Take the peer's statements and send yours, until stopped (SIGTERM or Ctrl-C).

    What to work with stands in a settings file, or behind the other options.
    `tally node run` opens the office of its settings file by itself.

    Example: tally office run --config node.toml
    """
    import asyncio

    from tallystick.blinding import read_channel, read_private_key
    from tallystick.cases.course import parse_days
    from tallystick.cli.agreement_text import read_signing_key
    from tallystick.model import ConfigError
    from tallystick.node.config.flags import parse_flags
    from tallystick.node.config.settings import load_settings
    from tallystick.office import OfficeSettings, office_settings, open_office

    if config is not None:
        told = office_settings(
            load_settings(config, parse_flags(settings or ())).settings
        )
    elif key is None or channel is None or not store or not peer_key:
        raise ConfigError(
            "office-settings",
            "The office was not told what to work with.",
            advice="Give --config, or --store, --key, --channel and --peer-key.",
        )
    else:
        told = OfficeSettings(
            store=store,
            own=read_private_key(key),
            channel=read_channel(channel),
            peer_key=read_signing_key(peer_key),
            listen=_listen(listen),
            peer=peer,
            book=book,
            days=parse_days(days),
            certificate=_both(cert, cert_key),
            authorities=authorities,
            log=log,
            witness=witness,
            verdicts=verdicts,
        )
    where = "{}:{}".format(*told.listen)
    with open_office(told) as office:
        asyncio.run(office.run(lambda: typer.echo(f"The office answers at {where}.")))


@app.command()
def resend(
    store: Store_,
    key: Key_,
    channel: Channel_,
) -> None:
    """Ask the peer for everything once more, after your store was lost.

    Example: tally office resend --store sqlite:///by.db --key by.key --channel c.toml
    """
    import time

    from tallystick.blinding import read_channel, read_private_key
    from tallystick.proof import Statement, sign_statement, signing_key
    from tallystick.store import StatementBook, open_store

    own, agreed = read_private_key(key), read_channel(channel)
    agreed.peer_of(own.public())
    identifier, now_ms = agreed.identifier, time.time_ns() // 1_000_000
    asked = Statement(
        channel=identifier,
        by=own.party,
        at_ms=now_ms,
        about=f"channel/{identifier[:16]}",
        kind="resend",
        body={},
    )
    opened = open_store(store)
    try:
        signed = sign_statement(asked, signing_key(own))
        StatementBook(opened, identifier).keep(signed, now_ms=now_ms)
    finally:
        opened.close()
    typer.echo("Asked; the running office sends it, and the peer everything it holds.")


def _both(cert: Path | None, key: Path | None) -> tuple[Path, Path] | None:
    from tallystick.model import ConfigError

    if cert is not None and key is not None:
        return cert, key
    if cert is None and key is None:
        return None
    raise ConfigError(
        "office-tls", "--cert and --cert-key go together.", advice="Give both."
    )


def _listen(text: str) -> tuple[str, int]:
    from tallystick.model import ConfigError

    host, _, port = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if bare and port.isdecimal() and 0 < int(port) < 65_536:
        return bare, int(port)
    raise ConfigError(
        "office-listen",
        "--listen is no HOST:PORT.",
        advice="For example 127.0.0.1:8460.",
    )
