"""Several processes on one machine that listen on the same ports and answer as one."""

import asyncio
import secrets
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Final

from tallystick.model import ConfigError
from tallystick.net.hub import Hub
from tallystick.node.children import end, following
from tallystick.node.config.settings import NodeSettings
from tallystick.node.service import now_ms
from tallystick.node.watch.logs import Log

AGAIN_S: Final = 1.0
"""How long a process that ended stays away before another takes its place."""


def check_ports(settings: NodeSettings) -> None:
    """See that all processes can listen on the same ports.

    Raises:
        ConfigError: "node-settings".
    """
    listen = settings.listen
    drawn = [
        name
        for name in ("http", "sip", "channel")
        if str(getattr(listen, name)).endswith(":0")
    ]
    alone = [
        name for name in ("sips", "hep") if getattr(listen, name, None) is not None
    ]
    if alone:
        raise ConfigError(
            "node-settings",
            f"`listen.{alone[0]}` cannot be shared by several `workers` yet.",
            advice="Leave it out here, or run one process.",
        )
    if drawn:
        raise ConfigError(
            "node-settings",
            f"`workers` needs a fixed port in `listen.{drawn[0]}`: every process would"
            " draw another one.",
            advice="Give a port other than 0.",
        )


class Workers:
    """Starts the processes, keeps their log, and starts again those that end."""

    def __init__(
        self,
        command: Callable[[str], Sequence[str]],
        count: int,
        *,
        log_keep_ms: int | None,
        log: Log | None = None,
    ) -> None:
        """Prepare.

        Args:
            command: Gives the command of a process by what it is told of itself:
                its number and its line, as `number:line`.
            count: How many.
            log_keep_ms: How long entries are kept; None where a store carries them.
            log: Where to write what happens.
        """
        self._command, self._count = command, count
        self._hub = (
            None
            if log_keep_ms is None
            else Hub(secrets.token_bytes(8), keep_ms=log_keep_ms, now_ms=now_ms)
        )
        self._log = log or Log()
        self._processes: dict[int, asyncio.subprocess.Process] = {}

    async def serve(self) -> None:
        """Run until told to stop (SIGTERM, SIGINT)."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for one in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(one, stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        keepers = [
            asyncio.ensure_future(self._keep(number + 1))
            for number in range(self._count)
        ]
        await stop.wait()
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
        await asyncio.gather(*map(end, self._processes.values()))

    def _reload(self) -> None:
        """Let every process read its settings and files again."""
        for process in self._processes.values():
            if process.returncode is None:
                process.send_signal(signal.SIGHUP)

    async def _keep(self, number: int) -> None:
        """Run one of the processes, and another in its place whenever it ends."""
        while True:
            process = await self._start(number)
            self._processes[number] = process
            status = await process.wait()
            self._log.note("worker-ended", worker=number, status=status)
            await asyncio.sleep(AGAIN_S)

    async def _start(self, number: int) -> asyncio.subprocess.Process:
        if self._hub is None:
            return await _process(self._command(f"{number}:"), ())
        end = await self._hub.connect()
        try:
            descriptor = end.fileno()
            command = self._command(f"{number}:{descriptor}")
            return await _process(command, (descriptor,))
        finally:
            end.close()


async def _process(
    command: Sequence[str], descriptors: tuple[int, ...]
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *command, pass_fds=descriptors, preexec_fn=following()
    )


def worker_command(arguments: Sequence[str]) -> Callable[[str], Sequence[str]]:
    """Return how a process of the same program is started.

    Args:
        arguments: What the command line said.
    """

    def command(told: str) -> Sequence[str]:
        own = ("node", "run", *arguments, "--worker", told)
        return (sys.executable, "-m", "tallystick", *own)

    return command
