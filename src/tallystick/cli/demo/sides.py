"""The two sides of the demonstration: where each lies and listens, and who works there.

A side is a folder as an operator would have it: key, terms, settings, records, store,
book of the agreement, log. Nothing in it is the other side's.
"""

from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tallystick.node.config.settings import load_settings
from tallystick.node.rehearsal.course import post
from tallystick.node.rehearsal.parties import PARTIES, Post, settings_text
from tallystick.office import Side, office_settings, open_side
from tallystick.testing.programs import free_port

_BESIDE: Final = """
[proof]
listen = "127.0.0.1:{proof}"
log = "log"
witness = "witness"
peer_witness = "http://127.0.0.1:{peer_proof}"

[office]
store = "sqlite:///store.db"
listen = "127.0.0.1:{office}"
peer = "http://127.0.0.1:{peer_office}"

[console]
listen = "127.0.0.1:{console}"
address = "{address}"
insecure_http = true
"""
_USUAL: Final = {"BY": 8441, "RU": 8442}
"""Where the consoles are, unless somebody else is there."""
_HOSTS: Final = {"BY": "127.0.0.1", "RU": "localhost"}
"""Two names of this machine: to one name a browser would send one session for both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """Where one side listens.

    Attributes:
        post: Its node.
        office: Its office, a port.
        proof: Its log.
        console: Its console.
        address: What people type to come to its console.
    """

    post: Post
    office: int
    proof: int
    console: int
    address: str


def find_doors() -> dict[str, Doors]:
    """Return places for both sides where nobody listens now."""
    found = {}
    for party in PARTIES:
        console = free_port(wanted=_USUAL[party])
        found[party] = Doors(
            post=post(),
            office=free_port(),
            proof=free_port(),
            console=console,
            address=f"http://{_HOSTS[party]}:{console}",
        )
    return found


def write_settings(folder: Path, doors: Mapping[str, Doors]) -> dict[str, Path]:
    """Write both sides' settings files.

    Args:
        folder: Of both sides.
        doors: Where they listen.

    Returns:
        The file of each.
    """
    posts = {party: one.post for party, one in doors.items()}
    files = {}
    for party, other in zip(PARTIES, reversed(PARTIES), strict=True):
        own = doors[party]
        beside = _BESIDE.format(
            proof=own.proof,
            office=own.office,
            peer_proof=doors[other].proof,
            peer_office=doors[other].office,
            console=own.console,
            address=own.address,
        )
        files[party] = folder / party / "node.toml"
        own_node = settings_text(party, posts, 'agreement = "book"', follows=PARTIES)
        files[party].write_text(own_node + beside, encoding="utf-8")
    return files


@contextmanager
def open_sides(settings: Mapping[str, Path]) -> Generator[dict[str, Side]]:
    """Open both sides as their offices would.

    Args:
        settings: As `write_settings` returns it.

    Yields:
        Both, once.
    """
    with ExitStack() as stack:
        yield {
            party: stack.enter_context(
                open_side(office_settings(load_settings(file, {}).settings))
            )
            for party, file in settings.items()
        }
