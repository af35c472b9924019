"""Laws of reading, by generated tables."""

import csv
import io
import resource
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tallystick.domains.calls.records.blocks import Block, BlockCutter, LongLine
from tallystick.domains.calls.records.rows import Dialect, careful_rows, parse_rows
from tallystick.model.errors import TallystickError

from .files import PLAIN, PLAIN_HEADER, plain_row, read, saved

DIALECT = Dialect(("a", "b", "c"), ",", '"')
values = st.text(alphabet='ab,;"\n é', max_size=6)
tables = st.lists(st.lists(values, min_size=3, max_size=3), min_size=1, max_size=12)


def written(table: list[list[str]], *, quoting: int) -> bytes:
    file = io.StringIO()
    csv.writer(file, quoting=quoting, lineterminator="\n").writerows(table)
    return file.getvalue().encode()


@pytest.mark.property
@settings(max_examples=200, deadline=None)
@given(tables, st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_rows_are_those_of_the_csv_module(table, quoting):
    """Values, order and line numbers agree with the standard library."""
    text = written(table, quoting=quoting)
    parsed = parse_rows(Block(text, 2, text.count(b"\n")), DIALECT)
    assert [list(row) for row in parsed.frame.rows()] == table
    assert not parsed.rejects
    lines, at = [], 2
    for row in table:
        lines.append(at)
        at += 1 + sum(value.count("\n") for value in row)
    assert parsed.lines.to_list() == lines


noise_lines = st.lists(
    st.sampled_from(
        [
            *(b"1,2,3", b"1,2", b"1,2,3,4", b"", b'1,"a', b'b",3', b'1,a"b,3'),
            *(b'"a,b",2,3', b"1,\xff,3", b"1,\0,3", "1,é,3".encode(), b'1,"2"",3'),
        ]
    ),
    min_size=1,
    max_size=90,
)


@pytest.mark.property
@settings(max_examples=200, deadline=None)
@given(noise_lines)
def test_sifting_changes_nothing(lines):
    """Reading only the suspicious lines one by one gives what reading all gives."""
    block = Block(b"\n".join(lines) + b"\n", 2, len(lines), cut_off=True)
    quick, slow = parse_rows(block, DIALECT), careful_rows(block, DIALECT)
    assert quick.frame.equals(slow.frame)
    assert quick.lines.equals(slow.lines)
    assert quick.rejects == slow.rejects


@pytest.mark.property
@settings(max_examples=100, deadline=None)
@given(tables, st.integers(1, 60), st.integers(20, 200))
def test_blocks_hold_whole_rows(table, piece_bytes, block_bytes):
    """However the bytes come, the blocks are the text, cut between rows."""
    text = written(table, quoting=csv.QUOTE_MINIMAL)
    pieces = [text[at : at + piece_bytes] for at in range(0, len(text), piece_bytes)]
    blocks = list(BlockCutter(block_bytes=block_bytes, quote=True).blocks(pieces))
    assert not any(isinstance(block, LongLine) for block in blocks)
    assert b"".join(block.text for block in blocks) == text
    assert all(block.text.count(b'"') % 2 == 0 for block in blocks)
    line = 1
    for block in blocks:
        assert block.line == line
        line += block.lines


@pytest.mark.property
@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=30), st.integers(0, 900), st.integers(0, 900))
def test_damage_gives_rejects_or_an_error_of_ours(tmp_path_factory, noise, one, two):
    """Whatever is done to a table: rows, rejects, or a sentence."""
    content = PLAIN.encode()
    damaged = content[: min(one, two)] + noise + content[max(one, two) :]
    path = saved(tmp_path_factory.mktemp("damage"), damaged)
    try:
        found = read(path, zone="Europe/Minsk")
    except TallystickError:
        return
    lines = damaged.count(b"\n") + damaged.count(b"\r") + 1
    seen = [*found.column("line"), *(line for line, _, _ in found.reasons)]
    assert all(1 <= line <= lines + 1 for line in seen)


@pytest.mark.property
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(bad=st.sets(st.integers(0, 19)), batch_rows=st.sampled_from([1, 3, 100]))
def test_every_line_is_a_record_or_a_reject(tmp_path, bad, batch_rows):
    """Good rows are all read, bad ones all named, whatever the batches."""
    kinds = ("short", plain_row(duration_s="-1"), plain_row(started_at="never"))
    lines = [
        kinds[n % 3].replace("D1,", f"D{n},", 1)
        if n in bad
        else plain_row(record_id=f"D{n}")
        for n in range(20)
    ]
    path = saved(tmp_path, "\n".join([PLAIN_HEADER, *lines]) + "\n")
    found = read(path, batch_rows=batch_rows)
    good = [n + 2 for n in range(20) if n not in bad]
    assert found.column("line") == good
    named = {line for line, _, _ in found.reasons}
    assert named == {n + 2 for n in bad}


def test_memory_does_not_grow_with_the_file(tmp_path: Path):
    """Forty megabytes of rows and a line of sixty need little more than ten."""

    def most_mb() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

    path = tmp_path / "calls.csv"
    with path.open("w") as file:
        file.write(PLAIN_HEADER + "\n")
        for n in range(60_000):
            file.write(plain_row(record_id=f"D{n}") + "\n")
    assert read(path).records.height == 60_000
    before = most_mb()
    with path.open("a") as file:
        file.writelines("9" * (1 << 20) for _ in range(200))
        file.write("\n")
        for n in range(60_000, 120_000):
            file.write(plain_row(record_id=f"D{n}") + "\n")
    count = sum(batch.records.height for batch in read(path).batches)
    assert count == 120_000
    assert most_mb() - before < 150
