"""Who is there, up to when each has told of all, and who speaks for all.

Source: spec/log.md, "Members".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from tallystick.cluster.events import Batch, Join

SILENT_MS: Final = 1_000
"""A member of which nothing was heard for so long does not speak for the others."""

Fate = Literal["next", "repeated", "missing", "stranger"]


@dataclass(slots=True)
class Present:
    """A member that joined.

    Attributes:
        name: Its name.
        run: Names this run of it.
        order: Who joined or was found again earlier speaks first.
        next_number: Of its next batch.
        floor_ms: Every call told to it up to here stands in the log.
        heard_ms: When its last batch came.
        is_silent: Whether it is passed over as speaker.
        is_left: Whether its switches have gone to others.
        failover_ms: After what silence they have; 0: never.
        needed: Whom it counts as needed.
    """

    name: str
    run: bytes
    order: int
    next_number: int
    floor_ms: int
    heard_ms: int
    is_silent: bool
    is_left: bool
    failover_ms: int
    needed: tuple[str, ...]


class Members:
    """All members that joined, by name and by run.

    Attributes:
        speaker: The run of the member that follows the peer and sets marks; empty
            while there is none.

    Bounds: one entry for each name.
    """

    def __init__(self) -> None:
        """Start without members."""
        self.speaker = b""
        self._order = 0
        self._by_run: dict[bytes, Present] = {}
        self._by_name: dict[str, Present] = {}

    def __iter__(self) -> Iterator[Present]:
        """Yield the members in the order of their names."""
        return (self._by_name[name] for name in sorted(self._by_name))

    def get(self, name: str) -> Present | None:
        """Return a member by its name."""
        return self._by_name.get(name)

    def has(self, run: bytes) -> bool:
        """Tell whether a run of a member is one that counts."""
        return run in self._by_run

    def fate(self, batch: Batch) -> Fate:
        """Tell what a batch is: the next of its member, or what else."""
        one = self._by_run.get(batch.member)
        if one is None:
            joins = batch.number == 1 and batch.events
            return "next" if joins and isinstance(batch.events[0], Join) else "stranger"
        if batch.number == one.next_number:
            return "next"
        return "repeated" if batch.number < one.next_number else "missing"

    def join(self, batch: Batch, event: Join, *, at_ms: int) -> None:
        """Let a member begin; an earlier run of it counts no more."""
        before = self._by_name.get(event.name)
        if before is not None:
            self._by_run.pop(before.run, None)
        self._order += 1
        one = Present(
            name=event.name,
            run=batch.member,
            order=self._order,
            next_number=1,
            floor_ms=0,
            heard_ms=at_ms,
            is_silent=False,
            is_left=False,
            failover_ms=event.failover_ms,
            needed=event.needed,
        )
        self._by_name[event.name] = self._by_run[batch.member] = one

    def hear(self, batch: Batch, *, at_ms: int) -> None:
        """Take a member's word."""
        one = self._by_run[batch.member]
        one.next_number = batch.number + 1
        one.floor_ms = min(batch.floor_ms, at_ms)
        one.heard_ms = at_ms
        one.is_silent = one.is_left = False

    def look(self, at_ms: int) -> bool:
        """See who has fallen silent; return whether somebody counts no more.

        That is: a member whose switches have gone to others, or a silent one that
        nobody who speaks names as needed. Call it for every entry, before its member
        is heard.
        """
        left = self._drop_unneeded()
        for one in self:
            silent_ms = at_ms - one.heard_ms
            if not one.is_silent and silent_ms > SILENT_MS:
                one.is_silent = True
                self._order += 1
                one.order = self._order
            if not one.is_left and 0 < one.failover_ms < silent_ms:
                one.is_left = left = True
        return left

    def _drop_unneeded(self) -> bool:
        silent = [one for one in self if one.is_silent]
        if not silent:
            return False
        needed = {name for one in self if not one.is_silent for name in one.needed}
        dropped = [one for one in silent if needed and one.name not in needed]
        for one in dropped:
            del self._by_name[one.name]
            self._by_run.pop(one.run, None)
        return bool(dropped)

    def choose(self) -> bool:
        """Choose who speaks; return whether that is another one than before."""
        able = [one for one in self._by_name.values() if not one.is_silent]
        speaker = min(able, key=lambda one: one.order).run if able else b""
        changed = speaker != self.speaker
        self.speaker = speaker
        return changed

    def missing(self) -> list[str]:
        """Return the names of those who are needed and not there, or silent."""
        needed = {name for one in self for name in one.needed}
        there = {one.name for one in self if not one.is_silent}
        return sorted(needed - there)

    def floor_ms(self) -> int:
        """Return up to when every call stands in the log; 0 where that is not known."""
        held = [one for one in self._by_name.values() if not one.is_left]
        needed = {name for one in held for name in one.needed}
        floors = [one.floor_ms for one in held]
        if not floors or any(name not in self._by_name for name in needed):
            return 0
        return min(floors)

    def restore(self, order: int, speaker: bytes, members: list[Present]) -> None:
        """Begin with the members of a snapshot."""
        self._order, self.speaker = order, speaker
        self._by_name = {one.name: one for one in members}
        self._by_run = {one.run: one for one in members}

    @property
    def order(self) -> int:
        """The order given last."""
        return self._order
