"""Up to which moment everything that switches said has been heard.

A node that stood still, or has more to read than it can, has calls before its doors of
which it knows nothing. Its promise to the peer must not pass them.

Source: spec/channel.md, "The watermark".
"""

from collections import deque
from typing import Final

LAG_TURNS: Final = 3
"""How often the loop comes around until a new connection's first words are read."""

TURNS_KEPT: Final = 4_096


class Heard:
    """Turns of the node's loop, and when each began.

    Bounds: `TURNS_KEPT` moments; of a longer backlog the last known one stays.
    """

    __slots__ = ("_moments", "_turn", "_upto_ms")

    def __init__(self, now_ms: int) -> None:
        """Start with everything heard up to now."""
        self._moments: deque[int] = deque(maxlen=TURNS_KEPT)
        self._turn = 0
        self._upto_ms = now_ms

    def forget(self, now_ms: int) -> None:
        """Begin anew: the clock was set, and earlier moments mean nothing now."""
        self._moments.clear()
        self._upto_ms = now_ms

    def turn(self, now_ms: int, *, unread_since: int | None = None) -> int:
        """Begin the next turn, and return up to when everything was heard.

        Args:
            now_ms: The present time.
            unread_since: The turn, counted from 1, since which something may be
                unread; None: nothing is.
        """
        self._turn += 1
        self._moments.append(now_ms)
        since = self._turn if unread_since is None else min(unread_since, self._turn)
        place = since - LAG_TURNS - 1 - (self._turn - len(self._moments))
        if place >= 0:
            self._upto_ms = self._moments[place]
        return self._upto_ms
