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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NoReturn

from tallystick.model import MalformedError, RefusedError, VerificationError
from tallystick.proof.checkpoint import (
    Checkpoint,
    SignedCheckpoint,
    cosigners,
    parse_checkpoint,
    read_checkpoint,
)
from tallystick.proof.note import BYTES_LIMIT, parse_note
from tallystick.proof.signing import VerifyingKey
from tallystick.proof.tree import (
    HASH_BYTES,
    Hashes,
    consistency_proof,
    verify_consistency,
)

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
    "witness-memory": 503,
    "log-busy": 503,
}
"""HTTP statuses of refusals; of any other it is 400."""
EVIDENCE: Final = frozenset({"log-forked", "log-rewritten"})
"""Refusals whose two checkpoints are worth keeping. Of a fork they are the proof."""
FOR_PEOPLE: Final = frozenset({"log-lost", "log-disputed", "witness-forgot"})
"""Refusals after which a log must not be appended to until people have looked."""
ASKED_LIMIT: Final = 3
"""Times that a log asks: another one may have asked for it meanwhile."""
_SIZE: Final = re.compile(rb"(0|[1-9][0-9]{0,18})\n")
_OLD: Final = re.compile(r"old (0|[1-9][0-9]{0,18})")

Send = Callable[[bytes], tuple[int, bytes]]


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
            "The log of {party} had {n} entries and is shown with {size}: it was "
            "rolled back or lost its disk, or somebody sends an old checkpoint.",
            advice="Look at the log itself, and ask the party.",
            party=key.party,
            n=known,
            size=new.size,
        )
    if request.old > new.size:
        _refuse_request()
    if request.old != known:
        raise RefusedError(
            "witness-old",
            "The witness has seen {n} entries of this log, not {old}.",
            advice="Ask again with a proof from {known}.",
            n=known,
            old=request.old,
            known=known,
        )
    if seen is not None:
        _verify_growth(seen, new, request.proof, key.party)
    elif request.proof:
        _refuse_request()
    return signed


def obtain(
    send: Send,
    signed: SignedCheckpoint,
    read: Hashes,
    witness: VerifyingKey,
    known: int,
) -> SignedCheckpoint:
    """Ask a witness for its cosignature.

    Args:
        send: Hands a request over; returns status and body of the answer.
        signed: The log's checkpoint; its party's signature is known to hold.
        read: The log's hashes.
        witness: Whose cosignature is asked for.
        known: Entries at the last checkpoint that this witness cosigned.

    Returns:
        The same checkpoint with the cosignature.

    Raises:
        VerificationError: "log-lost", "log-disputed", "witness-forgot" or
            "witness-silent".
        RefusedError: "witness-refused".
    """
    checkpoint = signed.checkpoint
    old, status = known, 0
    for _ in range(ASKED_LIMIT):
        proof = consistency_proof(old, checkpoint.size, read)
        status, body = send(
            encode_request(Request(old=old, proof=proof, note=signed.note))
        )
        if status == 200:
            return _cosigned(signed, body, witness)
        size = _SIZE.fullmatch(body) if status == 409 else None
        if size is None or int(size[1]) == old:
            _refuse_disputed(status, witness.party)
            break
        old = int(size[1])
        if old > checkpoint.size:
            raise VerificationError(
                "log-lost",
                "{witness} has seen {n} entries of this log, which has {size}: it is "
                "an old copy, or has lost its disk.",
                advice="Stop, restore the newest copy, and say so to the peer. It must "
                "not be appended to.",
                witness=witness.party,
                n=old,
                size=checkpoint.size,
            )
        if old < known:
            raise VerificationError(
                "witness-forgot",
                "{witness} cosigned {n} entries of this log and now knows of {old}: "
                "the witness has lost what it had seen.",
                advice="Let the witness restore it, or both agree to begin anew.",
                witness=witness.party,
                n=known,
                old=old,
            )
    raise RefusedError(
        "witness-refused",
        "{witness} did not cosign the checkpoint (status {status}).",
        advice="403 or 404: it does not know the log's key or name. Else try again.",
        witness=witness.party,
        status=status,
    )


def _cosigned(
    signed: SignedCheckpoint, lines: bytes, witness: VerifyingKey
) -> SignedCheckpoint:
    note = signed.note + lines
    try:
        seen = cosigners(parse_note(note), [witness])
    except MalformedError:
        seen = {}
    if not seen:
        raise VerificationError(
            "witness-silent",
            "The answer has no cosignature of {witness}.",
            advice="Compare the witness's key with the one that was given.",
            witness=witness.party,
        )
    return replace(signed, note=note, seen={**signed.seen, **seen})


def _refuse_disputed(status: int, party: str) -> None:
    """Say so where a witness has seen another history than it is shown.

    Raises:
        VerificationError: "log-disputed".
    """
    if status in {409, 422}:
        raise VerificationError(
            "log-disputed",
            "{witness} has seen another history of this log and did not cosign it "
            "(status {status}): the log was forked or rewritten.",
            advice="Stop, compare both logs, and look who wrote with a copied folder. "
            "It must not be appended to.",
            witness=party,
            status=status,
        )


def _verify_growth(
    seen: Checkpoint, new: Checkpoint, proof: Sequence[bytes], party: str
) -> None:
    if seen.size == new.size and seen.root != new.root:
        raise VerificationError(
            "log-forked",
            "The log of {party} shows two histories of {n} entries: it was forked.",
            advice="Keep both checkpoints: signed by one key, they are the evidence.",
            party=party,
            n=new.size,
        )
    try:
        verify_consistency(seen.size, seen.root, new.size, new.root, proof)
    except VerificationError:
        raise VerificationError(
            "log-rewritten",
            "The log of {party} does not show that its first {n} entries are still "
            "those that were seen: they were rewritten, or the proof is damaged.",
            advice="Keep both checkpoints, and ask the party for the right proof.",
            party=party,
            n=seen.size,
        ) from None


def _refuse_request() -> NoReturn:
    raise MalformedError(
        "witness-request",
        "The witness was not asked in the way of C2SP tlog-witness.",
        advice="Give the old size, the proof, a blank line and the checkpoint.",
    )
