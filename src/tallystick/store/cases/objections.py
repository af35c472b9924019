"""Callers' objections as a party keeps them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import starmap
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, case, delete, insert, select, update

from tallystick.cases.reference import is_reference
from tallystick.cases.state import State
from tallystick.model import MalformedError
from tallystick.store.cases.rows import PAGE_MOST
from tallystick.store.forgotten import OBJECTION_ROOM, forgotten
from tallystick.store.listing import Listing
from tallystick.store.opening import Store
from tallystick.store.tables import OBJECTIONS

GIVEN: Final = "given"
"""The state of a reference that nobody objected by yet."""
_DECIDED: Final = ("decided", "told")
_VERDICT_LENGTH: Final = 256
_AT_ONCE: Final = 500
_OURS: Final = ("verdict", "action", "rule", "verdict_ms")


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectionRow:
    """An objection, or a reference that none was made with yet.

    Attributes:
        reference: As the caller was given it.
        verdict: Names the verdict it is about; empty where the peer gave the reference.
        action: What was done to the call.
        rule: By which rule.
        verdict_ms: When; 0 where the peer gave the reference.
        received_ms: When the objection came; None where none has.
        state: `given`, or as read from its statements.
        turn: Whose turn it is.
        due_ms: Until when.
        outcome: `upheld`, `dismissed` or "".
        by: The party that received it; None where none has.
        decided_ms: When it was decided.
    """

    reference: str
    verdict: str
    action: str
    rule: str
    verdict_ms: int
    received_ms: int | None = None
    state: str = GIVEN
    turn: str = ""
    due_ms: int | None = None
    outcome: str = ""
    by: str | None = None
    decided_ms: int | None = None


class Upheld(NamedTuple):
    """An objection that was upheld.

    Attributes:
        rule: That had acted on the call.
        at_ms: When it was decided.
    """

    rule: str
    at_ms: int


class ObjectionBook:
    """The objections of one channel."""

    def __init__(self, store: Store, channel: str) -> None:
        """Look into a store.

        Args:
            store: Where they are kept.
            channel: 64 hexadecimal digits.
        """
        self._store, self._channel = store, channel

    def give(self, *rows: ObjectionRow) -> None:
        """Keep references that callers were given; a second time changes nothing.

        What was said by one before it was known here stays said; one whose objection
        was let go of stays away.
        """
        for first in range(0, len(rows), _AT_ONCE):
            some = rows[first : first + _AT_ONCE]
            known = {one.reference: one for one in some}
            with self._store.write() as connection:
                here = select(OBJECTIONS.c.reference, OBJECTIONS.c.verdict).where(
                    OBJECTIONS.c.reference.in_(known)
                )
                for reference, verdict in connection.execute(here).all():
                    given = known.pop(reference)
                    if not verdict:
                        self._change(connection, reference, _named(given))
                names = {f"{OBJECTION_ROOM}{one}": one for one in known}
                for about in forgotten(connection, self._channel, names):
                    del known[names[about]]
                if known:
                    self._add(connection, known.values())

    def objection(self, reference: str) -> ObjectionRow:
        """Return what a reference stands for.

        Args:
            reference: As `read_reference` returns it.

        Raises:
            MalformedError: "reference-unknown".
        """
        found = self.find(reference)
        if found is None:
            raise MalformedError(
                "reference-unknown",
                "No call was refused or masked under this reference.",
                advice="Look whether it was given by this network, and how long ago.",
            )
        return found

    def find(self, reference: str) -> ObjectionRow | None:
        """Return what a reference stands for; None where nothing is known of it."""
        wanted = _ROWS.where(
            OBJECTIONS.c.channel == self._channel, OBJECTIONS.c.reference == reference
        )
        with self._store.read() as connection:
            found = connection.execute(wanted).mappings().first()
        return None if found is None else ObjectionRow(**dict(found))

    def every(
        self, *, states: Sequence[str] = (), most: int = PAGE_MOST
    ) -> Sequence[ObjectionRow]:
        """Return objections, the latest first.

        Args:
            states: Only these; none: all that were received.
            most: So many.
        """
        wanted = OBJECTIONS.c.received_ms.is_not(None)
        if states:
            wanted = OBJECTIONS.c.state.in_(states)
        return self._found(wanted, most=most)

    def between(self, from_ms: int, until_ms: int) -> Sequence[ObjectionRow]:
        """Return all objections to verdicts from one moment until before another."""
        at = OBJECTIONS.c
        return self._found(
            at.received_ms.is_not(None),
            at.verdict_ms >= from_ms,
            at.verdict_ms < until_ms,
            most=None,
        )

    def _found(
        self, *where: ColumnElement[bool], most: int | None
    ) -> list[ObjectionRow]:
        chosen = (
            _ROWS.where(OBJECTIONS.c.channel == self._channel, *where)
            .order_by(OBJECTIONS.c.received_ms.desc(), OBJECTIONS.c.reference)
            .limit(most)
        )
        with self._store.read() as connection:
            return [
                ObjectionRow(**dict(row))
                for row in connection.execute(chosen).mappings()
            ]

    def upheld(self, *, since_ms: int) -> Sequence[Upheld]:
        """Return what was upheld of objections to calls that we acted on, in order.

        Args:
            since_ms: Decided then or later.
        """
        at = OBJECTIONS.c
        wanted = (
            select(at.rule, at.decided_ms)
            .where(
                at.channel == self._channel,
                at.state.in_(_DECIDED),
                at.outcome == "upheld",
                at.verdict != "",
                at.decided_ms >= since_ms,
            )
            .order_by(at.decided_ms, at.reference)
        )
        with self._store.read() as connection:
            return list(starmap(Upheld, connection.execute(wanted)))

    def note(self, reference: str, state: State) -> None:
        """Write where an objection stands, also one by a reference of the peer.

        The peer may give any name to what it says; what is no reference is not listed.
        """
        if state.state == "none" or not is_reference(reference):
            return
        stands: dict[str, Any] = {
            "received_ms": state.since_ms,
            "state": state.state,
            "turn": " ".join(sorted(state.turn)),
            "due_ms": state.due_ms,
            "outcome": state.outcome,
            "by": state.begun_by,
        }
        said = ObjectionRow(
            reference=reference,
            verdict="",
            action=str(state.what["action"])[:16],
            rule=str(state.what.get("rule", ""))[:64],
            verdict_ms=0,
            **stands,
        )
        decided_ms = state.at_ms if state.outcome else None
        with self._store.write() as connection:
            if not self._change(connection, reference, stands):
                self._add(connection, [said])
            if decided_ms is not None:
                at = OBJECTIONS.c
                connection.execute(
                    update(OBJECTIONS)
                    .where(at.reference == reference, at.decided_ms.is_(None))
                    .values(decided_ms=decided_ms)
                )

    def forget(self, *, before_ms: int) -> int:
        """Let go of references by which nobody objected; return how many.

        Args:
            before_ms: Of calls before this moment.
        """
        at = OBJECTIONS.c
        old = delete(OBJECTIONS).where(
            at.channel == self._channel, at.state == GIVEN, at.verdict_ms < before_ms
        )
        with self._store.write() as connection:
            return connection.execute(old).rowcount

    def _change(
        self, connection: Connection, reference: str, values: Mapping[str, Any]
    ) -> bool:
        at = OBJECTIONS.c
        here = update(OBJECTIONS).where(
            at.reference == reference, at.channel == self._channel
        )
        return connection.execute(here.values(**values)).rowcount > 0

    def _add(self, connection: Connection, rows: Iterable[ObjectionRow]) -> None:
        values = [asdict(one) | _named(one) for one in rows]
        connection.execute(
            insert(OBJECTIONS), [{"channel": self._channel, **one} for one in values]
        )


def objection_listing(*, now_ms: int) -> Listing:
    """Return the objections of a store that were received.

    Args:
        now_ms: The present time.

    Returns:
        The columns of the table, `received_by`, `open` and `overdue` (`yes` or `no`).
    """
    at = OBJECTIONS.c
    more = {
        "received_by": at.by,
        "open": case((at.due_ms.is_not(None), "yes"), else_="no"),
        "overdue": case((at.due_ms < now_ms, "yes"), else_="no"),
    }
    plain = {one.name: one for one in OBJECTIONS.columns}
    return Listing({**plain, **more}, at.reference, at.received_ms.is_not(None))


def _named(row: ObjectionRow) -> dict[str, Any]:
    """Return what is ours to say of a call, as long as the table has room."""
    values = {name: getattr(row, name) for name in _OURS}
    return values | {"verdict": row.verdict[:_VERDICT_LENGTH]}


_ROWS: Final = select(*(OBJECTIONS.c[name] for name in ObjectionRow.__slots__))
