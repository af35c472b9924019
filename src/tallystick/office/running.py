"""An office at work: what it does again and again, until it is told to end."""

import asyncio
import contextlib
import signal
import ssl
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import uvicorn
from sqlalchemy.exc import SQLAlchemyError

from tallystick.model import ConfigError, TallystickError
from tallystick.net.statements import StatementDoor, StatementSender
from tallystick.office.hours import Hours
from tallystick.office.keeper import LogKeeper
from tallystick.office.mirror import Mirror
from tallystick.office.notices import Teller
from tallystick.office.redress import RedressDesk
from tallystick.office.retention import Retention
from tallystick.office.settings import OfficeSettings
from tallystick.office.side import Side

LOOK_S: Final = 1.0
TROUBLE_MS: Final = 900_000
"""So long trouble lasts before people elsewhere are told."""
STOP_S: Final = 3
AT_ONCE: Final = 64


@dataclass(slots=True, kw_only=True)
class Office:
    """One party's office for one channel.

    Attributes:
        settings: What it was told.
        side: What both have said, and the key to say more.
        door: Takes the peer's statements.
        sender: Sends own ones; None: no peer was named.
        mirror: Keeps the agreement's folder; None: there is none.
        keeper: Keeps the party's log; None: there is none.
        hours: Counts what is logged at the end of an hour; None: nobody does.
        redress: Keeps the node's folders; None: there is none.
        retention: Lets go of what is older than agreed.
        now_ms: Tells the time.
        trouble: What hinders each of its rounds now, in one word, and since when.
    """

    settings: OfficeSettings
    side: Side
    door: StatementDoor
    sender: StatementSender | None
    mirror: Mirror | None
    keeper: LogKeeper | None
    hours: Hours | None
    redress: RedressDesk | None
    retention: Retention
    now_ms: Callable[[], int]
    trouble: dict[str, tuple[str, int]] = field(default_factory=dict)

    async def run(self, started: Callable[[], None]) -> None:
        """Work until told to stop.

        Args:
            started: Called once the door is open.
        """
        server = _Server(self._serving())
        loop = asyncio.get_running_loop()
        for one in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(one, server.leave)
        rounds = {
            "book": self._mirrored,
            "log": self.kept,
            "hours": self._counted,
            "redress": self._answered,
            "retention": self._retained,
        }
        tasks = [asyncio.create_task(self._again(*one)) for one in rounds.items()]
        if self.sender is not None:
            tasks.append(asyncio.create_task(self.sender.run()))
        if self.settings.recipients:
            tasks.append(asyncio.create_task(self._teller().run()))
        tasks.append(asyncio.create_task(_tell(server, started)))
        try:
            await server.serve()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _teller(self) -> Teller:
        told = self.settings
        return Teller(
            store=self.side.store,
            channel=self.side.identifier,
            party=self.side.party,
            recipients=told.recipients,
            mail=told.mail,
            console=told.console,
            now_ms=self.now_ms,
            say=_say,
            trouble=self._lasting,
            has_peer=bool(told.peer),
        )

    def _serving(self) -> uvicorn.Config:
        host, port = self.settings.listen
        chain, key = self.settings.certificate or (None, None)
        config = uvicorn.Config(
            self.door.app(),
            host,
            port,
            ssl_certfile=chain,
            ssl_keyfile=key,
            log_level="critical",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            limit_concurrency=AT_ONCE,
            timeout_graceful_shutdown=STOP_S,
        )
        try:
            config.load()
        except (OSError, ssl.SSLError):
            raise ConfigError(
                "office-tls",
                "The certificate or its key cannot be read, or they do not fit.",
                advice="PEM both; the certificate first, then those that signed it.",
            ) from None
        return config

    def _mirrored(self) -> str:
        """Keep the folder and the store alike."""
        if self.mirror is not None:
            self.mirror.look()
        return ""

    def kept(self) -> str:
        """Log what is to be logged; return what hinders it."""
        if self.keeper is None:
            return ""
        standing = self.keeper.turn()
        if standing.stopped:
            return f"Nothing is logged until people have looked. {standing.stopped}"
        return standing.trouble

    def _answered(self) -> str:
        """Let callers' objections go from the node to the store and back."""
        if self.redress is not None:
            self.redress.look()
        return ""

    def _retained(self) -> str:
        """Let go of what is older than agreed."""
        self.retention.look()
        return ""

    def _counted(self) -> str:
        """Count hours that have ended."""
        if self.hours is not None:
            self.hours.look()
        return ""

    async def _again(self, name: str, work: Callable[[], str]) -> None:
        """Do something every second or so; say what hinders it, once."""
        said = ""
        while True:
            code = name
            try:
                trouble = await asyncio.to_thread(work)
            except TallystickError as error:
                trouble, code = str(error), error.code
            except OSError as error:
                trouble = str(error)
            except SQLAlchemyError:
                trouble = "The store does not answer; it is tried again."
            if trouble != said and trouble:
                _say(trouble)
            said = trouble
            last, since_ms = self.trouble.pop(name, (code, self.now_ms()))
            if trouble:
                since_ms = since_ms if last == code else self.now_ms()
                self.trouble[name] = code, since_ms
            await asyncio.sleep(LOOK_S)

    def _lasting(self) -> str:
        """Return what has hindered the work for long; of a moment's nobody is told."""
        now_ms = self.now_ms()
        lasting = (
            code
            for code, at_ms in self.trouble.values()
            if now_ms - at_ms >= TROUBLE_MS
        )
        return min(lasting, default="")


class _Server(uvicorn.Server):
    """A server that ends quietly: being told to stop is no accident."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:  # ruff: ignore[no-self-use] (uvicorn calls it)
        """Leave signals to the office.

        Yields:
            Nothing.
        """
        yield

    def leave(self) -> None:
        """Stop as soon as those who are there were answered."""
        self.should_exit = True


async def _tell(server: uvicorn.Server, started: Callable[[], None]) -> None:
    while not server.started:  # ruff: ignore[async-busy-wait] (uvicorn has no event)
        await asyncio.sleep(0.02)
    started()


def _say(sentence: str) -> None:
    with contextlib.suppress(OSError):
        sys.stderr.write(f"office: {sentence}\n")
