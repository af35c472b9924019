"""A witness: it lets a log grow, and nothing else, and says so by its signature.

    old 20852014
    PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
    …

    the checkpoint, a signed note

Source: C2SP tlog-witness, add-checkpoint.
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

from tallystick.model import MalformedError, RefusedError, VerificationError
from tallystick.proof.checkpoint import (
    Checkpoint,
    SignedCheckpoint,
    parse_checkpoint,
    read_checkpoint,
)
from tallystick.proof.note import BYTES_LIMIT, parse_note
from tallystick.proof.signing import VerifyingKey
from tallystick.proof.tree import HASH_BYTES, verify_consistency

PROOF_LIMIT: Final = 63
REQUEST_LIMIT: Final = BYTES_LIMIT
SIZE_TYPE: Final = "text/x.tlog.size"
STATUSES: Final = {
    "witness-log": 404,
    "checkpoint-unsigned": 403,
    "note-signature": 403,
    "witness-old": 409,
    "log-rolled-back": 409,
    "log-forked": 409,
    "log-rewritten": 422,
}
"""HTTP statuses of refusals; of any other it is 400."""
EVIDENCE: Final = frozenset({"log-rolled-back", "log-forked", "log-rewritten"})
"""Refusals of what a log's party signed and an honest one would not have."""
_OLD: Final = re.compile(r"old (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a log asks of its witness.

    Attributes:
        old: Entries at the checkpoint that the witness is thought to have seen last.
        proof: That the log only grew since.
        note: The new checkpoint, signed.
    """

    old: int
    proof: tuple[bytes, ...]
    note: bytes


def encode_request(request: Request) -> bytes:
    """Return a request as it is sent."""
    lines = [f"old {request.old}\n".encode()]
    lines += [base64.b64encode(one) + b"\n" for one in request.proof]
    return b"".join((*lines, b"\n", request.note))


def parse_request(body: bytes) -> Request:
    """Read a request.

    Raises:
        MalformedError: "witness-request".
    """
    head, parted, note = body.partition(b"\n\n")
    if not parted or len(body) > REQUEST_LIMIT:
        _refuse_request()
    try:
        first, *words = head.decode("ascii").split("\n")
        proof = tuple(base64.b64decode(word, validate=True) for word in words)
    except (UnicodeDecodeError, binascii.Error):
        _refuse_request()
    old = _OLD.fullmatch(first)
    if old is None or len(proof) > PROOF_LIMIT:
        _refuse_request()
    request = Request(old=int(old[1]), proof=proof, note=note)
    if any(len(one) != HASH_BYTES for one in proof) or encode_request(request) != body:
        _refuse_request()
    return request


def log_of(request: Request) -> str:
    """Return the origin of the log that asks; nothing is checked yet."""
    return parse_checkpoint(parse_note(request.note).text).origin


def consider(
    request: Request, logs: Mapping[str, VerifyingKey], seen: Checkpoint | None
) -> SignedCheckpoint:
    """Return the checkpoint of a request if it may be cosigned.

    The caller keeps it as the last seen, on disk, before it cosigns; and lets nobody
    else come between reading `seen` and keeping the new one.

    Args:
        request: What the log asks.
        logs: Keys of the logs that are watched, by origin.
        seen: What was last seen of this log.

    Raises:
        RefusedError: "witness-log" or "witness-old".
        VerificationError: "log-rolled-back", "log-forked" or "log-rewritten". Both
            checkpoints together show it to anybody.
    """
    origin = log_of(request)
    key = logs.get(origin)
    if key is None:
        raise RefusedError("witness-log", "This witness does not watch that log.")
    signed = read_checkpoint(request.note, key, log=origin)
    new = signed.checkpoint
    known = seen.size if seen is not None else 0
    if new.size < known:
        raise VerificationError(
            "log-rolled-back",
            f"The log of {key.party} had {known} entries and now shows {new.size}: "
            "it was rolled back, or lost its disk.",
            advice="Ask the party to restore it. It must not go on from here.",
        )
    if request.old > new.size:
        _refuse_request()
    if request.old != known:
        raise RefusedError(
            "witness-old",
            f"The witness has seen {known} entries of this log, not {request.old}.",
            advice=f"Ask again with a proof from {known}.",
        )
    if seen is not None:
        _verify_growth(seen, new, request.proof, key.party)
    elif request.proof:
        _refuse_request()
    return signed


def _verify_growth(
    seen: Checkpoint, new: Checkpoint, proof: Sequence[bytes], party: str
) -> None:
    if seen.size == new.size and seen.root != new.root:
        raise VerificationError(
            "log-forked",
            f"The log of {party} shows two histories of {new.size} entries: it was "
            "forked.",
            advice="Keep both checkpoints: signed by one key, they are the evidence.",
        )
    try:
        verify_consistency(seen.size, seen.root, new.size, new.root, proof)
    except VerificationError:
        raise VerificationError(
            "log-rewritten",
            f"The log of {party} does not show that its first {seen.size} entries are "
            "still those that were seen: they were rewritten, or the proof is damaged.",
            advice="Keep both checkpoints, and ask the party for the right proof.",
        ) from None


def _refuse_request() -> NoReturn:
    raise MalformedError(
        "witness-request",
        "The witness was not asked in the way of C2SP tlog-witness.",
        advice="Give the old size, the proof, a blank line and the checkpoint.",
    )
