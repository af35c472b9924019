"""Checkpoints: what a log says of itself, signed by its party and by who watches it.

    tallystick/log/BY/9f86d081884c7d65
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — BY Az3grl…
    — RU jWbPPw…

The second line is a cosignature: its party saw this checkpoint then, and found that the
log had only grown since it last looked.

Source: C2SP tlog-checkpoint, tlog-cosignature (cosignature/v1, Ed25519).
"""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NoReturn

from tallystick.model import MalformedError, Said, VerificationError
from tallystick.proof.note import Note, NoteSignature, key_id, parse_note, sign_note
from tallystick.proof.note import signers as note_signers
from tallystick.proof.signing import SigningKey, VerifyingKey
from tallystick.proof.tree import EMPTY_ROOT, HASH_BYTES, SIZE_LIMIT

COSIGNATURE: Final = 0x04
"""The algorithm of a cosignature; `note.ED25519` is that of the log's own signature."""
_STAMP_BYTES: Final = 8
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_ORIGIN: Final = re.compile(r"[!-*,-~]{1,200}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A log at one moment.

    Attributes:
        origin: Names the log, for all times.
        size: How many entries it has.
        root: Hash over all of them.
        more: Further lines; ours has none.
    """

    origin: str
    size: int
    root: bytes
    more: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """What is signed."""
        root = base64.b64encode(self.root).decode("ascii")
        return "".join(
            f"{line}\n" for line in (self.origin, self.size, root, *self.more)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCheckpoint:
    """A checkpoint whose signatures hold.

    Attributes:
        checkpoint: What it says.
        by: Party of the log.
        seen: Parties that cosigned, and when, in seconds since 1970 by their clocks.
        note: The bytes that were received or made, as they are kept and passed on.
    """

    checkpoint: Checkpoint
    by: str
    seen: Mapping[str, int]
    note: bytes


def origin_of(key: VerifyingKey) -> str:
    """Return how the log of a party is named if it does not say otherwise."""
    return (
        f"tallystick/log/{key.party}/{key_id(key.party, COSIGNATURE, key.point).hex()}"
    )


def check_origin(origin: str) -> str:
    """Return `origin` if a log may be named so.

    Raises:
        MalformedError: "checkpoint-damaged".
    """
    if not _ORIGIN.fullmatch(origin):
        _refuse("The name of the log")
    return origin


def parse_checkpoint(text: str, *, origin: Said = "The checkpoint") -> Checkpoint:
    """Read the text of a checkpoint.

    Args:
        text: Of the note.
        origin: How to name it in errors.

    Raises:
        MalformedError: "checkpoint-damaged".
    """
    lines = text.removesuffix("\n").split("\n")
    if len(lines) < 3 or not all(lines) or not _NUMBER.fullmatch(lines[1]):
        _refuse(origin)
    try:
        root = base64.b64decode(lines[2], validate=True)
    except (binascii.Error, ValueError):
        _refuse(origin)
    read = Checkpoint(
        origin=lines[0], size=int(lines[1]), root=root, more=tuple(lines[3:])
    )
    known = bool(read.size) or root == EMPTY_ROOT
    if (
        not (_ORIGIN.fullmatch(read.origin) and known)
        or len(root) != HASH_BYTES
        or read.size >= SIZE_LIMIT
        or read.text != text
    ):
        _refuse(origin)
    return read


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey) -> bytes:
    """Return a checkpoint as a note that the log's party signed."""
    text = checkpoint.text
    return Note(text=text, signatures=(sign_note(text, key),)).encode().encode()


def cosign(text: str, key: SigningKey, *, at_s: int) -> NoteSignature:
    """Return the cosignature of who has seen that a log only grew.

    Args:
        text: Of the checkpoint.
        key: Of the witness.
        at_s: When, in seconds since 1970.
    """
    return NoteSignature(
        name=key.party,
        key_id=key_id(key.party, COSIGNATURE, key.public().point),
        signature=at_s.to_bytes(_STAMP_BYTES, "big") + key.sign(_cosigned(text, at_s)),
    )


def cosigners(note: Note, keys: Iterable[VerifyingKey]) -> dict[str, int]:
    """Return who of these parties cosigned a checkpoint, and when (seconds).

    Lines of other keys are passed over; a wrong one of these keys refuses the note.

    Raises:
        VerificationError: "checkpoint-cosignature".
    """
    seen: dict[str, int] = {}
    for key in keys:
        named = key_id(key.party, COSIGNATURE, key.point)
        for one in note.signatures:
            if (one.name, one.key_id) == (key.party, named):
                at_s = _stamp_of(note.text, one, key)
                seen[key.party] = max(at_s, seen.get(key.party, 0))
    return seen


def read_checkpoint(
    note: bytes,
    key: VerifyingKey,
    witnesses: Iterable[VerifyingKey] = (),
    *,
    log: str | None = None,
    origin: Said = "The checkpoint",
) -> SignedCheckpoint:
    """Read a checkpoint and check that the log's party signed it.

    Args:
        note: As it was received, to the byte.
        key: Of the log's party.
        witnesses: Keys of those whose cosignatures are looked at.
        log: Of which log it must be (its origin line); any if not given.
        origin: How to name it in errors.

    Raises:
        VerificationError: "checkpoint-log" or "checkpoint-unsigned"; a wrong signature
            is refused as in `note`, a wrong cosignature as in `cosigners`.
    """
    parsed = parse_note(note, origin=origin)
    checkpoint = parse_checkpoint(parsed.text, origin=origin)
    if log not in {None, checkpoint.origin}:
        raise VerificationError(
            "checkpoint-log",
            "{origin} is one of another log, and counts only for that.",
            advice="Take the checkpoint of the log that is asked for.",
            origin=origin,
        )
    if not note_signers(parsed, [key]):
        raise VerificationError(
            "checkpoint-unsigned",
            "{origin} is not signed by {party} with the key that was given.",
            advice="Compare the key's fingerprint with the party; or take another "
            "checkpoint.",
            origin=origin,
            party=key.party,
        )
    return SignedCheckpoint(
        checkpoint=checkpoint,
        by=key.party,
        # A party is no witness of its own log, under whatever name.
        seen=cosigners(parsed, (one for one in witnesses if one.point != key.point)),
        note=note,
    )


def _stamp_of(text: str, line: NoteSignature, key: VerifyingKey) -> int:
    at_s = int.from_bytes(line.signature[:_STAMP_BYTES], "big")
    if at_s < SIZE_LIMIT:
        with suppress(VerificationError):
            key.verify(line.signature[_STAMP_BYTES:], _cosigned(text, at_s))
            return at_s
    raise VerificationError(
        "checkpoint-cosignature",
        "The cosignature that should be of {party} is none over this checkpoint: it "
        "was changed, or belongs to another.",
        advice="Take the checkpoint again from the log, or ask the witness.",
        party=key.party,
    )


def _cosigned(text: str, at_s: int) -> bytes:
    return f"cosignature/v1\ntime {at_s}\n{text}".encode()


def _refuse(origin: Said) -> NoReturn:
    raise MalformedError(
        "checkpoint-damaged",
        "{origin} does not hold just what a checkpoint of a log holds.",
        advice="Take it again, to the byte, from the log.",
        origin=origin,
    )
