"""Look through a whole log: every entry, every tile, every signature.

Bounds: one tile of each level is held, whatever the size of the log.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tallystick.model import VerificationError
from tallystick.proof.checkpoint import SignedCheckpoint, read_checkpoint
from tallystick.proof.commitment import COMMITMENT_BYTES
from tallystick.proof.edge import Edge
from tallystick.proof.signing import VerifyingKey
from tallystick.proof.tiles import (
    ENTRIES,
    WIDTH,
    FetchTile,
    Tile,
    parse_entries,
    tiles_between,
)
from tallystick.proof.tree import leaf_hash

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """A log that holds.

    Attributes:
        signed: Its checkpoint.
        tiles: How many files of hashes were compared.
    """

    signed: SignedCheckpoint
    tiles: int


def audit(
    note: bytes,
    key: VerifyingKey,
    witnesses: Iterable[VerifyingKey],
    fetch: FetchTile,
    *,
    log: str | None = None,
    progress: Progress = lambda _done, _of: None,
) -> Audited:
    """Check a whole log.

    Args:
        note: Its checkpoint, to the byte.
        key: Of its party.
        witnesses: Keys of those whose cosignatures are looked at.
        fetch: Returns the bytes of a tile.
        log: Of which origin it must be; any if not given.
        progress: Is told entries done, and of how many.

    A tile that cannot be read, or a checkpoint that is not signed, is refused as in
    `tiles` and `read_checkpoint`.

    Raises:
        VerificationError: "log-entry", "log-tile", "log-root" or "log-foreign".
    """
    signed = read_checkpoint(note, key, witnesses, log=log)
    size = signed.checkpoint.size
    edge, tiles = Edge(), 0
    for index in range(-(-size // WIDTH)):
        width = min(WIDTH, size - index * WIDTH)
        for entry in parse_entries(fetch(Tile(ENTRIES, index, width)), width):
            if len(entry) != COMMITMENT_BYTES:
                _refuse_foreign(edge.size)
            for tile, data in edge.add(leaf_hash(entry)):
                _compare(tile, data, fetch)
                tiles += 1
        progress(edge.size, size)
    for tile, data in edge.rest():
        _compare(tile, data, fetch)
        tiles += 1
    if edge.root() != signed.checkpoint.root:
        raise VerificationError(
            "log-root",
            "The entries are not those over which the checkpoint was signed: entries "
            "and tiles were changed together, or the checkpoint is of another log.",
            advice="Ask the party for its log, and keep this copy.",
        )
    return Audited(signed=signed, tiles=tiles)


def tile_count(size: int) -> int:
    """Return how many files a log of this size has beside its checkpoint."""
    return sum(1 for _ in tiles_between(0, size))


def _compare(tile: Tile, data: bytes, fetch: FetchTile) -> None:
    if fetch(tile) == data:
        return
    span = WIDTH ** (tile.level + 1)
    first = tile.index * span
    where = f"{first} to {first + span - 1}"
    if tile.level:
        raise VerificationError(
            "log-tile",
            f"A tile over the entries {where} does not hold their hashes: it was "
            "changed.",
            advice="Ask the party for its log, and keep this copy.",
        )
    raise VerificationError(
        "log-entry",
        f"Among the entries {where} is one whose hash is not that of the log: it was "
        "changed, or its tile was.",
        advice="Ask the party for its log, and keep this copy.",
    )


def _refuse_foreign(index: int) -> None:
    raise VerificationError(
        "log-foreign",
        f"Entry {index} is no commitment of 32 bytes: this is no log of Tallystick, or "
        "it holds what it must not.",
        advice="Ask the party what the entry is.",
    )
