"""`tally proof`: the log, what it proves, and who watches it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tallystick.cli.options import Own_
from tallystick.cli.proof_log import log
from tallystick.cli.proof_told import (
    Folder_,
    known_keys,
    own_key,
    printable,
    read_key,
    reader_at,
    tell_checkpoint,
    tell_log,
)

if TYPE_CHECKING:
    from tallystick.net.http import Handle

app = typer.Typer(
    name="proof",
    help="Show a third party what happened: a log that nobody can rewrite.",
    no_args_is_help=True,
)
app.add_typer(log, name="log")

_Listen = Annotated[str, typer.Option("--listen", help="HOST:PORT; port 0 is any.")]
_Keys = Annotated[
    list[str] | None,
    typer.Option(
        "--key",
        help="A key you know to be right: its line, a file with it, or the 30 digits "
        "of its fingerprint; may be repeated.",
    ),
]


@app.command()
def verify(
    bundle: Annotated[Path, typer.Argument(help="The evidence bundle.")],
    key: _Keys = None,
    show_numbers: Annotated[
        bool,
        typer.Option(
            "--show-numbers", help="Also print every entry word for word, with numbers."
        ),
    ] = False,
) -> None:
    """Check an evidence bundle, offline; say what it proves, and what it does not.

    Example: tally proof verify case-3f2a.bundle.json
    """
    from tallystick.proof import signing_fingerprint, verify_bundle
    from tallystick.proof.bundle import BYTES_LIMIT
    from tallystick.report.evidence import stories

    with bundle.open("rb") as file:
        proven = verify_bundle(file.read(BYTES_LIMIT + 1))
    known = known_keys(key or (), proven.keys)
    typer.echo("The bundle holds: nothing in it was changed since it was signed.\n")
    for story in stories(proven, show_numbers=show_numbers):
        typer.echo("\n".join(map(printable, story)) + "\n")
    for one in proven.logs:
        tell_log(one, show_numbers=show_numbers)
    typer.echo("Keys, as the bundle shows them:")
    for shown in proven.keys:
        is_known = "the one you gave" if shown in known else "not compared"
        typer.echo(f"  {shown.party:8} {signing_fingerprint(shown)}  {is_known}")
    if len(known) < len(proven.keys):
        typer.echo(
            "\nIt proves this of whoever holds these keys. That they are the parties' "
            "shows only when\nthe fingerprints are compared with what each party "
            "itself says (--key)."
        )
    typer.echo(
        "\nIt does not prove that what was said is true, that the log holds nothing "
        "else about it,\nor when exactly an entry was made: not after the times above."
    )
    if not show_numbers:
        typer.echo(
            "Numbers are hidden here; --show-numbers prints them, word for word as "
            "they were logged."
        )


@app.command()
def audit(
    place: Annotated[str, typer.Argument(help="URL of a log, or its folder.")],
    key: _Keys = None,
    witness: Annotated[
        list[str] | None,
        typer.Option("--witness", help="A witness's key: its line, or a file with it."),
    ] = None,
) -> None:
    """Check a whole log: every entry, every tile, every signature.

    Example: tally proof audit https://log.example.by/ --witness ru.verifying
    """
    from tallystick.cli.progress import Stages
    from tallystick.model import UnavailableError
    from tallystick.proof import (
        audit as audit_log,
    )
    from tallystick.proof import (
        parse_verifying_key,
        signing_fingerprint,
        tiles_at,
    )

    witnesses = [read_key(text) for text in witness or ()]
    with reader_at(place) as read, Stages() as stages:
        line, note = read("key"), read("checkpoint")
        if line is None or note is None:
            raise UnavailableError(
                "no-log",
                "There is no log at that place.",
                advice="Give the URL or folder below which `checkpoint` and `key` lie.",
            )
        own = parse_verifying_key(line.decode("utf-8", "replace"))
        known = known_keys(key or (), [own])
        found = audit_log(
            note,
            own,
            witnesses,
            tiles_at(read),
            progress=lambda done, of: stages("entries", done, of),
        )
    typer.echo(
        f"The log holds: {found.signed.checkpoint.size:,} entries and {found.tiles:,} "
        "tiles of hashes were read, each fits\nthe others and the signed checkpoint.\n"
    )
    tell_checkpoint(found.signed, looked=bool(witnesses))
    is_known = "the one you gave" if own in known else "the log's own word: compare it"
    typer.echo(f"  {own.party:8} {signing_fingerprint(own)}  {is_known}")
    typer.echo(
        "\nIt covers what was logged, in this order, and that each entry is a "
        "commitment of 32 bytes.\nWhat the entries say shows only in bundles; what was "
        "never logged shows nowhere."
    )


@app.command()
def bundle(
    folder: Folder_,
    own: Own_,
    entry: Annotated[list[int], typer.Option("--entry", help="Place in the log.")],
    out: Annotated[Path, typer.Option("--out", help="The bundle.")],
    key: Annotated[
        list[str] | None,
        typer.Option("--key", help="Key of a witness, or of who signed an entry."),
    ] = None,
) -> None:
    """Open entries of your log, for a third party: everything it needs in one file.

    Example: tally proof bundle log --own by.key --entry 17 --key ru.v --out case.json
    """
    from tallystick.proof import make_bundle
    from tallystick.store.log import Disk, open_log

    signing = own_key(own)
    others = [read_key(text) for text in key or ()]
    with open_log(folder, signing) as opened:
        part = opened.part(entry, others)
    texts = [part.checkpoint, *(one.content for one in part.entries)]
    used = [one for one in others if any(f"— {one.party} " in text for text in texts)]
    data = make_bundle([signing.public(), *used], [part])
    Disk().put(out, data)
    typer.echo(f"{out}: {len(part.entries)} entries, {len(data):,} bytes")


@app.command()
def serve(folder: Folder_, listen: _Listen = "127.0.0.1:8090") -> None:
    """Serve a log read-only, until stopped.

    Example: tally proof serve log --listen 127.0.0.1:8090
    """
    from tallystick.net.proof import proof_door
    from tallystick.store.log import read_file

    _serve(proof_door(lambda path: read_file(folder / "public" / path)), listen)


@app.command(name="witness")
def witness_command(
    folder: Annotated[Path, typer.Argument(help="Where to remember what was seen.")],
    own: Own_,
    logs: Annotated[
        list[str],
        typer.Option("--log", help="KEY or ORIGIN=KEY of a log; may be repeated."),
    ],
    listen: _Listen = "127.0.0.1:8091",
) -> None:
    """Watch the peer's log: cosign what only grew, until stopped.

    Example: tally proof witness seen --own ru.key --log by.verifying
    """
    import time

    from tallystick.net.proof import proof_door, shows_key
    from tallystick.proof import check_origin, origin_of
    from tallystick.store.log import WitnessFolder

    signer = own_key(own)
    watched = {}
    for text in logs:
        origin, parted, named = text.rpartition("=")
        known = not parted or named == ""  # a key's line may end with "="
        key = read_key(text if known else named)
        watched[check_origin(origin_of(key) if known else origin)] = key
    witness = WitnessFolder(folder, signer, watched)
    door = proof_door(
        shows_key(signer.public()),
        lambda body: witness.answer(body, now_s=time.time_ns() // 1_000_000_000),
    )
    _serve(door, listen)


def _serve(door: "Handle", listen: str) -> None:
    import asyncio

    from tallystick.model import ConfigError
    from tallystick.net.proof import serve_proofs

    host, _, port = listen.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise ConfigError(
            "listen-address",
            "The address to listen on is not understood.",
            advice="Write HOST:PORT, for example 127.0.0.1:8090.",
        )

    def started(bound: str, number: int) -> None:
        typer.echo(f"http://{bound}:{number}/")

    asyncio.run(serve_proofs(door, host.strip("[]"), int(port), started))
