"""What `tally node top` shows: right figures, on 24 lines of 80 columns."""

import io
import math

import pytest
from rich.console import Console

from tallystick.cli.top import frame
from tallystick.node.watch.measures import (
    EVERY,
    STAGES,
    Counts,
    Spread,
    Spreads,
    Stages,
)
from tallystick.node.watch.metrics import Metrics
from tallystick.node.watch.top import Reading, View, quantile, read, view

HEALTH: dict[str, object] = {"party": "RU", "peer": "BY", "ready": True}


def reading(metrics: Metrics, at_s: float, **health: object) -> Reading:
    return read(metrics.text().decode(), HEALTH | health, at_s=at_s)


def printed(shown: View, width: int = 80) -> list[str]:
    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False)
    console.print(frame(shown))
    text = out.getvalue()
    return [line.rstrip() for line in text.splitlines()]


@pytest.mark.parametrize(
    ("share", "buckets", "expected"),
    [
        (0.5, [], None),
        (0.5, [(1.0, 0.0), (math.inf, 0.0)], None),
        (0.5, [(1.0, 10.0), (math.inf, 10.0)], 0.5),
        (0.99, [(1.0, 50.0), (2.0, 100.0), (math.inf, 100.0)], 1.98),
        (0.99, [(1.0, 0.0), (2.0, 1.0), (math.inf, 100.0)], 2.0),
        (1.0, [(1.0, 0.0), (2.0, 4.0), (math.inf, 4.0)], 2.0),
    ],
)
def test_quantiles_are_those_of_prometheus(share, buckets, expected):
    """Between two bounds values are taken to lie evenly."""
    assert quantile(share, buckets) == expected


def test_rates_are_of_the_time_between_two_readings():
    """Per second now, totals since the start, and what was done per million."""
    metrics = Metrics()
    for _ in range(990):
        metrics.verdicts.add("paired", "pass", "paired", "live")
    before = reading(metrics, 10.0)
    for _ in range(8):
        metrics.verdicts.add("paired", "pass", "other", "live")
    metrics.verdicts.add("no_departure", "reject", "missing", "live")
    metrics.verdicts.add("no_departure", "log", "missing", "dry-run")
    shown = view(before, reading(metrics, 12.0))
    assert shown.verdicts["paired", "pass"] == (4.0, 998.0)
    assert shown.verdicts["no_departure", "reject"] == (0.5, 1.0)
    assert shown.per_s == pytest.approx(5.0)
    assert shown.acted_per_million == pytest.approx(1_000.0)
    text = "\n".join(printed(shown))
    assert "5.0 verdicts/s" in text
    assert "1000.0" in text


def test_times_are_of_what_was_counted_lately_or_else_since_the_start():
    """An hour of slow answers does not hide that they are quick now."""
    metrics = Metrics()
    for _ in range(1_000):
        metrics.waited.add(0.4)
    before = reading(metrics, 1.0)
    idle = view(before, reading(metrics, 2.0)).spent["whole answer"]
    assert idle.count == 1_000
    for _ in range(10):
        metrics.waited.add(0.0005)
    lately = view(before, reading(metrics, 2.0)).spent["whole answer"]
    assert lately.count == 10
    assert lately.most_s is not None
    assert lately.most_s <= 0.001


@pytest.mark.parametrize("many", [0, 1, 30])
def test_a_frame_fits_a_small_screen(many: int):
    """Whatever there is to show, it has at most 24 lines of 80 columns."""
    metrics = Metrics()
    for number in range(many):
        metrics.verdicts.by[f"outcome_{number}", "reject", "rule", "live"] = 10**9
    trouble = "The peer did not answer in time. " * 5
    shown = view(reading(metrics, 1.0), reading(metrics, 2.0, failure=trouble))
    lines = printed(shown)
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    assert "RU with BY" in lines[0]


def test_one_call_in_so_many_is_timed_and_each_stage_of_it():
    """The others cost a look and no clock."""
    stages = Stages()
    for _ in range(2 * EVERY + 1):
        stages.begin()
        for stage in STAGES:
            if stages.on:
                stages.lap(stage)
        stages.on = False
    counts = {
        stage: spread.buckets()[-1][1] for stage, spread in stages.spreads.items()
    }
    assert counts == dict.fromkeys(STAGES, 3)


def test_a_spread_counts_as_a_histogram_does():
    """A value on a bound lies below it; all lie below infinity."""
    spread = Spread((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 2.0, 2.5):
        spread.add(value)
    assert spread.buckets() == [("1.0", 2), ("2.0", 4), ("+Inf", 5)]
    assert spread.total == pytest.approx(7.5)
    (family,) = Spreads("tally_x_seconds", "What.", {"": spread}).collect()
    assert {s.value for s in family.samples if s.name.endswith("_count")} == {5}


def test_labels_are_words_of_the_program():
    """A counter told twice of the same words has one line."""
    counts = Counts("tally_x", "What.", ("sign",))
    counts.add("agrees")
    counts.add("agrees")
    (family,) = counts.collect()
    assert [sample.value for sample in family.samples] == [2]
