"""Which held departure an arrival fits: by whole key, or by one number.

Source: spec/verdict.md, "Which departure".
"""

from collections.abc import Iterable
from typing import NamedTuple

from tallystick.pairing.live.half import PRESENT, LiveHalf, Token
from tallystick.pairing.live.held import CLAIMED, USED, Held
from tallystick.pairing.live.index import Index
from tallystick.pairing.live.window import LiveWindow

NO_SLOT = -1


class Keyed(NamedTuple):
    """What the whole key found; each a slot or NO_SLOT.

    Attributes:
        free: The departure to be taken.
        used: One that another arrival took.
        outside: A free one outside the window.
    """

    free: int
    used: int
    outside: int


class Shared(NamedTuple):
    """What one number found.

    Attributes:
        slots: Free departures in the window.
        busy: Whether so many departures share the number that it proves nothing.
    """

    slots: list[int]
    busy: bool


def by_key(
    held: Held, window: LiveWindow, tokens: Iterable[Token], at_ms: int
) -> Keyed:
    """Look for departures of a whole key, given as its token in each epoch.

    The first that is no older than a crossing usually takes is meant: redials pair
    in order. Of those that are all older, the last is.

    Bounds: CHAIN_LIMIT departures for each token.
    """
    fresh = stale = used = outside = NO_SLOT
    fresh_ms, stale_ms = -window.after_ms - 1, window.before_ms + 1
    for slot in _slots(held.pair, tokens):
        offset = at_ms - held.at_ms[slot]
        if abs(offset) > window.keep_ms:
            continue  # still held, but no answer may hang on when it is let go
        if held.marks[slot] & USED:
            # Outside the window, too: a call that comes around again is a lap behind.
            used = slot
        elif not -window.after_ms <= offset <= window.before_ms:
            outside = slot
        elif offset > window.usual_ms:
            if offset < stale_ms:
                stale, stale_ms = slot, offset
        elif offset > fresh_ms:
            fresh, fresh_ms = slot, offset
    return Keyed(fresh if fresh >= 0 else stale, used, outside)


def by_number(
    held: Held, index: Index, window: LiveWindow, tokens: Iterable[Token], at_ms: int
) -> Shared:
    """Look for departures that share one number, given as its token in each epoch.

    Bounds: CHAIN_LIMIT departures for each token.
    """
    slots, sharing = [], 0
    for slot in _slots(index, tokens):
        sharing += 1
        offset = at_ms - held.at_ms[slot]
        free = not held.marks[slot] & (USED | CLAIMED)
        if free and -window.after_ms <= offset <= window.before_ms:
            slots.append(slot)
    return Shared(slots, sharing > window.busy)


def _slots(index: Index, tokens: Iterable[Token]) -> list[int]:
    return [slot for token in tokens for slot in index.of(token)]


def first_open(
    waiting: list[LiveHalf], window: LiveWindow, at_ms: int
) -> LiveHalf | None:
    """Return the open arrival that a late departure belongs to.

    Args:
        waiting: Open arrivals of the departure's key.
        window: How far apart they may lie.
        at_ms: When the departure began.
    """
    best, cost = None, (True, 0)
    for arrival in waiting:
        offset = arrival.at_ms - at_ms
        if -window.after_ms <= offset <= window.before_ms and _is_whole(arrival):
            stale = offset > window.usual_ms
            # Among fresh ones the first, among older ones the nearest: the mirror
            # of `by_key`.
            here = (stale, offset)
            if best is None or here < cost:
                best, cost = arrival, here
    return best


def _is_whole(half: LiveHalf) -> bool:
    return half.calling_state == PRESENT == half.called_state
