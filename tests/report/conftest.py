"""A realistic day, made once, and the page written of it."""

import shutil
import subprocess  # ruff: ignore[suspicious-subprocess-import]
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from tallystick.report.page import write_report

from .builder import build_result

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)

Browser = Callable[..., str]


@pytest.fixture(scope="session")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the result of a day: all kinds, 8 carriers, 20 trunks, an outage."""
    return build_result(tmp_path_factory.mktemp("day") / "result")


@pytest.fixture(scope="session")
def page(day: Path) -> str:
    """Return the page of that day, opening in English."""
    return write_report(day).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def browser(lacks: Callable[[str], NoReturn]) -> Browser:
    """Return a way to run Chromium once on an address, or skip with the reason."""
    if not Path(CHROMIUM).is_file():
        lacks(f"{CHROMIUM} is not installed: nothing can be rendered")

    def run(path: Path, *flags: str) -> str:
        profile = tempfile.mkdtemp(prefix="tally-browser-")
        try:
            done = subprocess.run(
                [
                    CHROMIUM,
                    *FLAGS,
                    f"--user-data-dir={profile}",
                    *flags,
                    path.as_uri(),
                ],
                check=True,
                capture_output=True,
                timeout=90,
            )
        finally:
            shutil.rmtree(profile, ignore_errors=True)
        return done.stdout.decode("utf-8")

    return run
