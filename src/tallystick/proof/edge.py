"""The right edge of a growing tree: all that is needed to add to it, and its root.

Bounds: at most 255 hashes a level are held, eight levels for 2^64 entries.
"""

from collections.abc import Iterator

from tallystick.proof.tiles import (
    HEIGHT,
    WIDTH,
    FetchTile,
    Tile,
    fold,
    parse_hashes,
)
from tallystick.proof.tree import EMPTY_ROOT, node_hash

Written = tuple[Tile, bytes]


class Edge:
    """The tiles of a tree that are not full.

    Attributes:
        size: Entries of the tree.
    """

    def __init__(self) -> None:
        """Begin with no entry."""
        self.size = 0
        self._open: list[list[bytes]] = []

    @classmethod
    def of(cls, size: int, fetch: FetchTile) -> "Edge":
        """Return the edge of a tree whose tiles are there.

        A tile that cannot be read is refused as in `parse_hashes` or by `fetch`.
        """
        edge = cls()
        edge.size = size
        level = 0
        while count := size >> HEIGHT * level:
            index, width = divmod(count, WIDTH)
            tile = Tile(level, index, width)
            edge._open.append(parse_hashes(fetch(tile), width) if width else [])
            level += 1
        return edge

    def add(self, leaf: bytes) -> Iterator[Written]:
        """Add the hash of an entry.

        Yields:
            Tiles that became full by it, the lowest first.
        """
        self.size += 1
        level, found = 0, leaf
        while True:
            if level == len(self._open):
                self._open.append([])
            row = self._open[level]
            row.append(found)
            if len(row) < WIDTH:
                return
            index = (self.size >> HEIGHT * level) // WIDTH - 1
            yield Tile(level, index), b"".join(row)
            self._open[level] = []
            level, found = level + 1, fold(row)

    def rest(self) -> Iterator[Written]:
        """Yield the tiles that are not full.

        Yields:
            The lowest first.
        """
        for level, row in enumerate(self._open):
            if row:
                index = (self.size >> HEIGHT * level) // WIDTH
                yield Tile(level, index, len(row)), b"".join(row)

    def root(self) -> bytes:
        """Return the root of the tree."""
        found = None
        for row in self._open:
            end = len(row)
            while end:
                width = end & -end  # whole parts, the smallest and rightmost first
                part = fold(row[end - width : end])
                found = part if found is None else node_hash(part, found)
                end -= width
        return EMPTY_ROOT if found is None else found
