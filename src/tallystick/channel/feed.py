"""One session's way through a publisher's frames.

A feed pulls: it gives as many bytes as the line takes and keeps none itself. A
subscriber that is too slow falls behind until the frames it needs are gone; then it is
told from where it goes on, and no call ever waited for it.

Source: spec/channel.md, "Going on".
"""

from collections.abc import Callable
from typing import Final

from tallystick.channel.codec import encode_frame
from tallystick.channel.errors import Refusal, SessionError
from tallystick.channel.frame import (
    EpochNotice,
    Frame,
    Position,
    Refused,
    Resume,
    Resumed,
)
from tallystick.channel.publisher import Publisher
from tallystick.channel.terms import EPOCH_LIMIT

SEND_BYTES: Final = 262_144
RESUMES_LIMIT: Final = 1_000
"""How often one session may go back; each time may cost a whole retention."""


class Feed:
    """What one subscriber still has to get.

    Attributes:
        behind: How many finished frames it has not got.

    Bounds: a number and the names of two epochs; frames stay the publisher's.
    """

    def __init__(
        self,
        publisher: Publisher,
        checks: Callable[[int], bytes],
        *,
        position: Position,
        now_ms: int,
    ) -> None:
        """Begin after the handshake.

        Args:
            publisher: Whose frames.
            checks: Gives the 8 bytes of `epoch_check` by the epoch's index.
            position: From where the subscriber wants to go on.
            now_ms: The present time.
        """
        self._publisher = publisher
        self._checks = checks
        self._announced: set[int] = set()
        self._sent_ms: int | None = None
        self._resumes = 0
        self._number = 0
        self._say_resumed = True
        self._go_to(position, now_ms)

    @property
    def behind(self) -> int:
        """How many finished frames the subscriber has not got."""
        return self._publisher.kept.next_number - self._number

    def receive(self, frame: Frame, *, now_ms: int) -> None:
        """Take a frame of the subscriber.

        Args:
            frame: What came.
            now_ms: The present time.

        Raises:
            SessionError: When it ends the session, or has no place there.
        """
        if isinstance(frame, Refused):
            raise SessionError(frame.refusal, told=True)
        self._resumes += 1
        if not isinstance(frame, Resume) or self._resumes > RESUMES_LIMIT:
            raise SessionError(Refusal.ORDER)
        self._go_to(frame.position, now_ms)

    def data_to_send(self, *, now_ms: int, limit_bytes: int = SEND_BYTES) -> bytes:
        """Return what to send now; empty if there is nothing.

        Args:
            now_ms: The present time.
            limit_bytes: About how much the line takes; one frame more may come.
        """
        parts = [*self._resumed(), *self._notices(now_ms)]
        size = sum(map(len, parts))
        kept = self._publisher.kept
        while size < limit_bytes and (frame := kept.get(self._number)) is not None:
            notice = self._notice(frame.epoch)
            parts += [*notice, frame.data]
            size += len(frame.data)
            self._number += 1
        if not parts or size < limit_bytes:
            parts += self._heartbeat(now_ms, idle=not parts)
        if parts:
            self._sent_ms = now_ms
        return b"".join(parts)

    def get_timer(self) -> int | None:
        """Return when `data_to_send` has something at the latest; None: at once."""
        if self._sent_ms is None or self.behind:
            return None
        return self._sent_ms + self._publisher.pace.heartbeat_ms

    def _go_to(self, position: Position, now_ms: int) -> None:
        """Choose the next frame: the wanted one, or the oldest that is of use."""
        kept = self._publisher.kept
        same = position.stream == self._publisher.stream
        if same and kept.oldest <= position.number <= kept.next_number:
            self._number = position.number
        elif same:
            self._number = kept.oldest
        else:
            self._number = kept.since(now_ms - self._publisher.pace.catch_up_ms)
        self._say_resumed = True
        self._announced.clear()

    def _resumed(self) -> list[bytes]:
        """Say from where it goes on, if that is not where it stopped."""
        publisher = self._publisher
        if self._number < publisher.kept.oldest:
            self._number = publisher.kept.oldest
            self._say_resumed = True
        if not self._say_resumed:
            return []
        self._say_resumed = False
        frame = publisher.kept.get(self._number)
        promise = publisher.heartbeat(now_ms=0)
        before_ms = publisher.kept.latest_ms if frame is None else frame.before_ms
        return [
            encode_frame(
                Resumed(
                    position=Position(publisher.stream, self._number),
                    next_sequence=promise.next_sequence
                    if frame is None
                    else frame.first,
                    from_ms=max(promise.from_ms, before_ms),
                )
            )
        ]

    def _notices(self, now_ms: int) -> list[bytes]:
        """Announce the present epoch, and the next one in time."""
        terms, pace = self._publisher.terms, self._publisher.pace
        moments = (now_ms, now_ms + pace.announce_ms)
        return [
            part
            for index in dict.fromkeys(map(terms.epoch_index, moments))
            for part in self._notice(index)
        ]

    def _notice(self, index: int) -> list[bytes]:
        if index in self._announced or index > EPOCH_LIMIT:
            return []
        self._announced = {one for one in self._announced if one >= index - 1} | {index}
        epoch = self._publisher.terms.epoch(index)
        notice = EpochNotice(index, epoch.starts_ms, self._checks(index))
        return [encode_frame(notice)]

    def _heartbeat(self, now_ms: int, *, idle: bool) -> list[bytes]:
        """Repeat the promise where nothing carried it lately."""
        pace = self._publisher.pace
        since_ms = None if self._sent_ms is None else abs(now_ms - self._sent_ms)
        due = since_ms is None or (idle and since_ms >= pace.heartbeat_ms)
        return [encode_frame(self._publisher.heartbeat(now_ms=now_ms))] if due else []
