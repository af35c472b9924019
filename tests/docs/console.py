"""Blocks of commands and output in pages: run, compared, written anew."""

import os
import re
import subprocess  # ruff: ignore[suspicious-subprocess-import]
import sys
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
MORE = "…"
COULD_NOT = 2


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a block.

    Attributes:
        line: What follows the `$`.
        output: What the page shows; a line of `…` stands for any lines.
    """

    line: str
    output: tuple[str, ...]


def commands_of(page: str) -> list[Command]:
    """Return the commands in the console blocks of a page, in order."""
    found = []
    for block in BLOCK.findall(page):
        for part in block.split("$ ")[1:]:
            line, *output = part.splitlines()
            found.append(Command(line, tuple(output)))
    return found


def run(line: str, folder: Path) -> str:
    """Run a command as a reader would, and return its standard output.

    Args:
        line: A shell line in which `tally` is the program under test.
        folder: Where to run it.
    """
    there = Path(sys.executable).parent
    environment = os.environ | {
        "PATH": f"{there}{os.pathsep}{os.environ['PATH']}",
        "TALLY_SHARED": str(folder / "nothing"),
        "COLUMNS": "80",
    }
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode < COULD_NOT, done.stderr
    assert not done.stderr, done.stderr
    return done.stdout


def shape(text: str) -> str:
    """Return a text in which a number is a number, whatever it is.

    Figures move with the machine and with every improvement; what is said about
    them, and in which order, is what a page promises.
    """
    text = re.sub(r"[A-Z]\d{7}\b", "F#", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "#", text)
    text = re.sub(r"\d[\d.,]*", "#", text)
    text = re.sub(r"(phantom routes|suspected, [a-z ]+): .*", r"\1: NAMES", text)
    return "\n".join(" ".join(line.split()) for line in text.splitlines())


def fits(shown: tuple[str, ...], output: str) -> bool:
    """Tell whether an output has the shape that a page shows."""
    parts = shape("\n".join(shown)).split(MORE)
    pattern = r"[\s\S]*".join(re.escape(part.strip()) for part in parts)
    return re.fullmatch(rf"\s*{pattern}\s*", shape(output)) is not None
