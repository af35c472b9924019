"""The specification and the code say the same."""

import json
import re
from pathlib import Path

import polars as pl
import pytest

import tallystick.blinding
from spec_tables import cells_below
from tallystick.blinding import ALLOWED, PURPOSES, parse_public_key
from tallystick.blinding.allowed import WHAT
from tallystick.blinding.header import FORMAT
from tallystick.blinding.header_json import HEADER_LIMIT, parse_header
from tallystick.blinding.transcript import PROTOCOL
from tallystick.engines.blinded import Content

from .make_vectors import FOLDER
from .parties import START_MS

ROOT = Path(__file__).parents[2]
SPEC = (ROOT / "spec" / "tokens.md").read_text(encoding="utf-8")
GOOD = (FOLDER / "good.json").read_text(encoding="utf-8")
MODULES = sorted(Path(tallystick.blinding.__file__).parent.glob("*.py"))


def table(begins: str) -> list[list[str]]:
    """Return the cells of the table whose first head cell begins so."""
    return cells_below(SPEC, begins)


def test_the_example_is_in_the_vectors() -> None:
    """Every value of the example stands in the vectors of good.json."""
    example = SPEC.split("## Example")[1].split("## Conventions")[0]
    values = re.findall(r"`([0-9a-f]{32,}|calls:[^`]+)`", example)
    assert len(values) == 9
    for value in values:
        assert f'"{value}"' in GOOD
    (integers,) = re.findall(r"^\| as two integers \| (.+) \|$", example, re.MULTILINE)
    for number in integers.split(", "):
        assert f'"{number}"' in GOOD


def test_the_columns_are_those_of_the_table() -> None:
    """What may leave a side is the same list in the specification and the code."""
    rows = [
        [
            f"`{name}`",
            rule.kind,
            ", ".join(map(str, rule.rounds)),
            ", ".join(map(str, rule.missing)) or "never",
            str(rule.low) if rule.kind == "integer" else "",
            str(rule.high) if rule.kind == "integer" else "",
        ]
        for name, rule in ALLOWED["calls"].items()
    ]
    assert table("column of `calls`") == rows


def test_the_purposes_are_those_of_the_table() -> None:
    """The purposes of calls are the same in the specification and the code."""
    assert [row[0] for row in table("purpose in `calls`")] == [
        f"`{name}`" for name in PURPOSES
    ]


def test_the_rows_of_the_second_file_are_those_of_the_table() -> None:
    """Each kind of row is told of with columns that may be there in round 2."""
    rows = table("`what` | one row for")
    assert [row[0] for row in rows] == [f"`{what}`" for what in WHAT]
    told = re.findall(r"`([a-z_]+)(…?)`", " ".join(row[2] for row in rows))
    second = {name for name, rule in ALLOWED["calls"].items() if 2 in rule.rounds}
    for name, more in told:
        assert f"{name}hi" in second if more else name in second


def test_the_mark_of_a_file_is_the_one_described() -> None:
    """The mark of a file follows from its rows as the specification says."""
    halves = [
        (0, -5, 7, 1_795_219_200_000, 61_000, 60_000),
        (1, 2**63 - 1, 0, 5, -1, 0),
    ]
    total = 0
    for half in halves:
        h = 0
        for value in half:
            h = ((h ^ (value % 2**64)) * 0x9E3779B97F4A7C15) % 2**64
            h ^= h >> 29
        total += h * 0xC2B2AE3D27D4EB4F
    names = ("row", "key_hi", "key_lo", "at_ms", "end_ms", "duration_ms")
    frame = pl.DataFrame(halves, schema=dict.fromkeys(names, pl.Int64), orient="row")
    mark = Content()
    mark.add(frame.with_columns(pl.col("end_ms").replace(-1, None)))
    assert mark.text.replace("-", "") == f"{total % 2**64:016x}"
    assert "9e3779b97f4a7c15" in SPEC
    assert "c2b2ae3d27d4eb4f" in SPEC


def test_every_code_of_a_file_is_raised_somewhere() -> None:
    """The codes of the specification are those the code raises, none more or less."""
    source = "".join(path.read_text(encoding="utf-8") for path in MODULES)
    codes = {row[0].strip("`") for row in table("code")}
    raised = set(re.findall(r'^\s+"(blinded-[a-z]+)",$', source, re.MULTILINE))
    assert raised - {"blinded-file"} <= codes
    for code in codes:
        assert f'"{code}"' in source


def test_the_example_header_is_one() -> None:
    """The header printed in the specification can be read, and covers its day."""
    (text,) = re.findall(r"```json\n(.+?)```", SPEC, re.DOTALL)
    header = parse_header(text.encode())
    assert header.agreement == json.loads(GOOD)["agreement"]
    assert header.coverage_from_ms == START_MS
    assert header.coverage_to_ms == START_MS + 86_400_000
    assert set(header.columns) <= set(ALLOWED["calls"])


def test_the_key_line_printed_is_one() -> None:
    """The public key line printed in the specification can be read."""
    (line,) = re.findall(r"^    (tallystick-public-key/1 .+)$", SPEC, re.MULTILINE)
    assert parse_public_key(line).party == "BY"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_sources_are_headings(path: Path) -> None:
    """Every heading a docstring names is in the specification."""
    text = path.read_text(encoding="utf-8")
    headings = set(re.findall(r"^#+ (.+)$", SPEC, re.MULTILINE))
    for source in re.findall(r"Source: spec/tokens\.md, (.+)\.$", text, re.MULTILINE):
        assert set(re.findall(r'"([^"]+)"', source)) <= headings


def test_constants() -> None:
    """Names of formats and limits are the ones in the specification."""
    for value in (PROTOCOL, FORMAT, f"{HEADER_LIMIT:,}"):
        assert value in SPEC
