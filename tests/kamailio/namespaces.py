"""Two countries on one machine: a network of its own for each, and lines between."""

import asyncio
import contextlib
import ctypes
import os
import secrets
import subprocess  # ruff: ignore[suspicious-subprocess-import]
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TRUNK = {"BY": "192.0.2.1", "RU": "192.0.2.2"}
"""Over which calls go."""

LINE = {"BY": "198.51.100.1", "RU": "198.51.100.2"}
"""Over which the nodes speak."""

CLONE_NEWNET = 0x40000000


class NotAllowedError(Exception):
    """This user, or this machine, may make no networks."""


@dataclass(frozen=True, slots=True)
class Country:
    """One side.

    Attributes:
        name: Of its network.
        threads: One thread, which lives in it.
    """

    name: str
    threads: ThreadPoolExecutor

    @property
    def inside(self) -> tuple[str, ...]:
        """What to put before a command that is to run in it."""
        return ("ip", "netns", "exec", self.name)

    async def do(self, work: Callable[..., Any], *args: object) -> Any:
        """Do something with sockets that are in it."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.threads, work, *args)


@contextlib.contextmanager
def two_countries() -> Generator[dict[str, Country], None, None]:
    """Make two networks with a trunk and a line between them; they are removed again.

    Yields:
        The countries, by party.

    Raises:
        NotAllowedError: They cannot be made here.
    """
    mark = f"tally-{os.getpid()}-{secrets.token_hex(2)}"
    names = {party: f"{mark}-{party.lower()}" for party in TRUNK}
    with contextlib.ExitStack() as stack:
        for name in names.values():
            stack.callback(ip, "netns", "del", name, check=False)
            try:
                ip("netns", "add", name)
            except subprocess.CalledProcessError as error:
                raise NotAllowedError(error.stderr.decode().strip()) from None
            ip("-n", name, "link", "set", "lo", "up")
        for link, addresses in (("trunk", TRUNK), ("line", LINE)):
            there = ("type", "veth", "peer", "name", link, "netns", names["RU"])
            ip("link", "add", link, "netns", names["BY"], *there)
            for party, name in names.items():
                ip("-n", name, "addr", "add", f"{addresses[party]}/24", "dev", link)
                ip("-n", name, "link", "set", link, "up")
        yield {
            party: Country(name, stack.enter_context(_thread_in(name)))
            for party, name in names.items()
        }


def cut(country: Country) -> None:
    """Cut the line between the nodes; the trunk stays."""
    ip("-n", country.name, "link", "set", "line", "down")


def mend(country: Country) -> None:
    """Put the line back."""
    ip("-n", country.name, "link", "set", "line", "up")


def ip(*words: str, check: bool = True) -> None:
    """Run ip(8)."""
    subprocess.run(["ip", *words], check=check, capture_output=True, timeout=10)


def _thread_in(name: str) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, initializer=_enter, initargs=(name,))


def _enter(name: str) -> None:
    """Move the calling thread into a network; the others stay where they are."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path(f"/run/netns/{name}").open("rb") as place:
        if libc.setns(place.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
