"""An agreement's book as a folder, and the same statements in the store, kept alike.

A person or a node writes into the folder, the peer's statements come into the store:
what one has the other gets.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tallystick.agreement.text import AgreementText, parse_text
from tallystick.model import ConfigError, TallystickError
from tallystick.node.kept.book import keep, notes_in, open_book, start_book
from tallystick.proof import VerifyingKey, kept_statement
from tallystick.store import Kept, StatementBook

ROOM = "agreement/"


@dataclass(slots=True, kw_only=True)
class Mirror:
    """Keeps one folder and the store alike.

    Attributes:
        folder: The agreement's book; begun when the peer's first proposal comes.
        statements: What the store has.
        channel: 64 hexadecimal digits.
        keys: Of both parties, in order of their names.
        own: This party's name.
        now_ms: Tells the time.
    """

    folder: Path
    statements: StatementBook
    channel: str
    keys: tuple[VerifyingKey, VerifyingKey]
    own: str
    now_ms: Callable[[], int]
    _seen: object = field(default=None)

    def look(self) -> int:
        """Make both alike; return how many statements moved.

        A folder that cannot be read is refused as in `open_book`.

        Raises:
            ConfigError: "office-book" when it is of another channel, or other keys.
        """
        here = [path.name for path in notes_in([self.folder])]
        there = self.statements.in_room(ROOM)
        if (here, there) == self._seen:
            return 0
        if not (self.folder / "book.toml").exists() and not self._begin(there):
            return 0
        book = open_book(self.folder)
        if (book.channel, book.keys) != (self.channel, self.keys):
            raise ConfigError(
                "office-book",
                f"{self.folder} is the book of another channel, or of other keys.",
                advice="Name the book of the agreement with this peer.",
            )
        moved = sum(
            self.statements.keep(
                one, now_ms=self.now_ms(), from_peer=one.statement.by != self.own
            )
            for one in book.statements
        )
        for one in self.statements.about(f"{ROOM}{book.name}"):
            moved += keep(self.folder, kept_statement(one.note))
        if not moved:
            self._seen = here, there
        return moved

    def _begin(self, there: dict[str, int]) -> bool:
        """Begin the folder with the first text that was proposed for this channel."""
        for about in there:
            for kept in self.statements.about(about):
                text = _proposed(kept)
                if text and (text.channel, text.keys) == (self.channel, self.keys):
                    start_book(self.folder, text)
                    return True
        return False


def peer_key_in(
    statements: StatementBook, *, channel: str, own: VerifyingKey, peer: str
) -> VerifyingKey | None:
    """Return what the peer signs with, by a text proposed for both keys; None: by none.

    Args:
        statements: Of the channel; who kept them has checked their signatures.
        channel: 64 hexadecimal digits.
        own: What this party signs with.
        peer: Name of the other.
    """
    for about in statements.in_room(ROOM):
        for kept in statements.about(about):
            text = _proposed(kept)
            if text is not None and text.channel == channel and own in text.keys:
                return next((one for one in text.keys if one.party == peer), None)
    return None


def _proposed(kept: Kept) -> AgreementText | None:
    """Return the text that a statement proposes; None: none that can be read."""
    if kept.kind != "proposed":
        return None
    try:
        return parse_text(str(kept_statement(kept.note).statement.body.get("text")))
    except TallystickError:
        return None
