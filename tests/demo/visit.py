"""A visitor of the demonstration: what the terminal says, and what they do with it."""

import contextlib
import re
import signal
import subprocess  # ruff: ignore[suspicious-subprocess-import] (our own program)
import sys
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

from cli.told import tally

MOST_S = 60
TALLY = (sys.executable, "-m", "tallystick")


@dataclass
class Running:
    """The demonstration at work.

    Attributes:
        folder: Of both sides.
        process: The program.
        said: What it wrote, a file.
    """

    folder: Path
    process: subprocess.Popen[bytes]
    said: Path

    @property
    def text(self) -> str:
        """Return what it said so far."""
        return self.said.read_text(encoding="utf-8")

    def address(self, country: str) -> str:
        """Return where a country's console is, as the terminal says."""
        found = re.search(rf"^{country} +(http://\S+)$", self.text, re.MULTILINE)
        assert found, self.text
        return found[1]

    def password(self) -> str:
        """Return everybody's password, as the terminal says."""
        found = re.search(r"^password +(.+)$", self.text, re.MULTILINE)
        assert found, self.text
        return found[1]

    def code(self, name: str, country: str) -> str:
        """Return somebody's code, as the terminal says."""
        found = re.search(rf"^{name} +(\d{{6}}) +(\d{{6}})", self.text, re.MULTILINE)
        assert found, self.text
        return found[1 if country == "Belarus" else 2]

    def reference(self, country: str) -> str:
        """Return what the caller was given whom a country refused, once one was."""
        lines = rf"^by {country} +http://\S+/objection/(\S+)$"

        def given() -> list[str]:
            return re.findall(lines, self.text, re.MULTILINE)

        until(given)
        return given()[-1]

    def cases(self, party: str, command: str, *words: str) -> str:
        """Do something about cases at a terminal of one side."""
        own = ("--store", "sqlite:///store.db", "--channel", "channel.toml")
        key = () if command == "list" else ("--key", f"{party}.key")
        done = tally("cases", command, *words, *own, *key, folder=self.folder / party)
        assert done.status == 0, done.err
        return done.out

    def end(self) -> int:
        """Press Ctrl-C and return the status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(MOST_S)


@contextlib.contextmanager
def begun(folder: Path) -> Generator[subprocess.Popen[bytes]]:
    """Begin the demonstration; it is told to end with the block."""
    with said_in(folder).open("wb") as file:
        process = subprocess.Popen(
            (*TALLY, "console", "demo", "--out", str(folder)), stdout=file, stderr=file
        )
    try:
        yield process
    finally:
        # Not killed: it ends what it has started.
        process.terminate()
        process.wait(MOST_S)


def said_in(folder: Path) -> Path:
    """Return the file of what it says."""
    return folder.parent / "said.txt"


@contextlib.contextmanager
def running(folder: Path) -> Generator[Running]:
    """Run the demonstration until the block ends; it is ready when it is given."""
    with begun(folder) as process:
        shown = Running(folder, process, said_in(folder))
        until(lambda: "administrator" in shown.text or process.poll() is not None)
        assert process.poll() is None, shown.text
        yield shown


def until(true: Callable[[], object]) -> None:
    """Wait until something is so."""
    ends = time.monotonic() + MOST_S
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.1)
