"""Two parties' keys and terms, and their nodes as processes of their own."""

import asyncio
import contextlib
import os
import random
import re
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tallystick.blinding import new_private_key, public_key_text
from tallystick.blinding.keyfile import write_private_key
from tallystick.node.rehearsal.parties import PARTIES, signed_terms

HOST: Final = "127.0.0.1"
START_S: Final = 30.0
CLOCKED: Final = Path(__file__).with_name("clocked.py")
RULES: Final = """format = "tallystick-rules/1"
name = "trial"
version = 1
[[rules]]
id = "missing"
when = { half = ["no_departure"] }
action = "reject"
mode = "live"
[[rules]]
id = "altered"
when = { half = ["altered"] }
action = "reject"
mode = "live"
"""
"""What acts on calls here: whatever rests on absence is refused, live."""


def agree(folder: Path, *, from_ms: int | None = None, **changes: int) -> None:
    """Make both parties' keys, the terms they signed, and live rules."""
    keys = {party: new_private_key(party, draw=os.urandom) for party in PARTIES}
    for party, key in keys.items():
        write_private_key(folder / f"{party}.key", key)
        (folder / f"{party}.pub").write_text(public_key_text(key.public()))
    text = signed_terms(keys, from_ms=from_ms, **changes)
    (folder / "terms.toml").write_text(text, encoding="ascii")
    (folder / "rules.toml").write_text(RULES, encoding="ascii")


def free_port(host: str = HOST) -> int:
    """Return a port nobody has now, below those given to outgoing connections."""
    while True:
        port = random.randint(20_000, 32_000)
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            try:
                tcp.bind((host, port))
                udp.bind((host, port))
            except OSError:
                continue
            return port


@dataclass(frozen=True)
class Place:
    """Where a node runs and listens.

    Attributes:
        http: Where switches speak to it.
        channel: Where its peer does.
        sip: Where switches ask by SIP; empty: nowhere.
        before: Words before the command, as `ip netns exec NAME`.
    """

    http: tuple[str, int]
    channel: tuple[str, int]
    sip: tuple[str, int] | None = None
    before: tuple[str, ...] = ()


def place() -> Place:
    """Return a place on the loopback."""
    return Place((HOST, free_port()), (HOST, free_port()))


_SWITCH: Final = """
[[switches]]
name = "trial"
networks = ["127.0.0.0/8"]
side = "{}"
dialect = "next-route"
"""


class NodeProcess:
    """One party's node; started, killed and started again under one address."""

    def __init__(self, folder: Path, party: str, where: Place) -> None:
        """Prepare to start it; keys and terms must be in the folder."""
        self.folder, self.party, self.where = folder, party, where
        self.store = folder / party
        self.peer: tuple[str, int] | None = None
        self.more = ""
        self.log = folder / f"{party}.log"
        self.clock: Path | None = None
        self.process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """Its process; 0 where it does not run."""
        gone = self.process is None or self.process.returncode is not None
        return 0 if gone or self.process is None else self.process.pid

    async def start(self) -> None:
        """Start it and wait until it answers."""
        path = self.folder / f"{self.party}.toml"
        path.write_text(self._settings(), encoding="utf-8")
        tally: tuple[str, ...] = ("-m", "tallystick")
        if self.clock is not None:
            tally = (str(CLOCKED), str(self.clock), "--")
        words = (sys.executable, *tally, "node", "run", "--config")
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(*self.where.before, *words, str(path)),
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )
        out = self.process.stdout
        async with asyncio.timeout(START_S):
            while out is not None and b"answers" not in (line := await out.readline()):
                if not line:
                    raise RuntimeError(self.log.read_text(encoding="utf-8"))

    async def stop(self) -> None:
        """Ask it to end, and see to it that it does."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """End it at once, as a power cut would."""
        await self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Let it stand still."""
        if self.process is not None:
            self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)

    def rss_mb(self) -> float:
        """Return its memory."""
        text = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        found = re.search(r"VmRSS:\s+(\d+) kB", text)
        return int(found[1]) / 1024 if found else 0.0

    def cpu_s(self) -> float:
        """Return the processor time it has had."""
        text = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii")
        fields = text.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def troubles(self) -> int:
        """Return how often it noted a fault of the program, or died of one."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return text.count('"event": "fault"') + text.count("Traceback")

    async def _end(self, number: int) -> None:
        if self.process is None or self.process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)
            if number == signal.SIGTERM:
                self.process.send_signal(signal.SIGCONT)
        try:
            await asyncio.wait_for(self.process.wait(), 10)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()

    def _settings(self) -> str:
        other = next(one for one in PARTIES if one != self.party)
        where, side = self.where, "departures" if self.party == "BY" else "arrivals"
        peer = f'[peer]\naddress = "{_text(self.peer)}"\n' if self.peer else ""
        sip = f'sip = "{_text(where.sip)}"\n' if where.sip else ""
        return (
            f'party = "{self.party}"\nfolder = "{self.store}"\nrules = "rules.toml"\n'
            f'[keys]\nown = "{self.party}.key"\nterms = "terms.toml"\n'
            f'[listen]\nhttp = "{_text(where.http)}"\n{sip}'
            f'channel = "{_text(where.channel)}"\n'
            f'[numbers]\nown = "{self.party}"\npeer = "{other}"\n'
            f"{peer}{_SWITCH.format(side) if where.sip else ''}{self.more}"
        )


def _text(address: tuple[str, int]) -> str:
    return f"{address[0]}:{address[1]}"
