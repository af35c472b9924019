"""Two countries, prepared once and run once for all tests of them."""

from pathlib import Path

import pytest

from console.conftest import chromium
from tallystick.cli.demo.preparing import prepare

__all__ = ["chromium"]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of both sides, as `tally demo` prepares it."""
    place = tmp_path_factory.mktemp("two") / "parties"
    prepare(place, lambda *_: None)
    return place
