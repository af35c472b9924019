"""An office at work: door, sender, cases and agreement put together."""

import asyncio
import contextlib
import signal
import ssl
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import uvicorn
from sqlalchemy.exc import SQLAlchemyError

from tallystick.blinding import Channel, PrivateKey
from tallystick.cases.course import Terms
from tallystick.model import ConfigError, TallystickError
from tallystick.net.listen import is_loopback
from tallystick.net.proof import ask_witness
from tallystick.net.statements import StatementDoor, StatementSender
from tallystick.office.hours import Hours
from tallystick.office.keeper import LogKeeper
from tallystick.office.mirror import Mirror
from tallystick.office.notices import Mail, Recipient, Teller
from tallystick.office.redress import RedressDesk
from tallystick.office.retention import Retention
from tallystick.office.side import Side
from tallystick.proof import Signed, VerifyingKey
from tallystick.store import open_store
from tallystick.store.log import check_log
from tallystick.store.logged import LoggedBook

LOOK_S: Final = 1.0
TROUBLE_MS: Final = 900_000
"""So long trouble lasts before people elsewhere are told."""
STOP_S: Final = 3
ASK_S: Final = 5.0
"""How long the peer's witness may take; an office that is told to end waits for it."""
AT_ONCE: Final = 64
ROOMS: Final = ("case/", "objection/")


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeSettings:
    """What an office is told.

    Attributes:
        store: URL of its store.
        own: The party's key.
        channel: The two parties' keys.
        peer_key: What the peer signs with.
        listen: Where the peer's statements come in, host and port.
        peer: Where the peer's office is; empty: own statements wait.
        book: Folder of the agreement's book; None: agreements stay in the store.
        days: Days that the steps of a case may take where no agreement says it.
        log: Folder of the party's log; None: there is none.
        witness: Where the peer's witness is; empty: nobody cosigns the log.
        verdicts: Below which the node keeps verdicts; None: no counts are logged.
        folders: Of the processes of the node beside it; none: there is no node.
        guard: Where that node reads what was upheld of callers' objections.
        certificate: TLS, chain and key; None: on loopback only.
        authorities: Who may vouch for the peer's server, PEM; None: whom this machine
            believes.
        recipients: Who is told what happens.
        mail: By whom e-mail goes out; None: nobody is told by it.
        console: Where our console is; empty: there is none.
    """

    store: str = field(repr=False)
    own: PrivateKey
    channel: Channel
    peer_key: VerifyingKey
    listen: tuple[str, int]
    peer: str
    book: Path | None
    days: Terms
    certificate: tuple[Path, Path] | None
    authorities: Path | None
    log: Path | None = None
    witness: str = ""
    verdicts: Path | None = None
    recipients: tuple[Recipient, ...] = ()
    mail: Mail | None = None
    console: str = ""
    folders: tuple[Path, ...] = ()
    guard: Path | None = None


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


@contextmanager
def open_office(
    settings: OfficeSettings, *, now_ms: Callable[[], int] | None = None
) -> Generator[Office]:
    """Put an office together, and let go of its store afterwards.

    Args:
        settings: What it is told.
        now_ms: Tells the time; None: the machine's clock.

    Yields:
        The office, ready to run.

    A store that cannot be opened is refused as in `open_store`, keys that do not fit
    each other as in `Side`, a folder without a log as in `check_log`.

    Raises:
        ConfigError: "office-tls" where statements would come in over a line in the
            clear.
    """
    if settings.certificate is None and not is_loopback(settings.listen[0]):
        raise ConfigError(
            "office-tls",
            "Without TLS everybody on the way could read the statements.",
            advice="Give --cert and --cert-key; behind a proxy on this machine that "
            "ends TLS, listen on 127.0.0.1.",
        )
    with open_side(settings) as side:
        yield _office(settings, side, now_ms or _now_ms)


@contextmanager
def open_side(settings: OfficeSettings) -> Generator[Side]:
    """Open a party's side of a channel, and let go of its store afterwards.

    Args:
        settings: Of its office.

    Yields:
        It, once.
    """
    store = open_store(settings.store)
    try:
        yield Side(
            store=store,
            own=settings.own,
            channel=settings.channel,
            peer_key=settings.peer_key,
            days=settings.days,
            book=settings.book,
            log=settings.log,
        )
    finally:
        store.close()


def _office(settings: OfficeSettings, side: Side, now_ms: Callable[[], int]) -> Office:
    book = side.statements

    def heard(signed: Signed) -> None:
        if signed.statement.about.startswith(ROOMS):
            side.cases().heard(signed, now_ms=now_ms())

    door = StatementDoor(
        book,
        side.keys,
        channel=side.identifier,
        own=side.party,
        now_ms=now_ms,
        heard=heard,
    )
    sender = mirror = None
    if settings.peer:
        tls = ssl.create_default_context(cafile=settings.authorities)
        sender = StatementSender(book, settings.peer, now_ms=now_ms, tls=tls)
    if settings.book is not None:
        mirror = Mirror(
            folder=settings.book,
            statements=book,
            channel=side.identifier,
            keys=side.keys,
            own=side.party,
            now_ms=now_ms,
        )
    keeper = hours = None
    if settings.log is not None:
        keeper = _keeper(settings, side, settings.log, now_ms)
        if settings.verdicts is not None:
            hours = Hours(
                folder=settings.log,
                verdicts=settings.verdicts,
                book=LoggedBook(side.store, side.identifier),
                now_ms=now_ms,
            )
    redress = None
    if settings.folders:
        redress = RedressDesk(
            side=side, folders=settings.folders, guard=settings.guard, now_ms=now_ms
        )
    return Office(
        settings=settings,
        side=side,
        door=door,
        sender=sender,
        mirror=mirror,
        keeper=keeper,
        hours=hours,
        now_ms=now_ms,
        redress=redress,
        retention=Retention(side=side, now_ms=now_ms),
    )


def _keeper(
    settings: OfficeSettings, side: Side, log: Path, now_ms: Callable[[], int]
) -> LogKeeper:
    check_log(log)
    tls = ssl.create_default_context(cafile=settings.authorities)

    def ask(body: bytes) -> tuple[int, bytes]:
        with ask_witness(settings.witness, tls=tls, timeout_s=ASK_S) as send:
            return send(body)

    return LogKeeper(
        folder=log,
        key=side.key,
        book=LoggedBook(side.store, side.identifier),
        witness=side.peer_key,
        ask=ask if settings.witness else None,
        now_ms=now_ms,
    )


async def _tell(server: uvicorn.Server, started: Callable[[], None]) -> None:
    while not server.started:  # ruff: ignore[async-busy-wait] (uvicorn has no event)
        await asyncio.sleep(0.02)
    started()


def _say(sentence: str) -> None:
    with contextlib.suppress(OSError):
        sys.stderr.write(f"office: {sentence}\n")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
