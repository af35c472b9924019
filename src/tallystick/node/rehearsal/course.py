"""The course of a rehearsal: both nodes there, one killed, both there again."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tallystick.agreement.rule import HARMLESS
from tallystick.model import ConfigError
from tallystick.node.rehearsal.asking import Asker, Said, run_node
from tallystick.node.rehearsal.parties import PARTIES, Post, prepare
from tallystick.node.rehearsal.ways import ByHttp, BySwitches, Way
from tallystick.testing.callers import DECLINED, OK, Heard
from tallystick.testing.live_calls import PEER_BACK, WITH_BOTH, WITHOUT_PEER, Kind
from tallystick.testing.programs import free_port, missing_packages

Told = Callable[[str, int, int], None]
MARK: Final = "rehearsal.txt"
"""Lies in a folder that a rehearsal made, and may make anew."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Calls of one kind, and what became of them.

    Attributes:
        kind: The kind.
        heard: What each caller heard.
        verdicts: What RU's node said of each; None where it was not asked.
    """

    kind: Kind
    heard: list[Heard]
    verdicts: list[Said | None]

    @property
    def passed(self) -> int:
        """How many were put through."""
        return sum(one.status == OK for one in self.heard)

    @property
    def refused(self) -> int:
        """How many were refused."""
        return sum(one.status == DECLINED for one in self.heard)

    @property
    def touched(self) -> int:
        """How many did not go through, or not as they came."""
        told = zip(self.heard, self.verdicts, strict=True)
        return sum(
            one.status != OK or (said is not None and said.action not in HARMLESS)
            for one, said in told
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """What a rehearsal showed.

    Attributes:
        posts: Where the nodes listen.
        settings: Their settings files.
        lacking: Debian packages that would have let real switches place the calls.
        with_both: Kinds placed while both nodes were there.
        without_peer: After BY's was killed.
        peer_back: After it was started again.
    """

    posts: dict[str, Post]
    settings: dict[str, Path]
    lacking: list[str]
    with_both: list[Placed]
    without_peer: list[Placed]
    peer_back: list[Placed]

    def all(self) -> list[Placed]:
        """Return everything, in order."""
        return [*self.with_both, *self.without_peer, *self.peer_back]


@contextlib.asynccontextmanager
async def rehearsal(
    folder: Path, told: Told, *, switches: bool
) -> AsyncGenerator[Rehearsed, None]:
    """Run two nodes and their switches and place calls; they run until the block ends.

    Args:
        folder: Is made, or made anew.
        told: Hears what is being done, and how far it is.
        switches: Whether to use Kamailio and SIPp where they are installed.

    Yields:
        What it showed.
    """
    clear(folder, "tally node demo")
    posts = {party: post() for party in PARTIES}
    settings = prepare(folder, posts)
    lacking = missing_packages()
    real = switches and not lacking
    ru, by = Asker(posts["RU"].http), Asker(posts["BY"].http)
    async with contextlib.AsyncExitStack() as stack:
        told("start two nodes", 0, 1)
        first = await stack.enter_async_context(run_node(settings["BY"]))
        await by.alive(first)
        second = await stack.enter_async_context(run_node(settings["RU"]))
        way: Way = ByHttp(posts)
        if real:
            told("start two switches", 0, 1)
            opened = BySwitches((folder / "switches").absolute()).open(posts)
            way = await stack.enter_async_context(opened)
        await ru.ready(second)
        with_both = await _placed("place calls", WITH_BOTH, way, ru, told)
        told("kill BY's node", 0, 1)
        await first.kill()
        alone = await _placed("place calls without it", WITHOUT_PEER, way, ru, told)
        told("start BY's node again", 0, 1)
        await stack.enter_async_context(run_node(settings["BY"]))
        await ru.ready(second)
        back = await _placed("place calls again", PEER_BACK, way, ru, told)
        yield Rehearsed(
            posts=posts,
            settings=settings,
            lacking=lacking,
            with_both=with_both,
            without_peer=alone,
            peer_back=back,
        )


async def _placed(
    what: str, kinds: Iterable[Kind], way: Way, ru: Asker, told: Told
) -> list[Placed]:
    """Place calls of several kinds and look up the verdicts."""
    kinds = tuple(kinds)
    done = []
    for count, kind in enumerate(kinds):
        told(what, count, len(kinds))
        heard = await way.place(kind)
        verdicts = [await asyncio.to_thread(ru.verdict, one.call_id) for one in heard]
        done.append(Placed(kind, heard, verdicts))
    return done


def post() -> Post:
    """Return places for a node that nobody has now."""
    http, sip, channel = (f"127.0.0.1:{free_port()}" for _ in range(3))
    return Post(http=http, sip=sip, channel=channel)


def clear(folder: Path, command: str) -> None:
    """Make the folder; what an earlier rehearsal left there goes.

    Args:
        folder: The folder.
        command: Whose it is.

    Raises:
        ConfigError: "rehearsal-folder": it holds something else.
    """
    if folder.exists() and not (folder / MARK).is_file() and any(folder.iterdir()):
        raise ConfigError(
            "rehearsal-folder",
            f"{folder} holds something else, and was left as it is.",
            advice="Name a folder that is not there yet with --out.",
        )
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / MARK).write_text(f"Made by {command}, which may make it anew.\n")
