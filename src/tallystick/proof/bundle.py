"""Evidence bundles: one file that shows a third party what was logged, and by whom.

    {
     "format": "tallystick-bundle/1",
     "keys": ["tallystick-verifying-key/1 BY …", …],
     "logs": [{"checkpoint": "tallystick/log/BY/…", "entries": [
      {"index": 17, "kind": "case", "salt": "…", "content": "…", "proof": ["…", …]}
     ]}]
    }

Nothing in it goes unchecked: what no signature covers is refused, and so is any other
way of writing the same.

Source: spec/proof.md, "Evidence bundles".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

import msgspec

from tallystick.model import MalformedError, Sentence, VerificationError
from tallystick.proof.checkpoint import (
    SignedCheckpoint,
    cosigners,
    parse_checkpoint,
)
from tallystick.proof.commitment import Opening, commit
from tallystick.proof.note import parse_note, signers
from tallystick.proof.signing import (
    VerifyingKey,
    encode_verifying_key,
    parse_verifying_key,
)
from tallystick.proof.statement import Signed, read_statement
from tallystick.proof.tree import leaf_hash, verify_inclusion

FORMAT: Final = "tallystick-bundle/1"
BYTES_LIMIT: Final = 1 << 26
KEYS_LIMIT: Final = 100


class OpenedEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry with what its commitment was made of, and its place.

    Attributes:
        index: Its place in the log, from 0.
        kind: Of `Opening`.
        salt: Of `Opening`.
        content: Of `Opening`.
        proof: Inclusion proof under the checkpoint.
    """

    index: int
    kind: str
    salt: bytes
    content: str
    proof: tuple[bytes, ...]


class LogPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of one log is shown.

    Attributes:
        checkpoint: The signed note.
        entries: By index, at least one.
    """

    checkpoint: str
    entries: tuple[OpenedEntry, ...]


class Bundle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A bundle as it is written.

    Attributes:
        format: `FORMAT`.
        keys: Verifying keys, each on its line, by party.
        logs: By origin.
    """

    format: str
    keys: tuple[str, ...]
    logs: tuple[LogPart, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenEntry:
    """An entry that is what it says and where it says.

    Attributes:
        index: Its place in the log, from 0.
        opening: What was logged.
        statement: The same where a party signed it by itself.
    """

    index: int
    opening: Opening
    statement: Signed | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenLog:
    """What a bundle proves of one log.

    Attributes:
        signed: The checkpoint, with who cosigned it.
        entries: By index.
    """

    signed: SignedCheckpoint
    entries: tuple[ProvenEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """What a bundle proves, if its keys are the parties'.

    Attributes:
        keys: By party.
        logs: By origin.
    """

    keys: tuple[VerifyingKey, ...]
    logs: tuple[ProvenLog, ...]


def opened(index: int, opening: Opening, proof: Sequence[bytes]) -> OpenedEntry:
    """Return an entry for a bundle."""
    return OpenedEntry(index, opening.kind, opening.salt, opening.content, tuple(proof))


def make_bundle(keys: Iterable[VerifyingKey], logs: Iterable[LogPart]) -> bytes:
    """Return a bundle as a file.

    What it would not prove is refused as by `verify_bundle`.

    Args:
        keys: Of all who signed, and of nobody else.
        logs: What of each log is shown.
    """
    lines = sorted(encode_verifying_key(key) for key in keys)
    parts = sorted(logs, key=lambda part: part.checkpoint)
    data = _encode(Bundle(FORMAT, tuple(lines), tuple(parts)))
    verify_bundle(data)
    return data


def verify_bundle(data: bytes, *, origin: str = "The bundle") -> Proven:
    """Return what a bundle proves.

    Args:
        data: The file.
        origin: How to name it in errors.

    Raises:
        MalformedError: "bundle-damaged".
        VerificationError: "bundle-version" or "bundle-signer"; what does not hold is
            refused as in `note`, `checkpoint`, `statement` and `tree`.
    """
    # 1. It is written in the one way there is.
    bundle = _decode(data, origin)
    # 2. Its keys are keys, one of each party: two would leave open which one signed.
    if len(bundle.keys) > KEYS_LIMIT:
        _refuse(origin)
    keys = tuple(parse_verifying_key(line) for line in bundle.keys)
    if tuple(map(encode_verifying_key, keys)) != bundle.keys:
        _refuse(origin)
    parties = {key.party for key in keys}
    if min(len(parties), len({key.point for key in keys})) < len(keys):
        _refuse(origin)
    # 3. Each checkpoint is signed by a log's party; every line under it is known.
    # 4. Each entry's content opens its commitment, which is in the log at its place.
    # 5. Each statement is signed by the party that it names.
    logs = tuple(_proven(part, keys, origin) for part in bundle.logs)
    # 6. Every key signed something, or it would say more than it proves.
    said = {log.signed.by for log in logs}
    said |= {party for log in logs for party in log.signed.seen}
    for log in logs:
        said |= {one.statement.statement.by for one in log.entries if one.statement}
    if said != parties or not logs:
        _refuse(origin)
    return Proven(keys=keys, logs=logs)


def _proven(part: LogPart, keys: Sequence[VerifyingKey], origin: str) -> ProvenLog:
    shown = Sentence("{bundle}: the checkpoint", {"bundle": origin})
    note = parse_note(part.checkpoint.encode(), origin=shown)
    checkpoint = parse_checkpoint(note.text, origin=shown)
    by, seen = signers(note, keys), cosigners(note, keys)
    # A party is no witness of its own log.
    if len(by) != 1 or len(note.signatures) != 1 + len(seen) or by[0] in seen:
        raise VerificationError(
            "bundle-signer",
            "{origin} has a checkpoint that is not signed by one log's party and its "
            "witnesses alone, with the keys that the bundle shows.",
            advice="Ask for the bundle again, or for the missing key.",
            origin=origin,
        )
    order = [one.index for one in part.entries]
    if not order or order != sorted(set(order)):
        _refuse(origin)
    entries = []
    for one in part.entries:
        opening = Opening(kind=one.kind, salt=one.salt, content=one.content)
        leaf = leaf_hash(commit(opening))
        verify_inclusion(leaf, one.index, checkpoint.size, one.proof, checkpoint.root)
        statement = _statement(opening, keys) if opening.is_statement else None
        entries.append(
            ProvenEntry(index=one.index, opening=opening, statement=statement)
        )
    signed = SignedCheckpoint(
        checkpoint=checkpoint, by=by[0], seen=seen, note=part.checkpoint.encode()
    )
    return ProvenLog(signed=signed, entries=tuple(entries))


def _statement(opening: Opening, keys: Sequence[VerifyingKey]) -> Signed:
    """Read a statement, of whatever channel it is."""
    channel = opening.content.split("\n", 2)[1].removeprefix("channel ")
    return read_statement(opening.content.encode(), keys, channel=channel)


def _encode(bundle: Bundle) -> bytes:
    return msgspec.json.format(msgspec.json.encode(bundle), indent=1) + b"\n"


def _decode(data: bytes, origin: str) -> Bundle:
    try:
        bundle = msgspec.json.decode(data, type=Bundle)
        written = _encode(bundle)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        _refuse(origin)
    if len(data) > BYTES_LIMIT or written != data:
        _refuse(origin)
    if bundle.format != FORMAT:
        raise VerificationError(
            "bundle-version",
            "{origin} is of a version that this program does not know; it knows 1.",
            advice="Use the newer program.",
            origin=origin,
        )
    return bundle


def _refuse(origin: str) -> NoReturn:
    raise MalformedError(
        "bundle-damaged",
        "{origin} is no evidence bundle, or was changed on the way.",
        advice="Ask whoever made it for the file, to the byte.",
        origin=origin,
    )
