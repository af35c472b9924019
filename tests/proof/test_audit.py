"""A whole log is looked through; whatever was tampered with is found and said."""

import pytest

from tallystick.model import MalformedError, TallystickError
from tallystick.proof import (
    ENTRIES,
    Checkpoint,
    Tile,
    audit,
    cosign,
    encode_entries,
    sign_checkpoint,
    tile_count,
    tiles_of,
)

from .logs import BY, NOW_S, ORIGIN, RU, Kept, entries


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 65_536, 70_000])
def test_a_whole_log_holds(size):
    """Every tile of it, whatever its size; progress ends where the log does."""
    log = Kept(entries(size))
    note = log.note + cosign(log.checkpoint.text, RU, at_s=NOW_S).line().encode()
    told = [(0, 0)]
    found = audit(
        note,
        BY.public(),
        [RU.public()],
        log.fetch,
        log=ORIGIN,
        progress=lambda done, of: told.append((done, of)),
    )
    assert found.signed.checkpoint == log.checkpoint
    assert dict(found.signed.seen) == {"RU": NOW_S}
    of_entries = sum(1 for tile in tiles_of(size) if tile.level == ENTRIES)
    assert found.tiles + of_entries == tile_count(size) == len(log.tiles)
    assert told[-1] == (size, size)


def tampered(how: str) -> Kept:
    """Return a log with something changed."""
    log = Kept(entries(700))
    changed = [*log.entries[:300], b"x" * 32, *log.entries[301:]]
    if how == "leaf":
        log.tiles[Tile(ENTRIES, 1)] = encode_entries(changed[256:512])
    elif how == "tile":
        log.tiles[Tile(0, 1)] = bytes(8192)
    elif how == "upper":
        log.tiles[Tile(1, 0, 2)] = bytes(64)
    elif how == "all":
        log.tiles = Kept(changed).tiles
    elif how == "truncated":
        log.tiles[Tile(0, 1)] = log.tiles[Tile(0, 1)][:-1]
    elif how == "cut":
        log.tiles[Tile(ENTRIES, 2, 188)] = log.tiles[Tile(ENTRIES, 2, 188)][:-34]
    elif how == "lost":
        del log.tiles[Tile(0, 1)]
    elif how == "foreign":
        longer = [*log.entries[:5], b"+375 29 123-45-67", *log.entries[6:]]
        log = Kept(longer)
    elif how == "size":
        checkpoint = Checkpoint(origin=ORIGIN, size=699, root=log.checkpoint.root)
        log.note = sign_checkpoint(checkpoint, BY)
        log.tiles[Tile(ENTRIES, 2, 187)] = log.tiles[Tile(ENTRIES, 2, 188)][:-34]
        log.tiles[Tile(0, 2, 187)] = log.tiles[Tile(0, 2, 188)][:-32]
    elif how == "checkpoint":
        log.note = log.note.replace(b"\n700\n", b"\n699\n")
    return log


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("leaf", "log-entry"),
        ("tile", "log-entry"),
        ("upper", "log-tile"),
        ("all", "log-root"),
        ("truncated", "log-entry"),
        ("cut", "tile-damaged"),
        ("lost", "tile-missing"),
        ("foreign", "log-foreign"),
        ("size", "log-root"),
        ("checkpoint", "note-signature"),
    ],
)
def test_tampering_is_named(how, code):
    """Each with its code and a sentence; never a number of a call."""
    log = tampered(how)
    with pytest.raises(TallystickError) as caught:
        audit(log.note, BY.public(), [], log.fetch)
    assert caught.value.code == code
    assert str(caught.value).endswith(".")
    assert "375" not in str(caught.value)


def test_a_log_of_another_name_is_refused():
    """Though its party signed it."""
    log = Kept(entries(3), origin="tallystick/log/BY/other")
    with pytest.raises((TallystickError, MalformedError), match="another log"):
        audit(log.note, BY.public(), [], log.fetch, log=ORIGIN)
