"""For those who watch over a node, and those who ask why."""

import asyncio
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qs

import msgspec

from tallystick.net.exchange import TEXT, Exchange
from tallystick.node.doors.table import Door, refuse
from tallystick.node.kept.courses import Courses
from tallystick.node.kept.verdicts import VerdictLog
from tallystick.node.watch.metrics import Metrics

_write: Final = msgspec.json.Encoder().encode


class WatchDoors:
    """The doors to health, metrics and kept verdicts."""

    def __init__(
        self,
        *,
        verdicts: VerdictLog,
        courses: Courses,
        metrics: Metrics,
        health: Callable[[], dict[str, object]],
    ) -> None:
        """Lead to those who know."""
        self._verdicts = verdicts
        self._courses = courses
        self._metrics = metrics
        self._health = health
        self._searches: set[asyncio.Task[None]] = set()

    def doors(self) -> dict[tuple[str, str], Door]:
        """Return the doors by method and path."""
        return {
            ("GET", "/v1/verdicts"): self._why,
            ("GET", "/healthz"): self._healthy,
            ("GET", "/readyz"): self._ready,
            ("GET", "/metrics"): self._measured,
        }

    def _why(self, exchange: Exchange) -> None:
        call_id = parse_qs(exchange.query).get("call_id", [""])[0]
        found = self._verdicts.recent(call_id)
        if found is not None:
            course = self._courses.recent(call_id)
            exchange.answer(200, _write(found | {"course": course}))
        elif self._searches:
            refuse(exchange, 503, "busy", "Another search is under way.")
        else:
            task = asyncio.ensure_future(self._search(exchange, call_id))
            self._searches.add(task)
            task.add_done_callback(self._searches.discard)

    async def _search(self, exchange: Exchange, call_id: str) -> None:
        """Look on disk, while calls are answered."""
        found = await asyncio.to_thread(self._verdicts.find_on_disk, call_id)
        if found is None:
            refuse(exchange, 404, "call", "No verdict on this call is kept.")
            return
        course = self._courses.recent(call_id)
        if course is None:
            course = await asyncio.to_thread(self._courses.find_on_disk, call_id)
        exchange.answer(200, _write(found | {"course": course}))

    def _healthy(self, exchange: Exchange) -> None:
        exchange.answer(200, _write(self._health()))

    def _ready(self, exchange: Exchange) -> None:
        health = self._health()
        exchange.answer(200 if health["ready"] else 503, _write(health))

    def _measured(self, exchange: Exchange) -> None:
        exchange.answer(200, self._metrics.text(), kind=TEXT)
