"""`tally agreement`: rules that two parties agree, from a draft to their end."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tallystick.cli import agreement_text, agreement_try
from tallystick.cli.agreement_text import File_, read_file
from tallystick.cli.options import Own_

if TYPE_CHECKING:
    from tallystick.agreement.life import Life, Version
    from tallystick.node.kept.book import Book
    from tallystick.proof import VerifyingKey

app = typer.Typer(
    name="agreement",
    help="Agree rules with the other side: draft, discuss, sign, suspend.",
    no_args_is_help=True,
)

_Book = Annotated[
    Path, typer.Option("--book", help="The folder with all that was said.")
]
_Text = Annotated[
    str,
    typer.Option("--text", help="Which text, by the first digits of its digest."),
]
_From = Annotated[
    str | None,
    typer.Option("--from", help="The registered body that says so, if not you."),
]
_Why = Annotated[str, typer.Option("--why", help="Why, for the record.")]
_DEFAULT = Path("book")


app.command()(agreement_text.new)
app.command()(agreement_text.check)
app.command()(agreement_text.schema)
app.command(name="try")(agreement_try.attempt)


@app.command()
def propose(file: File_, own: Own_, book: _Book = _DEFAULT) -> None:
    """Lay a text before the other side; begins consultation.

    A text that was changed after it was proposed is proposed again and follows it.

    Example: tally agreement propose draft.toml --own by.key --book book
    """
    from tallystick.agreement.life import proposal
    from tallystick.agreement.text import parse_text
    from tallystick.node.kept.book import say, start_book

    text = read_file(file)
    value = parse_text(text, origin=str(file))
    opened = start_book(book, value)
    kind, body = proposal(opened.life(), text)
    say(opened, own, kind, body, _now_ms())
    digest = body["digest"][:12]
    typer.echo(f"{kind}: {value.name}, version {value.version}, text {digest}.")
    _compare(opened.keys)


@app.command()
def comment(
    said: Annotated[str, typer.Argument(help="The remark.")],
    own: Own_,
    book: _Book = _DEFAULT,
    rule: Annotated[str | None, typer.Option("--rule", help="About a rule.")] = None,
    whom: _From = None,
    text: _Text = "",
) -> None:
    """Remark on a text; it stops nothing.

    Example: tally agreement comment "Clearer now." --own by.key --from "Operators"
    """
    _remark("commented", said, own, book, rule, whom, text)


@app.command(name="object")
def object_to(
    rule: Annotated[str, typer.Argument(help="The rule.")],
    said: Annotated[str, typer.Argument(help="Why.")],
    own: Own_,
    book: _Book = _DEFAULT,
    whom: _From = None,
    text: _Text = "",
) -> None:
    """Object to a rule: nobody's signature counts before it is answered.

    Example: tally agreement object missing "Roamers?" --own by.key --from "Operators"
    """
    _remark("objected", said, own, book, rule, whom, text)


@app.command()
def answer(
    to: Annotated[str, typer.Argument(help="The first digits of the remark's id.")],
    said: Annotated[str, typer.Argument(help="The answer.")],
    own: Own_,
    book: _Book = _DEFAULT,
) -> None:
    """Answer a remark or an objection.

    Example: tally agreement answer 77c1 "They keep their half." --own ru.key
    """
    from tallystick.node.kept.book import open_book, say

    opened = open_book(book)
    remarks = [one.id for one in opened.life().remarks]
    ident = _one_of(to, remarks, "remark")
    say(opened, own, "answered", {"to": ident, "text": said}, _now_ms())
    typer.echo(f"answered: {ident[:12]}.")


@app.command()
def sign(own: Own_, book: _Book = _DEFAULT, text: _Text = "") -> None:
    """Agree to a text. It holds once both have, from its first day on.

    Example: tally agreement sign --own by.key --book book
    """
    from tallystick.node.kept.book import open_book, say

    opened = open_book(book)
    version = _version(opened.life(), text)
    opened = say(opened, own, "signed", {"digest": version.digest}, _now_ms())
    typer.echo(f"signed: text {version.digest[:12]}.")
    _tell(opened.life(), _now_ms())


@app.command()
def suspend(
    own: Own_,
    why: _Why,
    book: _Book = _DEFAULT,
    rule: Annotated[
        str | None, typer.Option("--rule", help="One rule; all where none is named.")
    ] = None,
) -> None:
    """Stop a rule, or all of them, at once. It needs nobody's consent.

    Example: tally agreement suspend --rule missing --why "Too many" --own by.key
    """
    from tallystick.node.kept.book import open_book, say

    body = {"rule": rule, "why": why}
    opened = say(open_book(book), own, "suspended", body, _now_ms())
    _tell(opened.life(), _now_ms())


@app.command()
def resume(
    own: Own_,
    book: _Book = _DEFAULT,
    rule: Annotated[
        str | None, typer.Option("--rule", help="Only what suspends this rule.")
    ] = None,
) -> None:
    """Lift suspensions. They end when both sides have lifted them.

    Example: tally agreement resume --rule missing --own by.key
    """
    from tallystick.agreement.life import lifts
    from tallystick.node.kept.book import open_book, say

    opened, now = open_book(book), _now_ms()
    opened = say(opened, own, "resumed", lifts(opened.life(), now, rule), now)
    _tell(opened.life(), _now_ms())


@app.command()
def withdraw(
    own: Own_,
    why: _Why,
    book: _Book = _DEFAULT,
    text: _Text = "",
) -> None:
    """End the agreement, or one text with --text, at once and for good.

    Example: tally agreement withdraw --why "Replaced by another" --own by.key
    """
    from tallystick.node.kept.book import open_book, say

    opened = open_book(book)
    digest = _version(opened.life(), text).digest if text else None
    opened = say(opened, own, "withdrawn", {"digest": digest, "why": why}, _now_ms())
    _tell(opened.life(), _now_ms())


@app.command()
def show(
    book: _Book = _DEFAULT,
    at: Annotated[
        datetime | None,
        typer.Option(
            "--at",
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
            help="What held at this moment, UTC.",
        ),
    ] = None,
) -> None:
    """Tell where each text stands, what is waited for, and what is in force.

    Example: tally agreement show --book book --at 2027-02-01
    """
    from tallystick.node.kept.book import open_book

    moment = (
        _now_ms() if at is None else round(at.replace(tzinfo=UTC).timestamp()) * 1000
    )
    opened = open_book(book)
    _tell(opened.life(), moment)
    if at is None:
        for passed in opened.life().passed_over:
            typer.echo(f"does not count: {passed.id[:12]}. {passed.sentence}")


@app.command(name="import")
def take(
    notes: Annotated[
        list[Path], typer.Argument(help="Statements, or folders that hold some.")
    ],
    book: _Book = _DEFAULT,
) -> None:
    """Take statements of the other side into your book; begins one if needed.

    Example: tally agreement import /media/stick --book book
    """
    from tallystick.node.kept.book import (
        first_text,
        keep,
        notes_in,
        open_book,
        read_note,
        start_book,
    )

    found = notes_in(notes)
    begun = not (book / "book.toml").exists()
    opened = start_book(book, first_text(found)) if begun else open_book(book)
    read = [read_note(one, opened) for one in found]
    taken = sum(keep(book, one) for one in read)
    typer.echo(f"{taken} taken, {len(read) - taken} were there already.")
    if begun:
        _compare(opened.keys)
    _tell(open_book(book).life(), _now_ms())


@app.command()
def export(
    out: Annotated[Path, typer.Argument(help="The folder, for example on a stick.")],
    book: _Book = _DEFAULT,
) -> None:
    """Write all statements into a folder for the other side.

    Example: tally agreement export /media/stick --book book
    """
    from tallystick.node.kept.book import keep, open_book

    opened = open_book(book)
    out.mkdir(parents=True, exist_ok=True)
    written = sum(keep(out, one) for one in opened.statements)
    typer.echo(f"{written} written, {len(opened.statements) - written} were there.")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _remark(
    kind: str,
    said: str,
    own: Path,
    book: Path,
    rule: str | None,
    whom: str | None,
    text: str,
) -> None:
    from tallystick.node.kept.book import open_book, say

    opened = open_book(book)
    version = _version(opened.life(), text)
    body = {"digest": version.digest, "rule": rule, "text": said, "from": whom}
    after = say(opened, own, kind, body, _now_ms())
    ident = next(one.id for one in after.statements if one.id not in _ids(opened))
    typer.echo(f"{kind}: {ident[:12]}.")


def _ids(book: "Book") -> set[str]:
    return {one.id for one in book.statements}


def _version(life: "Life", digits: str) -> "Version":
    """Return the text that is meant: the one named, or the last one proposed."""
    by_digest = {one.digest: one for one in life.versions}
    named = _one_of(digits, list(by_digest), "text") if digits else ""
    if not named and not by_digest:
        return by_digest[_one_of("", [], "text")]
    return by_digest[named] if named else life.versions[-1]


def _one_of(digits: str, known: list[str], what: str) -> str:
    from tallystick.model import ConfigError

    found = [one for one in known if one.startswith(digits)]
    if len(found) == 1:
        return found[0]
    raise ConfigError(
        "agreement-which",
        f"{'No' if not found else 'More than one'} {what} begins with these digits.",
        advice="`tally agreement show` lists them.",
    )


def _compare(keys: "tuple[VerifyingKey, ...]") -> None:
    from tallystick.proof import signing_fingerprint

    typer.echo("Compare by telephone before anybody signs:")
    for key in keys:
        typer.echo(f"  {key.party}  {signing_fingerprint(key)}")


def _tell(life: "Life", at_ms: int) -> None:
    from tallystick.cli.agreement_told import told

    for line in told(life, at_ms):
        typer.echo(line)
