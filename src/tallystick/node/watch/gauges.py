"""What is read off a running node whenever somebody reads `/metrics`.

A table: each row has a name, what it means, and how it is read. Nothing is measured
between two readings, so that it costs a call nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any, Final, NamedTuple

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tallystick.node.service import Node, now_ms

Words = str | tuple[str, ...]
Value = float | Mapping[Words, float] | Mapping[str, float]


_BUDGET: Final = ("rule", "budget")


class Reading(NamedTuple):
    """One row.

    Attributes:
        name: As Prometheus has it; counters get `_total`.
        what: What it means.
        read: Reads it off the node; several values by their words for the labels.
        labels: Of several values.
        counts: Whether it only ever grows.
    """

    name: str
    what: str
    read: Callable[[Node], Value]
    labels: tuple[str, ...] = ()
    counts: bool = False


def _oddities(node: Node) -> dict[str, float]:
    oddities = node.subscriber.oddities
    return {one.name: getattr(oddities, one.name) for one in fields(oddities)}


def _guarded(part: str) -> Callable[[Node], Mapping[Words, float]]:
    """Return what reads a part of what the guard counts, by rule and budget."""

    def read(node: Node) -> Mapping[Words, float]:
        guard, at_ms = node.arrivals.decider.guard, now_ms()
        return {
            (rule, one.reason): float(getattr(one, part))
            for rule in (guard.budgets if guard else ())
            for one in (guard.look(rule, now_ms=at_ms) if guard else ())
        }

    return read


READINGS: Final = (
    Reading(
        "tally_ready",
        "Whether a call could be judged now",
        lambda node: float(bool(node.health()["ready"])),
    ),
    Reading(
        "tally_watermark_age_seconds",
        "How old the peer's promise is; infinite without one",
        lambda node: (
            (now_ms() - node.subscriber.covered.to_ms) / 1000
            if node.subscriber.covered
            else float("inf")
        ),
    ),
    Reading(
        "tally_clock_offset_seconds",
        "The peer's clock less the own one, the way here included; not a number before"
        " the peer is heard",
        lambda node: (
            float("nan")
            if node.subscriber.clock_offset_ms is None
            else node.subscriber.clock_offset_ms / 1000
        ),
    ),
    Reading(
        "tally_channel_connected",
        "Whether the peer's stream is open",
        lambda node: float(node.subscription.state.connected),
    ),
    Reading(
        "tally_channel_sessions",
        "Sessions opened with the peer's stream; each beyond the first is a reconnect",
        lambda node: node.subscription.state.sessions,
        counts=True,
    ),
    Reading(
        "tally_channel_subscribers",
        "Nodes of the peer that follow this one",
        lambda node: len(node.door.sessions),
    ),
    Reading(
        "tally_frames_behind",
        "Frames not yet sent to the peer's node that is furthest behind",
        lambda node: node.door.behind,
    ),
    Reading(
        "tally_stream_oddities",
        "What an honest peer seldom does: frames repeated, missing (gaps) or given up"
        " (jumps), promises about the future, departures that came late",
        _oddities,
        ("kind",),
        counts=True,
    ),
    Reading(
        "tally_untold_departures",
        "Own departures that the peer will not hear of, or heard of too late",
        lambda node: node.departures.publisher.lost,
        counts=True,
    ),
    Reading(
        "tally_waiting_calls",
        "Arrivals that wait for the stream",
        lambda node: len(node.arrivals.hold),
    ),
    Reading(
        "tally_held_departures",
        "Departures of the peer in memory",
        lambda node: len(node.arrivals.hold.matcher),
    ),
    Reading(
        "tally_open_crossings",
        "Crossings whose ends are awaited",
        lambda node: len(node.arrivals.hold.matcher.closings),
    ),
    Reading(
        "tally_unwritten_verdicts",
        "Verdicts that are not on disk yet",
        lambda node: node.verdicts.unwritten,
    ),
    Reading(
        "tally_lost_verdicts",
        "Verdicts that could not be kept on disk",
        lambda node: node.verdicts.lost,
        counts=True,
    ),
    Reading(
        "tally_breaker_open",
        "Whether nobody waits for the peer, because it is silent or waiting was in"
        " vain",
        lambda node: float(not node.arrivals.hold.breaker.may_wait(now_ms=now_ms())),
    ),
    Reading(
        "tally_log_live",
        "Whether the log that several nodes share can be read and written; 1 for a"
        " node that is alone",
        lambda node: float(node.cluster is None or node.cluster.is_live),
    ),
    Reading(
        "tally_log_missing_members",
        "Nodes of the own party without whom nothing is promised, and that are not"
        " there",
        lambda node: 0 if node.cluster is None else len(node.cluster.missing),
    ),
    Reading(
        "tally_unanswered_faults",
        "Answers that could not be handed over",
        lambda node: node.arrivals.faults,
        counts=True,
    ),
    Reading(
        "tally_rules_suspended",
        "Rules that their guard has stopped, because they went beyond their harm"
        " budget",
        lambda node: dict.fromkeys(
            node.arrivals.decider.guard.suspended
            if node.arrivals.decider.guard
            else (),
            1.0,
        ),
        ("rule",),
    ),
    Reading(
        "tally_guard_counted",
        "What the guard counts: calls acted on in the last hour (share) and in the last"
        " ten minutes (change), objections upheld in 30 days (redress)",
        _guarded("counted"),
        _BUDGET,
    ),
    Reading(
        "tally_guard_crossings",
        "Calls among which the guard counted them",
        _guarded("of"),
        _BUDGET,
    ),
    Reading(
        "tally_guard_least",
        "What the guard holds against the budget: share, objections per million or"
        " change are at least so much",
        _guarded("least"),
        _BUDGET,
    ),
    Reading(
        "tally_sip_events",
        "What happened to requests by SIP",
        lambda node: dict(node.switches.door.server.counts),
        ("event",),
        counts=True,
    ),
    Reading(
        "tally_reload_failed",
        "Whether the last reload was refused, so that older files are in force",
        lambda node: float(bool(node.condition.reload_failure)),
    ),
    Reading(
        "tally_terms_left_seconds",
        "Until the channel's terms end; those that follow count where they are known",
        lambda node: (node.reloads.until_ms(node.secrets) - now_ms()) / 1000,
    ),
    Reading(
        "tally_certificates_left_seconds",
        "Until the first certificate of a kind ends, as read at the last reload",
        lambda node: {
            kind: until_s - now_ms() / 1000
            for kind, until_s in node.reloads.certificates_until_s.items()
        },
        ("kind",),
    ),
)


class Gauges(Collector):
    """The table, read off one node; without one it has names and no values."""

    def __init__(self, node: Node | None = None) -> None:
        """Read off a node."""
        self._node = node

    def collect(self) -> Iterable[Metric]:
        """Tell Prometheus."""
        return [_family(one, self._node) for one in READINGS]


def _family(one: Reading, node: Node | None) -> Metric:
    kind = CounterMetricFamily if one.counts else GaugeMetricFamily
    family = kind(one.name, one.what, labels=one.labels)
    if node is not None:
        value = one.read(node)
        by: Mapping[Any, float] = value if isinstance(value, Mapping) else {(): value}
        for words, number in by.items():
            family.add_metric([words] if isinstance(words, str) else words, number)
    return family
