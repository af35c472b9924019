"""The call log of the Nodobo study: one row per call and handset.

The handset is the trunk. What it sent is a departure, what it received an arrival, so
the same file holds both halves of a call between two of the handsets.
"""

from typing import Final

from tallystick.domains.calls.records.head import Head
from tallystick.domains.calls.records.headers import with_columns
from tallystick.domains.calls.records.mapping import Mapping

_NODOBO: Final = with_columns("user", "other", "direction", "duration", "timestamp")


def nodobo_mapping(head: Head) -> Mapping | None:
    """Return the mapping of a handset log, or None."""
    if not (found := _NODOBO(head)) or len(found[0]) != 5:
        return None
    return Mapping(
        columns={
            "calling_number": ("user",),
            "called_number": ("other",),
            "started_at": ("timestamp",),
            "duration_s": ("duration",),
            "direction": ("direction",),
            "trunk": ("user",),
        },
        separator=found[1],
        time_format="%a %b %d %H:%M:%S %z %Y",
        # A missed call has no duration.
        constants={"duration_s": "0"},
        values={
            "direction": {
                "outgoing": "international_out",
                "incoming": "international_in",
                "missed": "international_in",
            }
        },
        # Who logged an incoming call was called, not calling.
        swapped_direction="international_in",
    )
