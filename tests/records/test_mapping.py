"""Mapping files: what they may say, and what they make of a file."""

import tomllib
from pathlib import Path

import pytest

from tallystick.domains.calls.records import Mapping
from tallystick.model.errors import ConfigError, MalformedError, UnavailableError

from .files import read, saved

OPERATOR_FILE = """\
ИД;Номер звонящего;Номер Б;Дата;Время;Длит;Тип;Оператор
7;80290000001;89160000011;26.10.2025;02:50:00;00:01:30;исх;Первый
8;80290000002;89160000012;26.10.2025;02:05:00;00:00:00;вх;Второй
9;80290000003;89160000013;26.10.2025;03:00:00;1:00:00;исх;-
"""
MAPPING_FILE = """\
[file]
separator = ";"
encoding = "cp1251"
nulls = ["-"]

[columns]
record_id = "ИД"
calling_number = "Номер звонящего"
called_number = 3
started_at = ["Дата", "Время"]
duration_s = "Длит"
direction = "Тип"
carrier = "Оператор"

[time]
format = "%d.%m.%Y %H:%M:%S"
zone = "Europe/Warsaw"

[duration]
unit = "hh:mm:ss"

[constants]
trunk = "MSQ-106"

[values.direction]
"Исх" = "international_out"
"вх" = "international_in"
"""


def mapping_file(folder: Path, text: str) -> Path:
    return saved(folder, text, "mapping.toml")


def test_a_file_of_an_operator(tmp_path):
    """Names, joined columns, a position, an encoding, units, constants, values."""
    path = saved(tmp_path, OPERATOR_FILE.encode("cp1251"))
    mapping = Mapping.load(mapping_file(tmp_path, MAPPING_FILE))
    found = read(path, mapping=mapping)
    assert found.batches[0].format == "mapped"
    assert found.column("record_id") == ["7", "8", "9"]
    assert found.column("called_number")[0] == "89160000011"
    assert found.times("started_at") == [
        "2025-10-26 00:50:00",
        "2025-10-26 01:05:00",
        "2025-10-26 02:00:00",
    ]
    assert found.column("duration_ms") == [90_000, 0, 3_600_000]
    assert found.column("direction") == [
        *("international_out", "international_in", "international_out")
    ]
    assert found.column("trunk") == ["MSQ-106"] * 3
    assert found.column("carrier") == ["Первый", "Второй", ""]


def test_a_file_without_header(tmp_path):
    """Columns by position, names for some, lines to skip, a pattern for the trunk."""
    text = (
        "exported 2026-03-02\n"
        "SIP/alpha-0001|375290000001|79160000011|1772345602|30500|x\n"
    )
    mapping = Mapping(
        header=False,
        separator="|",
        skip_lines=1,
        names=("channel",),
        columns={
            "trunk": ("channel",),
            "calling_number": (2,),
            "called_number": (3,),
            "started_at": (4,),
            "duration_s": (5,),
        },
        time_format="epoch_s",
        duration_unit="ms",
        patterns={"trunk": r"SIP/(\w+)-"},
    )
    found = read(saved(tmp_path, text), mapping=mapping)
    assert found.column("record_id") == ["L2"]
    assert found.column("trunk") == ["alpha"]
    assert found.times("started_at") == ["2026-03-01 06:13:22"]
    assert found.column("duration_ms") == [30_500]
    assert found.column("column_6") == ["x"]


def test_several_columns_make_one_id(tmp_path):
    """Anything but a time is joined by a hyphen."""
    mapping = Mapping(
        columns={
            "record_id": ("node", "seq"),
            "calling_number": ("a",),
            "called_number": ("b",),
            "started_at": ("t",),
            "duration_s": ("d",),
        }
    )
    text = "node,seq,a,b,t,d\nn1,7,1,2,2026-03-01T06:00:00Z,5\n"
    found = read(saved(tmp_path, text), mapping=mapping)
    assert found.column("record_id") == ["n1-7"]


