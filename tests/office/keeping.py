"""A keeper of a log, its store and its peer's witness, and ends in the middle of it."""

import itertools
from collections import Counter
from pathlib import Path

from tallystick.office.keeper import LogKeeper
from tallystick.proof import Statement, audit, sign_statement, tiles_at
from tallystick.proof.signing import SigningKey
from tallystick.store import StatementBook, Store
from tallystick.store.log import (
    Disk,
    WitnessFolder,
    create_log,
    lay_in,
    open_log,
    read_file,
    ref_of,
)
from tallystick.store.logged import LoggedBook

BY = SigningKey(party="BY", seed=b"b" * 32)
RU = SigningKey(party="RU", seed=b"r" * 32)
ORIGIN = "tallystick/log/BY/test"
CHANNEL = "5b" * 32
NOW_MS = 1_790_000_000_000


class EndError(BaseException):
    """The program ends: nobody catches this."""


class Countdown:
    """Ends the program before, or after, one of its steps."""

    def __init__(self, steps: int | None = None) -> None:
        self.steps = steps

    def reached(self) -> None:
        if self.steps is not None:
            if self.steps == 0:
                raise EndError
            self.steps -= 1


class EndingDisk(Disk):
    """A disk whose program ends at a step."""

    def __init__(self, countdown: Countdown) -> None:
        self.countdown = countdown

    def write(self, path: Path, data: bytes) -> None:
        self.countdown.reached()
        path.write_bytes(data)

    def extend(self, path: Path, at: int, data: bytes) -> None:
        self.countdown.reached()
        super().extend(path, at, data[: len(data) // 2])
        self.countdown.reached()
        super().extend(path, at, data)

    def rename(self, old: Path, new: Path) -> None:
        self.countdown.reached()
        super().rename(old, new)
        self.countdown.reached()

    def remove(self, path: Path) -> None:
        self.countdown.reached()
        super().remove(path)

    def sync(self, folder: Path) -> None:
        """Leave names to the system: no power is cut here."""


class EndingBook(LoggedBook):
    """An index whose program ends before it is written, or after."""

    def __init__(self, store: Store, countdown: Countdown) -> None:
        super().__init__(store, CHANNEL)
        self.countdown = countdown

    def catch_up(self, log) -> int:
        self.countdown.reached()
        more = super().catch_up(log)
        self.countdown.reached()
        return more


class Keeping:
    """All that one party's log needs, in one process.

    Attributes:
        statements: Where statements come in.
        wanted: What must be in the log: kind and reference, each once.
        away: Whether the witness does not answer.
    """

    numbers = itertools.count()

    def __init__(self, folder: Path, store: Store) -> None:
        self.folder, self.store = folder / "log", store
        self.statements = StatementBook(store, CHANNEL)
        self.seen = WitnessFolder(folder / "seen", RU, {ORIGIN: BY.public()})
        self.wanted: Counter[tuple[str, str]] = Counter()
        self.away = False
        create_log(self.folder, BY, origin=ORIGIN)

    def keeper(self, steps: int | None = None, *, is_watched: bool = True) -> LogKeeper:
        """Start a program, which may end after so many steps, or ask no witness."""
        countdown = Countdown(steps)

        def ask(body: bytes) -> tuple[int, bytes]:
            if self.away:
                return 500, b""
            countdown.reached()
            status, answer, _ = self.seen.answer(body, now_s=NOW_MS // 1000)
            countdown.reached()
            return status, answer

        return LogKeeper(
            folder=self.folder,
            key=BY,
            book=EndingBook(self.store, countdown),
            witness=RU.public(),
            ask=ask if is_watched else None,
            now_ms=lambda: NOW_MS,
            disk=EndingDisk(countdown),
        )

    def hear(self, about: str, kind: str = "", key: SigningKey = BY) -> None:
        """Keep a statement, which is to be logged as a kind; "": not at all."""
        said = Statement(
            channel=CHANNEL,
            by=key.party,
            at_ms=NOW_MS + next(self.numbers),
            about=about,
            kind="told",
            body={"text": "+375291234567 Aleksandr"},
        )
        signed = sign_statement(said, key)
        self.statements.keep(signed, now_ms=NOW_MS, from_peer=key is RU)
        if kind:
            self.wanted[kind, signed.id] = 1

    def lay(self, kind: str, name: str) -> None:
        """Let another program lay something in."""
        lay_in(self.folder, kind, f'{{"name":"{name}"}}')
        self.wanted[kind, name] = 1

    def logged(self) -> Counter[tuple[str, str]]:
        """Return what is in the log, after a look at the whole of it."""
        with open_log(self.folder, BY) as log:
            held = Counter((one.kind, ref_of(one)) for one in log.openings(0, log.size))
        public = self.folder / "public"
        note = read_file(public / "checkpoint")
        read = tiles_at(lambda path: read_file(public / path))
        found = audit(note, BY.public(), [RU.public()], read)
        assert found.signed.checkpoint.size == held.total()
        return held


__all__ = ["BY", "CHANNEL", "NOW_MS", "ORIGIN", "RU", "EndError", "Keeping"]
