"""What is counted while calls are answered: cheap to take, told when asked for.

Counting is a look-up and an addition; everything Prometheus wants of it is made when
somebody reads `/metrics`. Labels are words of this program or of rules both parties
signed, so that there are never many.
"""

import time
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Final

from prometheus_client.core import (
    CounterMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

STAGES: Final = (
    "reading",
    "blinding",
    "matching",
    "signature",
    "deciding",
    "answering",
)
"""What happens to a call that is asked about, in this order."""

EVERY: Final = 64
"""One call in so many is timed."""

_STAGE_S: Final = (
    *(2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4),
    *(1e-3, 2e-3, 5e-3, 2e-2, 0.1),
)


class Spread:
    """How values are spread: how many lie at or below each of some bounds."""

    __slots__ = ("_bounds", "_counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        """Have no values yet; bounds go up."""
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """Take a value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self.total += value

    def buckets(self) -> list[tuple[str, float]]:
        """Return how many there are up to each bound, as Prometheus names them."""
        names = (*map(str, self._bounds), "+Inf")
        return list(zip(names, accumulate(self._counts), strict=True))


class Stages:
    """How long each stage of an answer takes, of one call in `EVERY`.

    Attributes:
        on: Whether the present call is timed: look before `lap`, for the others' sake.
        spreads: Seconds by stage.
    """

    __slots__ = ("_left", "_since_ns", "on", "spreads")

    def __init__(self) -> None:
        """Time the first call."""
        self.spreads = {stage: Spread(_STAGE_S) for stage in STAGES}
        self.on = False
        self._left = 1
        self._since_ns = 0

    def begin(self) -> None:
        """Begin with a call, which is timed or not."""
        self._left -= 1
        self.on = not self._left
        if self.on:
            self._left = EVERY
            self._since_ns = time.perf_counter_ns()

    def lap(self, stage: str) -> None:
        """Say that a stage is over, and the next one begins."""
        since_ns, self._since_ns = self._since_ns, time.perf_counter_ns()
        self.spreads[stage].add((self._since_ns - since_ns) / 1e9)


class Counts(Collector):
    """A counter, by any number of labels."""

    def __init__(self, name: str, what: str, labels: tuple[str, ...]) -> None:
        """Begin at nought."""
        self._name, self._what, self._labels = name, what, labels
        self.by: dict[tuple[str, ...], int] = {} if labels else {(): 0}

    def add(self, *labels: str) -> None:
        """Count one."""
        self.by[labels] = self.by.get(labels, 0) + 1

    def collect(self) -> Iterable[Metric]:
        """Tell Prometheus."""
        family = CounterMetricFamily(self._name, self._what, labels=self._labels)
        for labels, count in list(self.by.items()):
            family.add_metric(labels, count)
        return [family]


class Spreads(Collector):
    """Histograms by one label, or one without."""

    def __init__(
        self, name: str, what: str, spreads: Mapping[str, Spread], label: str = ""
    ) -> None:
        """Tell of these, by their word for the label."""
        self._name, self._what, self._label = name, what, label
        self._spreads = spreads

    def collect(self) -> Iterable[Metric]:
        """Tell Prometheus."""
        labels = [self._label] if self._label else []
        family = HistogramMetricFamily(self._name, self._what, labels=labels)
        for word, spread in self._spreads.items():
            family.add_metric([word] if labels else [], spread.buckets(), spread.total)
        return [family]
