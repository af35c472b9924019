"""What all tests share: where the data that are not ours to ship may lie."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

SHARED = Path(
    os.environ.get("TALLY_SHARED", Path(__file__).parents[1] / ".." / "shared")
)

LONGEST = (
    "demo/test_two_countries.py",
    "console/test_two_consoles.py",
    "console/test_looks.py",
    "console/test_api.py",
    "faults/test_faults.py",
    "docs/test_readme.py",
    "console/test_rights.py",
    "cli/test_node_demo_ends.py",
    "office/test_two_offices.py",
)
"""Files whose tests take longest begin first, so that none is waited for alone."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; all others stay in their order."""
    here = Path(__file__).parent
    ranks = {here / name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda one: ranks.get(one.path, len(ranks)))


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


@pytest.fixture(scope="session")
def lacks() -> Callable[[str], NoReturn]:
    """Return a way to skip with a reason; where all is required, to fail with it."""

    def tell(reason: str) -> NoReturn:
        if os.environ.get("TALLY_REQUIRE_ALL") == "1":
            pytest.fail(f"{reason}, and TALLY_REQUIRE_ALL=1")
        pytest.skip(reason)

    return tell


@pytest.fixture(scope="session")
def debian_module(lacks: Callable[[str], NoReturn]) -> Callable[..., None]:
    """Return a way to need a module of Kamailio, or skip with the reason."""

    def find(module: str, *, package: str) -> None:
        if any(Path("/usr/lib").glob(f"*/kamailio/modules/{module}")):
            return
        lacks(f"{module} is not installed (Debian: apt-get install {package})")

    return find


@pytest.fixture(scope="session")
def debian_command(lacks: Callable[[str], NoReturn]) -> Callable[..., str]:
    """Return a way to find a command of a Debian package, or skip with the reason."""

    def find(command: str, *, package: str) -> str:
        path = shutil.which(command)
        if path is None:
            lacks(f"{command} is not installed (Debian: apt-get install {package})")
        return path

    return find
