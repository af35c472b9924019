"""Callers' objections as a party keeps them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, insert, select, update

from tallystick.cases.state import State
from tallystick.model import MalformedError
from tallystick.store.cases.rows import PAGE_MOST
from tallystick.store.opening import Store
from tallystick.store.tables import OBJECTIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectionRow:
    """An objection, or a reference that none was made with yet.

    Attributes:
        reference: As the caller was given it.
        verdict: The reference of the verdict it is about.
        action: What was done to the call.
        rule: By which rule.
        verdict_ms: When.
        received_ms: When the objection came; None where none has.
        state: `given`, or as read from its statements.
        turn: Whose turn it is.
        due_ms: Until when.
        outcome: `upheld`, `dismissed` or "".
    """

    reference: str
    verdict: str
    action: str
    rule: str
    verdict_ms: int
    received_ms: int | None = None
    state: str = "given"
    turn: str = ""
    due_ms: int | None = None
    outcome: str = ""


class ObjectionBook:
    """The objections of one channel."""

    def __init__(self, store: Store, channel: str) -> None:
        """Look into a store.

        Args:
            store: Where they are kept.
            channel: 64 hexadecimal digits.
        """
        self._store, self._channel = store, channel

    def give(self, row: ObjectionRow) -> None:
        """Keep a reference that a caller was given; a second time changes nothing."""
        values = {name: getattr(row, name) for name in ObjectionRow.__slots__}
        here = select(OBJECTIONS.c.reference).where(
            OBJECTIONS.c.reference == row.reference
        )
        with self._store.write() as connection:
            if connection.execute(here).first() is None:
                connection.execute(
                    insert(OBJECTIONS).values(channel=self._channel, **values)
                )

    def objection(self, reference: str) -> ObjectionRow:
        """Return what a reference stands for.

        Args:
            reference: As `read_reference` returns it.

        Raises:
            MalformedError: "reference-unknown".
        """
        found = self._found(OBJECTIONS.c.reference == reference, most=1)
        if not found:
            raise MalformedError(
                "reference-unknown",
                "No call was refused or masked under this reference.",
                advice="Look whether it was given by this network, and how long ago.",
            )
        return found[0]

    def every(
        self, *, states: Sequence[str] = (), most: int = PAGE_MOST
    ) -> Sequence[ObjectionRow]:
        """Return objections, the latest first.

        Args:
            states: Only these; none: all that were received.
            most: So many.
        """
        if states:
            return self._found(OBJECTIONS.c.state.in_(states), most=most)
        return self._found(OBJECTIONS.c.received_ms.is_not(None), most=most)

    def between(self, from_ms: int, until_ms: int) -> Sequence[ObjectionRow]:
        """Return all objections to verdicts from one moment until before another."""
        at = OBJECTIONS.c
        return self._found(
            at.received_ms.is_not(None),
            at.verdict_ms >= from_ms,
            at.verdict_ms < until_ms,
            most=None,
        )

    def note(self, reference: str, state: State) -> None:
        """Write where an objection stands."""
        if state.state == "none":
            return
        with self._store.write() as connection:
            connection.execute(
                update(OBJECTIONS)
                .where(OBJECTIONS.c.reference == reference)
                .values(
                    received_ms=state.since_ms,
                    state=state.state,
                    turn=" ".join(sorted(state.turn)),
                    due_ms=state.due_ms,
                    outcome=state.outcome,
                )
            )

    def _found(
        self, *where: ColumnElement[bool], most: int | None
    ) -> list[ObjectionRow]:
        names = ObjectionRow.__slots__
        wanted = (
            select(*(OBJECTIONS.c[name] for name in names))
            .where(OBJECTIONS.c.channel == self._channel, *where)
            .order_by(OBJECTIONS.c.received_ms.desc(), OBJECTIONS.c.reference)
            .limit(most)
        )
        with self._store.read() as connection:
            return [
                ObjectionRow(**dict(row))
                for row in connection.execute(wanted).mappings()
            ]
