"""`tally office`: where a party's statements come and go."""

from pathlib import Path
from typing import Annotated

import typer

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
    store: Annotated[
        str,
        typer.Option(
            "--store", help="sqlite:///PATH or postgresql://USER@HOST/DATABASE."
        ),
    ],
    key: Annotated[Path, typer.Option("--key", help="Your private key file.")],
    channel: Annotated[
        Path, typer.Option("--channel", help="The channel file of `tally keys agree`.")
    ],
    peer_key: Annotated[
        str,
        typer.Option(
            "--peer-key", help="The peer's signing key (`tally node signing-key`)."
        ),
    ],
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
    cert: Annotated[
        Path | None, typer.Option("--cert", help="Certificate chain, PEM.")
    ] = None,
    cert_key: Annotated[
        Path | None, typer.Option("--cert-key", help="Its key, PEM.")
    ] = None,
    authorities: Annotated[
        Path | None,
        typer.Option("--authorities", help="Who vouches for the peer's server, PEM."),
    ] = None,
    days: Annotated[
        str,
        typer.Option(
            "--days", help="Days that steps of a case may take: ask=14,answer=30."
        ),
    ] = "",
) -> None:
    """Take the peer's statements and send yours, until stopped (SIGTERM or Ctrl-C).

    Example: tally office run --store sqlite:///by.db --key by.key --channel c.toml
    --peer-key ru.signing --peer https://office.example:8460 --book book
    """
    import asyncio

    from tallystick.blinding import read_channel, read_private_key
    from tallystick.cli.agreement import read_signing_key
    from tallystick.cli.case_desk import read_days
    from tallystick.office import OfficeSettings, open_office

    settings = OfficeSettings(
        store=store,
        own=read_private_key(key),
        channel=read_channel(channel),
        peer_key=read_signing_key(peer_key),
        listen=_listen(listen),
        peer=peer,
        book=book,
        terms=read_days(days),
        certificate=_both(cert, cert_key),
        authorities=authorities,
    )
    with open_office(settings) as office:
        told = f"The office answers at {listen}."
        asyncio.run(office.run(lambda: typer.echo(told)))


@app.command()
def resend(
    store: Annotated[
        str,
        typer.Option(
            "--store", help="sqlite:///PATH or postgresql://USER@HOST/DATABASE."
        ),
    ],
    key: Annotated[Path, typer.Option("--key", help="Your private key file.")],
    channel: Annotated[
        Path, typer.Option("--channel", help="The channel file of `tally keys agree`.")
    ],
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
