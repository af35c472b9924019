"""Second readings: find the partner of an open half by part of its key.

Every candidate is looked for twice over: at the time the clocks give, and with the
arrivals shifted by minutes, where whatever is found is chance. The shifted ones, the
decoys, later say how many of the candidates chance explains.

Source: spec/pairing.md, "Second readings".
"""

from typing import Final

from tallystick.pairing.learn import Window
from tallystick.pairing.spec import PairingSpec, Reading
from tallystick.pairing.step import Step

# Shifts in minutes, or in longer units where the window is wide: far enough to break
# every true crossing, near enough to see the same hour of the day. The zero is the
# real thing.
SHIFTS_MIN: Final = (0, -34, -21, -13, -8, 8, 13, 21, 34)
MINUTE_MS: Final = 60_000
DECOYS: Final = len(SHIFTS_MIN) - 1
_PRESENT: Final = 1
_UNREADABLE: Final = 2

_EXCUSES: Final = ("restricted", "unreadable", "redirecting")


def excuse(reading: Reading) -> str:
    """Return why a difference is lawful, as an expression; null if it is not."""
    part = reading.differs
    if part is None:
        return "CAST(NULL AS VARCHAR)"
    return (
        f"CASE WHEN a.{part}_state = 0 AND (d.withheld OR (a.withheld AND"
        f" d.withheld IS NULL)) THEN 'restricted'"
        f" WHEN {_UNREADABLE} IN (d.{part}_state, a.{part}_state) THEN 'unreadable'"
        f" WHEN (d.alias_{part} <> 0 AND d.alias_{part} = a.{part})"
        f" OR (a.alias_{part} <> 0 AND a.alias_{part} = d.{part})"
        f" THEN 'redirecting' END"
    )


def declared(reading: Reading) -> str:
    """Return whether the arrival itself says that the crossing was diverted.

    That is what a lawful diversion looks like, and what a forged one would: it is
    believed as far as it is no more common with a carrier than with the others.
    """
    part = reading.differs
    if part is None:
        return "false"
    return f"(a.alias_{part} <> 0 AND a.alias_{part} = a.{part})"


def kind_of(reading: Reading) -> str:
    """Return the kind of finding a candidate would be, as an expression."""
    if reading.differs is None or reading.kind_removed is None:
        return f"'{reading.kind}'"
    part = reading.differs
    return (
        f"CASE WHEN a.{part}_state = 0 AND d.{part}_state <> 0"
        f" THEN '{reading.kind_removed}' ELSE '{reading.kind}' END"
    )


def counts_step(side: str, spec: PairingSpec) -> list[Step]:
    """Count the open halves of a side at each value of each part it is read by."""
    return [
        Step(
            f"busy_{side}_{part}",
            f"SELECT {part}, count(*) AS busy FROM reading_{side} GROUP BY {part}",
        )
        for part in sorted({r.key for r in spec.readings})
    ]


def reach_ms(window: Window) -> int:
    """Return how far apart a reading looks for partners."""
    return max(window.ms, 4 * int(window.spread_ms))


def shift_unit_ms(reach_ms: int) -> int:
    """Return the unit of shifts: the least of them is at least twice the reach."""
    return max(MINUTE_MS, reach_ms // 4 + 1)


def farthest_ms(reach_ms: int) -> int:
    """Return how far from a half its candidates and decoys may lie."""
    return max(SHIFTS_MIN) * shift_unit_ms(reach_ms) + reach_ms


def candidates_step(spec: PairingSpec, reading: Reading, reach_ms: int) -> Step:
    """Join open halves that share the reading's part, at each shift."""
    key, other = reading.key, reading.against
    unit_ms = shift_unit_ms(reach_ms)
    both = [
        "row",
        "t",
        "end_ms",
        "point",
        "carrier",
        *(a.name for a in spec.attributes),
    ]
    columns = ", ".join(f"{s}.{c} AS {s}_{c}" for s in ("d", "a") for c in both)
    unequal = (
        ""
        if reading.differs is None
        else f" AND d.{reading.differs} IS DISTINCT FROM a.{reading.differs}"
    )
    support = f"a.{spec.parts[0]}" if other == "domestic" else "0::BIGINT"
    return Step(
        "readings",
        f"SELECT '{reading.name}' AS reading, s.shift, {columns},"
        f" a.t + s.shift * {unit_ms} - d.t AS lag, {support} AS support,"
        f" greatest(bd.busy, ba.busy) AS busy, bd.busy AS busy_d, ba.busy AS busy_a,"
        f" {kind_of(reading)} AS kind, {declared(reading)} AS declared,"
        f" {excuse(reading)} AS excuse"
        f" FROM reading_departures d"
        f" JOIN reading_{other} a ON a.{key} = d.{key}{unequal}"
        f" JOIN busy_departures_{key} bd ON bd.{key} = d.{key}"
        f" JOIN busy_{other}_{key} ba ON ba.{key} = a.{key}"
        f" JOIN shifts s ON a.t + s.shift * {unit_ms} - d.t"
        f" BETWEEN -{reach_ms} AND {reach_ms}"
        f" WHERE d.{key}_state = {_PRESENT}",
        append=True,
    )
