"""The rules that both parties signed, out of a book, obeyed while the node runs.

The book is looked at every second: a suspension that is laid into the folder is obeyed
without anybody touching the node, and a rule that its guard has stopped is suspended
in the book, for both sides to read.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tallystick.agreement import Decider, default_rules
from tallystick.agreement.guard import Guard, Trip
from tallystick.agreement.life import Holding, Life
from tallystick.model import ConfigError, TallystickError
from tallystick.node.calls.arrivals import Arrivals
from tallystick.node.config.secrets import Secrets
from tallystick.node.kept.book import open_book, say
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
    """

    book: Path
    own: Secrets
    own_key: Path
    arrivals: Arrivals
    clock: Callable[[], int]
    log: Log
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

    def stop(self) -> None:
        """Nothing waits for this."""

    async def look(self) -> None:
        """Say what the guard has stopped, and obey what is in force."""
        guard = self.arrivals.decider.guard
        stopped = dict(guard.suspended) if guard else {}
        trips = [trip for rule, trip in stopped.items() if rule not in self._said]
        life = await asyncio.to_thread(self._read, trips)
        for trip in trips:
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
        obeyed = holding and (holding.version.digest, holding.suspended)
        if obeyed != self._obeyed or (holding is not None and guard is None):
            self._obeyed = obeyed
            self.arrivals.decider = agreed_decider(holding, guard)

    def _read(self, trips: list[Trip]) -> Life:
        """Read the book where it has changed, after saying what is to be said."""
        for trip in trips:
            body = {"rule": trip.rule, "why": trip.sentence}
            say(open_book(self.book), self.own_key, "suspended", body, trip.at_ms)
        seen = frozenset(
            (one.name, one.stat().st_size, one.stat().st_mtime_ns)
            for one in self.book.glob("*.note")
        )
        if self._life is None or seen != self._seen:
            self._life, self._seen = read_life(self.book, self.own), seen
        return self._life
