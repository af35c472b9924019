"""What commands of the log are told, and how they tell of one."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tallystick.proof import (
        ProvenLog,
        ReadFile,
        SignedCheckpoint,
        SigningKey,
        VerifyingKey,
    )

Folder_ = Annotated[Path, typer.Argument(help="The folder of the log.")]


def tell_log(one: "ProvenLog", *, show_numbers: bool) -> None:
    """Say what is proven of a log, and of which entries."""
    from tallystick.domains.calls.numbers.display import mask_in
    from tallystick.proof import KINDS

    tell_checkpoint(one.signed)
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
                typer.echo(f"      {printable(told)}")
    typer.echo()


def tell_checkpoint(signed: "SignedCheckpoint", *, looked: bool = True) -> None:
    """Say how a log stood, and who saw it so."""
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


def printable(line: str) -> str:
    """Return a line that does nothing to a terminal."""
    return "".join(one if one.isprintable() else "�" for one in line)


def own_key(path: Path) -> "SigningKey":
    """Return what a party signs with, from its private key file."""
    from tallystick.blinding.keyfile import read_private_key
    from tallystick.proof import signing_key

    return signing_key(read_private_key(path))


def read_key(text: str) -> "VerifyingKey":
    """Return the key on a line, or on the line that a file holds."""
    from tallystick.proof import parse_verifying_key

    if not text.startswith("tallystick-"):
        text = Path(text).read_text(encoding="utf-8", errors="replace")
    return parse_verifying_key(text)


def known_keys(
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
            same = [one for one in shown if one == read_key(text)]
        if not same:
            raise VerificationError(
                "key-other",
                "A key that you gave is not among those that signed.",
                advice="Somebody else signed this, or the key was changed: ask the "
                "party for the fingerprint of its key.",
            )
        found += same
    return found


def reader_at(place: str) -> AbstractContextManager["ReadFile"]:
    """Lend a way to read a log's files, by URL or in a folder."""
    if place.startswith(("http://", "https://")):
        from tallystick.net.proof import reader_of

        return reader_of(place)
    from tallystick.store.log import read_file

    folder = Path(place)
    public = folder / "public"
    root = public if public.is_dir() else folder
    return nullcontext(lambda path: read_file(root / path))
