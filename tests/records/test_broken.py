"""Files that as a whole are not what they should be: a sentence, no traceback."""

import gzip
import os
from pathlib import Path

import polars as pl
import pytest
import zstandard

from tallystick.domains.calls.records import Mapping
from tallystick.model.errors import ConfigError, MalformedError, UnavailableError

from .files import PLAIN, PLAIN_HEADER, plain_row, plain_with, read, saved

# Content -> code of the error and a part of its sentence.
WHOLE_FILES = {
    "empty": (b"", "empty-file", "is empty"),
    "empty gzip": (gzip.compress(b""), "empty-file", "is empty"),
    "blank": (b"\n \n\n", "format-unknown", "not a table"),
    "no header": (
        PLAIN.partition("\n")[2].encode(),
        "format-unknown",
        "not a header",
    ),
    "missing column": (
        PLAIN.replace("called_number", "other").encode(),
        "missing-column",
        "no column called_number",
    ),
    "missing columns": (
        PLAIN.replace("called_number", "b").replace("duration_s", "c").encode(),
        "missing-column",
        "called_number, duration_s",
    ),
    "duplicate column": (
        PLAIN.replace("carrier", "trunk").encode(),
        "duplicate-column",
        "columns 9 and 10",
    ),
    "binary": (bytes(range(256)) * 40, "not-text", "binary"),
    "workbook": (b"PK\x03\x04" + b"\0" * 100, "not-records", "Excel"),
    "old workbook": (b"\xd0\xcf\x11\xe0" + b"\0" * 100, "not-records", "Excel"),
    "sqlite": (b"SQLite format 3\0" + b"\0" * 100, "not-records", "SQLite"),
    "pdf": (b"%PDF-1.7\n", "not-records", "PDF"),
    "bzip2": (b"BZh91AY&SY", "not-records", "bzip2"),
    "xz": (b"\xfd7zXZ\0\0", "not-records", "xz"),
    "prose": (b"Dear colleague,\n\nhere are the calls.\n", "format-unknown", "table"),
    "json": (b'[{"a": 1}]\n', "format-unknown", "not a table"),
    "parquet without end": (b"PAR1" + b"\1" * 500, "broken-file", "Parquet"),
    "parquet of nothing": (b"PAR1PAR1", "broken-file", "Parquet"),
    "gzip without content": (b"\x1f\x8b\x08\0\0\0\0\0\0\0", "broken-file", "cut off"),
    "gzip damaged": (b"\x1f\x8b" + b"\xff" * 50, "broken-file", "damaged"),
    "zstd damaged": (b"\x28\xb5\x2f\xfd" + b"\xff" * 50, "broken-file", "damaged"),
    "pcap of nothing": (b"\xd4\xc3\xb2\xa1", "no-calls", "0 packets"),
}


@pytest.mark.parametrize("name", WHOLE_FILES)
def test_whole_file_error(name, tmp_path):
    """The error has a stable code and says what the file is."""
    content, code, sentence = WHOLE_FILES[name]
    path = saved(tmp_path, content)
    with pytest.raises(MalformedError) as caught:
        read(path)
    assert caught.value.code == code
    assert sentence in str(caught.value)
    assert str(path) in str(caught.value)


def test_missing_path(tmp_path):
    """A path that is not there."""
    with pytest.raises(UnavailableError, match="does not exist") as caught:
        read(tmp_path / "nowhere.csv")
    assert caught.value.code == "no-file"


def test_directory(tmp_path):
    """A directory instead of a file."""
    with pytest.raises(UnavailableError, match="directory") as caught:
        read(tmp_path)
    assert caught.value.code == "is-a-directory"


def test_no_permission(tmp_path):
    """A file of somebody else; root, who may read everything, becomes nobody."""
    path = saved(tmp_path, PLAIN)
    path.chmod(0)
    tmp_path.chmod(0o711)
    for parent in tmp_path.parents[:2]:
        parent.chmod(0o711)
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(65534)
    try:
        with pytest.raises(UnavailableError, match="may not be read"):
            read(path)
    finally:
        if was_root:
            os.seteuid(0)


