"""Where a party's statements come and go: its store, its door, and the way to its peer.

A process of its own, so that it can never slow a call.
"""

from tallystick.office.mirror import Mirror
from tallystick.office.running import Office, OfficeSettings, open_office

__all__ = ["Mirror", "Office", "OfficeSettings", "open_office"]
