"""Programs that are run for as long as they are needed, and always ended.

For rehearsals and tests with real switches: whatever happens in between, also Ctrl-C,
what was started is gone afterwards.
"""

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import socket
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tallystick.model import UnavailableError

PACKAGES: Final = {"kamailio": "kamailio", "sipp": "sip-tester"}
"""Programs of rehearsals, and the Debian packages they are in."""

SETTLE_S: Final = 0.3
"""A program that cannot begin has said so by then."""

END_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Program:
    """A program at work.

    Attributes:
        name: What it is called in messages.
        process: The process.
        log: What it says.
    """

    name: str
    process: asyncio.subprocess.Process
    log: Path

    async def kill(self) -> None:
        """End it as a crash would, without a word."""
        await _kill(self.process)


def find_program(name: str) -> str | None:
    """Return the path of a program; those of Debian's /usr/sbin are found too."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


def missing_packages() -> list[str]:
    """Return the Debian packages a rehearsal with switches would need."""
    return [package for name, package in PACKAGES.items() if not find_program(name)]


@contextlib.asynccontextmanager
async def running(
    command: Sequence[str],
    *,
    name: str,
    folder: Path,
    inside: Sequence[str] = (),
    settle_s: float = SETTLE_S,
    more: Mapping[str, str] | None = None,
    begin: Callable[[], None] | None = None,
) -> AsyncGenerator[Program, None]:
    """Run a program until the block ends.

    Args:
        command: The program and what it is told.
        name: For messages, and for the file in which its output is kept.
        folder: Where it runs, and where that file is.
        inside: What to put before the command, as `ip netns exec NAME`.
        settle_s: How long it is watched before anything else is done; 0 for one that
            may be done before that.
        more: Variables of the environment beyond the own ones. Settings of nodes are
            not handed on.
        begin: What it does before anything else, in its own process.

    Yields:
        The program.

    Raises:
        UnavailableError: "program-start": it ended at once.
    """
    own = {k: v for k, v in os.environ.items() if not k.startswith("TALLY_NODE_")}
    log = folder / f"{name}.log"
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *inside,
            *command,
            cwd=folder,
            env=own | dict(more or {}),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # Ctrl-C is for whoever started it, who then ends it in good order.
            start_new_session=True,
            preexec_fn=begin,
        )
    try:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(process.wait()), settle_s)
        if settle_s and process.returncode is not None:
            raise UnavailableError(
                "program-start",
                f"{name} ended as soon as it was started.",
                advice=f"{log} holds what it said.",
            )
        yield Program(name, process, log)
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a program; if it will not, it and all it started."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
    try:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(process.wait()), END_S)
    finally:
        await _kill(process)


async def _kill(process: asyncio.subprocess.Process) -> None:
    """Kill a program and all it started, if it is still there.

    Once it is gone its number may be somebody else's.
    """
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


_PORTS: Final = range(15_000, 30_000)
"""Below where Linux, and IANA, have ports for connections begin."""
_DRAWN: Final[set[int]] = set()


def free_port(host: str = "127.0.0.1", *, wanted: int = 0) -> int:
    """Return a port that nobody listens on now, by TCP or UDP.

    Args:
        host: Where.
        wanted: This one, if it is free; 0 for any.

    None of those from which the system takes ports for connections: whoever asks there
    again and again whether somebody listens yet would at last be connected to itself
    (RFC 9293, 3.5, simultaneous open), and the port be taken. None is drawn twice:
    whoever was given it may not listen there yet.
    """
    while True:
        wanted = wanted or _draw()
        with socket.socket() as stream:
            # Of a program that has just ended a port may be had again at once.
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                stream.bind((host, wanted))
            except OSError:
                wanted = 0
                continue
            port = int(stream.getsockname()[1])
            with socket.socket(type=socket.SOCK_DGRAM) as datagrams:
                try:
                    datagrams.bind((host, port))
                except OSError:
                    wanted = 0
                    continue
            return port


def _draw() -> int:
    """Return a port that was not drawn before, until all were."""
    if len(_DRAWN) == len(_PORTS):
        _DRAWN.clear()
    while (port := secrets.choice(_PORTS)) in _DRAWN:
        pass
    _DRAWN.add(port)
    return port
