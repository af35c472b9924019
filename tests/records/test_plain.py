"""The plain table in all its clothes."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
import zstandard

from tallystick.domains.calls.records import Mapping
from tallystick.domains.calls.schema import RECORD_SCHEMA
from tallystick.model.errors import MalformedError

from .files import PLAIN, plain_row, plain_with, read, saved

NUMBERS = ["+375290000001", "375290000002", "", "anonymous"]


def test_plain_table_is_understood(tmp_path):
    """Every column of the contract becomes the column of the schema."""
    found = read(saved(tmp_path, PLAIN))
    assert found.records.schema == pl.Schema(RECORD_SCHEMA)
    assert found.column("calling_number") == NUMBERS
    assert found.times("started_at") == [
        "2026-03-01 06:00:00",
        "2026-03-01 06:00:01",
        "2026-03-01 06:13:22",
        "2026-03-01 06:00:03",
    ]
    assert found.column("answered_at_ms")[1] is None
    assert found.column("duration_ms") == [120_000, 0, 30_500, 10_000]
    assert found.column("redirecting_number") == ["", "", "", "+375290000009"]
    assert found.column("release_cause") == [16, 17, 16, 16]
    assert found.column("presentation")[2] == "restricted"
    assert found.column("line") == [2, 3, 4, 5]
    assert not found.reasons
    assert found.batches[0].format == "plain"


CLOTHES = {
    "calls.tsv": lambda text: text.replace(",", "\t").encode(),
    "semicolon.csv": lambda text: text.replace(",", ";").encode(),
    "calls.csv.gz": lambda text: gzip.compress(text.encode()),
    "members.csv.gz": lambda text: (
        gzip.compress(text[:300].encode()) + gzip.compress(text[300:].encode())
    ),
    "calls.csv.zst": lambda text: zstandard.compress(text.encode()),
    "frames.csv.zst": lambda text: (
        zstandard.compress(text[:300].encode())
        + zstandard.compress(text[300:].encode())
    ),
    "windows.csv": lambda text: text.replace("\n", "\r\n").encode(),
    "macintosh.csv": lambda text: text.replace("\n", "\r").encode(),
    "mark.csv": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "utf16.csv": lambda text: text.encode("utf-16"),
    "no-end.csv": lambda text: text.rstrip("\n").encode(),
    "blank-lines.csv": lambda text: b"\n\n" + text.encode() + b"\n\n",
    "upper.csv": lambda text: text.replace("record_id", " Record_ID").encode(),
    "gz-under-another-name": lambda text: gzip.compress(text.encode()),
}


@pytest.mark.parametrize("name", CLOTHES)
def test_same_records_in_every_clothing(name, tmp_path):
    """Separator, packing, encoding and line ends do not change the records."""
    plain = read(saved(tmp_path, PLAIN)).records.drop("line")
    dressed = read(saved(tmp_path, CLOTHES[name](PLAIN), name)).records.drop("line")
    assert dressed.equals(plain)


def test_every_value_in_quotation_marks(tmp_path):
    """A fully quoted table, with separators and line breaks in values."""
    text = PLAIN.replace("transit-one", '"transit, ""one""\nand more"')
    found = read(saved(tmp_path, text))
    assert found.column("carrier")[0] == 'transit, "one"\nand more'
    assert found.column("line") == [2, 4, 6, 7]


def test_unknown_columns_are_carried_as_text(tmp_path):
    """What has no meaning here comes through under its own name."""
    rows = [
        "D1,+375290000001,+79160000011,1772345602000,30,007,x",
        "D2,,,1772345602000,0,,",
    ]
    header = "record_id,calling_number,called_number,started_at,duration_s,account,line"
    found = read(saved(tmp_path, "\n".join([header, *rows]) + "\n"))
    assert found.column("account") == ["007", ""]
    assert found.column("line_source") == ["x", ""]
    assert found.column("direction") == [None, None]
    assert found.column("trunk") == ["", ""]


def parquet(folder: Path, frame: pl.DataFrame, **options: object) -> Path:
    path = folder / "calls.parquet"
    frame.write_parquet(path, **options)
    return path


def text_frame() -> pl.DataFrame:
    lines = [line.split(",") for line in PLAIN.splitlines()]
    return pl.DataFrame(lines[1:], schema=lines[0], orient="row")


def test_parquet_of_text(tmp_path):
    """A Parquet file whose columns are all text is read like the CSV."""
    plain = read(saved(tmp_path, PLAIN)).records
    found = read(parquet(tmp_path, text_frame()))
    assert found.records.drop("line").equals(plain.drop("line"))
    assert found.column("line") == [1, 2, 3, 4]


def test_parquet_of_types(tmp_path):
    """Times, integers and floats are taken as what the file declares them."""
    start = datetime(2026, 3, 1, 6, tzinfo=UTC)
    frame = pl.DataFrame(
        {
            "record_id": [1, 2],
            "calling_number": [375290000001, 375290000002],
            "called_number": [79160000011.0, 79160000012.0],
            "started_at": [start, start],
            "answered_at": [start, None],
            "duration_s": [12.5, 0.0],
            "release_cause": [16, None],
            "extra": [[1], None],
        }
    )
    found = read(parquet(tmp_path, frame))
    assert found.column("record_id") == ["1", "2"]
    assert found.column("calling_number") == ["375290000001", "375290000002"]
    assert found.column("called_number") == ["79160000011", "79160000012"]
    assert found.times("started_at") == ["2026-03-01 06:00:00"] * 2
    assert found.column("duration_ms") == [12_500, 0]
    assert found.column("release_cause") == [16, None]
    assert found.column("extra") == ["[1]", ""]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_parquet_packed_once_more(pack, tmp_path):
    """A .parquet.gz or .parquet.zst is unpacked first."""
    inner = parquet(tmp_path, text_frame()).read_bytes()
    found = read(saved(tmp_path, pack(inner), "calls.parquet.packed"))
    assert found.column("calling_number") == NUMBERS


def test_parquet_with_one_big_row_group(tmp_path, monkeypatch):
    """The page by page way gives the same rows as the slices."""
    path = parquet(tmp_path, text_frame())
    slices = read(path, batch_rows=3)
    monkeypatch.setattr("tallystick.domains.calls.records.parquet.BIG_GROUP_ROWS", 1)
    pages = read(path, batch_rows=3)
    assert pages.records.equals(slices.records)
    assert pages.column("line") == [1, 2, 3, 4]


def test_batches_are_bounded_and_tell_progress(tmp_path):
    """No batch has more rows than asked for, and bytes_read reaches the total."""
    rows = [plain_row(record_id=f"D{n}") for n in range(2500)]
    found = read(saved(tmp_path, plain_with(*rows)), batch_rows=1000)
    assert [b.records.height for b in found.batches if b.records.height] > [0]
    assert max(b.records.height for b in found.batches) <= 1000
    assert found.records.height == 2500
    assert found.column("line") == list(range(2, 2502))
    last = found.batches[-1]
    assert (
        last.bytes_read == last.bytes_total == (tmp_path / "calls.csv").stat().st_size
    )


def test_several_files(tmp_path):
    """Files follow one another; each batch says where it is from."""
    one = saved(tmp_path, PLAIN, "one.csv")
    two = saved(tmp_path, PLAIN.replace(",", ";"), "two.csv")
    found = read([one, two])
    assert [b.file for b in found.batches] == [str(one), str(two)]
    assert found.records.height == 8


def test_header_alone_gives_an_empty_batch(tmp_path):
    """A table without rows is no error."""
    found = read(saved(tmp_path, plain_with()))
    assert found.records.height == 0
    assert len(found.batches) == 1
    assert found.records.schema == pl.Schema(RECORD_SCHEMA)


def test_another_encoding(tmp_path):
    """A cp1251 table is read when its mapping says so, a name among the rest."""
    text = PLAIN.replace("transit-one", "Оператор")
    path = saved(tmp_path, text.encode("cp1251"))
    found = read(path, mapping=Mapping(encoding="cp1251"))
    assert found.column("carrier")[0] == "Оператор"
    assert not found.reasons


def test_utf16_without_a_mark(tmp_path):
    """What looks like binary data is read when the encoding is stated."""
    path = saved(tmp_path, PLAIN.encode("utf-16-le"))
    with pytest.raises(MalformedError, match="utf-16-le"):
        read(path)
    found = read(path, mapping=Mapping(encoding="utf-16-le"))
    assert found.column("calling_number") == NUMBERS


def test_side_keeps_its_directions(tmp_path):
    """A side keeps its direction, transit, and what states none; the rest counts."""
    rows = [
        plain_row(record_id=name, direction=name)
        for name in ("international_out", "international_in", "domestic", "transit")
    ]
    path = saved(tmp_path, plain_with(*rows, plain_row(record_id="none", direction="")))
    kept = read(path, side="departures")
    assert kept.column("record_id") == ["international_out", "transit", "none"]
    assert sum(b.other_direction for b in kept.batches) == 2
    kept = read(path, side="arrivals")
    assert kept.column("record_id") == ["international_in", "transit", "none"]
