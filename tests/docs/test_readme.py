"""The first screen shows what the program does, and nothing else."""

import re
from pathlib import Path

import pytest

from .command_page import command_names
from .console import fits, run
from .places import README, ROOT
from .refresh import DEMO, between

TEXT = README.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Run the demo once, without any foreign data beside it."""
    folder = tmp_path_factory.mktemp("demo")
    return folder, run("tally demo", folder)


def test_demo_prints_what_the_readme_shows(demo: tuple[Path, str]) -> None:
    """The block between the markers is the demo's own output."""
    assert fits(tuple(between(TEXT, DEMO).splitlines()[1:-1]), demo[1])


def test_demo_fits_one_screen(demo: tuple[Path, str]) -> None:
    """At most 48 lines of 80 columns, but for paths."""
    lines = demo[1].splitlines()
    assert len(lines) <= 48
    assert max(map(len, lines)) <= 80


def test_demo_accuses_hardly_anybody(demo: tuple[Path, str]) -> None:
    """What the first screen promises holds for the first run."""
    accused = re.search(r"honest calls accused: (\d+) of", demo[1])
    assert accused
    assert int(accused[1]) <= 10


def test_demo_leaves_reports_that_it_names(demo: tuple[Path, str]) -> None:
    """Every page it points to is there."""
    folder, output = demo
    pages = re.findall(r"\S+\.html", output)
    assert pages
    assert [page for page in pages if not (folder / page).is_file()] == []


def test_make_targets_exist() -> None:
    """Every `make` of the README is a target of the Makefile."""
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"make ([a-z-]+)", TEXT)) <= set(targets)


def test_commands_exist() -> None:
    """Every `tally` of the README is a command."""
    known = {f"{name} " for name in command_names()}
    said = re.findall(r"(?:`|^)(tally [a-z ]+)", TEXT, re.MULTILINE)
    assert len(said) > 4
    assert [
        one
        for one in said
        if not any(name.startswith(one) or one.startswith(name) for name in known)
    ] == []
