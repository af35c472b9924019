"""The dashboard and the alerts speak of figures that a node has, and of no others."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tallystick.node.watch.gauges import READINGS, Gauges
from tallystick.node.watch.metrics import Metrics

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARD = json.loads((DEPLOY / "grafana" / "tallystick.json").read_text("utf-8"))
RULES = yaml.safe_load((DEPLOY / "prometheus" / "tallystick.rules.yml").read_text())
ALERTS = [rule for group in RULES["groups"] for rule in group["rules"]]
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = [
    *((panel["title"], one["expr"]) for panel in PANELS for one in panel["targets"]),
    *((rule["alert"], rule["expr"]) for rule in ALERTS),
]
GIVEN = {"job", "instance", "le"}  # by Prometheus itself
SUFFIXES = {
    "counter": ("_total",),
    "gauge": ("",),
    "histogram": ("_bucket", "_sum", "_count"),
}
NAME = re.compile(r"\b(?:tally|process|python)_[a-z_]+")
BY = re.compile(r"\bby \(([^)]*)\)")
SELECTED = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"")
FUNCTIONS = {"histogram_quantile", "sum", "min", "max", "rate", "increase", "abs"}


def known() -> dict[str, set[str]]:
    """Return every name that can be asked for, with its labels."""
    metrics = Metrics()
    metrics.registry.register(Gauges())
    names = {
        f"{family.name}{suffix}": set(getattr(family, "_labelnames", ()))
        for family in metrics.registry.collect()
        for suffix in SUFFIXES.get(family.type, ("",))
    }
    for stage in ("_bucket", "_sum", "_count"):
        names[f"tally_stage_seconds{stage}"] = {"stage"}
    return names


@pytest.mark.parametrize("expression", sorted({one for _, one in EXPRESSIONS}))
def test_every_expression_asks_for_what_there_is(expression: str):
    """Each name, each label, each function; brackets are closed."""
    names = known()
    asked = NAME.findall(expression)
    assert asked or expression.startswith("up")
    assert [name for name in asked if name not in names] == []
    labels = {label for name in asked for label in names[name]} | GIVEN
    wanted = {
        one.strip() for group in BY.findall(expression) for one in group.split(",")
    }
    assert (wanted | set(SELECTED.findall(expression))) - labels == set()
    called = set(re.findall(r"\b([a-z_]+)\(", expression))
    assert called <= FUNCTIONS
    for opened, closed in ("()", "{}", "[]"):
        assert expression.count(opened) == expression.count(closed)


def test_panels_have_a_title_and_a_place_of_their_own():
    """No two lie over one another, and ids are used once."""
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken
        assert at["x"] + at["w"] <= 24
        taken |= cells
        assert panel["title"]
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))


def test_every_alert_says_what_it_means():
    """A summary that is a sentence, a severity, and a name used once."""
    names = [rule["alert"] for rule in ALERTS]
    assert len(names) == len(set(names))
    for rule in ALERTS:
        severity: Any = rule["labels"]["severity"]
        assert severity in {"critical", "warning", "info"}
        assert rule["annotations"]["summary"].rstrip()[-1] in ".?"


def test_every_figure_that_warns_is_watched():
    """Each gauge of a node is on the dashboard."""
    shown = " ".join(expression for _, expression in EXPRESSIONS)
    assert [one.name for one in READINGS if one.name not in shown] == []
