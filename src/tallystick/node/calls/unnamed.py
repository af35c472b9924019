"""Ids for calls that come without one.

Some interfaces do not say which call a question is about. The same question again
within a span is taken to be about the same call, so that a switch that asks twice gets
the same answer twice, and nobody is called a repetition for it.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

REMEMBERED: Final = 262_144
"""Questions kept: some 80 MB; beyond that, the oldest is forgotten early."""


class Named(NamedTuple):
    """A call that was given an id.

    Attributes:
        call_id: Drawn for it.
        at_ms: When it was first asked about.
    """

    call_id: str
    at_ms: int


class Unnamed:
    """Gives ids to calls.

    Bounds: `REMEMBERED` questions, in memory only.
    """

    def __init__(self, *, span_ms: int, draw: Callable[[], str]) -> None:
        """Know none.

        Args:
            span_ms: For how long the same question is about the same call.
            draw: Returns an id that nobody can guess.
        """
        self._span_ms = span_ms
        self._draw = draw
        self._known: OrderedDict[int, Named] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def name(self, question: int, *, now_ms: int) -> Named:
        """Return the id of the call that a question is about.

        Args:
            question: A hash of its words, under the key of this process: the words
                are numbers, and are not kept.
            now_ms: The time.
        """
        known = self._known.get(question)
        if known is not None and 0 <= now_ms - known.at_ms <= self._span_ms:
            return known
        self._expire(now_ms)
        named = self._known[question] = Named(self._draw(), now_ms)
        self._known.move_to_end(question)
        return named

    def forget(self, question: int, named: Named) -> None:
        """Take the next question of the same words to be about another call."""
        if self._known.get(question) == named:
            del self._known[question]

    def _expire(self, now_ms: int) -> None:
        known = self._known
        while known:
            oldest = next(iter(known.values()))
            fresh = 0 <= now_ms - oldest.at_ms <= self._span_ms
            if fresh and len(known) < REMEMBERED:
                return
            known.popitem(last=False)
