"""The keeper of a party's log: what must be logged is, once, and the peer sees it grow.

It is the log's one writer. What both parties say lies in the store, what other programs
have to log lies beside the log; the keeper takes both. The program may end at any
moment: what the log holds is read from the log itself, so that nothing is logged twice
or left out.

Where the peer's witness has seen another history, or more than there is, the log stops
until people have looked.
"""

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from tallystick.model import TallystickError
from tallystick.proof import (
    FOR_PEOPLE,
    SALT_BYTES,
    Opening,
    SigningKey,
    VerifyingKey,
    hashes_of,
    obtain,
)
from tallystick.store.log import (
    Disk,
    LogFolder,
    laid_in,
    open_log,
    read_file,
    stop_log,
    stopped_by,
    take_waiting,
)
from tallystick.store.log.waiting import AT_ONCE
from tallystick.store.logged import LoggedBook, LogStanding, kind_of
from tallystick.store.statements import Kept

PAUSES: Final = (1, 2, 5, 15, 60)
"""How many turns to leave the witness alone, after so many failures in a row."""
SEEN_MS: Final = 60_000
"""How often it is written down that the keeper is at work."""
STOPS: Final = FOR_PEOPLE | {"log-own-rollback"}

Ask = Callable[[bytes], tuple[int, bytes]]


@dataclass(slots=True, kw_only=True)
class LogKeeper:
    """Keeps one log; `turn` is called every second or so, from one thread at a time.

    Attributes:
        folder: Of the log.
        key: Its party's key.
        book: The index of what is logged, and what is still to be.
        witness: The peer's key.
        ask: Hands a request to the peer's witness; None: nobody is asked.
        now_ms: Tells the time.
        draw: A cryptographic source of randomness.
        disk: Writes the log.
    """

    folder: Path
    key: SigningKey
    book: LoggedBook
    witness: VerifyingKey
    ask: Ask | None
    now_ms: Callable[[], int]
    draw: Callable[[int], bytes] = os.urandom
    disk: Disk = field(default_factory=Disk)
    _standing: LogStanding = field(init=False)
    _noted: LogStanding | None = None
    _counted: tuple[int, int] | None = None
    _checkpoint: bytes | None = None
    _asked: bool = False
    _failed: int = 0
    _pause: int = 0
    _unasked: str = ""

    def __post_init__(self) -> None:
        """Go on from what an earlier run wrote down."""
        self._standing = self.book.standing() or LogStanding()

    def turn(self) -> LogStanding:
        """Log what is to be logged, and let the witness see it.

        Returns:
            How it stands; the same can be read from the store.
        """
        trouble = ""
        stopped = stopped_by(self.folder)
        if not stopped:
            try:
                trouble = self._work()
            except TallystickError as error:
                trouble = str(error)
                if error.code in STOPS:
                    stopped, trouble = trouble, ""
            except OSError as error:
                trouble = (
                    "The folder of the log cannot be read or written: "
                    f"{error.strerror or type(error).__name__}."
                )
        if stopped:
            # Once people have looked, the witness is asked before anything else.
            self._asked, self._pause = False, 0
            if stopped_by(self.folder) != stopped:
                stop_log(self.folder, stopped)
        now_ms = self.now_ms()
        self._standing = replace(
            self._standing,
            waiting=self._waiting(),
            stopped=stopped,
            trouble=trouble,
            looked_ms=now_ms,
        )
        self._note()
        return self._standing

    def _work(self) -> str:
        """Append and ask; return what hinders asking."""
        # An older copy is known by the witness, and only as long as nothing was
        # appended to it: so it is asked first.
        trouble = "" if self._asked else self._ask()
        if self._has_work():
            self._append()
        if not trouble:
            trouble = self._ask()
        return trouble

    def _has_work(self) -> bool:
        """Tell whether anything may have come since the last turn."""
        return (
            self.book.mark() != self._counted
            or read_file(self.folder / "public/checkpoint") != self._checkpoint
            or any(True for _ in laid_in(self.folder))
        )

    def _append(self) -> None:
        """Append everything that is to be logged and is not."""
        counted = self.book.mark()
        with open_log(self.folder, self.key, disk=self.disk) as log:
            origin = log.signed.checkpoint.origin

            def logged(refs: Collection[str]) -> Collection[str]:
                self._look(log)
                return self.book.places(origin, refs)

            self._look(log)
            while kept := self.book.unlogged(origin, limit=AT_ONCE):
                log.append(map(self._opening, kept))
                self._look(log)
            take_waiting(log, draw=self.draw, logged=logged)
            self._look(log)
            self._checkpoint = log.signed.note
        self._counted = counted

    def _opening(self, kept: Kept) -> Opening:
        salt = self.draw(SALT_BYTES)
        return Opening(kind=kind_of(kept), salt=salt, content=kept.note.decode())

    def _ask(self) -> str:
        """Let the witness see how the log grew; return what hinders it.

        Raises:
            TallystickError: Where the log must not be appended to any more.
        """
        standing = self._standing
        if self.ask is None or (self._asked and standing.cosigned == standing.size):
            return ""
        if self._pause:
            self._pause -= 1
            return self._unasked
        try:
            self._obtain(self.ask)
        except TallystickError as error:
            if error.code in STOPS:
                raise
            self._pause = PAUSES[min(self._failed, len(PAUSES) - 1)]
            self._failed += 1
            self._unasked = f"The peer's witness has not cosigned yet. {error}"
            return self._unasked
        self._failed = 0
        return ""

    def _obtain(self, ask: Ask) -> None:
        with open_log(self.folder, self.key, disk=self.disk) as log:
            signed, fetch = log.signed, log.fetch
            seen = log.cosigned([self.witness])
            self._look(log)
        known = seen.checkpoint.size if seen else 0
        size = signed.checkpoint.size
        # The network may take its time: others may write into the log meanwhile.
        got = obtain(ask, signed, hashes_of(size, fetch), self.witness, known)
        with open_log(self.folder, self.key, disk=self.disk) as log:
            log.keep_cosigned(got)
        self._asked = True
        self._standing = replace(
            self._standing, cosigned=size, cosigned_ms=self.now_ms()
        )

    def _look(self, log: LogFolder) -> None:
        """Take into the index what the log holds beyond it."""
        more = self.book.catch_up(log)
        seen = log.cosigned([self.witness])
        self._standing = replace(
            self._standing,
            log=log.signed.checkpoint.origin,
            size=log.size,
            cosigned=seen.checkpoint.size if seen else 0,
            appended_ms=self.now_ms() if more else self._standing.appended_ms,
        )

    def _waiting(self) -> int:
        laid = sum(1 for _ in laid_in(self.folder))
        if self._counted == self.book.mark():
            return laid
        return laid + self.book.count_unlogged(self._standing.log)

    def _note(self) -> None:
        """Write down how it stands, where that has changed."""
        before, now = self._noted, self._standing
        if (
            before is None
            or replace(before, looked_ms=0) != replace(now, looked_ms=0)
            or abs(now.looked_ms - before.looked_ms) >= SEEN_MS
        ):
            self.book.note(now)
            self._noted = now
