"""Timers of a few fixed lengths, each a queue: setting and firing cost O(1)."""

from collections import deque
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Timers(Generic[K, T]):
    """Items that fall due, by kind.

    All timers of one kind have the same length, so each kind's queue is in order as
    long as time does not run backwards. None can be taken back: who is told that an
    item is due looks whether it still matters.
    """

    def __init__(self) -> None:
        self._queues: dict[tuple[K, int], deque[tuple[int, T]]] = {}

    def set(self, kind: K, length_ms: int, item: T, *, now_ms: int) -> None:
        """Make `item` due after `length_ms`."""
        queue = self._queues.get((kind, length_ms))
        if queue is None:
            queue = self._queues[kind, length_ms] = deque()
        queue.append((now_ms + length_ms, item))

    def due(self, now_ms: int) -> Iterator[tuple[K, T]]:
        """Yield what is due, each once."""
        for (kind, _), queue in tuple(self._queues.items()):
            while queue and queue[0][0] <= now_ms:
                yield kind, queue.popleft()[1]

    def next_ms(self) -> int | None:
        """Return when the next falls due."""
        return min(
            (queue[0][0] for queue in self._queues.values() if queue), default=None
        )
