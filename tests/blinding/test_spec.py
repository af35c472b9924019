"""The specification and the code say the same."""

import json
import re
from pathlib import Path

import pytest

import tallystick.blinding
from tallystick.blinding import ALLOWED, PURPOSES, parse_public_key
from tallystick.blinding.header import FORMAT
from tallystick.blinding.header_json import HEADER_LIMIT, parse_header
from tallystick.blinding.transcript import PROTOCOL

from .make_vectors import FOLDER
from .parties import START_MS

ROOT = Path(__file__).parents[2]
SPEC = (ROOT / "spec" / "tokens.md").read_text(encoding="utf-8")
GOOD = (FOLDER / "good.json").read_text(encoding="utf-8")
MODULES = sorted(Path(tallystick.blinding.__file__).parent.glob("*.py"))


def table(begins: str) -> list[list[str]]:
    """Return the cells of the table whose first head cell begins so."""
    lines = SPEC.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith(f"| {begins}"))
    rows = []
    for line in lines[first + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


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
            "yes" if rule.nullable else "no",
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
