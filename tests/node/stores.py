"""A store in which several machines of a party meet."""

import contextlib
import signal
import socket
import subprocess  # ruff: ignore[suspicious-subprocess-import] (a store of its own)
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Store:
    """A redis-server of a test's own."""

    command: str
    folder: Path
    port: int
    process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, and wait until it listens."""
        place = ("--port", str(self.port), "--bind", "127.0.0.1")
        quiet = ("--save", "", "--dir", str(self.folder), "--logfile", "store.log")
        self.process = subprocess.Popen((self.command, *place, *quiet))
        ends = time.monotonic() + 10
        while time.monotonic() < ends:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            time.sleep(0.02)
        raise TimeoutError

    def kill(self) -> None:
        """End it at once."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(10)


def sharing(store: Store, party: str, number: int, *, members: int = 2) -> str:
    """Return the settings of one of a party's members."""
    names = [f"{party.lower()}{n}" for n in range(members)]
    return (
        f'[cluster]\nname = "{names[number]}"\nstore = "{store.url}"\n'
        f"members = {names!r}\n"
    ).replace("'", '"')
