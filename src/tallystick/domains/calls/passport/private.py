"""Values that hold numbers and are made for every call.

They never show what they hold, wherever they are printed by mistake.
"""

import msgspec


class Private(msgspec.Struct, frozen=True, gc=False):
    """A value whose text is its kind only; never part of a cycle."""

    def __repr__(self) -> str:
        """Return the kind."""
        return f"<{type(self).__name__}>"
