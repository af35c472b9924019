"""What a node counts, for Prometheus; no number and no name is a label."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

from tallystick.node.arrivals import Answered

_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.45)


class Metrics:
    """Counters of one node."""

    def __init__(self) -> None:
        """Begin at nought."""
        own = self.registry = CollectorRegistry()
        self.verdicts = Counter(
            "tally_verdicts",
            "Verdicts by outcome, action, rule and mode",
            ("outcome", "action", "rule", "mode"),
            registry=own,
        )
        self.waited = Histogram(
            "tally_verdict_wait_seconds",
            "From the switch's question to the answer, the hold included",
            buckets=_BUCKETS_S,
            registry=own,
        )
        self.departures = Counter(
            "tally_departures", "Own departures told", registry=own
        )
        self.refused = Counter(
            "tally_refused_requests", "Requests refused", registry=own
        )
        self.covered_age = Gauge(
            "tally_watermark_age_seconds",
            "How old the peer's promise is",
            registry=own,
        )
        self.connected = Gauge(
            "tally_channel_connected",
            "Whether the peer's stream is open",
            registry=own,
        )
        self.waiting = Gauge("tally_waiting_calls", "Arrivals that wait", registry=own)
        self.lost = Gauge(
            "tally_lost_verdicts", "Verdicts not kept on disk", registry=own
        )

    def take(self, answered: Answered) -> None:
        """Count one answer."""
        verdict = answered.verdict
        self.verdicts.labels(
            verdict.outcome, verdict.action, verdict.rule, verdict.mode
        ).inc()
        self.waited.observe(answered.waited_ms / 1000)

    def text(self) -> bytes:
        """Return everything in Prometheus's text form."""
        return generate_latest(self.registry)
