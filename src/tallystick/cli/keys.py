"""`tally keys`: make a key, show its public half, agree with the peer."""

import os
from pathlib import Path
from typing import Annotated

import typer

from tallystick.cli.options import Own_

app = typer.Typer(
    name="keys",
    help="Make keys and agree with the peer, to pair without showing records.",
    no_args_is_help=True,
)

_Out = Annotated[Path, typer.Option("--out", help="The file; never overwritten.")]
_Peer = Annotated[Path, typer.Option("--peer", help="The peer's public key file.")]


@app.command()
def new(
    party: Annotated[str, typer.Option("--party", help="Your name, for example BY.")],
    out: _Out,
) -> None:
    """Make a private key; print the public one and its fingerprint.

    Example: tally keys new --party BY --out by.key
    """
    from tallystick.blinding.key import new_private_key
    from tallystick.blinding.keyfile import public_key_text, write_private_key

    key = new_private_key(party, draw=os.urandom)
    write_private_key(out, key)
    typer.echo(public_key_text(key.public()), nl=False)


@app.command()
def public(
    key: Annotated[Path, typer.Argument(help="Your private key file.")],
) -> None:
    """Print the public key of a private key file, as a file for the peer.

    Example: tally keys public by.key > by.pub
    """
    from tallystick.blinding.keyfile import public_key_text, read_private_key

    typer.echo(public_key_text(read_private_key(key).public()), nl=False)


@app.command()
def agree(
    own: Own_,
    peer: _Peer,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Also write the channel file; holds no secret."),
    ] = None,
) -> None:
    """Print the fingerprints that both sides read to each other by telephone.

    Example: tally keys agree --own by.key --peer ru.pub --out channel.toml
    """
    from tallystick.blinding.agreement import agree as agree_keys
    from tallystick.blinding.agreement import agreement_text
    from tallystick.blinding.channel import channel_between
    from tallystick.blinding.keyfile import (
        read_private_key,
        read_public_key,
        write_channel,
    )

    agreement = agree_keys(read_private_key(own), read_public_key(peer))
    typer.echo(agreement_text(agreement.own, agreement.peer))
    typer.echo(
        f"Read the line of {agreement.own.party} to {agreement.peer.party} by "
        "telephone and let them read theirs to you.\n"
        "If a single digit differs, somebody changed a key on the way: do not use it."
    )
    if out is not None:
        write_channel(out, channel_between(agreement.own, agreement.peer))
