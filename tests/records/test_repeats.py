"""Retransmitted rows: counted, left out, and never confused with others."""

import pytest

from tallystick.domains.calls.records import repeats

from .files import PLAIN, plain_row, plain_with, read, saved


def test_retransmitted_rows_count_once(tmp_path):
    """Equal rows are one record; the first stays with its line."""
    rows = [plain_row(record_id=name) for name in ("A", "B", "A", "C", "A")]
    found = read(saved(tmp_path, plain_with(*rows)))
    assert found.column("record_id") == ["A", "B", "C"]
    assert found.column("line") == [2, 3, 5]
    assert found.repeated == 2
    assert not found.reasons


def test_a_different_value_is_no_retransmission(tmp_path):
    """Also a column without a meaning here tells two rows apart."""
    text = "record_id,calling_number,called_number,started_at,duration_s,part\n"
    rows = ["L,1,2,1772345602000,60,1\n", "L,1,2,1772345602000,60,2\n"]
    found = read(saved(tmp_path, text + "".join(rows) + rows[0]))
    assert found.column("part") == ["1", "2"]
    assert found.repeated == 1


def test_a_repeated_bad_row_is_rejected_once(tmp_path):
    """A row that cannot be read is named once, not with every retransmission."""
    bad = plain_row(duration_s="x")
    found = read(saved(tmp_path, plain_with(bad, bad)))
    assert len(found.reasons) == 1
    assert found.repeated == 1


@pytest.mark.parametrize("generation_rows", [1, 500, 10_000])
def test_repeats_in_other_batches(generation_rows, tmp_path, monkeypatch):
    """A repeat is found in a later batch, as long as it is near enough."""
    monkeypatch.setattr(repeats, "GENERATION_ROWS", generation_rows)
    monkeypatch.setattr(
        "tallystick.domains.calls.records.delimited.MIN_BLOCK_BYTES", 9000
    )
    rows = [plain_row(record_id=f"D{n}") for n in range(400)]
    again = [*rows, *rows[-30:]]
    found = read(saved(tmp_path, plain_with(*again)), batch_rows=50)
    assert found.records.height == 400
    assert found.repeated == 30
    assert len(found.batches) > 5


def test_marks_come_round(tmp_path, monkeypatch):
    """After the last mark of a generation the table starts afresh."""
    monkeypatch.setattr(repeats, "GENERATION_ROWS", 1)
    monkeypatch.setattr(
        "tallystick.domains.calls.records.delimited.MIN_BLOCK_BYTES", 300
    )
    rows = [plain_row(record_id=f"D{n}") for n in range(900)]
    found = read(saved(tmp_path, plain_with(*rows)), batch_rows=1)
    assert found.records.height == 900
    assert found.repeated == 0


def test_files_do_not_repeat_one_another(tmp_path):
    """Two files may hold the same row: they are two keepers."""
    one, two = saved(tmp_path, PLAIN, "one.csv"), saved(tmp_path, PLAIN, "two.csv")
    found = read([one, two])
    assert found.records.height == 8
    assert found.repeated == 0
