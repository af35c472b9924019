"""Logs for tests: kept in memory, tile by tile, as a folder keeps them."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from tallystick.model import UnavailableError
from tallystick.proof import (
    ENTRIES,
    Checkpoint,
    Edge,
    LogPart,
    Opening,
    SigningKey,
    Tile,
    commit,
    cosign,
    encode_entries,
    hashes_of,
    inclusion_proof,
    leaf_hash,
    make_bundle,
    opened,
    sign_checkpoint,
    tiles_of,
)

BY = SigningKey(party="BY", seed=b"b" * 32)
RU = SigningKey(party="RU", seed=b"r" * 32)
ORIGIN = "tallystick/log/BY/test"
NOW_S = 1_790_000_000


@dataclass
class Kept:
    """A log of any entries."""

    entries: list[bytes]
    key: SigningKey = BY
    origin: str = ORIGIN
    tiles: dict[Tile, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        edge = Edge()
        for entry in self.entries:
            self.tiles |= edge.add(leaf_hash(entry))
        self.tiles |= edge.rest()
        size = len(self.entries)
        for tile in tiles_of(size):
            if tile.level == ENTRIES:
                first = tile.index * 256
                some = self.entries[first : first + tile.width]
                self.tiles[tile] = encode_entries(some)
        self.checkpoint = Checkpoint(origin=self.origin, size=size, root=edge.root())
        self.note = sign_checkpoint(self.checkpoint, self.key)

    def fetch(self, tile: Tile) -> bytes:
        """Return a tile; of a full one the part that is asked for, as a log may."""
        found = self.tiles.get(tile)
        if found is None:
            raise UnavailableError("tile-missing", "It is not there.")
        return found

    def hashes(self):
        """Return a way to read its hashes."""
        return hashes_of(len(self.entries), self.fetch)


def entries(count: int, seed: int = 0) -> list[bytes]:
    """Return so many entries of 32 bytes."""
    return [bytes((seed,)) * 24 + number.to_bytes(8, "big") for number in range(count)]


def opening(number: int, content: str = "{}", kind: str = "case") -> Opening:
    """Return an opening."""
    return Opening(kind=kind, salt=number.to_bytes(32, "big"), content=content)


def bundle(
    openings: list[Opening], shown: Iterable[int], *, witness: SigningKey | None = RU
) -> bytes:
    """Return a bundle of some entries of a log of BY, cosigned by a witness."""
    log = Kept([commit(one) for one in openings])
    note = log.note.decode()
    if witness is not None:
        note += cosign(log.checkpoint.text, witness, at_s=NOW_S).line()
    size, read = len(openings), log.hashes()
    part = LogPart(
        note,
        tuple(
            opened(at, openings[at], inclusion_proof(at, size, read)) for at in shown
        ),
    )
    keys = [BY.public()] if witness is None else [BY.public(), witness.public()]
    return make_bundle(keys, [part])
