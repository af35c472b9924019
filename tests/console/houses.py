"""Two parties at work: an office and a console of each, every one a process."""

import contextlib
import secrets
import subprocess  # ruff: ignore[suspicious-subprocess-import] (our own program)
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from office.two import MOST_S, certify
from tallystick.cases.grouping import group
from tallystick.console import ConsoleSettings
from tallystick.console.people.entry import Entry
from tallystick.domains.calls.cases import RULES
from tallystick.node.config.settings import load_settings
from tallystick.node.rehearsal.parties import PARTIES, Post, prepare
from tallystick.office import Side, office_settings, open_side
from tallystick.proof import signing_key
from tallystick.store import Account, People
from tallystick.store.cases import gather
from tallystick.store.log import create_log
from tallystick.testing.programs import free_port

from .planted import CALLED, CALLING, findings
from .world import SEALER, hashed

ADDED = """
[office]
store = "sqlite:///store.db"
listen = "127.0.0.1:{office}"
peer = "https://127.0.0.1:{peer}"
certificate = "tls.pem"
certificate_key = "tls.key"
authorities = "{authorities}"

[console]
listen = "127.0.0.1:{console}"
address = "http://127.0.0.1:{console}"
insecure_http = true

[proof]
listen = "127.0.0.1:{proof}"
log = "log"
witness = "witness"
"""


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass
class House:
    """One party: its side, where its console is, and what runs."""

    party: str
    settings: Path
    address: str
    side: Side
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *rooms: str) -> None:
        """Start what works there, and wait until it answers."""
        for room in rooms:
            words = ("-m", "tallystick", room, "run", "--config", str(self.settings))
            process = subprocess.Popen((sys.executable, *words), stdout=subprocess.PIPE)
            self.running.append(process)

    def wait(self) -> None:
        """Wait until all that was started says that it answers."""
        for process in self.running:
            assert process.stdout is not None
            assert process.stdout.readline()

    def end(self) -> None:
        """End all that was started."""
        for process in self.running:
            process.terminate()
        for process in self.running:
            process.wait(MOST_S)
            assert process.stdout is not None
            process.stdout.close()
        self.side.store.close()

    def session(self, role: str) -> str:
        """Return the session of somebody of a role who has just come in."""
        name, at_ms = f"{role}-{secrets.token_hex(3)}", now_ms()
        account = Account(
            id=secrets.token_hex(16),
            name=name,
            role=role,
            trunks=("T1",) if role == "operator" else (),
            password=hashed(),
            totp="",
            totp_step=0,
            made_ms=at_ms,
        )
        People(self.side.store).add(account)
        entry = Entry(
            self.side.store, ConsoleSettings(address=self.address, sealer=SEALER)
        )
        return entry.enter(account, "in", now_ms=at_ms).id


def crossings(trunks: dict[str, str]) -> pl.DataFrame:
    """Return findings of a stretched trunk for each carrier, both halves known."""
    one = findings().filter(pl.col("actor") == "Elm")
    return pl.concat(
        one.with_columns(
            actor=pl.lit(actor),
            object=pl.lit(trunk),
            departure_point=pl.lit(trunk),
            departure_id=pl.col("departure_id").str.replace("Elm", actor),
            arrival_id=pl.col("departure_id").str.replace("Elm", f"{actor}-in"),
            arrival_point=pl.lit("R7"),
            arrival_calling=pl.lit(CALLING),
            arrival_called=pl.lit(CALLED),
        )
        for actor, trunk in trunks.items()
    )


@contextlib.contextmanager
def two_houses(folder: Path, trunks: dict[str, str]) -> Generator[tuple[House, House]]:
    """Run both; whatever happens they end."""
    doors = ("http", "sip", "channel")
    posts = {
        party: Post(**{door: f"127.0.0.1:{free_port()}" for door in doors})
        for party in PARTIES
    }
    files = prepare(folder, posts)
    office = {party: free_port() for party in PARTIES}
    with contextlib.ExitStack() as stack:
        houses = []
        for party, other in (PARTIES, PARTIES[::-1]):
            certify(folder / party)
            console = free_port()
            text = ADDED.format(
                office=office[party],
                peer=office[other],
                console=console,
                proof=free_port(),
                authorities=folder / other / "tls.pem",
            )
            with files[party].open("a") as file:
                file.write(text)
            told = office_settings(load_settings(files[party], []).settings)
            side = stack.enter_context(open_side(told))
            create_log(folder / party / "log", signing_key(told.own))
            take(side, crossings(trunks))
            address = f"http://127.0.0.1:{console}"
            house = House(party, files[party], address, side)
            stack.callback(house.end)
            house.start("office", "console")
            houses.append(house)
        for house in houses:
            house.wait()
        yield houses[0], houses[1]


def take(side: Side, found: pl.DataFrame) -> None:
    """Take findings into a party's store."""
    way = {"domain": "calls", "departure": "BY", "arrival": "RU"}
    desk = side.cases()
    grouped = group(found, **way, secret=desk.secret, lawful=())
    gather(
        side.store,
        desk.channel,
        grouped,
        **way,
        secret=desk.secret,
        rules=RULES,
        deck=None,
    )
