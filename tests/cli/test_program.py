"""How the program starts, ends, and stays out of the way."""

import subprocess  # ruff: ignore[suspicious-subprocess-import]
import sys
from pathlib import Path

import pytest

from tallystick import __version__

from .spoilt import good
from .told import tally

HEAVY = ("polars", "duckdb", "scipy", "altair", "numpy", "pyarrow", "cryptography")


def test_help_loads_no_heavy_library() -> None:
    """`tally --help` is quick because it needs next to nothing."""
    code = (
        "import sys\n"
        "from tallystick.cli import make_app\n"
        "make_app()\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_module_and_program_are_the_same() -> None:
    """`python -m tallystick` is `tally`."""
    done = subprocess.run(
        [sys.executable, "-m", "tallystick", "version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"tallystick {__version__}\n"


@pytest.mark.parametrize("words", [["--halp"], ["pair", "cals"], ["pair", "calls"]])
def test_wrong_words_are_status_2(words: list[str], tmp_path: Path) -> None:
    """A command that is not understood could not run."""
    assert tally(*words, folder=tmp_path).status == 2


def test_nothing_found_is_status_0(tmp_path: Path) -> None:
    """Two sides that agree."""
    for side in ("departures", "arrivals"):
        good(tmp_path / f"{side}.csv", side)
    told = tally(
        *("pair", "calls", "departures.csv", "arrivals.csv", "--out", "result"),
        folder=tmp_path,
    )
    assert told.status == 0
    assert "Every call has its other half." in told.out
    assert not told.err


def test_findings_are_status_1(tmp_path: Path) -> None:
    """Calls whose calling number was changed on the way."""
    good(tmp_path / "departures.csv", "departures")
    path = good(tmp_path / "arrivals.csv", "arrivals")
    path.write_text(path.read_text().replace("+37529", "+37533"), encoding="utf-8")
    told = tally(
        *("pair", "calls", "departures.csv", "arrivals.csv", "--out", "result"),
        folder=tmp_path,
    )
    assert told.status == 1
    assert "calling_number_altered" in told.out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["a.csv"], "Two sides are needed"),
        (["a.csv", "b.csv", "c.csv"], "Two sides are needed"),
        (["a.csv", "b.csv", "--memory", "much"], "is not a size"),
        (["a.csv", "b.csv", "--departure-country", "Belarus"], "ISO 3166"),
    ],
)
def test_wrong_settings_are_named(words: list[str], says: str, tmp_path: Path) -> None:
    """The sentence says which setting and what may stand there."""
    for name, side in (("a.csv", "departures"), ("b.csv", "arrivals")):
        good(tmp_path / name, side)
    told = tally("pair", "calls", *words, "--out", "result", folder=tmp_path)
    assert told.status == 2
    assert says in " ".join(told.err.split())


def test_scoring_and_explaining_nothing_is_status_2(tmp_path: Path) -> None:
    """A folder that holds no result is said to hold none."""
    for words in (("explain", ".", "F0000001"), ("score", ".", ".")):
        told = tally(*words, folder=tmp_path)
        assert told.status == 2
        assert told.err.startswith("tally: ")
