"""The page of metrics, made from the registry of a node."""

from collections.abc import Iterator

from prometheus_client.registry import Collector

from tallystick.node.watch.gauges import READINGS, Gauges
from tallystick.node.watch.measures import STAGES
from tallystick.node.watch.metrics import Metrics
from tallystick.pairing.live.closing import Sign

HEAD = """# Metrics of a node

For whoever draws or watches the figures of `GET /metrics`.
This page is made from the program: `tests/docs/refresh.py` writes it.

No figure and no label holds a telephone number, a token or a name of a caller.
Labels are words of the program, or of the rules both parties signed; nothing that a
switch or a peer sends is among them.
A counter ends in `_total`; a histogram has `_bucket`, `_sum` and `_count`.

| name | kind | labels | meaning |
|---|---|---|---|
"""
TAIL = """
`process_…` and `python_gc_…` are those of every Python program, as `prometheus_client`
documents them.

`outcome` and `action` are explained in [Run a node](../how-to/run-a-node.md), `sign` in
the specification of the verdict, "Closing halves".
How to use all this: [Watch a node](../how-to/watch-a-node.md).
"""
LABELS = {
    "tally_verdicts": "`outcome`, `action`, `rule`, `mode`",
    "tally_crossings_compared": "`sign`: " + ", ".join(Sign.__args__),
    "tally_reloads": "`result`: taken, refused",
    "tally_stage_seconds": "`stage`: " + ", ".join(STAGES),
    **{
        one.name: ", ".join(f"`{label}`" for label in one.labels)
        for one in READINGS
        if one.labels
    },
}


def metrics_page() -> str:
    """Return the whole page."""
    return HEAD + "\n".join(sorted(_rows())) + "\n" + TAIL


def _rows() -> Iterator[str]:
    registry = Metrics().registry
    collector: Collector = Gauges()
    for family in (*registry.collect(), *collector.collect()):
        if not family.name.startswith("tally_"):
            continue
        name = f"{family.name}_total" if family.type == "counter" else family.name
        label = LABELS.get(family.name, "")
        yield f"| `{name}` | {family.type} | {label} | {family.documentation} |"
