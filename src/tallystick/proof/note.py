"""Signed notes: a text, a blank line, and a line for each signature.

    the text, to the byte, its last line end included

    — BY 9Zc1…
    — RU Ad3k…

Source: C2SP signed-note, version 1; Ed25519 (0x01) and cosignature/v1 (0x04) keys.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

from tallystick.model import MalformedError, Said, VerificationError
from tallystick.proof.signing import SigningKey, VerifyingKey

ED25519: Final = 0x01
"""The algorithm of a signature over the text. Others have other numbers, so that a
party may change its algorithm, or sign with two, without another format."""

BYTES_LIMIT: Final = 1 << 20
SIGNATURES_LIMIT: Final = 100
_LINE: Final = re.compile(r"— ([^ +\u0085\u00a0\u2028\u2029]+) ([A-Za-z0-9+/]+={0,2})")
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSignature:
    """One line under a note.

    Attributes:
        name: The key's name; of a party's key the party.
        key_id: 4 bytes, `key_id` of the key that made it.
        signature: What it made.
    """

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        """Return the line, with its end."""
        word = base64.b64encode(self.key_id + self.signature).decode("ascii")
        return f"— {self.name} {word}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A text and its signatures, none of them checked yet.

    Attributes:
        text: What is signed; ends with a line end.
        signatures: In the order of the file.
    """

    text: str
    signatures: tuple[NoteSignature, ...]

    def encode(self) -> str:
        """Return the note as it is stored and sent."""
        return f"{self.text}\n{''.join(one.line() for one in self.signatures)}"


def key_id(name: str, algorithm: int, public: bytes) -> bytes:
    """Return the 4 bytes by which a signature line names its key.

    Args:
        name: The key's name.
        algorithm: For example `ED25519`.
        public: The public key's bytes.

    Source: C2SP signed-note, "Signatures".
    """
    material = name.encode() + b"\n" + bytes((algorithm,)) + public
    return hashlib.sha256(material).digest()[:4]


def verifier_key(key: VerifyingKey, *, algorithm: int = ED25519) -> str:
    """Return a party's key as other implementations of signed notes take it."""
    public = bytes((algorithm,)) + key.point
    named = key_id(key.party, algorithm, key.point).hex()
    return f"{key.party}+{named}+{base64.b64encode(public).decode('ascii')}"


def sign_note(text: str, key: SigningKey) -> NoteSignature:
    """Return a party's signature over a text.

    Args:
        text: Ends with a line end and has no control character beside line ends.
        key: The party's key.

    Raises:
        MalformedError: "note-text" when the text cannot be that of a note.
    """
    raw = text.encode()
    if not text.endswith("\n") or _CONTROL.search(text) or len(raw) > BYTES_LIMIT:
        raise MalformedError(
            "note-text",
            "The text cannot be signed: it must end with a line end, hold no control "
            "characters and be at most {limit} bytes long.",
            advice="Take out what is too much, or say it in several.",
            limit=BYTES_LIMIT,
        )
    public = key.public().point
    return NoteSignature(
        name=key.party,
        key_id=key_id(key.party, ED25519, public),
        signature=key.sign(raw),
    )


def parse_note(note: bytes, *, origin: Said = "The note") -> Note:
    """Read a note; its signatures are still to be checked.

    Args:
        note: As it was received, to the byte.
        origin: How to name it in errors.

    Raises:
        MalformedError: "note-damaged".
    """
    if len(note) > BYTES_LIMIT:
        _refuse(origin)
    try:
        whole = note.decode()
    except UnicodeDecodeError:
        _refuse(origin)
    # A text may have blank lines; the last one parts it from its signatures.
    head, parted, tail = whole.rpartition("\n\n")
    if not parted or not tail.endswith("\n") or _CONTROL.search(whole):
        _refuse(origin)
    lines = tail.removesuffix("\n").split("\n")
    if len(lines) > SIGNATURES_LIMIT:
        _refuse(origin)
    return Note(
        text=f"{head}\n", signatures=tuple(_signature(one, origin) for one in lines)
    )


def signers(note: Note, keys: Iterable[VerifyingKey]) -> Sequence[str]:
    """Return the parties of these keys that signed a note.

    Lines of other keys are passed over; a wrong one of these keys refuses the note.

    Args:
        note: A note.
        keys: The keys that count.

    Raises:
        VerificationError: "note-signature".
    """
    signed: list[str] = []
    for key in keys:
        named = key_id(key.party, ED25519, key.point)
        for one in note.signatures:
            if (one.name, one.key_id) != (key.party, named):
                continue
            try:
                key.verify(one.signature, note.text.encode())
            except VerificationError:
                raise VerificationError(
                    "note-signature",
                    "The text was changed after {party} had signed it, or {party} "
                    "never signed it.",
                    advice="Take it as it was signed, to the byte, from whoever "
                    "signed it.",
                    party=key.party,
                ) from None
            signed.append(key.party)
            break
    return signed


def _signature(line: str, origin: Said) -> NoteSignature:
    match = _LINE.fullmatch(line)
    try:
        word = base64.b64decode(match[2], validate=True) if match else b""
    except binascii.Error:
        _refuse(origin)
    if match is None or len(word) < 5:
        _refuse(origin)
    read = NoteSignature(name=match[1], key_id=word[:4], signature=word[4:])
    if read.line() != f"{line}\n":  # bits of the last letter that nobody signed
        _refuse(origin)
    return read


def _refuse(origin: Said) -> NoReturn:
    raise MalformedError(
        "note-damaged",
        "{origin} is not a signed note, or was damaged in copying.",
        advice="Take it again, to the byte, from whoever signed it.",
        origin=origin,
    )
