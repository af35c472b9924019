"""What all tests share: where the data that are not ours to ship may lie."""

import os
from pathlib import Path

import pytest

SHARED = Path(
    os.environ.get("TALLY_SHARED", Path(__file__).parents[1] / ".." / "shared")
)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of foreign test data, or skip with the reason."""
    folder = (SHARED / "data").resolve()
    if not folder.is_dir():
        pytest.skip(
            "the shared test data are not on this machine (set TALLY_SHARED to the "
            "folder that holds data/)"
        )
    return folder
