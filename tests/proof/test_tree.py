"""The tree: published roots and proofs, and laws for trees of every size."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.model import VerificationError
from tallystick.proof import (
    EMPTY_ROOT,
    Edge,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    tree_root,
    verify_consistency,
    verify_inclusion,
)

from .logs import Kept, entries

# Certificate Transparency's reference tree (merkle_tree_test of its first
# implementation): eight entries, their roots and some proofs.
ENTRIES = [
    bytes.fromhex(one)
    for one in (
        *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    bytes.fromhex(one)
    for one in (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
INCLUSIONS = [
    (
        (0, 8),
        (
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
        ),
    ),
    (
        (5, 8),
        (
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
        ),
    ),
    ((2, 3), "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
]
sizes = st.integers(1, 700)


@pytest.mark.parametrize("size", range(9))
def test_published_roots(size):
    """The roots of the reference tree, by both ways to find them."""
    log = Kept(ENTRIES[:size])
    assert log.checkpoint.root == ROOTS[size]
    assert tree_root(size, log.hashes()) == ROOTS[size]


@pytest.mark.parametrize(("place", "proof"), INCLUSIONS)
def test_published_inclusion_proofs(place, proof):
    """The proofs of the reference tree."""
    index, size = place
    found = inclusion_proof(index, size, Kept(ENTRIES[:size]).hashes())
    assert b"".join(found).hex() == proof
    verify_inclusion(leaf_hash(ENTRIES[index]), index, size, found, ROOTS[size])


def test_published_consistency():
    """Every earlier reference root leads to every later one, and to no other."""
    for new in range(9):
        read = Kept(ENTRIES[:new]).hashes()
        for old in range(new + 1):
            proof = consistency_proof(old, new, read)
            verify_consistency(old, ROOTS[old], new, ROOTS[new], proof)
            if old > 0:
                with pytest.raises(VerificationError):
                    verify_consistency(old, ROOTS[old - 1], new, ROOTS[new], proof)


def _plain_root(hashes: list[bytes]) -> bytes:
    """Return a root by the definition in RFC 6962, word for word."""
    if not hashes:
        return EMPTY_ROOT
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    both = _plain_root(hashes[:k]) + _plain_root(hashes[k:])
    return hashlib.sha256(b"\x01" + both).digest()


@pytest.mark.property
@given(sizes, st.data())
def test_every_tree_is_as_defined_and_its_proofs_hold(size, data):
    """Root, inclusion and consistency, for any size; a wrong place or hash fails."""
    log = Kept(entries(size))
    read, root = log.hashes(), log.checkpoint.root
    leaves = [leaf_hash(one) for one in log.entries]
    assert root == _plain_root(leaves) == tree_root(size, read)
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, read)
    verify_inclusion(leaves[index], index, size, proof, root)
    old = data.draw(st.integers(0, size))
    growth = consistency_proof(old, size, read)
    old_root = _plain_root(leaves[:old])
    verify_consistency(old, old_root, size, root, growth)
    spoilt = bytes(32)
    cases = [
        (index, size, (*proof, spoilt)),
        (size, size, proof),
        ((index + 1) % (size + 1), size, proof),
    ]
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        other = (*proof[:at], spoilt, *proof[at + 1 :])
        cases += [(index, size, proof[:-1]), (index, size, other)]
    for where, of, wrong in cases:
        with pytest.raises(VerificationError, match="not in the log"):
            verify_inclusion(leaves[index], where, of, wrong, root)
    other = bytes(32)
    wrongs = [(old, old_root, size, root, (*growth, spoilt))]
    if old:
        wrongs.append((old, other, size, root, growth))
    if 0 < old < size:
        wrongs += [
            (old, old_root, size, other, growth),
            (old, old_root, size, root, growth[:-1]),
        ]
    wrongs.append((size + 1, old_root, size, root, growth))
    for wrong in wrongs:
        with pytest.raises(VerificationError, match="later checkpoint"):
            verify_consistency(*wrong)


@pytest.mark.property
@given(st.integers(0, 1500), st.integers(0, 300))
def test_an_edge_goes_on_from_its_tiles(size, more):
    """A tree that is read back from its tiles grows as the first one did."""
    log, longer = Kept(entries(size)), Kept(entries(size + more))
    edge = Edge.of(size, log.fetch)
    assert edge.root() == log.checkpoint.root
    tiles = {}
    for entry in longer.entries[size:]:
        tiles |= edge.add(leaf_hash(entry))
    assert edge.root() == longer.checkpoint.root
    assert all(longer.tiles[tile] == data for tile, data in tiles.items())
