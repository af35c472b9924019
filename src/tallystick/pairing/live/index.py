"""From a token to the departures that have it, newest first.

Departures live in numbered slots. The links between them are machine integers in
arrays, so that the garbage collector has nothing to walk through, however many are
held, and a departure leaves any chain in constant time.
"""

from array import array
from typing import Final

from tallystick.pairing.live.half import Token

CHAIN_LIMIT: Final = 256
"""Departures of one token that are looked at. Honest numbers have a handful; a peer
that sends more of one token only blurs its own record."""

_NONE: Final = -1


class Index:
    """Chains of slots by token.

    Bounds: one dictionary entry for each token and 8 bytes of links and 8 of
        reference for each slot; every operation in constant time.
    """

    __slots__ = ("_newer", "_newest", "_older", "_tokens")

    def __init__(self) -> None:
        """Start without slots."""
        self._newest: dict[Token, int] = {}
        self._newer = array("i")
        self._older = array("i")
        self._tokens: list[Token | None] = []

    def grow(self) -> None:
        """Make room for one slot more."""
        self._newer.append(_NONE)
        self._older.append(_NONE)
        self._tokens.append(None)

    def put(self, slot: int, token: Token | None) -> None:
        """Put a slot at the head of its token's chain; None: into no chain."""
        self._tokens[slot] = token
        if token is None:
            return
        head = self._newest.get(token, _NONE)
        self._newest[token] = slot
        self._newer[slot] = _NONE
        self._older[slot] = head
        if head >= 0:
            self._newer[head] = slot

    def take_out(self, slot: int) -> None:
        """Take a slot out of its chain."""
        token = self._tokens[slot]
        if token is None:
            return
        newer, older = self._newer[slot], self._older[slot]
        self._tokens[slot] = None
        if older >= 0:
            self._newer[older] = newer
        if newer >= 0:
            self._older[newer] = older
        elif older >= 0:
            self._newest[token] = older
        else:
            del self._newest[token]

    def of(self, token: Token) -> list[int]:
        """Return the slots of a token, newest first, at most CHAIN_LIMIT."""
        slots: list[int] = []
        slot = self._newest.get(token, _NONE)
        while slot >= 0 and len(slots) < CHAIN_LIMIT:
            slots.append(slot)
            slot = self._older[slot]
        return slots

    def beside(self, slot: int) -> list[int]:
        """Return the other slots of a slot's token."""
        token = self._tokens[slot]
        if token is None or (self._older[slot] < 0 and self._newer[slot] < 0):
            return []
        return [other for other in self.of(token) if other != slot]

    def __contains__(self, token: Token) -> bool:
        return token in self._newest
