"""`tally node demo`: shows what it promises, and ends what it began."""

import os
import re
import signal
import socket
import subprocess  # ruff: ignore[suspicious-subprocess-import]
import sys
import time
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tallystick.cli import make_app
from tallystick.model import ConfigError
from tallystick.testing.callers import Heard, heard

TALLY = (sys.executable, "-m", "tallystick")


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
    assert listening(out) == []


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    """Nothing is removed that a rehearsal did not make."""
    (tmp_path / "letters.txt").write_text("mine")
    done = CliRunner().invoke(make_app(), ["node", "demo", "--out", str(tmp_path)])
    assert isinstance(done.exception, ConfigError)
    assert done.exception.code == "rehearsal-folder"
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]


@pytest.mark.parametrize("word", [signal.SIGINT, signal.SIGTERM])
def test_stopped_half_way_it_ends_what_it_began(tmp_path, word):
    """Ctrl-C and `kill` leave no node behind."""
    out = tmp_path / "demo"
    with (tmp_path / "said").open("w") as said:
        demo = subprocess.Popen(
            [*TALLY, "node", "demo", "--http", "--out", str(out)],
            stdout=said,
            stderr=said,
            env=os.environ | {"COLUMNS": "80"},
        )
        try:
            ends = time.monotonic() + 20
            while len(listening(out)) < 2:
                assert time.monotonic() < ends
                assert demo.poll() is None
                time.sleep(0.05)
            demo.send_signal(word)
            assert demo.wait(15) != 0
        finally:
            demo.kill()
            demo.wait()
    assert listening(out) == []
    assert "Traceback" not in (tmp_path / "said").read_text()


def listening(out: Path) -> list[str]:
    """Return the parties whose node takes a connection."""
    found = []
    for path in out.glob("*/node.toml"):
        host, _, port = tomllib.loads(path.read_text())["listen"]["http"].partition(":")
        with socket.socket() as line:
            if line.connect_ex((host, int(port))) == 0:
                found.append(path.parent.name)
    return found


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
