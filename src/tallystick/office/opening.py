"""An office put together: its store, its door, and everything that works in it."""

import ssl
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tallystick.model import ConfigError
from tallystick.net.listen import is_loopback
from tallystick.net.proof import ask_witness
from tallystick.net.statements import StatementDoor, StatementSender
from tallystick.office.hours import Hours
from tallystick.office.keeper import LogKeeper
from tallystick.office.mirror import Mirror
from tallystick.office.redress import RedressDesk
from tallystick.office.retention import Retention
from tallystick.office.running import Office
from tallystick.office.settings import OfficeSettings
from tallystick.office.side import Side
from tallystick.proof import Signed
from tallystick.store import open_store
from tallystick.store.log import check_log
from tallystick.store.logged import LoggedBook

ASK_S: Final = 5.0
"""How long the peer's witness may take; an office that is told to end waits for it."""
ROOMS: Final = ("case/", "objection/")


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


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
