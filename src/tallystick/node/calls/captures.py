"""Calls that are only watched: told and asked as captures show them, never acted on.

Source: spec/hep.md.
"""

from collections import Counter as Tally
from collections.abc import Callable, Iterable
from typing import Final

from prometheus_client import Counter

from tallystick.channel import ClosingRecord
from tallystick.domains.calls.hep import Began, Point, Points, Watch
from tallystick.domains.calls.live import NumberKnowledge
from tallystick.model import ConfigError
from tallystick.net.hep import HepDoor
from tallystick.node.calls.arrivals import Answered, Arrivals
from tallystick.node.calls.departures import Departures
from tallystick.node.config.files import read_text
from tallystick.node.config.sections import Capture
from tallystick.node.watch.metrics import Metrics

MAX_KEY: Final = 256
_SIDES: Final = {
    "departures": frozenset({"departures"}),
    "arrivals": frozenset({"arrivals"}),
    "both": frozenset({"departures", "arrivals"}),
}


class Captures:
    """Watches by captures.

    Attributes:
        door: Where they come in.
        watch: What reads them.
    """

    def __init__(
        self,
        captures: Iterable[Capture],
        *,
        departures: Departures,
        arrivals: Arrivals,
        knowledge: NumberKnowledge,
        metrics: Metrics,
        now_ms: Callable[[], int],
        failed: Callable[[], None],
    ) -> None:
        """Read who may send captures.

        Raises:
            ConfigError: "hep-point", "node-capture".
        """
        points = Points([_point(one) for one in captures])
        self.watch = Watch(points)
        self.door = HepDoor(self._take, admits=points.may_send, failed=failed)
        self._departures = departures
        self._arrivals = arrivals
        self._knowledge = knowledge
        self._metrics = metrics
        self._now_ms = now_ms
        self._told: Tally[str] = Tally()
        self._counter = Counter(
            "tally_captures",
            "Captured messages by what they were",
            ("what",),
            registry=metrics.registry,
        )

    def keep_house(self) -> None:
        """Tell of calls that have ended, and count; called every second or so."""
        now_ms = self._now_ms()
        for one in self.watch.ended(now_ms):
            ending = ClosingRecord(
                0, one.answered, one.answer_ms, one.duration_ms, one.cause
            )
            side = self._departures if one.side == "departures" else self._arrivals
            side.release(one.call_id, ending, now_ms=now_ms)
        for what, count in self.watch.counts.items():
            if count > self._told[what]:
                self._counter.labels(what).inc(count - self._told[what])
                self._told[what] = count

    def _take(self, data: bytes, host: str) -> None:
        now_ms = self._now_ms()
        began = self.watch.receive(data, host, now_ms)
        if began is None:
            return
        if began.side == "departures":
            self._departures.tell(began.call, now_ms=now_ms)
            self._metrics.departures.add()
        else:
            self._ask(began, now_ms)

    def _ask(self, began: Began, now_ms: int) -> None:
        call = began.call
        if self._knowledge.is_emergency(call.called_number):
            call = call._replace(emergency=True)
        self._arrivals.ask(call, _kept, now_ms=now_ms, is_watched=True)


def _kept(_answered: Answered) -> None:
    """Do nothing: the verdict is kept and counted like any other."""


def _point(one: Capture) -> Point:
    """Return a point.

    Raises:
        ConfigError: "node-capture": the file of its key holds none.
    """
    key = ""
    if one.key is not None:
        key = read_text(one.key, code="node-capture", what="The key of captures")
        key = key.strip()
        if not 0 < len(key) <= MAX_KEY:
            raise ConfigError(
                "node-capture",
                f"{one.key} holds no word that captures could carry.",
                advice=f"Write one of at most {MAX_KEY} characters into it.",
            )
    return Point(
        name=one.name,
        networks=one.networks,
        trunks=one.trunks,
        sides=_SIDES[one.side],
        trunk=one.trunk,
        carrier=one.carrier,
        key=key.encode(),
    )
