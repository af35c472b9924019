"""Options that several commands have: each is declared, and explained, once."""

from pathlib import Path
from typing import Annotated

import typer

Store_ = Annotated[
    str,
    typer.Option("--store", help="sqlite:///PATH or postgresql://USER@HOST/DATABASE."),
]
_KEY = typer.Option("--key", help="Your private key file.")
Key_ = Annotated[Path, _KEY]
KeyIfAny_ = Annotated[Path | None, _KEY]
_CHANNEL = typer.Option("--channel", help="The channel file of `tally keys agree`.")
Channel_ = Annotated[Path, _CHANNEL]
ChannelIfAny_ = Annotated[Path | None, _CHANNEL]
Own_ = Annotated[Path, typer.Option("--own", help="Your private key file.")]
PeerKey_ = Annotated[
    str,
    typer.Option(
        "--peer-key", help="The peer's signing key (`tally node signing-key`)."
    ),
]
Config_ = Annotated[
    Path | None, typer.Option("--config", help="A node's settings file with [office].")
]
Log_ = Annotated[
    Path | None,
    typer.Option("--log", help="The folder of your log, where you keep one."),
]
_TERMS = typer.Option("--terms", help="The terms both parties signed.")
Terms_ = Annotated[Path, _TERMS]
TermsIfAny_ = Annotated[Path | None, _TERMS]
Days_ = Annotated[
    str,
    typer.Option(
        "--days", help="Days that steps may take, such as ask=14,answer=30,appeal=14."
    ),
]
Set_ = Annotated[
    list[str] | None,
    typer.Option("--set", help="NAME=VALUE outweighs the file; may be repeated."),
]
Cert_ = Annotated[Path | None, typer.Option("--cert", help="Certificate chain, PEM.")]
Json_ = Annotated[
    bool, typer.Option("--json", help="Print plain values for a program.")
]
