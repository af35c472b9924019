"""The frames a publisher keeps, so that a subscriber can go on where it stopped.

Source: spec/channel.md, "Going on".
"""

from typing import Final, NamedTuple

RETENTION_BYTES: Final = 67_108_864
"""64 MiB: at 3,250 calls a second about six minutes."""


class Kept(NamedTuple):
    """One data frame as it was sent.

    Attributes:
        number: Its number.
        first: Sequence number of its first departure.
        epoch: Index of its epoch.
        made_ms: When it was made.
        before_ms: Latest departure of all earlier frames; 0 without any.
        data: Its bytes.
    """

    number: int
    first: int
    epoch: int
    made_ms: int
    before_ms: int
    data: bytes


class Retention:
    """The newest frames, in order of their numbers without a gap.

    Attributes:
        oldest: Number of the oldest kept frame, or of the next one if none is kept.
        next_number: Number of the next frame.
        latest_ms: Latest departure of all frames there ever were.

    Bounds: at most `limit_bytes` of frames, and always the newest one.
    """

    __slots__ = (
        "_bytes",
        "_frames",
        "_limit_bytes",
        "latest_ms",
        "next_number",
        "oldest",
    )

    def __init__(self, limit_bytes: int = RETENTION_BYTES) -> None:
        """Start empty."""
        self._frames: dict[int, Kept] = {}
        self._bytes = 0
        self._limit_bytes = limit_bytes
        self.oldest = 1
        self.next_number = 1
        self.latest_ms = 0

    def put(self, kept: Kept, *, latest_ms: int) -> None:
        """Keep the next frame and let the oldest go where room is needed.

        Args:
            kept: A frame with the number `next_number`.
            latest_ms: Its latest departure; 0 without any.
        """
        self._frames[kept.number] = kept
        self._bytes += len(kept.data)
        self.next_number += 1
        self.latest_ms = max(self.latest_ms, latest_ms)
        while self._bytes > self._limit_bytes and len(self._frames) > 1:
            self._bytes -= len(self._frames.pop(self.oldest).data)
            self.oldest += 1

    def get(self, number: int) -> Kept | None:
        """Return a frame; None if it is not kept (any more, or yet)."""
        return self._frames.get(number)

    def since(self, made_ms: int) -> int:
        """Return the number of the oldest kept frame that is not older than this.

        Bounds: O(log of what is kept).
        """
        low, high = self.oldest, self.next_number
        while low < high:
            middle = (low + high) // 2
            if self._frames[middle].made_ms < made_ms:
                low = middle + 1
            else:
                high = middle
        return low
