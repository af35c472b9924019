"""The newest kept rows: read from the end, bounded, each once whatever is merged."""

import contextlib
import threading
from collections import Counter

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from node.test_merging import NOW, SCHEMA, kept, merge_all
from tallystick.engines import newest as module
from tallystick.engines.newest import Span, newest
from tallystick.model import MalformedError, UnavailableError
from tallystick.node.kept.merging import HOUR_MS, files_of, merge_some, write_whole


def look(folder, wanted=None, **span):
    """Return what is found; all where nothing is wanted."""
    return newest(
        folder,
        "verdicts",
        schema=SCHEMA,
        pick=lambda rows: rows.filter(pl.lit(True) if wanted is None else wanted),
        span=Span(**span),
    )


def calls_of(found):
    """Return the calls that were found, in their order."""
    return found.rows["call_id"].to_list()


def test_all_rows_are_found_in_their_order_also_those_of_several_processes(tmp_path):
    """Of files below the folder, too; words are text."""
    assert calls_of(look(tmp_path)) == []
    assert look(tmp_path).since_ms is None
    calls = kept(tmp_path / "worker-1", hours_ago=2, files=5, rows=3)
    calls += kept(tmp_path / "worker-2", hours_ago=1, files=4, rows=2)
    found = look(tmp_path)
    assert Counter(calls_of(found)) == calls
    assert found.rows["at_ms"].is_sorted()
    assert (found.looked, found.is_all) == (23, True)
    # From here on both processes were looked at.
    assert found.since_ms == NOW - HOUR_MS
    some = look(tmp_path, pl.col("outcome") == "paired")
    assert set(some.rows["outcome"]) == {"paired"}
    assert some.rows.schema["outcome"] == pl.String


def test_it_looks_no_further_than_it_may_and_says_how_far(tmp_path, monkeypatch):
    """Whoever asks for what was before finds the rest, without a gap."""
    monkeypatch.setattr(module, "LOOKED", 10)
    monkeypatch.setattr(module, "STEP", 4)
    kept(tmp_path, hours_ago=1, files=20, rows=3)
    first = look(tmp_path)
    assert (first.looked, first.is_all) == (12, False)
    seen, until = set(calls_of(first)), first.since_ms
    while True:
        before = pl.col("at_ms") < until
        more = look(tmp_path, before, until_ms=until)
        seen |= set(calls_of(more))
        if more.is_all:
            break
        until = more.since_ms
    assert len(seen) == 60


def test_enough_is_enough(tmp_path, monkeypatch):
    """The newest are kept where more fit."""
    monkeypatch.setattr(module, "FOUND", 5)
    monkeypatch.setattr(module, "STEP", 4)
    kept(tmp_path, hours_ago=1, files=9, rows=3)
    found = look(tmp_path)
    assert calls_of(found) == ["1-7-1", "1-7-2", "1-8-0", "1-8-1", "1-8-2"]
    assert found.looked == 6


def test_files_outside_of_the_time_are_not_opened(tmp_path):
    """Those of before and after; damaged ones would be noticed."""
    kept(tmp_path, hours_ago=1, files=3, rows=3)
    kept(tmp_path, hours_ago=5, files=3, rows=3)
    kept(tmp_path, hours_ago=9, files=3, rows=3)
    for hours, ending in ((1, b"x"), (9, b"y")):
        for path in files_of(tmp_path, "verdicts"):
            if int(path.stem.split("-")[1]) // HOUR_MS == NOW // HOUR_MS - hours:
                path.write_bytes(ending)
    found = look(
        tmp_path, from_ms=NOW - 6 * HOUR_MS, until_ms=NOW - 5 * HOUR_MS + 60_000
    )
    assert set(calls_of(found)) == {
        f"5-{n}-{row}" for n in range(3) for row in range(3)
    }


@pytest.mark.parametrize("left", [0, 1, 5, 8])
def test_a_merge_that_was_cut_short_tells_no_row_twice(tmp_path, left):
    """However many of the merged files are still there."""
    calls = kept(tmp_path, hours_ago=1, files=9, rows=5)
    older = {path: path.read_bytes() for path in files_of(tmp_path, "verdicts")[:left]}
    merge_all(tmp_path)
    for path, content in older.items():
        path.write_bytes(content)
    assert Counter(calls_of(look(tmp_path))) == calls


def test_files_that_are_merged_meanwhile_tell_each_row_once(tmp_path):
    """A reader beside the node's own merging."""
    calls: Counter[str] = Counter()
    for hours in range(1, 7):
        calls += kept(tmp_path, hours_ago=hours, files=12, rows=2)

    def merge():
        while merge_some(tmp_path, "verdicts", now_ms=NOW, done=set()):
            pass

    thread = threading.Thread(target=merge)
    thread.start()
    while thread.is_alive():
        # Where every try meets a merge, nothing is said rather than something wrong.
        with contextlib.suppress(UnavailableError):
            assert Counter(calls_of(look(tmp_path))) == calls
    thread.join()
    assert Counter(calls_of(look(tmp_path))) == calls


def test_older_files_may_lack_a_column_and_damaged_ones_are_left_out(tmp_path):
    """A file that no reader understands is an error with advice."""
    old = pa.schema([field for field in SCHEMA if field.name != "outcome"])
    write_whole(
        tmp_path / f"verdicts-{NOW - HOUR_MS:015d}-000000.parquet",
        old,
        [pa.table({"call_id": ["old"], "at_ms": [NOW - HOUR_MS]}, schema=old)],
    )
    kept(tmp_path, hours_ago=0, files=1, rows=1)
    (tmp_path / f"verdicts-{NOW - 5:015d}-000000.parquet").write_bytes(b"no Parquet")
    found = look(tmp_path)
    assert found.rows.rows() == [("old", NOW - HOUR_MS, None), ("0-0-0", NOW, "paired")]
    odd = pa.table({"call_id": [1], "at_ms": [NOW]})
    pq.write_table(odd, tmp_path / f"verdicts-{NOW + 1:015d}-000000.parquet")
    with pytest.raises(MalformedError) as caught:
        look(tmp_path)
    assert caught.value.code == "harm-verdicts-damaged"
