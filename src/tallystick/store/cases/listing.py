"""The cases of all channels of a store, to be looked through."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import and_, case

from tallystick.store.cases.rows import GATHERING
from tallystick.store.listing import Listing
from tallystick.store.tables import CASES


class About(NamedTuple):
    """What cases are about.

    Attributes:
        departure: The party on whose side their crossings leave.
        kinds: Of the cases.
        objects: What they are about.
    """

    departure: str
    kinds: Sequence[str]
    objects: Sequence[str]


def case_listing(*, now_ms: int, about: About | None = None) -> Listing:
    """Return the cases of a store; what is only gathering is none.

    Args:
        now_ms: The present time.
        about: Only the cases about this; None: all.

    Returns:
        The columns of the table, `money` null where no rates were given, `confidence`
        on average in millionths, and `open` and `overdue`, each `yes` or `no`.
    """
    only = CASES.c.state != GATHERING
    if about is not None:
        only = and_(
            only,
            CASES.c.departure == about.departure,
            CASES.c.kind.in_(about.kinds),
            CASES.c.object.in_(about.objects),
        )
    mean = CASES.c.confidence_ppm // case(
        (CASES.c.crossings > 0, CASES.c.crossings), else_=1
    )
    more = {
        "confidence": mean,
        "money": case((CASES.c.currency != "", CASES.c.money)),
        "open": case((CASES.c.ended_ms.is_(None), "yes"), else_="no"),
        "overdue": case((CASES.c.due_ms < now_ms, "yes"), else_="no"),
    }
    plain = {name: CASES.c[name] for name in _PLAIN}
    return Listing({**plain, **more}, CASES.c.id, only)


_PLAIN: Final = tuple(one.name for one in CASES.columns if one.name != "confidence_ppm")
