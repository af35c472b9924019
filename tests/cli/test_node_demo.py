"""`tally node demo`: shows what it promises, and ends what it began."""

import re

from typer.testing import CliRunner

from tallystick.cli import make_app
from tallystick.model import ConfigError
from tallystick.testing.callers import Heard, heard

from .at_work import at_work


def test_without_switches_the_same_calls_are_placed_by_http(tmp_path, monkeypatch):
    """Says what is missing, refuses what was spoofed, and touches nobody honest."""
    lacking = ["kamailio", "sip-tester"]
    course = "tallystick.node.rehearsal.course.missing_packages"
    monkeypatch.setattr(course, lambda: lacking)
    out = tmp_path / "demo"
    done = CliRunner().invoke(make_app(), ["node", "demo", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "apt-get install kamailio sip-tester" in done.output
    assert "honest calls touched: 0 of 45\n" in done.output
    assert re.search(r"refused while both nodes were there: 28 of 28\n", done.output)
    rows = re.findall(
        r"^ *calling number invented +(\d+) +(\d+) +(\d+)", done.output, re.MULTILINE
    )
    assert rows == [("12", "0", "12"), ("4", "4", "0"), ("4", "0", "4")]
    # Made once, it may be made anew; the second time nothing else is needed.
    assert (out / "RU" / "kept" / "verdicts").is_dir()
    assert at_work(out) == []


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    """Nothing is removed that a rehearsal did not make."""
    (tmp_path / "letters.txt").write_text("mine")
    done = CliRunner().invoke(make_app(), ["node", "demo", "--out", str(tmp_path)])
    assert isinstance(done.exception, ConfigError)
    assert done.exception.code == "rehearsal-folder"
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]


def test_what_callers_noted_is_read_as_it_was_written():
    """Answers in any order; a caller without an answer heard nothing."""
    notes = [
        "b-1 placed 4",
        "b-2 placed 9",
        "b-2 603 140",
        "b-1 200 30",
        "b-3 placed 50",
    ]
    assert heard(["b-1", "b-2", "b-3", "b-4"], notes) == [
        Heard("b-1", 200, 26),
        Heard("b-2", 603, 131),
        Heard("b-3", 0, 0),
        Heard("b-4", 0, 0),
    ]
