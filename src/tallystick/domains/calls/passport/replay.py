"""Tokens already seen, told by their claims and never by their signature.

A signature (R, S) can be turned into (R, -S) by anybody, and a signer may sign the
same claims twice. The same token in another attempt of the same call (a route
advance, a fork) is no replay.

Source: RFC 8224, section 12.1; spec/passport.md, "Replay".
"""

from typing import Final

from tallystick.domains.calls.passport.claims import Claims

MAX_TOKENS: Final = 262_144  # in each of two generations: some 70 MB in all


class ReplayCache:
    """Claims seen of late, and the call each came with.

    Attributes:
        dropped: How many were forgotten early because more came than fit; while it
            grows, a replay may pass.

    Bounds: two generations of `max_tokens`, some 130 bytes each. When full, the older
        generation is forgotten early; no call is refused for want of room.
    """

    def __init__(self, *, window_s: int, max_tokens: int = MAX_TOKENS) -> None:
        self._window_s = window_s
        self._max = max_tokens
        self._began_s = 0
        self._now: dict[int, int] = {}
        self._before: dict[int, int] = {}
        self.dropped = 0

    def __len__(self) -> int:
        """Return how many tokens are held."""
        return len(self._now) + len(self._before)

    def is_repeated(
        self, ppt: str, claims: Claims, call_id: str, *, now_s: int
    ) -> bool:
        """Tell whether these claims came with another call, and remember them.

        Args:
            ppt: The extension of the token.
            claims: Of a token whose signature holds.
            call_id: Of the call; "" never equals another.
            now_s: The time.
        """
        if now_s - self._began_s >= self._window_s or len(self._now) >= self._max:
            self._turn(now_s)
        parts = (ppt, claims.orig, claims.dest, claims.iat_s, claims.origid, claims.div)
        # 64 bits under a key of the process: among 2^19 tokens, one honest call in
        # 10^13 is taken for another. The texts themselves would be numbers at rest.
        key = hash(parts)
        call = hash(call_id)
        seen = self._now.get(key)
        if seen is None:
            seen = self._before.get(key)
        if seen is None:
            self._now[key] = call
            return False
        return seen != call or not call_id

    def _turn(self, now_s: int) -> None:
        """Begin a generation after a window, or when this one is full."""
        if now_s - self._began_s < self._window_s:
            self.dropped += len(self._before)
        self._before = self._now
        self._now = {}
        self._began_s = max(now_s, self._began_s)
