"""Whoever follows the peer stops when told to, whatever comes at that moment."""

import asyncio
from pathlib import Path

from tallystick.channel import Subscriber

from .pair import both


def test_a_subscription_stops_though_data_comes_at_that_moment(
    tmp_path: Path, monkeypatch
):
    """Told to stop in the turn in which a frame comes, it stops, and at once."""
    feed = asyncio.StreamReader.feed_data
    stops: list[asyncio.Task[None]] = []

    def fed(reader: asyncio.StreamReader, data: bytes) -> None:
        feed(reader, data)
        for task in stops:
            task.cancel()
        stops.clear()

    monkeypatch.setattr(asyncio.StreamReader, "feed_data", fed)

    async def run():
        async with both(tmp_path) as (by, ru):
            makers, terms = ru.reloads.makers, ru.secrets.signed.terms
            for _ in range(3):
                other = makers.subscription(
                    ru.settings,
                    makers.side(ru.secrets),
                    Subscriber(terms, ru.secrets.check),
                )
                task = asyncio.ensure_future(other.follow(by.addresses["channel"]))
                await asyncio.sleep(0.2)
                stops.append(task)
                done, _ = await asyncio.wait({task}, timeout=2)
                assert done
                assert task.cancelled()

    asyncio.run(run())
