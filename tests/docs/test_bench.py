"""Every measurement can be begun: what it imports is there."""

import subprocess  # ruff: ignore[suspicious-subprocess-import] (our own programs)
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BENCHES = sorted(
    path.name for path in (ROOT / "bench").glob("*.py") if path.name != "timing.py"
)


@pytest.mark.parametrize("bench", BENCHES)
def test_a_measurement_says_what_it_takes(bench: str) -> None:
    said = subprocess.run(
        (sys.executable, ROOT / "bench" / bench, "--help"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert said.returncode == 0, said.stderr