def many_rows(count: int = 4000) -> str:
    return plain_with(*(plain_row(record_id=f"D{n}") for n in range(count)))


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_truncated_packing(pack, tmp_path):
    """Rows before the break come; the break is named with its line."""
    noise = "".join(f"{n * 7919 % 10007:x}" for n in range(4000))
    rows = [plain_row(record_id=f"D{n}-{noise[n : n + 40]}") for n in range(4000)]
    packed = pack(plain_with(*rows).encode())
    found = read(saved(tmp_path, packed[: len(packed) * 2 // 3]))
    assert 500 < found.records.height < 4000
    assert found.column("line") == list(range(2, found.records.height + 2))
    *cut, (line, _, reason) = found.reasons
    assert "cut off" in reason
    assert line == found.records.height + 2 + len(cut)
    assert len(cut) <= 1


def test_damaged_packing(tmp_path):
    """A flipped bit in the middle ends the file there, with a reason."""
    packed = bytearray(gzip.compress(many_rows().encode(), compresslevel=1))
    packed[len(packed) // 2] ^= 0xFF
    found = read(saved(tmp_path, bytes(packed)))
    assert any("damaged" in reason for _, _, reason in found.reasons)


def test_damaged_parquet_page(tmp_path):
    """Row groups before the damage come; how much is lost is named."""
    path = tmp_path / "calls.parquet"
    lines = [line.split(",") for line in many_rows().splitlines()]
    frame = pl.DataFrame(lines[1:], schema=lines[0], orient="row")
    frame.write_parquet(path, row_group_size=1000, compression="zstd")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 400] = b"\xff" * 400
    path.write_bytes(content)
    found = read(path, batch_rows=1000)
    assert 1000 <= found.records.height < 4000
    ((_, _, reason),) = found.reasons
    assert "damaged" in reason


def test_line_without_end(tmp_path):
    """A line of many megabytes is skipped, named, and the next one read."""
    path = tmp_path / "calls.csv"
    with path.open("w") as file:
        file.write(PLAIN_HEADER + "\n" + plain_row() + "\n")
        for _ in range(40):
            file.write("9" * (1 << 20))
        file.write("\n" + plain_row(record_id="D9") + "\n")
    found = read(path, batch_rows=1000)
    assert found.column("record_id") == ["D1", "D9"]
    assert found.column("line") == [2, 4]
    ((line, _, reason),) = found.reasons
    assert line == 3
    assert "1 MiB" in reason


def test_file_that_is_one_long_line(tmp_path):
    """Without a single line end there is no header."""
    path = saved(tmp_path, ",".join(["record_id"] * 3) + "9" * (3 << 20))
    with pytest.raises(MalformedError):
        read(path, mapping=Mapping(columns={"trunk": (1,)}, base="plain"))


def test_unknown_format_name(tmp_path):
    """A format that does not exist is the caller's mistake."""
    with pytest.raises(ConfigError, match="asterisk"):
        read(saved(tmp_path, PLAIN), format="cobol")


def test_another_format_than_named(tmp_path):
    """A file that is not what the caller says."""
    with pytest.raises(MalformedError, match="not of the format asterisk"):
        read(saved(tmp_path, PLAIN), format="asterisk")


def test_unknown_zone(tmp_path):
    """A zone that does not exist."""
    with pytest.raises(ConfigError, match="Europe/Minsk") as caught:
        read(saved(tmp_path, PLAIN), zone="Europe/Mensk")
    assert caught.value.code == "zone-unknown"


def test_error_of_a_later_file(tmp_path: Path):
    """The records of the first file have come when the second fails."""
    good, bad = saved(tmp_path, PLAIN, "good.csv"), saved(tmp_path, b"", "bad.csv")
    with pytest.raises(MalformedError, match=r"bad\.csv"):
        read([good, bad])
