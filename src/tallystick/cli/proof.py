"""`tally proof`: the log, what it proves, and who watches it."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tallystick.net.http import Handle
    from tallystick.proof import (
        ProvenLog,
        ReadFile,
        SignedCheckpoint,
        SigningKey,
        VerifyingKey,
    )

app = typer.Typer(
    name="proof",
    help="Show a third party what happened: a log that nobody can rewrite.",
    no_args_is_help=True,
)
log = typer.Typer(name="log", help="Keep a log of your own.", no_args_is_help=True)
app.add_typer(log, name="log")

_Folder = Annotated[Path, typer.Argument(help="The folder of the log.")]
_Own = Annotated[Path, typer.Option("--own", help="Your private key file.")]
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
    known = _known(key or (), proven.keys)
    typer.echo("The bundle holds: nothing in it was changed since it was signed.\n")
    for story in stories(proven, show_numbers=show_numbers):
        typer.echo("\n".join(map(_printable, story)) + "\n")
    for one in proven.logs:
        _tell_log(one, show_numbers=show_numbers)
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


def _tell_log(one: "ProvenLog", *, show_numbers: bool) -> None:
    from tallystick.domains.calls.numbers.display import mask_in
    from tallystick.proof import KINDS

    _tell_checkpoint(one.signed)
    for entry in one.entries:
        typer.echo(f"  Entry {entry.index}: {KINDS[entry.opening.kind]}.")
        if entry.statement is not None:
            said = entry.statement.statement
            typer.echo(
                f"    Signed by {said.by}, who says it was at "
                f"{_time(said.at_ms // 1000)}: {said.about} {said.kind}."
            )
        else:
            typer.echo("    Not signed by itself: it is the word of the log's party.")
        if entry.statement is None or show_numbers:
            for line in entry.opening.content.rstrip("\n").split("\n"):
                told = line if show_numbers else mask_in(line)
                typer.echo(f"      {_printable(told)}")
    typer.echo()


def _tell_checkpoint(signed: "SignedCheckpoint", *, looked: bool = True) -> None:
    checkpoint = signed.checkpoint
    typer.echo(f"Log {checkpoint.origin} of {signed.by}, {checkpoint.size:,} entries.")
    for party, at_s in signed.seen.items():
        typer.echo(
            f"  {party} saw this state of it by {_time(at_s)} (its clock), and that it "
            "had only grown."
        )
    if not looked:
        typer.echo("  Cosignatures were not looked at: give the witness's key.")
    elif not signed.seen:
        typer.echo(
            "  No witness has cosigned this state: that its keeper shows others the "
            "same is not proven."
        )


def _time(at_s: int) -> str:
    try:
        return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError, OSError):
        return f"second {at_s}"


def _printable(line: str) -> str:
    """Return a line that does nothing to a terminal."""
    return "".join(one if one.isprintable() else "�" for one in line)


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

    witnesses = [_key(text) for text in witness or ()]
    with _reader(place) as read, Stages() as stages:
        line, note = read("key"), read("checkpoint")
        if line is None or note is None:
            raise UnavailableError(
                "no-log",
                "There is no log at that place.",
                advice="Give the URL or folder below which `checkpoint` and `key` lie.",
            )
        own = parse_verifying_key(line.decode("utf-8", "replace"))
        known = _known(key or (), [own])
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
    _tell_checkpoint(found.signed, looked=bool(witnesses))
    is_known = "the one you gave" if own in known else "the log's own word: compare it"
    typer.echo(f"  {own.party:8} {signing_fingerprint(own)}  {is_known}")
    typer.echo(
        "\nIt covers what was logged, in this order, and that each entry is a "
        "commitment of 32 bytes.\nWhat the entries say shows only in bundles; what was "
        "never logged shows nowhere."
    )


@log.command()
def init(
    folder: _Folder,
    own: _Own,
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

    key = _own(own)
    create_log(folder, key, origin=origin)
    with open_log(folder, key) as made:
        typer.echo(f"Log {made.signed.checkpoint.origin}, no entries yet.")
    typer.echo(f"{key.party} {signing_fingerprint(key.public())}")
    typer.echo("Publish the folder `public`, and nothing else of it.")


@log.command()
def append(
    folder: _Folder,
    files: Annotated[list[Path], typer.Argument(help="Files, each one entry.")],
    own: _Own,
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

    with open_log(folder, _own(own)) as opened:
        places = opened.append(openings())
        for place, path in zip(places, files, strict=True):
            typer.echo(f"{place:>8}  {path}")


@log.command()
def show(
    folder: _Folder,
    own: _Own,
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
    from tallystick.store.log import laid_in, open_log

    witnesses = [_key(text) for text in key or ()]
    with open_log(folder, _own(own)) as opened:
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
            _tell_checkpoint(seen)
        start = max(0, opened.size - last)
        for at, one in enumerate(opened.openings(start, opened.size), start):
            said = one.content.rstrip("\n").split("\n")[0]
            typer.echo(f"{at:>8}  {one.kind:10} {_printable(said)[:60]}")


@log.command()
def take(folder: _Folder, own: _Own) -> None:
    """Log what other programs laid beside the log; an office does so by itself.

    Example: tally proof log take log --own by.key
    """
    import os

    from tallystick.store.log import open_log, take_waiting

    with open_log(folder, _own(own)) as opened:
        taken = take_waiting(opened, draw=os.urandom)
        typer.echo(f"{taken:,} entries; the log has {opened.size:,}.")


@log.command()
def resume(folder: _Folder, own: _Own) -> None:
    """Let a log go on that stopped, after people have looked why.

    Example: tally proof log resume log --own by.key
    """
    from tallystick.store.log import open_log, stop_log

    with open_log(folder, _own(own)) as opened:
        why = opened.stopped
        stop_log(folder, "")
    typer.echo(f"It goes on. It had stopped: {why}" if why else "It had not stopped.")


@log.command()
def cosign(
    folder: _Folder,
    own: _Own,
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

    own_key, peer = _own(own), _key(key)
    with open_log(folder, own_key) as opened:
        before, newest = opened.cosigned([peer]), opened.signed
    known = before.checkpoint.size if before else 0
    read = hashes_of(newest.checkpoint.size, opened.fetch)
    # The office may write into the log while the witness is asked.
    with ask_witness(witness) as send:
        signed = obtain(send, newest, read, peer, known)
    with open_log(folder, own_key) as opened:
        opened.keep_cosigned(signed)
    _tell_checkpoint(signed)


@app.command()
def bundle(
    folder: _Folder,
    own: _Own,
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

    own_key = _own(own)
    others = [_key(text) for text in key or ()]
    with open_log(folder, own_key) as opened:
        part = opened.part(entry, others)
    texts = [part.checkpoint, *(one.content for one in part.entries)]
    used = [one for one in others if any(f"— {one.party} " in text for text in texts)]
    data = make_bundle([own_key.public(), *used], [part])
    Disk().put(out, data)
    typer.echo(f"{out}: {len(part.entries)} entries, {len(data):,} bytes")


@app.command()
def serve(folder: _Folder, listen: _Listen = "127.0.0.1:8090") -> None:
    """Serve a log read-only, until stopped.

    Example: tally proof serve log --listen 127.0.0.1:8090
    """
    from tallystick.net.proof import proof_door
    from tallystick.store.log import read_file

    _serve(proof_door(lambda path: read_file(folder / "public" / path)), listen)


@app.command(name="witness")
def witness_command(
    folder: Annotated[Path, typer.Argument(help="Where to remember what was seen.")],
    own: _Own,
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

    from tallystick.net.proof import proof_door
    from tallystick.proof import check_origin, origin_of
    from tallystick.store.log import WitnessFolder

    watched = {}
    for text in logs:
        origin, parted, named = text.rpartition("=")
        known = not parted or named == ""  # a key's line may end with "="
        key = _key(text if known else named)
        watched[check_origin(origin_of(key) if known else origin)] = key
    witness = WitnessFolder(folder, _own(own), watched)
    door = proof_door(
        None,
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


def _own(path: Path) -> "SigningKey":
    from tallystick.blinding.keyfile import read_private_key
    from tallystick.proof import signing_key

    return signing_key(read_private_key(path))


def _key(text: str) -> "VerifyingKey":
    """Return the key on a line, or on the line that a file holds."""
    from tallystick.proof import parse_verifying_key

    if not text.startswith("tallystick-"):
        text = Path(text).read_text(encoding="utf-8", errors="replace")
    return parse_verifying_key(text)


def _known(
    given: Iterable[str], shown: Sequence["VerifyingKey"]
) -> list["VerifyingKey"]:
    """Return which of the shown keys are among those that were given.

    A given key that is not there is refused.
    """
    from tallystick.model import VerificationError
    from tallystick.proof import signing_fingerprint

    found = []
    for text in given:
        digits = "".join(text.split())
        if digits.isascii() and digits.isdigit():
            same = [
                one
                for one in shown
                if "".join(signing_fingerprint(one).split()) == digits
            ]
        else:
            same = [one for one in shown if one == _key(text)]
        if not same:
            raise VerificationError(
                "key-other",
                "A key that you gave is not among those that signed.",
                advice="Somebody else signed this, or the key was changed: ask the "
                "party for the fingerprint of its key.",
            )
        found += same
    return found


def _reader(place: str) -> AbstractContextManager["ReadFile"]:
    if place.startswith(("http://", "https://")):
        from tallystick.net.proof import reader_of

        return reader_of(place)
    from tallystick.store.log import read_file

    folder = Path(place)
    public = folder / "public"
    root = public if public.is_dir() else folder
    return nullcontext(lambda path: read_file(root / path))
