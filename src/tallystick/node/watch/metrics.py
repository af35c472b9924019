"""What a node counts, for Prometheus; no number and no name is a label."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, GCCollector, ProcessCollector
from prometheus_client.exposition import generate_latest

from tallystick.node.calls.arrivals import Answered
from tallystick.node.watch.measures import Counts, Spread, Spreads, Stages

_ANSWER_S: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.45)
_LAG_S: Final = (0.01, 0.02, 0.03, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
_TURN_S: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0)


class Metrics:
    """Counters of one node.

    Attributes:
        registry: All of it; `gauges` adds what is read off the node itself.
        verdicts: By outcome, action, rule and mode.
        waited: Seconds from question to answer.
        held: The same, of those that waited for the stream.
        stages: What an answer is made of.
        lag: Age of departures when they come.
        late: How late the node's turns come.
        departures: Own ones, told.
        refused: Requests.
        crossings: Compared at both ends, by what they say together.
        reloads: By how they ended.
    """

    def __init__(self) -> None:
        """Begin at nought."""
        own = self.registry = CollectorRegistry()
        self.verdicts = Counts(
            "tally_verdicts",
            "Verdicts by outcome, action, rule and mode",
            ("outcome", "action", "rule", "mode"),
        )
        self.waited, self.held = Spread(_ANSWER_S), Spread(_ANSWER_S)
        self.lag, self.late = Spread(_LAG_S), Spread(_TURN_S)
        self.stages = Stages()
        self.crossings = Counts(
            "tally_crossings_compared",
            "Calls whose two ends were compared, by what they say together",
            ("sign",),
        )
        self.reloads = Counts(
            "tally_reloads", "Reloads, by whether they were taken", ("result",)
        )
        self.departures = Counts("tally_departures", "Own departures told", ())
        counts = (self.verdicts, self.crossings, self.reloads, self.departures)
        for one in (*counts, *self._spreads()):
            own.register(one)
        self.refused = Counter(
            "tally_refused_requests", "Requests refused", registry=own
        )
        ProcessCollector(registry=own)
        GCCollector(registry=own)

    def take(self, answered: Answered) -> None:
        """Count one answer."""
        verdict = answered.verdict
        self.verdicts.add(verdict.outcome, verdict.action, verdict.rule, verdict.mode)
        waited_s = answered.waited_ms / 1000
        self.waited.add(waited_s)
        if waited_s:
            self.held.add(waited_s)

    def text(self) -> bytes:
        """Return everything in Prometheus's text form."""
        return generate_latest(self.registry)

    def _spreads(self) -> tuple[Spreads, ...]:
        return (
            Spreads(
                "tally_verdict_wait_seconds",
                "From the switch's question to the answer, the hold included",
                {"": self.waited},
            ),
            Spreads(
                "tally_stream_wait_seconds",
                "How long those calls waited that had to wait for the stream",
                {"": self.held},
            ),
            Spreads(
                "tally_stage_seconds",
                "CPU and all, by stage of an answer; one call in 64 is timed",
                self.stages.spreads,
                "stage",
            ),
            Spreads(
                "tally_stream_lag_seconds",
                "Age of the first departure of each frame when it is in memory",
                {"": self.lag},
            ),
            Spreads(
                "tally_turn_late_seconds",
                "How late the node's turns come, of those 5 ms apart",
                {"": self.late},
            ),
        )
