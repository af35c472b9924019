"""Kept files are merged, and no row is lost or told twice, whatever happens."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tallystick.node.kept import merging
from tallystick.node.kept.merging import (
    HOUR_MS,
    MERGED_ROWS,
    files_of,
    merge_some,
    read_found,
    write_whole,
)

NOW = 500_000 * HOUR_MS
SCHEMA = pa.schema(
    [
        ("call_id", pa.string()),
        ("at_ms", pa.int64()),
        ("outcome", pa.dictionary(pa.int8(), pa.string())),
    ]
)
OUTCOMES = ("paired", "no_departure", "unproven")


def kept(folder: Path, *, hours_ago: int, files: int, rows: int) -> Counter[str]:
    """Write files of one hour and return the calls in them."""
    calls: Counter[str] = Counter()
    for number in range(files):
        moment = NOW - hours_ago * HOUR_MS + number * 10_000
        ids = [f"{hours_ago}-{number}-{row}" for row in range(rows)]
        outcomes = [OUTCOMES[(number + row) % 3] for row in range(rows)]
        table = pa.table(
            {"call_id": ids, "at_ms": [moment] * rows, "outcome": outcomes},
            schema=SCHEMA,
        )
        path = folder / f"verdicts-{moment:015d}-{number:06d}.parquet"
        write_whole(path, SCHEMA, [table])
        calls.update(ids)
    return calls


def rows_of(folder: Path) -> list[str]:
    """Return all calls, in the order of the files."""
    return [
        call
        for path in files_of(folder, "verdicts")
        for call in pq.read_table(path)["call_id"].to_pylist()
    ]


def merge_all(folder: Path) -> int:
    """Merge until nothing is left and return how many turns it took."""
    done: set[int] = set()
    turns = 1
    while merge_some(folder, "verdicts", now_ms=NOW, done=done):
        turns += 1
    return turns


def test_small_files_of_past_hours_become_one_and_keep_every_row(tmp_path: Path):
    """The present hour is left alone; rows stay in their order and in their words."""
    calls = kept(tmp_path, hours_ago=2, files=30, rows=7)
    calls += kept(tmp_path, hours_ago=1, files=12, rows=3)
    calls += kept(tmp_path, hours_ago=0, files=4, rows=3)
    before = rows_of(tmp_path)
    merge_all(tmp_path)
    assert len(files_of(tmp_path, "verdicts")) == 1 + 1 + 4
    assert rows_of(tmp_path) == before
    assert Counter(before) == calls
    found = read_found(tmp_path, "verdicts", "2-5-1")
    assert found is not None
    assert found["outcome"] == "paired"
    path = files_of(tmp_path, "verdicts")[0]
    assert pa.types.is_dictionary(pq.read_schema(path).field("outcome").type)
    assert merge_all(tmp_path) == 1


def test_files_grow_no_larger_than_agreed(tmp_path: Path, monkeypatch):
    """A busy hour becomes several files, each bounded, none much too small."""
    monkeypatch.setattr(merging, "MERGED_ROWS", 100)
    monkeypatch.setattr(merging, "SMALL_ROWS", 20)
    monkeypatch.setattr(merging, "GROUP_ROWS", 32)
    calls = kept(tmp_path, hours_ago=1, files=40, rows=15)
    merge_all(tmp_path)
    sizes = [pq.read_metadata(path).num_rows for path in files_of(tmp_path, "verdicts")]
    assert max(sizes) <= 100
    assert all(one + other > 100 for one, other in pairwise(sizes))
    assert Counter(rows_of(tmp_path)) == calls
    assert MERGED_ROWS == 500_000


@pytest.mark.parametrize("where", ["written", "renamed", "some removed"])
def test_cut_short_anywhere_no_row_is_lost_or_told_twice(
    tmp_path: Path, monkeypatch, where: str
):
    """After a crash at each step the next turn ends what was begun."""
    calls = kept(tmp_path, hours_ago=1, files=9, rows=5)
    replace, unlink = Path.replace, Path.unlink
    removed = 0

    def cut_replace(*_: Path) -> Path:
        raise KeyboardInterrupt

    def cut_unlink(self: Path, missing_ok: bool = False) -> None:
        nonlocal removed
        removed += 1
        if removed > (0 if where == "renamed" else 3):
            raise KeyboardInterrupt
        unlink(self, missing_ok)

    if where == "written":
        monkeypatch.setattr(Path, "replace", cut_replace)
    else:
        monkeypatch.setattr(Path, "unlink", cut_unlink)
    with pytest.raises(KeyboardInterrupt):
        merge_some(tmp_path, "verdicts", now_ms=NOW, done=set())
    monkeypatch.undo()
    assert Path.replace is replace
    assert set(rows_of(tmp_path)) == set(calls)
    assert read_found(tmp_path, "verdicts", "1-3-2") is not None
    merge_all(tmp_path)
    assert Counter(rows_of(tmp_path)) == calls
    assert len(files_of(tmp_path, "verdicts")) == 1


def test_a_damaged_file_stays_and_the_others_are_merged(tmp_path: Path):
    """What cannot be read is not thrown away, and keeps nothing else from it."""
    calls = kept(tmp_path, hours_ago=1, files=6, rows=5)
    third = files_of(tmp_path, "verdicts")[2]
    lost = set(pq.read_table(third)["call_id"].to_pylist())
    third.write_bytes(b"no Parquet")
    merge_all(tmp_path)
    assert third.read_bytes() == b"no Parquet"
    others = [path for path in files_of(tmp_path, "verdicts") if path != third]
    assert len(others) == 2
    found = {c for path in others for c in pq.read_table(path)["call_id"].to_pylist()}
    assert found == set(calls) - lost


def test_a_full_disk_leaves_the_small_files(tmp_path: Path, monkeypatch):
    """Where the merged file cannot be written, nothing is removed."""
    calls = kept(tmp_path, hours_ago=1, files=5, rows=5)

    def full(_: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(merging, "_sync", full)
    with pytest.raises(OSError, match="No space"):
        merge_some(tmp_path, "verdicts", now_ms=NOW, done=set())
    assert Counter(rows_of(tmp_path)) == calls
    assert len(files_of(tmp_path, "verdicts")) == 5
    assert not list(tmp_path.glob("*.part"))


def test_two_that_merge_one_folder_do_not_meet(tmp_path: Path):
    """While one merges, another one does nothing."""
    kept(tmp_path, hours_ago=1, files=5, rows=5)
    with merging.alone(tmp_path) as is_alone:
        assert is_alone
        assert not merge_some(tmp_path, "verdicts", now_ms=NOW, done=set())
        assert len(files_of(tmp_path, "verdicts")) == 5


def test_files_of_an_older_node_merge_with_newer_ones(tmp_path: Path):
    """A column that the older files lack is null there, and no row is lost."""
    calls = kept(tmp_path, hours_ago=1, files=3, rows=4)
    oldest = files_of(tmp_path, "verdicts")[0]
    pq.write_table(pq.read_table(oldest).drop_columns(["outcome"]), oldest)
    merge_all(tmp_path)
    assert len(files_of(tmp_path, "verdicts")) == 1
    assert Counter(rows_of(tmp_path)) == calls
