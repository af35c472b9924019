"""A small world of crossings, and the two records that its keepers made of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import polars as pl

from tallystick.pairing.halves import KEY_COLUMNS, complete
from tallystick.pairing.spec import Continuation, PairingSpec

Values = Mapping[str, object]

SIDES: Final = ("departures", "arrivals")
LOST: Final = ("departure_lost", "arrival_lost")
ALTERED: Final = ("part_altered", "part_removed")
HABITS: Final = (
    "departure_repeated",
    "arrival_repeated",
    "departure_in_parts",
    "arrival_in_parts",
)
FAULTS: Final = (*LOST, *ALTERED, *HABITS)
"""What can happen to the records of a crossing; habits of keepers are lawful."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """One crossing as it truly was.

    Attributes:
        key: Numbers of the parts of its key; 0 for a part that is absent.
        at_ms: When it left, by the true time.
        lag_ms: How much later it arrived.
        points: Where it left and where it arrived.
        departure: Attributes (and `end_ms`) as the departure side measured them.
        arrival: The same for the arrival side.
        fault: One of FAULTS, or nothing.
    """

    key: tuple[int, ...]
    at_ms: int
    lag_ms: int
    points: tuple[int, int]
    departure: Values
    arrival: Values
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Crossings, and how the clock of each point of each side goes.

    Attributes:
        spec: How the domain pairs.
        crossings: In no particular order; the n-th leaves the records dN and aN.
        clocks_ms: By how much the clock of each point is fast, by side.
    """

    spec: PairingSpec = field(repr=False)
    crossings: Sequence[Crossing]
    clocks_ms: Mapping[str, Sequence[int]] = field(
        default_factory=lambda: dict.fromkeys(SIDES, (0,))
    )

    def departures(self) -> pl.DataFrame:
        """Return the halves that the departure side recorded."""
        return self._halves("departures")

    def arrivals(self) -> pl.DataFrame:
        """Return the halves that the arrival side recorded."""
        return self._halves("arrivals")

    def honest(self) -> "World":
        """Return the same world with both records of every crossing unaltered.

        What was repeated, or written in parts, still is.
        """
        return replace(
            self,
            crossings=[
                c if c.fault in HABITS else replace(c, fault=None)
                for c in self.crossings
            ],
        )

    def _halves(self, side: str) -> pl.DataFrame:
        rows = [
            row
            for number, crossing in enumerate(self.crossings)
            for row in self._rows(side, number, crossing)
        ]
        generic = ["record_id", "at_ms", "point", "carrier", *KEY_COLUMNS]
        frame = pl.DataFrame(
            rows, infer_schema_length=None, schema=None if rows else generic
        )
        return complete(frame, self.spec, side=side).drop("row")

    def _rows(
        self, side: str, number: int, crossing: Crossing
    ) -> list[dict[str, object]]:
        """Return the records of one crossing on one side."""
        short = side[0]
        if crossing.fault == f"{side[:-1]}_lost":
            return []
        point = crossing.points[short == "a"]
        key = _altered(crossing) if short == "a" else crossing.key
        at_ms = crossing.at_ms + (crossing.lag_ms if short == "a" else 0)
        row = {
            "record_id": f"{short}{number}",
            **dict(zip(KEY_COLUMNS, (*key, 0), strict=False)),
            "at_ms": at_ms + self.clocks_ms[side][point],
            "point": point,
            "carrier": point,
            **(crossing.departure if short == "d" else crossing.arrival),
        }
        if crossing.fault == f"{side[:-1]}_repeated":
            return [row, {**row, "record_id": f"{short}{number}+"}]
        if crossing.fault == f"{side[:-1]}_in_parts":
            return _in_parts(row, self.spec.continuation)
        return [row]


def _in_parts(
    row: dict[str, object], rule: Continuation | None
) -> list[dict[str, object]]:
    """Write a record as two, if the domain knows that and there is enough of it.

    The second begins where the first ends, and has no delay of its own.
    """
    if rule is None:
        return [row]
    amount, end_ms = row[rule.amount], row.get("end_ms")
    if not isinstance(amount, int) or not isinstance(end_ms, int):
        return [row]
    first = amount // rule.interim_ms // 2 * rule.interim_ms
    if first < rule.interim_ms:
        return [row]
    rest = amount - first
    going_on = {
        "record_id": f"{row['record_id']}+",
        "at_ms": int(str(row["at_ms"])) + end_ms - rest,
        "end_ms": rest,
        rule.amount: rest,
        rule.delay: 0,
    }
    return [
        {**row, "end_ms": end_ms - rest, rule.amount: first},
        {**row, **going_on},
    ]


def _altered(crossing: Crossing) -> tuple[int, ...]:
    """Return the key under which a crossing arrives."""
    first, *rest = crossing.key
    if crossing.fault == "part_altered":
        return (first + 1_000_003, *rest)
    if crossing.fault == "part_removed":
        return (0, *rest)
    return crossing.key
