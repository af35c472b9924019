"""Write anew what is generated: run `python tests/docs/refresh.py`.

The pages of commands, agreements, metrics, roles and HTTP doors, the demo's output in
the README, the outputs in the tutorials.
Look at the difference before it is committed.
"""

import sys
import tempfile
from pathlib import Path

if __package__ in {None, ""}:
    sys.path.insert(0, str(Path(__file__).parents[1]))

from docs.agreement_page import agreement_page
from docs.api_page import api_page
from docs.command_page import command_page
from docs.console import MORE, commands_of, run
from docs.metrics_page import metrics_page
from docs.places import (
    AGREEMENT,
    COMMANDS,
    INTERFACE,
    LIVE_TUTORIAL,
    METRICS,
    README,
    RIGHTS,
    TUTORIAL,
)
from docs.rights_page import rights_page

DEMO = ("<!-- demo -->", "<!-- /demo -->")


def between(text: str, marks: tuple[str, str]) -> str:
    """Return what stands between two marks."""
    return text.split(marks[0])[1].split(marks[1], maxsplit=1)[0].strip()


def demo_block(folder: Path) -> str:
    """Return the demo's output as a block."""
    lines = [line.rstrip() for line in run("tally demo", folder).splitlines()]
    return "```text\n" + "\n".join(lines) + "\n```"


def refresh_readme(folder: Path) -> None:
    """Put the demo's output into the README."""
    text = README.read_text(encoding="utf-8")
    old = between(text, DEMO)
    README.write_text(text.replace(old, demo_block(folder)), encoding="utf-8")


def refresh_tutorial(page: Path, folder: Path) -> None:
    """Put the first lines of outputs into a tutorial where it shows some."""
    text = page.read_text(encoding="utf-8")
    for command in commands_of(text):
        output = run(command.line, folder).splitlines()
        shown = [line for line in command.output if line != MORE]
        if not shown:
            continue
        new = [line.rstrip() for line in output[: len(shown)]]
        old = "\n".join(["$ " + command.line, *shown])
        text = text.replace(old, "\n".join(["$ " + command.line, *new]))
    page.write_text(text, encoding="utf-8")


def main() -> None:
    """Write everything anew."""
    COMMANDS.write_text(command_page(), encoding="utf-8")
    AGREEMENT.write_text(agreement_page(), encoding="utf-8")
    INTERFACE.write_text(api_page(), encoding="utf-8")
    METRICS.write_text(metrics_page(), encoding="utf-8")
    RIGHTS.write_text(rights_page(), encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        refresh_readme(Path(folder))
    for page in (TUTORIAL, LIVE_TUTORIAL):
        with tempfile.TemporaryDirectory() as folder:
            refresh_tutorial(page, Path(folder))


if __name__ == "__main__":
    main()
