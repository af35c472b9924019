"""Who is not asked again for a while: longer after each failure.

Source: spec/passport.md, "Fetching".
"""

from collections import OrderedDict
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Pause:
    until_s: int
    length_s: int


class Pauses:
    """Names that failed, and until when they are left alone.

    Bounds: `most` names; the one that failed longest ago gives way.
    """

    def __init__(self, *, first_s: int, longest_s: int, most: int) -> None:
        """Know of no failure.

        Args:
            first_s: How long a name is left alone after its first failure; each
                further one doubles it
            longest_s: up to this.
            most: How many names are remembered.
        """
        self._first_s, self._longest_s, self._most = first_s, longest_s, most
        self._known: OrderedDict[str, _Pause] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def fail(self, name: str, *, now_s: int) -> None:
        """Note a failure."""
        before = self._known.pop(name, None)
        length_s = self._first_s
        if before is not None:
            length_s = min(2 * before.length_s, self._longest_s)
        self._known[name] = _Pause(now_s + length_s, length_s)
        while len(self._known) > self._most:
            self._known.popitem(last=False)

    def succeed(self, name: str) -> None:
        """Forget earlier failures."""
        self._known.pop(name, None)

    def holds(self, name: str, *, now_s: int) -> bool:
        """Tell whether a name is to be left alone now."""
        pause = self._known.get(name)
        # A clock set back must not make a pause longer than it was meant.
        return pause is not None and 0 < pause.until_s - now_s <= pause.length_s
