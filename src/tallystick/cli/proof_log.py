"""`tally proof log`: keep a log of your own."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tallystick.cli.options import Own_
from tallystick.cli.proof_told import (
    Folder_,
    own_key,
    printable,
    read_key,
    tell_checkpoint,
)

if TYPE_CHECKING:
    pass

log = typer.Typer(name="log", help="Keep a log of your own.", no_args_is_help=True)


@log.command()
def init(
    folder: Folder_,
    own: Own_,
    origin: Annotated[
        str | None,
        typer.Option("--origin", help="How the log is named for ever."),
    ] = None,
) -> None:
    """Make an empty log.

    Example: tally proof log init log --own by.key
    """
    from tallystick.proof import signing_fingerprint
    from tallystick.store.log import create_log, open_log

    key = own_key(own)
    create_log(folder, key, origin=origin)
    with open_log(folder, key) as made:
        typer.echo(f"Log {made.signed.checkpoint.origin}, no entries yet.")
    typer.echo(f"{key.party} {signing_fingerprint(key.public())}")
    typer.echo("Publish the folder `public`, and nothing else of it.")


@log.command()
def append(
    folder: Folder_,
    files: Annotated[list[Path], typer.Argument(help="Files, each one entry.")],
    own: Own_,
    kind: Annotated[
        str, typer.Option("--kind", help="agreement, round, watermark, counts, case …")
    ],
) -> None:
    """Log what files hold: statements to the byte, or JSON. They stay with you.

    Example: tally proof log append log answer.note --own by.key --kind case
    """
    import os

    from tallystick.model import MalformedError
    from tallystick.proof import SALT_BYTES, Opening
    from tallystick.store.log import open_log

    def openings() -> Iterable[Opening]:
        for path in files:
            try:
                content = path.read_bytes().decode()
            except UnicodeDecodeError:
                raise MalformedError(
                    "entry-damaged",
                    f"{path} is no text in UTF-8.",
                    advice="Log statements and JSON.",
                ) from None
            yield Opening(kind=kind, salt=os.urandom(SALT_BYTES), content=content)

    with open_log(folder, own_key(own)) as opened:
        places = opened.append(openings())
        for place, path in zip(places, files, strict=True):
            typer.echo(f"{place:>8}  {path}")


FORGOTTEN = "(let go of, as agreed)"


@log.command()
def show(
    folder: Folder_,
    own: Own_,
    last: Annotated[int, typer.Option("--last", min=0, help="So many entries.")] = 20,
    key: Annotated[
        list[str] | None,
        typer.Option("--key", help="A witness's key: say what it saw last."),
    ] = None,
) -> None:
    """Show the log, how much it holds of what, and its last entries, opened.

    Example: tally proof log show log --own by.key
    """
    from collections import Counter

    from tallystick.proof import KINDS
    from tallystick.store.log import Forgotten, laid_in, open_log

    witnesses = [read_key(text) for text in key or ()]
    with open_log(folder, own_key(own)) as opened:
        newest = opened.signed.checkpoint
        typer.echo(f"Log {newest.origin}, {newest.size:,} entries.")
        kinds = Counter(one.kind for one in opened.openings(0, opened.size))
        for kind, words in KINDS.items():
            if kinds[kind]:
                typer.echo(f"  {kinds[kind]:>8,}  {kind:10} {words}")
        if laid := sum(1 for _ in laid_in(folder)):
            typer.echo(f"  {laid:>8,}  wait to be logged")
        if opened.stopped:
            typer.echo(f"It has stopped: {opened.stopped}")
        seen = opened.cosigned(witnesses)
        if seen is not None:
            tell_checkpoint(seen)
        start = max(0, opened.size - last)
        for at, one in enumerate(opened.openings(start, opened.size), start):
            content = FORGOTTEN if isinstance(one, Forgotten) else one.content
            said = content.rstrip("\n").split("\n")[0]
            typer.echo(f"{at:>8}  {one.kind:10} {printable(said)[:60]}")


@log.command()
def take(folder: Folder_, own: Own_) -> None:
    """Log what other programs laid beside the log; an office does so by itself.

    Example: tally proof log take log --own by.key
    """
    import os

    from tallystick.store.log import open_log, take_waiting

    with open_log(folder, own_key(own)) as opened:
        taken = take_waiting(opened, draw=os.urandom)
        typer.echo(f"{taken:,} entries; the log has {opened.size:,}.")


@log.command()
def resume(folder: Folder_, own: Own_) -> None:
    """Let a log go on that stopped, after people have looked why.

    Example: tally proof log resume log --own by.key
    """
    from tallystick.store.log import open_log, stop_log

    with open_log(folder, own_key(own)) as opened:
        why = opened.stopped
        stop_log(folder, "")
    typer.echo(f"It goes on. It had stopped: {why}" if why else "It had not stopped.")


@log.command()
def cosign(
    folder: Folder_,
    own: Own_,
    witness: Annotated[str, typer.Option("--witness", help="URL of the witness.")],
    key: Annotated[
        str, typer.Option("--key", help="The witness's key: its line, or a file.")
    ],
) -> None:
    """Let the peer's witness see that the log only grew, and cosign it.

    Example: tally proof log cosign log --own by.key --witness http://w.ru --key ru.v
    """
    from tallystick.net.proof import ask_witness
    from tallystick.proof import hashes_of, obtain
    from tallystick.store.log import open_log

    signing, peer = own_key(own), read_key(key)
    with open_log(folder, signing) as opened:
        before, newest = opened.cosigned([peer]), opened.signed
    known = before.checkpoint.size if before else 0
    read = hashes_of(newest.checkpoint.size, opened.fetch)
    # The office may write into the log while the witness is asked.
    with ask_witness(witness) as send:
        signed = obtain(send, newest, read, peer, known)
    with open_log(folder, signing) as opened:
        opened.keep_cosigned(signed)
    tell_checkpoint(signed)
