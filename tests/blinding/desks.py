"""Two parties at two desks, each with its own records, keys and folder."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from tallystick.blinding import channel_between
from tallystick.domains.calls.numbers import Numbering
from tallystick.engines.home import Home
from tallystick.engines.rounds import blind_first, blind_second
from tallystick.simulate.calls import simulate

from .parties import BY, RU

EPOCH = "2026-03-10"
CHANNEL = channel_between(BY.public(), RU.public())
FILES = ("by-1", "ru-1", "by-2", "ru-2")


def home(side: str, **values: object) -> Home:
    """Return what a party has at home."""
    usual: dict[str, object] = {
        "channel": CHANNEL,
        "epoch": EPOCH,
        "departure_country": "BY",
        "arrival_country": "RU",
        "memory_mb": 1500,
    }
    return Home(side=side, **(usual | values))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Desks:
    """Two parties and the files between them.

    Attributes:
        day: Folder with the records of both.
        post: Folder with the files that they sent.
    """

    day: Path
    post: Path

    def by(self, **changes: object) -> Home:
        """Return the departure side."""
        own: dict[str, object] = {"records": (self.day / "departures.csv",), "own": BY}
        return home("departures", **(own | changes))

    def ru(self, *, domestic: bool = False, **changes: object) -> Home:
        """Return the arrival side."""
        own: dict[str, object] = {"records": (self.day / "arrivals.csv",), "own": RU}
        if domestic:
            own["domestic"] = (self.day / "domestic.csv",)
        return home("arrivals", **(own | changes))

    def file(self, name: str) -> Path:
        """Return the place of a file that was sent."""
        return self.post / f"{name}.tally"

    def exchange(self) -> None:
        """Carry out both rounds."""
        self.post.mkdir(exist_ok=True)
        by_1, ru_1, by_2, ru_2 = map(self.file, FILES)
        blind_first(self.by(), by_1)
        blind_first(self.ru(domestic=True), ru_1)
        blind_second(self.by(), by_2, peer=ru_1)
        blind_second(self.ru(domestic=True), ru_2, peer=by_1, peer_2=by_2)


def simulated(folder: Path, *, calls: int, seed: int = 11) -> Desks:
    """Return two parties with a day of simulated calls, medium plants."""
    day = folder / "day"
    simulate(calls=calls, seed=seed, plant="medium", out=day)
    return Desks(day=day, post=folder / "post")


def copy(desks: Desks, folder: Path) -> Desks:
    """Return the same with a folder of files of its own, to spoil."""
    shutil.copytree(desks.post, folder / "post")
    return Desks(day=desks.day, post=folder / "post")


def numbering(desks: Desks) -> Numbering:
    """Return how the trunks of a simulated day write numbers."""
    return Numbering.load(desks.day / "numbering.toml")
