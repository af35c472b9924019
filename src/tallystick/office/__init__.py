"""Where a party's statements come and go: its store, its door, and the way to its peer.

A process of its own, so that it can never slow a call.
"""

from tallystick.office.mirror import Mirror
from tallystick.office.opening import open_office, open_side
from tallystick.office.running import Office
from tallystick.office.settings import OfficeSettings
from tallystick.office.side import Side
from tallystick.office.told import office_settings

__all__ = [
    "Mirror",
    "Office",
    "OfficeSettings",
    "Side",
    "office_settings",
    "open_office",
    "open_side",
]
