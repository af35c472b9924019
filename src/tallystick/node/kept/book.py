"""A book: a folder with all that two parties said about one agreement.

One file for each statement, so that a book is carried, copied and merged by hand as
well as by a program: two people with memory sticks can do it.

Source: spec/agreement.md, "The book".
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

import msgspec

from tallystick.agreement import life
from tallystick.agreement.text import AgreementText, parse_text
from tallystick.blinding import read_private_key
from tallystick.model import (
    ConfigError,
    RefusedError,
    TallystickError,
    VerificationError,
)
from tallystick.proof import (
    Signed,
    VerifyingKey,
    encode_verifying_key,
    parse_note,
    parse_verifying_key,
    read_statement,
    signing_key,
)

_HEAD: Final = "book.toml"
_FORMAT: Final = "tallystick-book/1"
_SUFFIX: Final = ".note"
NOTE_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,120}\.note")
"""How the file of a statement may be called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """An agreement's statements in a folder.

    Attributes:
        folder: Where they lie.
        name: Of the agreement.
        channel: 64 hexadecimal digits.
        keys: Of the two parties.
        statements: In no order.
    """

    folder: Path
    name: str
    channel: str
    keys: tuple[VerifyingKey, ...]
    statements: tuple[Signed, ...]

    def life(self) -> life.Life:
        """Return the state of the agreement."""
        return life.fold(self.statements, name=self.name, keys=self.keys)


def start_book(folder: Path, text: AgreementText) -> Book:
    """Return a folder's book; begin one where there is none.

    Args:
        folder: The folder.
        text: What the first statement proposes.

    Raises:
        RefusedError: "agreement-book" when it is another agreement's.
    """
    if not (folder / _HEAD).exists():
        keys = "".join(f'  "{encode_verifying_key(key)}",\n' for key in text.keys)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _HEAD).write_text(
            "# All that two parties said about one agreement. Holds no secret.\n"
            f'format = "{_FORMAT}"\nname = "{text.name}"\n'
            f'channel = "{text.channel}"\nkeys = [\n{keys}]\n',
            encoding="ascii",
            newline="\n",
        )
    book = open_book(folder)
    if (book.name, book.channel, book.keys) != (text.name, text.channel, text.keys):
        raise RefusedError(
            "agreement-book",
            f"{folder} is the book of another agreement, or of other parties.",
            advice="Name another folder with --book.",
        )
    return book


def open_book(folder: Path) -> Book:
    """Read a book and check every statement in it.

    A statement that its party did not sign, or that was changed since, is refused as
    in `read_statement`.

    Args:
        folder: The folder.
    """
    head = _head(folder / _HEAD)
    keys = tuple(parse_verifying_key(line, origin=str(folder)) for line in head["keys"])
    book = Book(
        folder=folder,
        name=head["name"],
        channel=head["channel"],
        keys=keys,
        statements=(),
    )
    read = (read_note(one, book) for one in sorted(folder.glob(f"*{_SUFFIX}")))
    known = {one.id: one for one in read}
    return _with(book, tuple(known.values()))


def read_note(path: Path, book: Book) -> Signed:
    """Read one statement and check that it is of this book.

    Args:
        path: Its file.
        book: Whose keys and channel count.

    It is checked as in `note_of`.
    """
    return note_of(path.read_bytes(), book, origin=str(path))


def note_of(note: bytes, book: Book, *, origin: str) -> Signed:
    """Read one statement that came from elsewhere and check that it is of this book.

    Args:
        note: As it came.
        book: Whose keys and channel count.
        origin: How to name it in errors.

    What is no statement of these parties is refused as in `read_statement`.

    Raises:
        VerificationError: "agreement-book" when it is about something else.
    """
    one = read_statement(note, book.keys, channel=book.channel, origin=origin)
    if one.statement.about != f"agreement/{book.name}":
        raise VerificationError(
            "agreement-book",
            f"{origin} is about something else than the agreement of this book.",
            advice="Take it out of the folder; it counts in its own book.",
        )
    return one


def say(book: Book, own: Path, kind: str, body: Mapping[str, Any], at_ms: int) -> Book:
    """Make a statement, unless it would not count, and keep it.

    Args:
        book: What was said so far.
        own: The private key file of who says it.
        kind: What is said.
        body: What else.
        at_ms: The present time.

    Returns:
        The book with the statement.

    What would not count is refused as in `life.say`.

    Raises:
        RefusedError: "agreement-book" when the key is none of the agreement's.
    """
    key = signing_key(read_private_key(own))
    if key.public() not in book.keys:
        raise RefusedError(
            "agreement-book",
            f"The key of {key.party} is none of this agreement's.",
            advice="Give the private key whose public part stands in the text.",
        )
    signed = life.say(
        book.statements,
        kind,
        body,
        name=book.name,
        channel=book.channel,
        keys=book.keys,
        key=key,
        at_ms=at_ms,
    )
    keep(book.folder, signed)
    return _with(book, (*book.statements, signed))


def keep(folder: Path, signed: Signed) -> bool:
    """Write a statement into a folder; return False where it is there already.

    Args:
        folder: The folder.
        signed: The statement.
    """
    one = signed.statement
    name = f"{one.at_ms:013}-{one.by}-{one.kind}-{signed.id[:12]}{_SUFFIX}"
    if (folder / name).exists():
        return False
    part = folder / f"{name}.part"
    part.write_bytes(signed.note)
    part.replace(folder / name)
    return True


def first_text(paths: list[Path]) -> AgreementText:
    """Return the text that one of several statements proposes.

    It serves to begin a book, whose keys the reader must compare with the other side.

    Args:
        paths: Files of statements.

    Raises:
        ConfigError: "agreement-book" when none proposes a text.
    """
    for path in paths:
        for body in _proposals(path):
            return parse_text(body, origin=str(path))
    raise ConfigError(
        "agreement-book",
        "None of these statements proposes a text, so no book can begin with them.",
        advice="Take the whole folder that the other side exported.",
    )


def notes_in(places: list[Path]) -> list[Path]:
    """Return the files of statements that are named, or lie in named folders."""
    found: list[Path] = []
    for place in places:
        found += sorted(place.glob(f"*{_SUFFIX}")) if place.is_dir() else [place]
    return found


def _proposals(path: Path) -> Iterator[str]:
    try:
        *_, kind, _, body = parse_note(path.read_bytes()).text.splitlines()
        if kind in {"kind proposed", "kind amended"}:
            yield str(msgspec.json.decode(body, type=dict[str, Any])["text"])
    except (TallystickError, ValueError, KeyError, msgspec.MsgspecError):
        return


def _with(book: Book, statements: tuple[Signed, ...]) -> Book:
    return Book(
        folder=book.folder,
        name=book.name,
        channel=book.channel,
        keys=book.keys,
        statements=statements,
    )


def _head(path: Path) -> dict[str, Any]:
    try:
        head = tomllib.loads(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        _refuse(f"{path.parent} is no book: it holds no {_HEAD}")
    except ValueError:
        _refuse(f"{path} is damaged")
    if head.get("format") != _FORMAT or not {"name", "channel", "keys"} <= set(head):
        _refuse(f"{path} is damaged, or of another version")
    return head


def _refuse(what: str) -> NoReturn:
    raise ConfigError(
        "agreement-book",
        f"{what}.",
        advice="`tally agreement propose` or `import` begins a book.",
    )
