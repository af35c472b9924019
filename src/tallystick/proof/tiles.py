"""Tiles: the files in which a log's hashes and entries lie, and are served.

    tile/0/x001/x234/067        256 hashes over one entry each
    tile/1/000.p/17             17 hashes over 256 entries each
    tile/entries/000.p/112      112 entries, each after its length

Source: C2SP tlog-tiles.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, NoReturn

from tallystick.model import MalformedError, UnavailableError
from tallystick.proof.tree import HASH_BYTES, Hashes, node_hash

WIDTH: Final = 256
HEIGHT: Final = 8
ENTRIES: Final = -1
"""The level of what is no tile of hashes, but the entries themselves."""
ENTRY_LIMIT: Final = 65_535
BUNDLE_LIMIT: Final = WIDTH * (ENTRY_LIMIT + 2)
TILES_HELD: Final = 64
_PATH: Final = re.compile(
    r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([0-9]{1,3}))?"
)


@dataclass(frozen=True, slots=True)
class Tile:
    """One file of a log.

    Attributes:
        level: 0 for hashes over one entry, 1 over 256, …; `ENTRIES` for entries.
        index: Which of its level, from 0.
        width: How many hashes or entries it has, 1 to 256.
    """

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Where it lies, below the log's folder or URL."""
        level = "entries" if self.level == ENTRIES else self.level
        digits = f"{self.index:03}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        words = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        name = "/".join((*(f"x{word}" for word in words[:-1]), words[-1]))
        part = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{level}/{name}{part}"

    @property
    def full(self) -> "Tile":
        """The same once it has all it can have."""
        return replace(self, width=WIDTH)


FetchTile = Callable[[Tile], bytes]
ReadFile = Callable[[str], bytes | None]
"""Returns what lies at a path below a log's folder or URL; None where nothing does."""


def parse_tile_path(path: str) -> Tile:
    """Return the tile that lies at a path.

    Raises:
        MalformedError: "tile-path" when none can lie there.
    """
    match = _PATH.fullmatch(path)
    if match is not None:
        level = ENTRIES if match[1] == "entries" else int(match[1])
        index = int(match[2].replace("/", "").replace("x", ""))
        tile = Tile(level, index, int(match[3] or WIDTH))
        if tile.path == path and level < 64 and 0 < tile.width <= WIDTH:
            return tile
    raise MalformedError("tile-path", "No tile of a log can lie there.")


def tiles_of(size: int) -> Iterator[Tile]:
    """Yield every tile that a tree has, entries included.

    Yields:
        Entries first, then hashes from the lowest level up.
    """
    yield from tiles_between(0, size)


def tiles_between(old: int, new: int) -> Iterator[Tile]:
    """Yield the tiles that a tree of `new` entries has and one of `old` has not.

    Yields:
        Entries first, then hashes from the lowest level up.
    """
    level = ENTRIES
    while new:
        before, now = old >> HEIGHT * max(level, 0), new >> HEIGHT * max(level, 0)
        if not now:
            return
        if now > before:
            for index in range(before // WIDTH, -(-now // WIDTH)):
                yield Tile(level, index, min(WIDTH, now - index * WIDTH))
        level += 1


def encode_entries(entries: list[bytes]) -> bytes:
    """Return entries as their tile holds them.

    Args:
        entries: 1 to 256, each at most `ENTRY_LIMIT` bytes.
    """
    return b"".join(len(one).to_bytes(2, "big") + one for one in entries)


def parse_entries(data: bytes, width: int) -> list[bytes]:
    """Return the entries of a tile.

    Args:
        data: The file.
        width: How many entries it must have.

    Raises:
        MalformedError: "tile-damaged".
    """
    entries: list[bytes] = []
    at = 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if at + 2 > len(data) or end > len(data) or len(entries) == width:
            _refuse()
        entries.append(data[at + 2 : end])
        at = end
    if len(entries) != width:
        _refuse()
    return entries


def parse_hashes(data: bytes, width: int) -> list[bytes]:
    """Return the hashes of a tile.

    Raises:
        MalformedError: "tile-damaged".
    """
    if len(data) != width * HASH_BYTES:
        _refuse()
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def hashes_of(size: int, fetch: FetchTile) -> Hashes:
    """Return a way to read the hashes of a tree from its tiles.

    Args:
        size: Of the tree.
        fetch: Returns the bytes of a tile.

    Bounds: `TILES_HELD` tiles are held in memory.
    """

    @lru_cache(maxsize=TILES_HELD)
    def tile(level: int, index: int) -> list[bytes]:
        width = min(WIDTH, (size >> HEIGHT * level) - index * WIDTH)
        return parse_hashes(fetch(Tile(level, index, width)), width)

    def read(level: int, index: int) -> bytes:
        tile_level, above = divmod(level, HEIGHT)
        first = index << above
        start = first % WIDTH
        return fold(tile(tile_level, first // WIDTH)[start : start + (1 << above)])

    return read


def tiles_at(read: ReadFile) -> FetchTile:
    """Return a way to read tiles from files.

    A tile that is not full any more may have been taken away, its full one then holds
    what it held.

    Args:
        read: Reads a file.

    The way refuses what is not there with UnavailableError "tile-missing".
    """

    def fetch(tile: Tile) -> bytes:
        data = read(tile.path)
        if data is None and tile.width < WIDTH:
            data = read(tile.full.path)
            if data is not None:
                data = _first_of(data, tile)
        if data is None:
            _refuse_missing(tile)
        return data

    return fetch


def _first_of(data: bytes, tile: Tile) -> bytes:
    if tile.level == ENTRIES:
        return encode_entries(parse_entries(data, WIDTH)[: tile.width])
    return b"".join(parse_hashes(data, WIDTH)[: tile.width])


def fold(hashes: list[bytes]) -> bytes:
    """Return the hash over hashes, of which there are 1, 2, 4, … or 256."""
    while len(hashes) > 1:
        hashes = [
            node_hash(hashes[at], hashes[at + 1]) for at in range(0, len(hashes), 2)
        ]
    return hashes[0]


def _refuse_missing(tile: Tile) -> NoReturn:
    raise UnavailableError(
        "tile-missing",
        "The log does not have its file {path}.",
        advice="A log keeps all it has signed for. Ask its keeper, and try again.",
        path=tile.path,
    )


def _refuse() -> NoReturn:
    raise MalformedError(
        "tile-damaged",
        "A tile of the log is cut off, or holds more than it should.",
        advice="Fetch it again; if it stays so, the keeper of the log must restore it.",
    )
