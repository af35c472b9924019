"""The Merkle tree of a log: hashes, and proofs that somebody else can check.

A tree is read through `Hashes`: a function that returns the hash over the entries
`index << level` up to `(index + 1) << level`, all of which the tree has. Where those
hashes lie, and whether they can be believed, is the reader's business: a proof that was
built from wrong ones does not hold.

Source: RFC 6962, 2.1; the checks follow RFC 9162, 2.1.3.2 and 2.1.4.2.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Final, NoReturn

from tallystick.model import VerificationError

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256().digest()
SIZE_LIMIT: Final = 1 << 63
"""No tree has as many entries; a checkpoint that says so is none."""

Hashes = Callable[[int, int], bytes]


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of an entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash over two hashes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def tree_root(size: int, read: Hashes) -> bytes:
    """Return the root of the first `size` entries."""
    return _span(0, size, read) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, read: Hashes) -> tuple[bytes, ...]:
    """Return what shows that an entry is in the tree of the first `size`.

    Args:
        index: Of the entry, from 0, less than `size`.
        size: How many entries the tree has.
        read: The tree's hashes.

    Returns:
        Hashes from the leaf's neighbour up, at most 63.
    """
    proof = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _left_of(end - start)
        if index < middle:
            proof.append(_span(middle, end, read))
            end = middle
        else:
            proof.append(_span(start, middle, read))
            start = middle
    return tuple(reversed(proof))


def consistency_proof(old: int, new: int, read: Hashes) -> tuple[bytes, ...]:
    """Return what shows that a tree only grew; nothing if there is nothing to show.

    Args:
        old: Entries of the earlier tree.
        new: Entries of the later one, at least as many.
        read: The later tree's hashes.
    """
    if old in {0, new}:
        return ()
    proof = []
    start, end, whole = 0, new, True
    while old != end:
        middle = start + _left_of(end - start)
        if old <= middle:
            proof.append(_span(middle, end, read))
            end = middle
        else:
            proof.append(_span(start, middle, read))
            start, whole = middle, False
    if not whole:
        proof.append(_span(start, end, read))
    return tuple(reversed(proof))


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """See that an entry is in a tree.

    Args:
        leaf: `leaf_hash` of the entry.
        index: Where it is said to be.
        size: How many entries the tree has.
        proof: `inclusion_proof`.
        root: The tree's root.

    Raises:
        VerificationError: "tree-inclusion".
    """
    if not 0 <= index < size:
        _refuse_inclusion()
    at, last, found = index, size - 1, leaf
    for beside in proof:
        if not last:
            _refuse_inclusion()
        if at & 1 or at == last:
            found = node_hash(beside, found)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, beside)
        at, last = at >> 1, last >> 1
    if last or found != root:
        _refuse_inclusion()


def verify_consistency(
    old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """See that the later of two trees begins with all of the earlier one.

    Args:
        old: Entries of the earlier tree.
        old_root: Its root.
        new: Entries of the later one.
        new_root: Its root.
        proof: `consistency_proof`.

    Raises:
        VerificationError: "tree-consistency".
    """
    if not 0 <= old <= new:
        _refuse_consistency()
    if old in {0, new}:
        if proof or (old == new and old_root != new_root):
            _refuse_consistency()
        return
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    # Where the earlier tree is a whole part of the later, its root begins the proof.
    path = list(proof) if at else [old_root, *proof]
    if not path:
        _refuse_consistency()
    earlier = later = path[0]
    for beside in path[1:]:
        if not last:
            _refuse_consistency()
        if at & 1 or at == last:
            earlier, later = node_hash(beside, earlier), node_hash(beside, later)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            later = node_hash(later, beside)
        at, last = at >> 1, last >> 1
    if last or (earlier, later) != (old_root, new_root):
        _refuse_consistency()


def _left_of(count: int) -> int:
    """Return how many of these entries lie left: the largest power of two below."""
    return 1 << (count - 1).bit_length() - 1


def _span(start: int, end: int, read: Hashes) -> bytes:
    """Return the hash over some entries that a tree hashes together.

    Such a span begins at a multiple of its left part, so that it is made of whole
    parts, each half as large as the one before at most.
    """
    parts = []
    while start < end:
        level = (end - start).bit_length() - 1
        parts.append(read(level, start >> level))
        start += 1 << level
    found = parts.pop()
    while parts:
        found = node_hash(parts.pop(), found)
    return found


def _refuse_inclusion() -> NoReturn:
    raise VerificationError(
        "tree-inclusion",
        "The entry is not in the log at that place: it, its proof or the checkpoint "
        "was changed.",
        advice="Ask the keeper of the log for a new proof.",
    )


def _refuse_consistency() -> NoReturn:
    raise VerificationError(
        "tree-consistency",
        "The later checkpoint does not begin with all that the earlier one held: "
        "something was changed or taken out, or the proof is damaged.",
        advice="Keep both checkpoints: signed by the same key, they show a log that "
        "was forked.",
    )
