"""Tiles: the published examples of paths and sizes; what is no tile is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.model import MalformedError
from tallystick.proof import (
    ENTRIES,
    WIDTH,
    Tile,
    encode_entries,
    parse_entries,
    parse_hashes,
    parse_tile_path,
    tiles_between,
    tiles_of,
)

tiles = st.builds(
    Tile, st.integers(ENTRIES, 63), st.integers(0, 2**60), st.integers(1, WIDTH)
)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(ENTRIES, 0, 112), "tile/entries/000.p/112"),
        (Tile(1, 1000, 17), "tile/1/x001/000.p/17"),
        (Tile(63, 999), "tile/63/999"),
    ],
)
def test_paths_are_those_of_the_specification(tile, path):
    """C2SP tlog-tiles, "Merkle Tree"."""
    assert tile.path == path
    assert parse_tile_path(path) == tile


def test_a_tree_of_seventy_thousand_has_the_published_tiles():
    """C2SP tlog-tiles, "Partial Tiles": the example, tile by tile."""
    rows = [tile for tile in tiles_of(70_000) if tile.level != ENTRIES]
    assert [tile for tile in rows if tile.width < WIDTH] == [
        Tile(0, 273, 112),
        Tile(1, 1, 17),
        Tile(2, 0, 1),
    ]
    assert len([tile for tile in rows if tile.level == 0]) == 274
    assert [tile for tile in rows if tile.level == 1] == [Tile(1, 0), Tile(1, 1, 17)]
    assert list(tiles_of(256)) == [Tile(ENTRIES, 0), Tile(0, 0), Tile(1, 0, 1)]
    assert list(tiles_of(0)) == []


@pytest.mark.property
@given(st.integers(0, 3000), st.integers(0, 3000))
def test_growing_needs_just_the_tiles_that_were_not_there(one, other):
    """What a larger tree has beside a smaller one's tiles."""
    old, new = sorted((one, other))
    assert set(tiles_between(old, new)) == set(tiles_of(new)) - set(tiles_of(old))


@pytest.mark.property
@given(tiles)
def test_paths_are_read_back(tile):
    """One path for each tile."""
    assert parse_tile_path(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        *("tile/00/000", "tile/64/000", "tile/0/0", "tile/0/x000/000", "tile/0/1000"),
        *("tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/x/000"),
        *("tile/0/../../checkpoint", "checkpoint", "tile/0/000/", "/tile/0/000", ""),
        *("tile/0/x001/x234/067\n", "tile/0/\u0660\u0660\u0660"),
    ],
)
def test_what_is_no_path_is_refused(path):
    """Nothing else of a folder can be reached."""
    with pytest.raises(MalformedError, match="No tile"):
        parse_tile_path(path)


@pytest.mark.property
@given(st.lists(st.binary(max_size=70), min_size=1, max_size=20), st.data())
def test_entries_are_read_back_and_no_cut_passes(several, data):
    """Entries of any length, and none of a file that is cut or longer."""
    whole, width = encode_entries(several), len(several)
    assert parse_entries(whole, width) == several
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    for wrong, count in ((cut, width), (whole + b"\0\0", width), (whole, width + 1)):
        with pytest.raises(MalformedError, match="cut off"):
            parse_entries(wrong, count)


def test_a_truncated_tile_of_hashes_is_refused():
    """A hash is 32 bytes, and none may be missing."""
    assert parse_hashes(bytes(64), 2) == [bytes(32)] * 2
    for wrong in (bytes(63), bytes(32), bytes(96), b""):
        with pytest.raises(MalformedError, match="cut off"):
            parse_hashes(wrong, 2)
