"""Names of cases and objections that were let go of: nothing brings them back.

The peer may still hold what was said of one and send it again, a result may be taken in
again, a node's files may be read again. A name says only that it is over.
"""

from collections.abc import Collection, Mapping

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from tallystick.store.sql import portions
from tallystick.store.tables import FORGOTTEN

CASE_ROOM = "case/"
OBJECTION_ROOM = "objection/"


def forgotten(
    connection: Connection, channel: str, abouts: Collection[str]
) -> dict[str, int]:
    """Return since when those of these were over that were let go of.

    Args:
        connection: Of a store.
        channel: 64 hexadecimal digits.
        abouts: `case/…`, `objection/…`.
    """
    found: dict[str, int] = {}
    for some in portions(list(abouts)):
        found |= _found(connection, channel, FORGOTTEN.c.about.in_(some))
    return found


def forgotten_cases(connection: Connection, channel: str) -> dict[str, int]:
    """Return since when each case that was let go of was over, by its name."""
    named = _found(connection, channel, FORGOTTEN.c.about.startswith(CASE_ROOM))
    return {about.removeprefix(CASE_ROOM): over for about, over in named.items()}


def is_unsaid(connection: Connection, channel: str, about: str) -> bool:
    """Tell whether all that was said of a thing was let go of, too."""
    unsaid = FORGOTTEN.c.unsaid_ms.is_not(None)
    return bool(_found(connection, channel, FORGOTTEN.c.about == about, unsaid))


def remember(
    connection: Connection,
    channel: str,
    over: Mapping[str, int],
    *,
    unsaid_ms: int | None = None,
) -> None:
    """Write down what was let go of.

    Args:
        connection: Of a store that is being written.
        channel: 64 hexadecimal digits.
        over: Since when each was over.
        unsaid_ms: When what was said of them was let go of; None: it is still kept.
    """
    at = FORGOTTEN.c
    for some in portions(list(over)):
        mine = delete(FORGOTTEN).where(at.channel == channel, at.about.in_(some))
        connection.execute(mine)
    rows = [
        {"channel": channel, "about": about, "over_ms": over_ms, "unsaid_ms": unsaid_ms}
        for about, over_ms in over.items()
    ]
    if rows:
        connection.execute(insert(FORGOTTEN), rows)


def _found(
    connection: Connection, channel: str, *where: ColumnElement[bool]
) -> dict[str, int]:
    at = FORGOTTEN.c
    wanted = select(at.about, at.over_ms).where(at.channel == channel, *where)
    return {about: int(over_ms) for about, over_ms in connection.execute(wanted)}
