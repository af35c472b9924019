"""Bad rows: named with line, column and reason, while good rows go on."""

from pathlib import Path

import polars as pl
import pytest

from tallystick.domains.calls.records import Mapping
from tallystick.domains.calls.schema import REJECT_SCHEMA

from .files import PLAIN_HEADER, plain_row, plain_with, read, saved

# Changed values of a good row -> column and a part of the reason.
BAD_ROWS = {
    "no id": ({"record_id": ""}, "record_id", "no id"),
    "spreadsheet": ({"calling_number": "3.75E+11"}, "calling_number", "scientific"),
    "spreadsheet comma": (
        {"called_number": '"7,916e10"'},
        "called_number",
        "scientific",
    ),
    "no start": ({"started_at": ""}, "started_at", "empty"),
    "no time": ({"started_at": "yesterday"}, "started_at", "ISO 8601"),
    "no such day": (
        {"started_at": "2026-02-30T09:00:00Z"},
        "started_at",
        "ISO 8601",
    ),
    "no zone": ({"started_at": "2026-03-01 09:00:00"}, "started_at", "--zone"),
    "seconds": ({"started_at": "1772345600"}, "started_at", "seconds"),
    "answer unreadable": ({"answered_at": "soon"}, "answered_at", "ISO 8601"),
    "release without zone": (
        {"released_at": "2026-03-01T09:02:07"},
        "released_at",
        "--zone",
    ),
    "no duration": ({"duration_s": ""}, "duration_s", "empty"),
    "duration unreadable": ({"duration_s": "2 min"}, "duration_s", "seconds"),
    "duration not finite": ({"duration_s": "nan"}, "duration_s", "seconds"),
    "negative": ({"duration_s": "-1"}, "duration_s", "negative"),
    "endless": ({"duration_s": "99999999"}, "duration_s", "year"),
    "released first": (
        {"released_at": "2026-03-01T08:00:00+03:00"},
        "released_at",
        "before",
    ),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_bad_row_is_named_and_good_rows_go_on(name, tmp_path):
    """The reject says line, column and reason; its neighbours are read."""
    values, column, reason = BAD_ROWS[name]
    text = plain_with(plain_row(), plain_row(**values), plain_row(record_id="D9"))
    found = read(saved(tmp_path, text))
    assert found.column("record_id") == ["D1", "D9"]
    (reject,) = found.reasons
    assert reject[:2] == (3, column)
    assert reason in reject[2]
    assert found.rejects.schema == pl.Schema(REJECT_SCHEMA)
    assert found.rejects["file"].to_list() == [str(tmp_path / "calls.csv")]


@pytest.mark.parametrize("name", BAD_ROWS)
def test_reasons_never_repeat_a_value(name, tmp_path):
    """No reject holds the number, or anything else, of its row."""
    values, _, _ = BAD_ROWS[name]
    found = read(saved(tmp_path, plain_with(plain_row(**values))))
    told = " ".join(reason for _, _, reason in found.reasons)
    assert "375290000001" not in told
    assert not any(value and value in told for value in values.values())


BAD_LINES = {
    "too few": ("D2,+375290000002", "2 values where 13"),
    "too many": (plain_row() + ",extra", "14 values where 13"),
    "stray mark": (plain_row(carrier='"transit'), "never closed"),
    "nul bytes": ("\0\0\0\0" + plain_row(), "NUL"),
    "only separators": ("," * 12, "neither a number nor a time"),
}


@pytest.mark.parametrize("name", BAD_LINES)
def test_bad_line_is_named_and_good_lines_go_on(name, tmp_path):
    """A line that is no row costs itself and nothing else."""
    line, reason = BAD_LINES[name]
    text = plain_with(plain_row(), line, plain_row(record_id="D9"))
    found = read(saved(tmp_path, text))
    assert found.column("record_id") == ["D1", "D9"]
    assert found.column("line") == [2, 4]
    ((at, _, told),) = found.reasons
    assert at == 3
    assert reason in told


def test_line_numbers_behind_quoted_line_breaks(tmp_path):
    """Lines are counted in the source, also where values hold line breaks."""
    long = plain_row(carrier='"one\ntwo\nthree"')
    rows = (long, plain_row(duration_s="x"), long.replace("D1", "D2"), "junk")
    found = read(saved(tmp_path, plain_with(*rows)))
    assert found.column("line") == [2, 6]
    assert [line for line, _, _ in found.reasons] == [5, 9]


def test_a_bad_line_among_quoted_line_breaks(tmp_path):
    """The careful way finds the same lines as the fast one."""
    long = plain_row(carrier='"one\ntwo"')
    rows = (long, plain_row(carrier='stray "mark'), long.replace("D1", "D2"))
    found = read(saved(tmp_path, plain_with(*rows)))
    assert found.column("line") == [2, 4, 5]
    assert found.column("carrier")[1] == 'stray "mark'


def test_a_foreign_encoding_is_named(tmp_path):
    """Bytes that are not UTF-8 cost their line and give the advice."""
    text = plain_with(plain_row(), plain_row(carrier="ОДИН"), plain_row(record_id="D9"))
    found = read(saved(tmp_path, text.encode("cp1251")))
    assert found.column("record_id") == ["D1", "D9"]
    ((line, _, reason),) = found.reasons
    assert line == 3
    assert "cp1251" in reason


def test_a_row_cut_off_at_the_end(tmp_path):
    """A half last line says that the file seems to be cut off."""
    text = plain_with(plain_row(), plain_row(record_id="D2"))[:-40]
    found = read(saved(tmp_path, text))
    assert found.column("record_id") == ["D1"]
    assert "cut off" in found.reasons[0][2]


def test_optional_values_that_mean_nothing_are_noted(tmp_path):
    """The row stays; direction, presentation and cause are left out and named."""
    row = plain_row(direction="sideways", presentation="maybe", release_cause="900")
    found = read(saved(tmp_path, plain_with(row)))
    assert found.column("direction") == [None]
    assert found.column("presentation") == [None]
    assert found.column("release_cause") == [None]
    assert not found.reasons
    assert found.notes["column"].to_list() == ["direction"]


def test_kept_although_strange(tmp_path):
    """A wrong clock, no numbers, and a release one second early are records."""
    rows = (
        plain_row(
            record_id="clock",
            started_at="1980-01-06T00:00:10Z",
            answered_at="",
            released_at="",
        ),
        plain_row(record_id="nobody", calling_number="", called_number=""),
        plain_row(record_id="rounded", released_at="2026-03-01T06:00:00Z"),
    )
    found = read(saved(tmp_path, plain_with(*rows)))
    assert found.column("record_id") == ["clock", "nobody", "rounded"]
    assert found.times("started_at")[0] == "1980-01-06 00:00:10"


def test_zone_reads_what_states_none(tmp_path):
    """With a zone, wall-clock times are read and offsets still count."""
    rows = (
        plain_row(record_id="wall", started_at="2026-03-01 09:00:00"),
        plain_row(record_id="offset", started_at="2026-03-01T09:00:00+05:00"),
    )
    released = [row.replace("2026-03-01T09:02:07.250+03:00", "") for row in rows]
    path = saved(tmp_path, plain_with(*released))
    found = read(path, zone="Europe/Minsk")
    assert found.times("started_at") == ["2026-03-01 06:00:00", "2026-03-01 04:00:00"]


def test_duplicate_ids_are_kept(tmp_path):
    """Partial records of one long call share their id; both stay."""
    first = plain_row(duration_s="1800", release_cause="")
    second = plain_row(duration_s="1740", started_at="2026-03-01T09:30:00+03:00",
                       released_at="2026-03-01T09:59:00+03:00")  # fmt: skip
    found = read(saved(tmp_path, plain_with(first, second)))
    assert found.column("record_id") == ["D1", "D1"]
    assert found.column("duration_ms") == [1_800_000, 1_740_000]


def test_source_column_is_named(tmp_path: Path):
    """In a mapped file, the reject names the file's own column."""
    path = saved(tmp_path, "A;B;Start;Len\n375290000001;79160000011;x;5\n")
    mapping = Mapping(
        columns={
            "calling_number": ("A",),
            "called_number": ("B",),
            "started_at": ("Start",),
            "duration_s": ("Len",),
        },
        time_format="%d.%m.%Y",
    )
    ((_, column, reason),) = read(path, mapping=mapping).reasons
    assert column == "Start"
    assert "%d.%m.%Y" in reason


def test_many_rejects_in_order(tmp_path):
    """Rejects of lines and of values come sorted by line."""
    rows = [plain_row(record_id=f"D{n}", duration_s="x") for n in range(3)]
    rows.insert(1, "short")
    rows.append("short,again")
    found = read(saved(tmp_path, plain_with(*rows)))
    assert [line for line, _, _ in found.reasons] == [2, 3, 4, 5, 6]
    assert PLAIN_HEADER.count(",") == 12
