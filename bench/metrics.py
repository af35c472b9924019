"""What counting costs a call.

    python bench/metrics.py --calls 1000000

Printed: nanoseconds for what each call pays (its verdict counted, the stages of one
call in 64 timed), for the same with each call timed, and milliseconds for one reading
of all figures.
"""

import argparse
import time
from collections.abc import Callable

from tallystick.agreement import Evidence, Verdict
from tallystick.node.calls.arrivals import Answered
from tallystick.node.watch.measures import STAGES, Stages
from tallystick.node.watch.metrics import Metrics
from timing import machine


def answered() -> Answered:
    """Return an answer like most."""
    verdict = Verdict(
        outcome="paired",
        action="pass",
        rule="paired",
        mode="live",
        would="pass",
        acting="paired",
        reasons=("half_paired",),
    )
    evidence = Evidence("paired", "key", covered=True)
    return Answered(
        call_id="a",
        at_ms=0,
        trunk="",
        carrier="",
        verdict=verdict,
        evidence=evidence,
        waited_ms=0,
        offset_ms=50,
    )


def stages(of: Stages) -> None:
    """Do for a call what `Arrivals.ask` does."""
    of.begin()
    for stage in STAGES:
        if of.on:
            of.lap(stage)
    of.on = False


def nothing() -> None:
    """Do what the loop around it costs."""


def timed(what: Callable[[], object], calls: int) -> float:
    """Return nanoseconds for one of many."""
    began = time.process_time_ns()
    for _ in range(calls):
        what()
    return (time.process_time_ns() - began) / calls


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--calls", type=int, default=1_000_000)
    calls = options.parse_args().calls
    metrics, one = Metrics(), answered()
    loop_ns = timed(nothing, calls)
    verdict_ns = timed(lambda: metrics.take(one), calls) - loop_ns
    stage_ns = timed(lambda: stages(metrics.stages), calls) - loop_ns
    reading_ms = timed(metrics.text, 100) / 1e6
    print(machine())
    print(f"verdict counted         {verdict_ns:8,.0f} ns a call")
    print(f"stages, one in 64 timed {stage_ns:8,.0f} ns a call")
    print(f"all figures read        {reading_ms:8.2f} ms")


if __name__ == "__main__":
    main()
