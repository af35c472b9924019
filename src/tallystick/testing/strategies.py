"""Draw small worlds that are hard on a pairing engine.

A world is a background of plain crossings, from which clocks can be learned, and a
few stories: redials within seconds, crossings at the very same moment, busy keys,
absent parts. Clocks are off by seconds and by whole hours, each point's by its own.

Needs the package hypothesis.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np
from hypothesis import strategies as st

from tallystick.pairing.spec import PairingSpec
from tallystick.testing.world import FAULTS, Crossing, Values, World

Measured = tuple[Values, Values]  # by the departure side, by the arrival side

HOUR_MS: Final = 3_600_000
START_MS: Final = 1_760_007_600_000  # a Thursday, eleven o'clock UTC
CLOCKS_MS: Final = (0, 0, 700, -4_000, HOUR_MS, -3 * HOUR_MS, 2 * HOUR_MS + 37_000)
BACKGROUNDS: Final = (0, 3, 40, 160)
SPAN_HORIZONS: Final = 8  # over how many horizons a world extends
SCATTERS: Final = (0.0, 0.1, 0.4)  # of a tick
POINTS: Final = 2
_FAR_STEPS: Final = 1000  # more than any amount drawn
_TICKS: Final = 900  # ticks to a horizon: a second where that is a quarter of an hour


def tick_ms(spec: PairingSpec) -> int:
    """Return the domain's small unit of time."""
    return max(spec.horizon_ms // _TICKS, 1)


def measured(spec: PairingSpec) -> st.SearchStrategy[Measured]:
    """Draw what both sides measured of one crossing: alike, within half a step."""

    @st.composite
    def both(draw: st.DrawFn) -> Measured:
        departure: dict[str, object] = {}
        arrival: dict[str, object] = {}
        for a in spec.attributes:
            if a.cls == "EQ":
                departure[a.name] = arrival[a.name] = draw(st.booleans())
                continue
            steps = draw(st.integers(0, 300))
            error = draw(st.sampled_from((0.0, -0.4, 0.4))) if steps else 0.0
            departure[a.name] = steps * a.step
            arrival[a.name] = int((steps + error) * a.step)
        return departure, arrival

    return both()


def unlike(spec: PairingSpec, values: Measured, place: int) -> Measured:
    """Move what was measured so far that no two places have anything alike.

    Crossings of one key at one moment that are alike, or end together, are what one
    crossing looks like that goes round in circles.
    """
    changed = []
    for side in values:
        copy = dict(side)
        for a in spec.attributes:
            amount = copy.get(a.name)
            if a.cls == "TOL" and a.evidence and isinstance(amount, int) and amount:
                copy[a.name] = amount + place * _FAR_STEPS * a.step
        end_ms = copy.get("end_ms")
        if isinstance(end_ms, int):
            copy["end_ms"] = end_ms + place * _FAR_STEPS * tick_ms(spec)
        changed.append(copy)
    return changed[0], changed[1]


Story = Callable[[st.DrawFn, PairingSpec, st.SearchStrategy[Measured]], list[Crossing]]


def _crossing(
    draw: st.DrawFn, spec: PairingSpec, key: tuple[int, ...], at: int, what: Measured
) -> Crossing:
    """Make one crossing `at` ticks after the story begins."""
    tick = tick_ms(spec)
    lag = draw(st.sampled_from(SCATTERS)) * draw(st.sampled_from((-1, 0, 1)))
    points = draw(st.tuples(*[st.integers(0, POINTS - 1)] * 2))
    return Crossing(
        key=key,
        at_ms=at * tick,
        lag_ms=int(lag * tick),
        points=points,
        departure=what[0],
        arrival=what[1],
    )


def _duration(what: Measured, tick: int) -> int:
    """Return after how many ticks a crossing is over."""
    longest = max(int(str(side.get("end_ms") or 0)) for side in what)
    return -(-longest // tick)


def _key(spec: PairingSpec, number: int, *, shared: bool = False) -> tuple[int, ...]:
    """Return key `number`; the last part is the same for all shared keys."""
    parts = [10_000_000 * (place + 1) + 17 * number for place in range(len(spec.parts))]
    if shared and len(parts) > 1:
        parts[-1] = 5_000_000
    return tuple(parts)


def _alone(
    draw: st.DrawFn, spec: PairingSpec, what: st.SearchStrategy[Measured]
) -> list[Crossing]:
    """One crossing."""
    return [_crossing(draw, spec, _key(spec, 1), 0, draw(what))]


def _again(
    draw: st.DrawFn, spec: PairingSpec, what: st.SearchStrategy[Measured]
) -> list[Crossing]:
    """The same key again and again, each as soon as the last is over."""
    out, at = [], 0
    for _ in range(draw(st.integers(2, 5))):
        values = draw(what)
        out.append(_crossing(draw, spec, _key(spec, 1), at, values))
        at += _duration(values, tick_ms(spec)) + draw(st.integers(1, 12))
    return out


def _at_once(
    draw: st.DrawFn, spec: PairingSpec, what: st.SearchStrategy[Measured]
) -> list[Crossing]:
    """The same key several times at one moment, unlike in what is measured."""
    return [
        _crossing(
            draw,
            spec,
            _key(spec, 1),
            draw(st.sampled_from((0, 0, 1))),
            unlike(spec, draw(what), place),
        )
        for place in range(draw(st.integers(2, 3)))
    ]


def _busy(
    draw: st.DrawFn, spec: PairingSpec, what: st.SearchStrategy[Measured]
) -> list[Crossing]:
    """Many crossings that share the last part of their key, within seconds."""
    return [
        _crossing(
            draw,
            spec,
            _key(spec, number, shared=True),
            draw(st.integers(0, 20)),
            draw(what),
        )
        for number in range(draw(st.integers(2, 8)))
    ]


def _absent(
    draw: st.DrawFn, spec: PairingSpec, what: st.SearchStrategy[Measured]
) -> list[Crossing]:
    """Crossings whose first part is recorded by neither side."""
    count = draw(st.integers(1, 3))
    if len(spec.parts) == 1:
        return _alone(draw, spec, what)
    out, at = [], 0
    for _ in range(count):
        values = draw(what)
        out.append(_crossing(draw, spec, (0, *_key(spec, 1)[1:]), at, values))
        at += _duration(values, tick_ms(spec)) + draw(st.integers(1, 5))
    return out


STORIES: Final[dict[str, Story]] = {
    "alone": _alone,
    "again": _again,
    "at_once": _at_once,
    "busy": _busy,
    "absent": _absent,
}


def _background(
    spec: PairingSpec, seed: int, count: int, kinds: list[Measured]
) -> list[Crossing]:
    """Make crossings that have keys of their own."""
    rng = np.random.default_rng(seed)
    tick = tick_ms(spec)
    span = SPAN_HORIZONS * spec.horizon_ms
    return [
        Crossing(
            key=_key(spec, 100_000 + number),
            at_ms=START_MS + int(rng.integers(0, span)),
            lag_ms=int(rng.uniform(-0.4, 0.4) * tick),
            points=(int(rng.integers(POINTS)), int(rng.integers(POINTS))),
            departure=kinds[number % len(kinds)][0],
            arrival=kinds[number % len(kinds)][1],
        )
        for number in range(count)
    ]


@st.composite
def worlds(
    draw: st.DrawFn,
    spec: PairingSpec,
    *,
    values: st.SearchStrategy[Measured] | None = None,
) -> World:
    """Draw a world; some of its crossings have a fault (`World.honest` has none).

    Args:
        draw: Given by hypothesis.
        spec: How the domain pairs.
        values: What both sides measure of a crossing; made from the spec's attributes
            if not given. May hold `end_ms` as well.
    """
    what = measured(spec) if values is None else values
    kinds = draw(st.lists(what, min_size=3, max_size=6))
    crossings = _background(
        spec, draw(st.integers(0, 999)), draw(st.sampled_from(BACKGROUNDS)), kinds
    )
    told = draw(st.lists(st.sampled_from(sorted(STORIES)), min_size=1, max_size=6))
    span = SPAN_HORIZONS * _TICKS
    for number, name in enumerate(told, start=1):
        begin = draw(st.integers(0, span))
        for crossing in STORIES[name](draw, spec, what):
            own = tuple(
                part and part + (number * 1_000 if part != 5_000_000 else 0)
                for part in crossing.key
            )
            fault = draw(st.sampled_from((None, None, *FAULTS)))
            crossings.append(
                replace(
                    crossing,
                    key=own,
                    at_ms=START_MS + begin * tick_ms(spec) + crossing.at_ms,
                    fault=fault,
                )
            )
    clocks = st.lists(st.sampled_from(CLOCKS_MS), min_size=POINTS, max_size=POINTS)
    return World(
        spec=spec,
        crossings=crossings,
        clocks_ms={"departures": draw(clocks), "arrivals": draw(clocks)},
    )
