"""Kept files older than agreed are deleted; nothing younger is, nor without a word."""

import asyncio
import io
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from tallystick.node.agreed import AgreedRules
from tallystick.node.kept.book import open_book
from tallystick.node.kept.expiring import Expiring, expire
from tallystick.node.kept.merging import files_of, merge_some
from tallystick.node.kept.steady import JUMP_MS, STEADY_MS, Steady
from tallystick.node.watch.logs import Log

from .pair import agreed, node_of
from .test_agreed import book_of, sign, speak
from .test_merging import HOUR_MS, NOW, kept, rows_of

DAY_MS = 24 * HOUR_MS


class Folder(SimpleNamespace):
    """What keeps rows in a folder."""


def expiring(days, said):
    """Return what looks after the age of files, an hour after its node began."""
    made = Expiring(days=lambda: days, log=Log(said))
    assert made.look([], now_ms=NOW - STEADY_MS) == 0
    return made


def test_what_is_older_than_agreed_is_deleted_and_nothing_else(tmp_path: Path):
    """Merged or not, and what was left half written; never what is being written."""
    kept(tmp_path, hours_ago=24 * 9, files=3, rows=2)
    merge_some(tmp_path, "verdicts", now_ms=NOW, done=set())
    kept(tmp_path, hours_ago=24 * 8, files=2, rows=2)
    young = kept(tmp_path, hours_ago=24 * 6, files=2, rows=2)
    old_part = tmp_path / f"verdicts-{NOW - 8 * DAY_MS:015d}-000009.part"
    writing = tmp_path / f"verdicts-{NOW:015d}-000010.part"
    for path in (old_part, writing, tmp_path / "other-notes.parquet"):
        path.write_bytes(b"rows")
    every = [Folder(folder=tmp_path), Folder(folder=tmp_path / "none")]
    said = io.StringIO()
    assert expiring(None, said).look(every, now_ms=NOW) == 0
    look = expiring(7, said).look
    assert look(every, now_ms=NOW) == 1 + 2 + 1
    assert look(every, now_ms=NOW) == 0
    assert writing.exists()
    assert not old_part.exists()
    (tmp_path / "other-notes.parquet").unlink()
    assert sorted(rows_of(tmp_path)) == sorted(young)
    assert not said.getvalue()


def test_what_cannot_be_deleted_is_said_once_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The others go meanwhile."""
    kept(tmp_path, hours_ago=24 * 9, files=3, rows=2)
    first, plain = files_of(tmp_path, "verdicts")[0], Path.unlink

    def unlink(path: Path, **more: bool) -> None:
        if path == first:
            raise PermissionError(13, "Permission denied")
        plain(path, **more)

    said = io.StringIO()
    look, every = expiring(7, said).look, [Folder(folder=tmp_path)]
    monkeypatch.setattr(Path, "unlink", unlink)
    for _ in range(3):
        look(every, now_ms=NOW)
    assert files_of(tmp_path, "verdicts") == [first]
    (line,) = map(json.loads, said.getvalue().splitlines())
    assert (line["event"], line["why"]) == ("verdicts-stay", "Permission denied.")
    monkeypatch.undo()
    assert look(every, now_ms=NOW) == 1
    assert files_of(tmp_path, "verdicts") == []
    assert expire(tmp_path, before_ms=NOW) == 0


def test_a_clock_that_jumped_is_not_believed_at_once(tmp_path: Path):
    """One that is a year ahead for a moment deletes nothing."""
    steady = Steady()
    assert not steady.believes(NOW)
    assert not steady.believes(NOW + STEADY_MS - 1)
    assert steady.believes(NOW + STEADY_MS)
    assert steady.believes(NOW + STEADY_MS + JUMP_MS)
    ahead = NOW + 2 * STEADY_MS + 365 * DAY_MS
    assert not steady.believes(ahead)
    assert not steady.believes(NOW + 3 * STEADY_MS)
    assert steady.believes(NOW + 4 * STEADY_MS)
    kept(tmp_path, hours_ago=24, files=2, rows=2)
    look = expiring(7, io.StringIO()).look
    assert look([Folder(folder=tmp_path)], now_ms=NOW + 365 * DAY_MS) == 0
    assert len(files_of(tmp_path, "verdicts")) == 2


def test_the_days_are_those_that_both_signed_last(tmp_path: Path):
    """Also where it was withdrawn: what was gathered under it is kept as it says."""
    agreed(tmp_path)
    book_of(tmp_path)
    node = node_of(tmp_path, "RU", peer=None, first='agreement = "book"\n')
    (rules,) = (one for one in node.helpers if isinstance(one, AgreedRules))

    def days() -> int | None:
        asyncio.run(rules.look())
        return node.expiring.days()

    assert node.expiring.days() is None
    assert days() is None
    sign(tmp_path, "BY")
    assert days() is None
    sign(tmp_path, "RU")
    text = open_book(tmp_path / "book").life().versions[0].value
    assert days() == text.retention.verdicts_days
    speak(tmp_path, "BY", "withdrawn", digest=None, why="A test")
    assert days() == text.retention.verdicts_days
