"""The keeper of a party's log: what must be logged is, once, and the peer sees it grow.

It is the log's one writer. What both parties say lies in the store, what other programs
have to log lies beside the log; the keeper takes both. The program may end at any
moment: what the log holds is read from the log itself, so that nothing is logged twice
or left out.

Where the peer's witness has seen another history, or more than there is, the log stops
until people have looked.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import starmap
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
    LogFolder,
    open_log,
    read_file,
    read_waiting,
    stop_log,
    stopped_by,
    waiting,
)
from tallystick.store.logged import LoggedBook, LogStanding, kind_of, ref_of

AT_ONCE: Final = 50
"""Entries under one checkpoint: some 50 MB at most."""
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
    """

    folder: Path
    key: SigningKey
    book: LoggedBook
    witness: VerifyingKey
    ask: Ask | None
    now_ms: Callable[[], int]
    draw: Callable[[int], bytes] = os.urandom
    _standing: LogStanding = field(default_factory=LogStanding)
    _noted: LogStanding | None = None
    _counted: int = -1
    _checkpoint: bytes | None = None
    _asked: bool = False
    _failed: int = 0
    _pause: int = 0
    _unasked: str = ""

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
            self.book.count() != self._counted
            or read_file(self.folder / "public/checkpoint") != self._checkpoint
            or any(True for _ in waiting(self.folder))
        )

    def _append(self) -> None:
        """Append everything that is to be logged and is not."""
        counted = self.book.count()
        with open_log(self.folder, self.key) as log:
            self.book.catch_up(log)
            self._look(log)
            while self._append_some(log):
                pass
            self._checkpoint = log.signed.note
        self._counted = counted

    def _append_some(self, log: LogFolder) -> bool:
        """Append some; return whether there may be more."""
        origin = log.signed.checkpoint.origin
        kept = self.book.unlogged(origin, limit=AT_ONCE)
        openings = [self._opening(kind_of(one), one.note.decode()) for one in kept]
        laid = read_waiting(self.folder, most=AT_ONCE)
        others = {
            ref_of(opening): opening
            for opening in starmap(self._opening, laid.values())
        }
        there = self.book.places(origin, others)
        openings += [one for ref, one in others.items() if ref not in there]
        if openings:
            log.append(openings)
            self.book.catch_up(log)
            self._look(log, appended_ms=self.now_ms())
        for path in laid:
            path.unlink(missing_ok=True)
        return max(len(kept), len(laid)) == AT_ONCE

    def _opening(self, kind: str, content: str) -> Opening:
        return Opening(kind=kind, salt=self.draw(SALT_BYTES), content=content)

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
            self._unasked = str(error)
            return self._unasked
        self._failed = 0
        return ""

    def _obtain(self, ask: Ask) -> None:
        with open_log(self.folder, self.key) as log:
            signed, fetch = log.signed, log.fetch
            seen = log.cosigned([self.witness])
        self._look(log)
        known = seen.checkpoint.size if seen else 0
        size = signed.checkpoint.size
        # The network may take its time: others may write into the log meanwhile.
        got = obtain(ask, signed, hashes_of(size, fetch), self.witness, known)
        with open_log(self.folder, self.key) as log:
            newer = log.cosigned([self.witness])
            if newer is None or newer.checkpoint.size <= size:
                log.keep_cosigned(got)
        self._asked = True
        self._standing = replace(
            self._standing, cosigned=size, cosigned_ms=self.now_ms()
        )

    def _look(self, log: LogFolder, *, appended_ms: int | None = None) -> None:
        seen = log.cosigned([self.witness])
        self._standing = replace(
            self._standing,
            log=log.signed.checkpoint.origin,
            size=log.size,
            cosigned=seen.checkpoint.size if seen else 0,
            appended_ms=appended_ms or self._standing.appended_ms,
        )

    def _waiting(self) -> int:
        laid = sum(1 for _ in waiting(self.folder))
        if self._counted == self.book.count():
            return laid
        return laid + self.book.count_unlogged(self._standing.log)

    def _note(self) -> None:
        """Write down how it stands, if that has changed."""
        before = self._noted
        if before is None:  # what an earlier run knew holds on
            before = self.book.standing()
            if before is not None and before.log == self._standing.log:
                self._standing = replace(
                    self._standing,
                    appended_ms=self._standing.appended_ms or before.appended_ms,
                    cosigned_ms=self._standing.cosigned_ms or before.cosigned_ms,
                )
        now = self._standing
        if before is None or (
            replace(before, looked_ms=0) != replace(now, looked_ms=0)
            or abs(now.looked_ms - before.looked_ms) >= SEEN_MS
        ):
            self.book.note(now)
            self._noted = now