def test_utf16_without_mark(tmp_path):
    """An encoding may be one that looks like binary data."""
    text = OPERATOR_FILE.encode("utf-16-le")
    mapping = Mapping.load(
        mapping_file(tmp_path, MAPPING_FILE.replace("cp1251", "utf-16-le"))
    )
    assert read(saved(tmp_path, text), mapping=mapping).records.height == 3


WRONG_FILES = {
    "not TOML": ("[file", "mapping-syntax", "not TOML"),
    "long number": ("a = " + "9" * 5_000, "mapping-syntax", "not TOML"),
    "unknown group": ("[colums]\na = 1", "mapping-value", "colums"),
    "unknown key": ("[file]\nencodng = 'utf-8'", "mapping-value", "encodng"),
    "unknown column": ("[columns]\ncaller = 'A'", "mapping-value", "calling_number"),
    "unknown constant": ("[constants]\nfoo = 'A'", "mapping-value", "foo"),
    "unknown unit": ("[duration]\nunit = 'h'", "mapping-value", "hh:mm:ss"),
    "unknown encoding": ("[file]\nencoding = 'klingon'", "mapping-encoding", "cp1251"),
    "unknown zone": ("[time]\nzone = 'Minsk'", "zone-unknown", "Europe/Minsk"),
    "long separator": ("[file]\nseparator = '||'", "mapping-value", "single"),
    "wrong shape": ("file = 3", "mapping-value", "a table"),
    "text as flag": ("[file]\nheader = 'no'", "mapping-value", "true or false"),
    "negative count": ("[file]\nskip_lines = -1", "mapping-value", "0 or more"),
    "text as list": ("[file]\nnulls = '-'", "mapping-value", "list"),
    "number as text": ("[time]\nzone = 3", "mapping-value", "quotation marks"),
    "position 0": ("[columns]\ntrunk = 0", "mapping-value", "position from 1"),
    "no group": ("[patterns]\ntrunk = 'abc'", "mapping-pattern", "group"),
    "bad pattern": ("[patterns]\ntrunk = '('", "mapping-pattern", "group"),
    "value table": ("[values]\ndirection = 3", "mapping-value", "a table"),
    "columns": ("columns = 3", "mapping-value", "a table"),
    "unknown base": ("base = 'cobol'", "format-unknown", "asterisk"),
    "columns missing": ("[columns]\ntrunk = 'T'", "mapping-columns", "called_number"),
}


@pytest.mark.parametrize("name", WRONG_FILES)
def test_wrong_mapping(name, tmp_path):
    """A mistake is named with its place and what may stand there."""
    text, code, sentence = WRONG_FILES[name]
    with pytest.raises(ConfigError) as caught:
        read(
            saved(tmp_path, OPERATOR_FILE),
            mapping=Mapping.load(mapping_file(tmp_path, text)),
        )
    assert caught.value.code == code
    assert sentence in str(caught.value)


def test_mapping_that_is_not_there(tmp_path):
    """A missing mapping file, and one that is no text."""
    with pytest.raises(UnavailableError, match="does not exist"):
        Mapping.load(tmp_path / "mapping.toml")
    with pytest.raises(ConfigError, match="UTF-8"):
        Mapping.load(saved(tmp_path, b"\xff\xfe", "mapping.toml"))


def test_mapping_of_another_file(tmp_path):
    """A mapping that names columns the file has not."""
    mapping = Mapping.load(mapping_file(tmp_path, MAPPING_FILE))
    path = saved(tmp_path, "a;b;c\n1;2;3\n")
    with pytest.raises(MalformedError, match="Compare the header") as caught:
        read(path, mapping=mapping)
    assert caught.value.code == "missing-column"
    by_place = Mapping(
        columns=dict.fromkeys(
            ("calling_number", "called_number", "started_at", "duration_s"), (9,)
        )
    )
    with pytest.raises(MalformedError, match="has 3 columns"):
        read(path, mapping=by_place)


def test_documented_example_is_valid():
    """The example of the reference page is a mapping."""
    page = Path(__file__).parents[2] / "docs" / "reference" / "record-formats.md"
    example = page.read_text(encoding="utf-8").partition("```toml\n")[2]
    table = tomllib.loads(example.partition("```")[0])
    assert Mapping.from_table(table).columns["calling_number"] == ("A number",)
