"""The rules that both parties signed, out of a book, obeyed while the node runs.

The book is looked at every second: a suspension that is laid into the folder is obeyed
without anybody touching the node, and a rule that its guard has stopped is suspended
in the book, for both sides to read.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tallystick.agreement import Decider, default_rules
from tallystick.agreement.guard import Guard, Trip
from tallystick.agreement.life import Holding, Life, bound_by
from tallystick.model import ConfigError, TallystickError
from tallystick.node.calls.arrivals import Arrivals
from tallystick.node.config.secrets import Secrets
from tallystick.node.guarding import Guarding
from tallystick.node.kept.book import open_book, say
from tallystick.node.kept.merging import alone
from tallystick.node.watch.logs import Log

LOOK_S: Final = 1.0


def read_life(book: Path, own: Secrets) -> Life:
    """Read what both parties said about their agreement.

    Args:
        book: Its folder.
        own: Keys and terms of the channel it must be for.

    Raises:
        ConfigError: "node-agreement" when it is for another channel or other keys.
    """
    opened = open_book(book)
    terms = own.signed.terms
    if (opened.channel, opened.keys) != (terms.channel.hex(), terms.verifying_keys):
        raise ConfigError(
            "node-agreement",
            f"{book} holds an agreement of another channel, or of other keys.",
            advice="Name the book of the agreement with this peer.",
        )
    return opened.life()


def agreed_decider(holding: Holding | None, guard: Guard | None = None) -> Decider:
    """Return who decides by what is in force.

    Args:
        holding: What is; None: nothing, and so the default rules, none of which does
            anything that somebody could notice.
        guard: The one that has watched so far; None: a new one.
    """
    if holding is None:
        return Decider(default_rules())
    return Decider(
        holding.table, guard or Guard(holding.version.value.budgets), holding.suspended
    )


@dataclass(slots=True)
class AgreedRules:
    """Keeps a running node at what is in force.

    Attributes:
        book: The folder.
        own: Keys and terms.
        own_key: The private key file, to suspend in the node's name.
        arrivals: Who decides.
        clock: Tells the time, UTC milliseconds.
        log: Of the node.
        guarding: What its guard shares with those of other processes, and remembers.
    """

    book: Path
    own: Secrets
    own_key: Path
    arrivals: Arrivals
    clock: Callable[[], int]
    log: Log
    guarding: Guarding
    _seen: frozenset[tuple[str, int, int]] = frozenset()
    _life: Life | None = None
    _obeyed: object = None
    _said: set[str] = field(default_factory=set)

    async def run(self) -> None:
        """Look every second until cancelled."""
        while True:
            try:
                await self.look()
            except (TallystickError, OSError) as error:
                self.log.note("agreement-refused", why=str(error))
            await asyncio.sleep(LOOK_S)

    def verdicts_days(self) -> int | None:
        """Return how many days verdicts are kept, as agreed; None: nobody says."""
        text = bound_by([self._life], self.clock()) if self._life else None
        return None if text is None else text.retention.verdicts_days

    def stop(self) -> None:
        """Write what was counted since the last look; nothing waits for this."""
        with contextlib.suppress(OSError):
            self.guarding.count(self.arrivals.decider, now_ms=self.clock())
            self.guarding.write()

    async def look(self) -> None:
        """Say what the guard has stopped, and obey what is in force."""
        heard = await asyncio.to_thread(self.guarding.read)
        self.guarding.take(self.arrivals.decider, heard, now_ms=self.clock())
        await asyncio.to_thread(self.guarding.write)
        guard = self.arrivals.decider.guard
        stopped = dict(guard.suspended) if guard else {}
        trips = [trip for rule, trip in stopped.items() if rule not in self._said]
        life, said = await asyncio.to_thread(self._read, trips)
        for trip in said:
            self._said.add(trip.rule)
            self.log.note("rule-suspended", rule=trip.rule, why=trip.sentence)
        self._obey(life.obeyed(self.clock()))

    def _obey(self, holding: Holding | None) -> None:
        before = self.arrivals.decider.guard
        budgets = holding.version.value.budgets if holding else None
        guard = before if before and before.budgets == budgets else None
        for rule in sorted(self._said):
            if holding is None or rule not in holding.suspended:
                self._said.discard(rule)
                if guard is not None:
                    guard.resume(rule)
                    self.guarding.resume(rule, now_ms=self.clock())
        obeyed = holding and (holding.version.digest, holding.suspended)
        if obeyed != self._obeyed or (holding is not None and guard is None):
            self._obeyed = obeyed
            self.arrivals.decider = agreed_decider(holding, guard)

    def _read(self, trips: list[Trip]) -> tuple[Life, list[Trip]]:
        """Read the book where it has changed, after saying what is to be said.

        Returns:
            Where the agreement stands, and of `trips` those that need no more words.
        """
        said = self._suspend(trips)
        seen = frozenset(
            (one.name, one.stat().st_size, one.stat().st_mtime_ns)
            for one in self.book.glob("*.note")
        )
        if self._life is None or seen != self._seen:
            self._life, self._seen = read_life(self.book, self.own), seen
        return self._life, said

    def _suspend(self, trips: list[Trip]) -> list[Trip]:
        """Say what the guard has stopped, unless another process of the node has."""
        if not trips:
            return []
        with alone(self.guarding.folder) as is_alone:
            if not is_alone:
                return []  # another one says it just now; the next look shows that
            held = read_life(self.book, self.own).obeyed(self.clock())
            for trip in trips:
                if held is None or trip.rule not in held.suspended:
                    body = {"rule": trip.rule, "why": trip.sentence}
                    opened = open_book(self.book)
                    say(opened, self.own_key, "suspended", body, trip.at_ms)
        return trips
