"""What the tutorial tells a reader to type does what the tutorial says."""

import json
from pathlib import Path

import pytest

from .console import commands_of, fits, run
from .places import TUTORIAL

COMMANDS = commands_of(TUTORIAL.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Walk through the tutorial once; return the folder and the outputs."""
    folder = tmp_path_factory.mktemp("tutorial")
    return folder, [run(command.line, folder) for command in COMMANDS]


def test_every_command_prints_what_is_shown(walked: tuple[Path, list[str]]) -> None:
    """Outputs have the shape that the page shows."""
    _, outputs = walked
    odd = [
        command.line
        for command, output in zip(COMMANDS, outputs, strict=True)
        if not fits(command.output, output)
    ]
    assert not odd


def test_a_side_that_lost_hours_accuses_nobody_in_them(
    walked: tuple[Path, list[str]],
) -> None:
    """Step 6: no finding more than before, hundreds that are unproven."""
    folder, _ = walked
    whole, holed = (
        json.loads((folder / name / "summary.json").read_text())["findings"]["by_kind"]
        for name in ("result", "holed")
    )
    assert holed["unproven"] > whole["unproven"] + 300
    assert holed["no_arrival"] <= whole["no_arrival"]
