"""Statements: what a party says to its peer about something they share, signed.

Every step of an agreement, of a case, of a harm report is one:

    tallystick/statement/1
    channel 9f86d0…
    by BY
    at 2026-11-22T12:00:00.000Z
    about case/3f2a…
    kind asked
    after 77c1…
    {"deadline":"2026-11-29"}

    — BY 9Zc1…

Both parties keep all statements about a thing and read its state from them, each by
itself. A statement names those its party had seen (`after`), so that the order of what
depended on what is the same on both sides, whenever each heard of it.

Source: spec/statements.md.
"""

import hashlib
import heapq
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NoReturn

import msgspec

from tallystick.model import MalformedError, VerificationError
from tallystick.proof.note import Note, parse_note, sign_note, signers
from tallystick.proof.signing import SigningKey, VerifyingKey

HEAD: Final = "tallystick/statement/1"
AFTER_LIMIT: Final = 16
_HEAD: Final = re.compile(r"tallystick/statement/([0-9]{1,4})")
_ID: Final = "[0-9a-f]{64}"
_LINES: Final = re.compile(
    rf"{HEAD}\n"
    rf"channel (?P<channel>{_ID})\n"
    r"by (?P<by>[A-Za-z0-9][A-Za-z0-9._-]{0,31})\n"
    r"at (?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)\n"
    r"about (?P<about>[a-z][a-z-]{0,31}/[A-Za-z0-9._:-]{1,128})\n"
    r"kind (?P<kind>[a-z][a-z-]{0,31})\n"
    rf"after(?P<after>(?: {_ID}){{0,{AFTER_LIMIT}}})\n"
    r"(?P<body>\{.*\})\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What one party said.

    Attributes:
        channel: 64 hexadecimal digits that name the channel, so that it counts nowhere
            else.
        by: The party.
        at_ms: When it said so, UTC milliseconds by its own clock.
        about: The thing: its kind, a stroke, its name.
        kind: What is said of it.
        after: Identifiers of the latest statements about it that the party had seen.
        body: What else is said; depends on the kind.
    """

    channel: str
    by: str
    at_ms: int
    about: str
    kind: str
    after: tuple[str, ...] = ()
    body: Mapping[str, Any]

    @property
    def text(self) -> str:
        """What is signed."""
        at = datetime.fromtimestamp(self.at_ms // 1000, UTC)
        body = msgspec.json.encode(self.body, order="sorted").decode()
        return (
            f"{HEAD}\nchannel {self.channel}\nby {self.by}\n"
            f"at {at:%Y-%m-%dT%H:%M:%S}.{self.at_ms % 1000:03}Z\n"
            f"about {self.about}\nkind {self.kind}\n"
            f"{' '.join(('after', *self.after))}\n{body}\n"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A statement that its party signed.

    Attributes:
        id: 64 hexadecimal digits, SHA-256 of the signed text.
        statement: What it says.
        note: The bytes that were received or made, as they are kept and passed on.
    """

    id: str
    statement: Statement
    note: bytes


def sign_statement(statement: Statement, key: SigningKey) -> Signed:
    """Sign a statement.

    Args:
        statement: What the party says.
        key: Its key.

    Raises:
        MalformedError: "statement-damaged" when a name in it cannot be one.
        VerificationError: "statement-party" when the key is another party's.
    """
    if key.party != statement.by:
        raise VerificationError(
            "statement-party",
            "A statement of {maker} is not to be signed by {party}.",
            advice="Each party signs what it says itself, with its own key.",
            maker=statement.by,
            party=key.party,
        )
    text = statement.text
    _parse(text, "The statement")
    note = Note(text=text, signatures=(sign_note(text, key),))
    return Signed(id=_id(text), statement=statement, note=note.encode().encode())


def read_statement(
    note: bytes,
    keys: Iterable[VerifyingKey],
    *,
    channel: str,
    origin: str = "The statement",
) -> Signed:
    """Read a statement and check that its party signed it.

    Args:
        note: As it was received, to the byte.
        keys: The parties' keys.
        channel: Of which channel it must be.
        origin: How to name it in errors.

    A text that is no note, or one with a wrong signature, is refused as in `note`.

    Raises:
        MalformedError: "statement-damaged".
        VerificationError: "statement-version", "statement-channel" or
            "statement-unsigned".
    """
    parsed = parse_note(note, origin=origin)
    signed = _signed(parsed, note, origin)
    statement = signed.statement
    if statement.channel != channel:
        raise VerificationError(
            "statement-channel",
            "{origin} is about another channel, and counts only there.",
            advice="Send it to the peer of that channel.",
            origin=origin,
        )
    if statement.by not in signers(parsed, keys):
        raise VerificationError(
            "statement-unsigned",
            "{origin} is not signed by {maker}, who is said to have made it.",
            advice="Take it from that party, signed with the key of the agreement.",
            origin=origin,
            maker=statement.by,
        )
    return signed


def kept_statement(note: bytes, *, origin: str = "The statement") -> Signed:
    """Read a statement whose signature was checked before it was kept.

    Args:
        note: As it was kept, to the byte.
        origin: How to name it in errors.

    One that is damaged is refused as in `read_statement`.
    """
    return _signed(parse_note(note, origin=origin), note, origin)


def in_order(statements: Collection[Signed]) -> list[Signed]:
    """Return statements about one thing so that each comes behind those it follows.

    Where that leaves a choice, the earlier comes first, then the lesser identifier.
    One that follows a statement which is not there is left out, until that has come.

    Args:
        statements: In any order, none twice.

    Source: spec/statements.md, "Order and repetition".
    """
    waiting = {one.id: set(one.statement.after) for one in statements}
    by_id = {one.id: one for one in statements}
    followers: dict[str, list[str]] = {}
    for ident, before in waiting.items():
        for earlier in before:
            followers.setdefault(earlier, []).append(ident)
    ready = [
        (by_id[i].statement.at_ms, i) for i, before in waiting.items() if not before
    ]
    heapq.heapify(ready)
    ordered = []
    while ready:
        _, ident = heapq.heappop(ready)
        ordered.append(by_id[ident])
        for later in followers.get(ident, ()):
            waiting[later].discard(ident)
            if not waiting[later]:
                heapq.heappush(ready, (by_id[later].statement.at_ms, later))
    return ordered


def latest(statements: Collection[Signed]) -> tuple[str, ...]:
    """Return what a further statement about the same thing comes after.

    Args:
        statements: All that its maker has seen.

    Returns:
        Identifiers of those that no other follows; of more than a statement may name
        the last.
    """
    followed = {ident for one in statements for ident in one.statement.after}
    ends = [one for one in statements if one.id not in followed]
    ends.sort(key=lambda one: (one.statement.at_ms, one.id))
    return tuple(one.id for one in ends[-AFTER_LIMIT:])


def _parse(text: str, origin: str) -> Statement:
    match = _LINES.fullmatch(text)
    if match is None:
        _refuse_other(text, origin)
    try:
        at = datetime.fromisoformat(match["at"])
        body = msgspec.json.decode(match["body"], type=dict[str, Any])
    except (ValueError, msgspec.MsgspecError, RecursionError):
        _refuse(origin)
    return Statement(
        channel=match["channel"],
        by=match["by"],
        at_ms=int(at.timestamp()) * 1000 + at.microsecond // 1000,
        about=match["about"],
        kind=match["kind"],
        after=tuple(match["after"].split()),
        body=body,
    )


def _signed(parsed: Note, note: bytes, origin: str) -> Signed:
    statement = _parse(parsed.text, origin)
    return Signed(id=_id(parsed.text), statement=statement, note=note)


def _id(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _refuse_other(text: str, origin: str) -> NoReturn:
    """Say whether it is another version, or nothing that is known.

    Raises:
        VerificationError: "statement-version".
    """
    head = _HEAD.match(text)
    if head is not None and int(head[1]) != 1:
        raise VerificationError(
            "statement-version",
            "{origin} is of version {version}; this program knows 1.",
            advice="The side with the older program should update.",
            origin=origin,
            version=int(head[1]),
        )
    _refuse(origin)


def _refuse(origin: str) -> NoReturn:
    raise MalformedError(
        "statement-damaged",
        "{origin} does not hold just what a statement holds.",
        advice="Take it as it was signed, to the byte.",
        origin=origin,
    )
