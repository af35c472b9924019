"""The specification and the code say the same."""

import re
from pathlib import Path

import pytest

import tallystick.channel
from spec_tables import cells_below
from tallystick.channel import (
    FRAME_FAULTS,
    PAYLOAD_LIMIT,
    TOKEN_SCHEMES,
    Refusal,
    pending,
    retention,
    wire,
)
from tallystick.channel.agreement import _MEMBERS, TEXT_LIMIT
from tallystick.channel.codec import CHECKSUM, ENVELOPE, GREETING_LIMIT
from tallystick.channel.errors import SENTENCES
from tallystick.channel.feed import RESUMES_LIMIT
from tallystick.channel.frame import Kind
from tallystick.channel.terms import BOUNDS_MS

from . import plain

ROOT = Path(__file__).parents[2]
SPEC = (ROOT / "spec" / "channel.md").read_text(encoding="utf-8")
OVERHEAD = ENVELOPE.size + wire.HEAD.size + CHECKSUM.size
MODULES = sorted(Path(tallystick.channel.__file__).parent.glob("*.py"))


def table(heading: str, begins: str) -> list[list[str]]:
    """Return the cells of the first such table under a heading."""
    return cells_below(SPEC.split(f"\n## {heading}\n")[1], begins)


def test_refused_frames() -> None:
    """The codes of the table are those of the code."""
    codes = [row[0].strip("`") for row in table("Frames that are refused", "code")]
    assert sorted(codes) == sorted(FRAME_FAULTS)


def test_refusals() -> None:
    """The refusals of the table are those of the code, each with a sentence."""
    rows = table("Refusals", "code")
    assert [(int(row[0]), row[1]) for row in rows] == [
        (int(one), one.name.lower()) for one in Refusal
    ]
    assert list(SENTENCES) == list(Refusal)


def test_kinds() -> None:
    """The kinds of the table are those of the code, and end where theirs end."""
    rows = table("Frames", "kind")
    names = [row[1].upper() for row in rows]
    assert [(int(row[0]), name) for row, name in zip(rows, names, strict=True)] == [
        (int(kind), kind.name) for kind in Kind
    ]
    for row in rows:
        if row[1] in plain.LAYOUTS:
            places = re.findall(r"(?:^|, )(\d+) [^()]*?\((\d+)\)", row[3])
            sizes = [size for _, size in plain.LAYOUTS[row[1]][1]]
            assert [int(size) for _, size in places] == sizes
            starts = [sum(sizes[:i]) for i in range(len(sizes))]
            assert [int(start) for start, _ in places] == starts


@pytest.mark.parametrize(
    ("begins", "layout", "size"),
    [
        (
            "offset | bytes | what |\n|---|---|---|\n| 0 | 8 | number of this",
            plain.HEAD,
            wire.HEAD.size,
        ),
        (
            "offset | bytes | what |\n|---|---|---|\n| 0 | 4 | when",
            plain.DEPARTURE,
            wire.DEPARTURE.size,
        ),
        (
            "offset | bytes | what |\n|---|---|---|\n| 0 | 8 | number of its dep",
            plain.CLOSING,
            wire.CLOSING.size,
        ),
    ],
)
def test_layouts(begins: str, layout: tuple[tuple[str, int], ...], size: int) -> None:
    """The byte tables of calls are those of both implementations."""
    text = SPEC[SPEC.index(f"| {begins}") :].split("\n\n")[0]
    places = re.findall(r"^\| (\d+) \| (\d+) \|", text, re.MULTILINE)
    sizes = [width for _, width in layout]
    assert [int(width) for _, width in places] == sizes
    assert [int(start) for start, _ in places] == [
        sum(sizes[:i]) for i in range(len(sizes))
    ]
    assert sum(sizes) == size


def test_members_of_the_agreement() -> None:
    """The members of the table are those of the code, with their bounds."""
    rows = {row[0].strip("`"): row[2] for row in table("The agreement file", "member")}
    assert rows.keys() == _MEMBERS
    for name, (low, high) in BOUNDS_MS.items():
        assert rows[name].startswith(f"{low} to {high}")
    assert rows["tokens"] == ", ".join(f"`{one}`" for one in TOKEN_SCHEMES)


@pytest.mark.parametrize(
    "value",
    [
        f"{PAYLOAD_LIMIT:,} bytes",
        f"| {PAYLOAD_LIMIT + ENVELOPE.size + CHECKSUM.size:,}; before",
        f"before the proof {GREETING_LIMIT + ENVELOPE.size + CHECKSUM.size}",
        f"{TEXT_LIMIT:,} characters",
        f"| {pending.PENDING_LIMIT:,};",
        f"{retention.RETENTION_BYTES // 2**20} MiB",
        f"| {RESUMES_LIMIT:,} |",
        f"at most {wire.DEPARTURES_LIMIT} |",
        f"at most {wire.CLOSINGS_LIMIT} |",
        f"{wire.FIRST_MS} (2000) and {wire.LAST_MS} (2100)",
        f"| {wire.DEPARTURE.size}, and {OVERHEAD} for each frame |",
    ],
)
def test_limits(value: str) -> None:
    """The limits are those of the code."""
    assert value in SPEC


def test_sources_name_headings() -> None:
    """Every heading that a module names stands in the specification."""
    headings = set(re.findall(r"^## (.+)$", SPEC, re.MULTILINE))
    for path in MODULES:
        for line in re.findall(r"Source: spec/channel.md, (.+)", path.read_text()):
            for name in re.findall(r'"([^"]+)"', line):
                assert name in headings, (path.name, name)
