"""The findings of all channels of a store, to be looked through."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, and_, or_, true

from tallystick.store.listing import Listing
from tallystick.store.tables import FINDINGS

COUNTED: Final = 10_000
"""Findings are counted up to here."""
_PLAIN: Final = (
    "handle",
    "at_ms",
    "finding",
    "departure",
    "arrival",
    "departure_carrier",
    "departure_point",
    "arrival_carrier",
    "arrival_point",
    "ms",
    "stake_ms",
    "certain",
    "part",
    "case_id",
)
_NAMES: Final = (
    "departure_carrier",
    "departure_point",
    "arrival_carrier",
    "arrival_point",
    "case_id",
)


class Own(NamedTuple):
    """What an operator may see.

    Attributes:
        party: On whose side its trunks are.
        trunks: Their names.
    """

    party: str
    trunks: Sequence[str]


def finding_listing(own: Own | None = None) -> Listing:
    """Return the findings of a store, without any number.

    Args:
        own: Only those one half of which went over these trunks; None: all.
    """
    at = FINDINGS.c
    only: ColumnElement[bool] = true()
    if own is not None:
        only = or_(
            *(
                and_(at[side] == own.party, at[f"{side}_point"].in_(own.trunks))
                for side in ("departure", "arrival")
            )
        )
    plain = {name: at[name] for name in _PLAIN}
    return Listing(
        plain | {"confidence": at.confidence_ppm},
        at.handle,
        only,
        ties=(at.at_ms,),
        counted=COUNTED,
        names=_NAMES,
        few=own is not None,
    )
