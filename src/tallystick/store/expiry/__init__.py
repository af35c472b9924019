"""What is older than both parties agreed to keep: counted, and let go of."""

from tallystick.store.expiry.letting import Expiry, Gone
from tallystick.store.expiry.old import Old
from tallystick.store.expiry.planned import Line, planned

__all__ = ["Expiry", "Gone", "Line", "Old", "planned"]
