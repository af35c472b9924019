"""What was told and heard completely, laid beside the party's log at an epoch's end.

The office appends it; a node never writes into the log itself.

Source: spec/proof.md, "What each kind holds".
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from tallystick.channel import Epoch, Publisher, Terms
from tallystick.model import TallystickError
from tallystick.node.watch.condition import Condition
from tallystick.node.watch.logs import Log
from tallystick.store.log import lay_in

FORMAT: Final = "tallystick-watermark/1"
LOOK_S: Final = 1.0
SETTLE_MS: Final = 10_000
"""So long after its end an epoch's last departures have been told and heard."""

Span = tuple[int, int]


@dataclass(slots=True, kw_only=True)
class Watermarks:
    """Looks every second whether an epoch has ended.

    Attributes:
        folder: Of the log.
        condition: Knows the terms that hold, and what the peer has promised.
        publisher: Gives what promises own departures; None: nobody yet.
        clock: Tells the time, UTC milliseconds.
        log: Of the node.
    """

    folder: Path
    condition: Condition
    publisher: Callable[[], Publisher | None]
    clock: Callable[[], int]
    log: Log
    _terms: Terms | None = None
    _epoch: Epoch | None = None

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self.look()
            except (TallystickError, OSError) as error:
                self.log.note("watermark-refused", why=str(error))
            await asyncio.sleep(LOOK_S)

    def stop(self) -> None:
        """Nothing waits for this."""

    async def look(self) -> None:
        """Lay in what was complete of an epoch that has ended, once."""
        now_ms, terms = self.clock(), self.condition.secrets.signed.terms
        if self._epoch is None or terms is not self._terms:
            self._terms = terms
            self._epoch = terms.epoch(terms.epoch_index(now_ms))
        if now_ms < self._epoch.ends_ms + SETTLE_MS:
            return
        ended = self._epoch
        self._epoch = terms.epoch(terms.epoch_index(now_ms))
        content = watermark(
            terms, ended, told=self._told(), heard=self.condition.subscriber.covered
        )
        await asyncio.to_thread(lay_in, self.folder, "watermark", content)

    def _told(self) -> Span | None:
        publisher = self.publisher()
        if publisher is None or not publisher.watermark_ms:
            return None
        return publisher.from_ms, publisher.watermark_ms


def watermark(
    terms: Terms, epoch: Epoch, *, told: Span | None, heard: Span | None
) -> str:
    """Return what is logged of an epoch.

    Args:
        terms: What the two parties agreed.
        epoch: The one that has ended.
        told: After when, and up to when, own departures were told without a gap.
        heard: The same of the peer's that were heard.
    """
    content = {
        "format": FORMAT,
        "name": f"watermark:{terms.channel.hex()[:16]}:{epoch.label}",
        "channel": terms.channel.hex(),
        "epoch": epoch.index,
        "from": _moment(epoch.starts_ms),
        "until": _moment(epoch.ends_ms),
        "told": _within(told, epoch),
        "heard": _within(heard, epoch),
    }
    return msgspec.json.encode(content).decode()


def _within(span: Span | None, epoch: Epoch) -> list[str] | None:
    """Return what of a span lies in an epoch; None: nothing does."""
    if span is None:
        return None
    after, upto = max(span[0], epoch.starts_ms), min(span[1], epoch.ends_ms)
    return [_moment(after), _moment(upto)] if after < upto else None


def _moment(at_ms: int) -> str:
    whole = datetime.fromtimestamp(at_ms // 1000, UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03}Z"
