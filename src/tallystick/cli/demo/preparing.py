"""Both sides of the demonstration, as two offices would be after some weeks."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tallystick.blinding.keyfile import write_channel
from tallystick.cli.demo.agreeing import agree
from tallystick.cli.demo.finding import find
from tallystick.cli.demo.people import FILE, Visitor, let_in, read_people, write_people
from tallystick.cli.demo.sides import Doors, find_doors, open_sides, write_settings
from tallystick.model import UnavailableError
from tallystick.node.config.secrets import Secrets
from tallystick.node.rehearsal.course import Told, clear
from tallystick.node.rehearsal.parties import PARTIES, make_parties
from tallystick.node.service import now_ms
from tallystick.store.log import create_log

CALLS: Final = 12_000
"""Of the day, each way; enough for some of each scheme, paired by both in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Both sides, ready to be run.

    Attributes:
        settings: Of each side's node, office and console.
        doors: Where each listens.
        people: Who may sign in.
    """

    settings: dict[str, Path]
    doors: dict[str, Doors]
    people: list[Visitor]


def is_prepared(folder: Path) -> bool:
    """Tell whether both sides lie in a folder, whole."""
    return (folder / FILE).is_file()


def prepare(
    folder: Path, told: Told, *, calls: int = CALLS
) -> dict[str, frozenset[str]]:
    """Make both sides anew.

    A folder that holds something else is refused as in `clear`.

    Args:
        folder: Of both sides; what was prepared there before is lost.
        told: Hears what is being done, and how far it is.
        calls: Of the day that both sides pair.

    Returns:
        The names of the cases that each side found.
    """
    at_ms = now_ms()
    clear(folder, "tally console demo")
    make_parties(folder)
    settings = write_settings(folder, find_doors())
    with open_sides(settings) as sides:
        told("two sides agree", 0, 1)
        agree(folder, sides, now_ms=at_ms)
        for party, side in sides.items():
            create_log(folder / party / "log", side.key)
            write_channel(folder / party / "channel.toml", side.channel)
        found = find(folder, sides, told, calls=calls, now_ms=at_ms)
        told("people come to work", 0, 1)
        # Written last: who finds it finds all the others.
        write_people(folder / FILE, let_in(sides, now_ms=at_ms))
    return found


def take_up(folder: Path) -> Prepared:
    """Take up both sides where they were left.

    Args:
        folder: Of both sides.

    Raises:
        UnavailableError: "demo-old": their terms have ended.
    """
    own = folder / PARTIES[0]
    kept = Secrets.read(own / f"{PARTIES[0]}.key", own / "terms.toml")
    if kept.signed.terms.until_ms <= now_ms():
        raise UnavailableError(
            "demo-old",
            f"The terms of both sides in {folder} have ended.",
            advice="--fresh prepares both anew; what was done there is then lost.",
        )
    doors = find_doors()
    return Prepared(
        settings=write_settings(folder, doors),
        doors=doors,
        people=read_people(folder / FILE),
    )
