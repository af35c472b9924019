"""The unit files, held against systemd's own word on them."""

import configparser
import subprocess  # ruff: ignore[suspicious-subprocess-import]
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "deploy" / "systemd"
UNIT = FOLDER / "tallystick-node@.service"
PROGRAM = "/opt/tallystick/bin/tally"
EXPOSURE = 20  # tenths, of 100; systemd calls 1.9 and less safe


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """Return the unit of one channel, with a program that is there."""
    path = tmp_path / "tallystick-node@ru.service"
    path.write_text(UNIT.read_text().replace(PROGRAM, sys.executable))
    return path


def analyze(debian_command, *words: str) -> subprocess.CompletedProcess[str]:
    """Ask systemd; it need not run on this machine."""
    program = debian_command("systemd-analyze", package="systemd")
    return subprocess.run(
        [program, *words], capture_output=True, text=True, timeout=30, check=False
    )


def test_the_unit_is_understood_whole(debian_command, unit):
    """No key is unknown, no value refused, no dependency missing."""
    done = analyze(debian_command, "verify", "--recursive-errors=no", str(unit))
    assert (done.returncode, done.stderr) == (0, "")


def test_the_unit_gives_away_little(debian_command, unit):
    """What the node could do if somebody took it over is kept small."""
    done = analyze(
        debian_command,
        *("security", "--offline=true", f"--threshold={EXPOSURE}", str(unit)),
    )
    assert done.returncode == 0, done.stdout[-500:]


def test_the_unit_says_what_the_node_needs():
    """Told to reload it gets the signal for that, and it always comes back."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # systemd's keys have capitals
    parser.read_string(UNIT.read_text())
    service = parser["Service"]
    assert service["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert service["Restart"] == "always"
    assert "time-sync.target" in parser["Unit"]["After"]
    assert service["ExecStart"].startswith(f"{PROGRAM} node run --config ")
