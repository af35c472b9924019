"""Harm reports as both parties published them.

Source: spec/harm.md, "Publishing".
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from tallystick.harm import HarmState, read_harm
from tallystick.proof import kept_statement
from tallystick.store.opening import Store
from tallystick.store.statements import Kept, StatementBook
from tallystick.store.tables import STATEMENTS

ROOM = "harm/"
BEGINNING = 8
"""So many digits of a channel tell it from others of one store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What both said about one period.

    Attributes:
        id: Names it among all of the store.
        channel: 64 hexadecimal digits.
        parties: The two; fewer where no report that can be read names them.
        state: What stands.
        kept: The statements as they are kept, by their identifiers.
    """

    id: str
    channel: str
    parties: tuple[str, ...]
    state: HarmState
    kept: dict[str, Kept]


class HarmBook:
    """The harm reports of all channels of a store."""

    def __init__(self, store: Store) -> None:
        """Look into a store."""
        self._store = store

    def every(self) -> Sequence[Published]:
        """Return what was published of every period, the latest first."""
        at = STATEMENTS.c
        wanted = (
            select(at.channel, at.about)
            .where(at.about.startswith(ROOM))
            .distinct()
            .order_by(at.about.desc(), at.channel)
        )
        with self._store.read() as connection:
            found = connection.execute(wanted).all()
        return [self.published(channel, about[len(ROOM) :]) for channel, about in found]

    def named(self, ident: str) -> Published | None:
        """Return what was published under a name; None: nothing."""
        beginning, _, period = ident.partition("-")
        if len(beginning) != BEGINNING:
            return None
        at = STATEMENTS.c
        wanted = select(at.channel).where(
            at.about == f"{ROOM}{period}",
            at.channel.startswith(beginning, autoescape=True),
        )
        with self._store.read() as connection:
            channel = connection.scalar(wanted)
        return None if not channel else self.published(channel, period)

    def published(self, channel: str, period: str) -> Published:
        """Return what was published of a period of a channel."""
        kept = StatementBook(self._store, channel).about(f"{ROOM}{period}")
        said = [kept_statement(one.note) for one in kept]
        names = {one.statement.by for one in said}
        for one in said:
            report = one.statement.body.get("report")
            if isinstance(report, dict):
                names |= {str(report.get("by")), str(report.get("peer"))}
        parties = tuple(sorted(names))
        both = (parties[0], parties[1]) if len(parties) == 2 else ("", "")
        return Published(
            id=f"{channel[:BEGINNING]}-{period}",
            channel=channel,
            parties=parties,
            state=read_harm(said, both, period=period),
            kept={one.id: one for one in kept},
        )
