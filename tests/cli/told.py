"""What `tally` says to broken input: run `python tests/cli/told.py` for a table."""

import contextlib
import io
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

if __package__ in {None, ""}:
    sys.path.insert(0, str(Path(__file__).parents[1]))

from cli.spoilt import KINDS, Spoilt
from tallystick.cli import main


@dataclass(frozen=True, slots=True)
class Told:
    """What a run left behind.

    Attributes:
        status: Exit status.
        out: Standard output.
        err: Standard error.
        files: Text of every file that it wrote, by name.
    """

    status: int
    out: str
    err: str
    files: dict[str, str]

    @property
    def everything(self) -> str:
        """All that a person, or another program, can read of it."""
        return "\n".join([self.out, self.err, *self.files.values()])


def tally(*words: str, folder: Path) -> Told:
    """Run the program in this process, as `tally` would be in `folder`."""
    out, err = io.StringIO(), io.StringIO()
    status = 0
    here = Path.cwd()
    before = set(folder.rglob("*"))
    with (
        mock.patch.object(sys, "argv", ["tally", *words]),
        mock.patch.dict(os.environ, {"COLUMNS": "100"}),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        os.chdir(folder)
        try:
            main()
        except SystemExit as stop:
            status = int(stop.code or 0)
        finally:
            os.chdir(here)
    new = (path for path in set(folder.rglob("*")) - before if path.is_file())
    texts = {
        path.name: path.read_text(encoding="utf-8")
        for path in new
        if path.suffix in {".csv", ".json", ".html"}
    }
    return Told(status, out.getvalue(), err.getvalue(), texts)


def pair(kind: Spoilt, folder: Path) -> Told:
    """Pair the broken file with the other side's."""
    departures, arrivals = kind.spoil(folder), kind.arrivals(folder)
    return tally(
        *("pair", "calls", departures.name, arrivals.name, "--out", "result"),
        *kind.options,
        folder=folder,
    )


def inspect(kind: Spoilt, folder: Path) -> Told:
    """Look at the broken file."""
    path = kind.spoil(folder)
    options = () if kind.only_pair else kind.options
    return tally("records", "inspect", path.name, *options, folder=folder)


def in_short(told: Told) -> str:
    """Return the error; or what was read, and why some was not."""
    if told.err:
        return _line(told.err)
    read = [one for one in told.out.splitlines() if one.startswith(("dep", "records"))]
    why = [one for one in told.out.splitlines() if " (line " in one]
    why += told.files.get("rejects.csv", "").splitlines()[1:2]
    unproven = [one for one in told.out.splitlines() if one.startswith("unproven")]
    return _line("; ".join(_line(one) for one in [*read, *unproven, *why]))


def _line(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")


def main_table() -> None:
    """Print a table of everything."""
    rows = ["| input | `tally pair calls` | `tally records inspect` |", "|---|---|---|"]
    for kind in KINDS:
        cells = []
        for run in (pair, inspect):
            with tempfile.TemporaryDirectory() as folder:
                told = run(kind, Path(folder))
            cells.append(f"**{told.status}** {in_short(told)}")
        rows.append(f"| {kind.name} | {' | '.join(cells)} |")
    sys.stdout.write("\n".join(rows) + "\n")


if __name__ == "__main__":
    main_table()
