"""What this party knows of the values behind match keys, and of the record ids.

The plan compares match keys and never asks whether they are clear or blinded. Where
it needs more (a part of the key by itself, the company that a value keeps, serial
numbers in record ids) it asks here. Who holds both sides' records knows all of it.
Who holds one side's knows it of that side, and of the peer's what the peer told.

Source: spec/pairing.md, "Clear and blinded".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import starmap
from typing import TYPE_CHECKING, Final

from tallystick.pairing.completeness import NO_SERIALS, Serials
from tallystick.pairing.missing import company_steps
from tallystick.pairing.readings import farthest_ms, reach_ms
from tallystick.pairing.serials import read_serials
from tallystick.pairing.spec import PairingSpec
from tallystick.pairing.step import Engine, Step

if TYPE_CHECKING:
    from tallystick.pairing.plan import State

SPOKEN_FOR_MS: Final = 3_600_000
"""No second reading looks further beyond the other side's record than this.

Only where the window is wider than minutes do decoys need more.
"""
_KEYS: Final = ("key_hi", "key_lo")
_SAMPLE_PRIMES: Final = (1, 7, 31, 61, 127)
_COMPANY_SAMPLE: Final = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What is known here beyond match keys.

    Of a blinded side the engine must hold these tables before the plan concludes:
    `parts_SIDE` (`row`, each part of the key and `alias_PART`, blinded so that they
    compare), `told_SIDE` (`row`, `paired_near`, `open_near`) and `told_cells_SIDE`
    (as `cells_SIDE`). The sources of the own side have a column for each part, in
    clear.

    Attributes:
        own: The side whose records are here; None: both, and nothing is blinded.
        told: What the peer told of its serial numbers, by side.
    """

    own: str | None = None
    told: Mapping[str, Serials] = field(default_factory=dict)

    def has(self, side: str) -> bool:
        """Tell whether a side's records are here; domestic ones are the arrivals'."""
        return self.own in {None, side, "arrivals" if side == "domestic" else side}

    def with_parts(self, table: str, side: str, spec: PairingSpec) -> str:
        """Return a table expression that adds each part of the key and its alias.

        Args:
            table: Open halves of a side, or domestic ones.
            side: Which.
            spec: Names the parts.
        """
        if self.own is not None:
            added = f"(SELECT * FROM parts_{side})"
            return f"(SELECT * FROM {table} JOIN {added} USING (row))"
        parts = ", ".join(
            f"{key} AS {part}, alias AS alias_{part}"
            for key, part in zip(_KEYS, spec.parts, strict=False)
        )
        return f"(SELECT *, {parts} FROM {table})"

    def everything(self, state: "State", side: str) -> str:
        """Return all halves of a side whose records are here, keys in clear."""
        source = state.input(side).everything
        if self.own is None:
            return source
        return f"(SELECT * {_clear_keys(state.spec)} FROM {source})"

    def company(self, engine: Engine, state: "State", side: str) -> None:
        """Make `company_SIDE` and `cells_SIDE`, as `company_steps` describes them."""
        if self.own is not None and self.has(side):
            clear = _clear_keys(state.spec, "n.")
            source = state.input(side).everything
            engine.run(
                Step(
                    f"all_open_{side}",
                    f"SELECT o.* {clear} FROM all_open_{side} o JOIN {source} n"
                    f" USING (row)",
                )
            )
        (_company if self.has(side) else _company_told)(engine, state, side)

    def serials(self, engine: Engine, state: "State", side: str) -> Serials:
        """Return what the serial numbers of a side prove."""
        if not self.has(side):
            return self.told.get(side, NO_SERIALS)
        corrected = (
            f"(SELECT h.record_id, h.end_ms, h.at_ms - coalesce(c.offset_ms, 0)"
            f"::BIGINT AS t FROM {state.input(side).everything} h LEFT JOIN"
            f" (SELECT point, offset_ms FROM clocks WHERE side = '{side}'"
            f" AND block IS NULL) c USING (point))"
        )
        return read_serials(engine, side, corrected)

    def shown(self, side: str, spec: PairingSpec) -> str:
        """Return select expressions for the parts of a half `h`; null if not known."""
        if not self.has(side):
            return ", ".join(f"NULL::BIGINT AS {part}" for part in spec.parts)
        if self.own is not None:
            return ", ".join(f"h.{part}" for part in spec.parts)
        pairs = zip(_KEYS, spec.parts, strict=False)
        return ", ".join(f"h.{key} AS {part}" for key, part in pairs)


def spoken_for(state: "State", side: str) -> str:
    """Return whether the other side's record can speak of a half at `t`.

    Halves outside are candidates of no second reading, nor do they tell how busy a
    number is inside.
    """
    cover = state.coverage["arrivals" if side == "departures" else "departures"]
    far = max(SPOKEN_FOR_MS, farthest_ms(reach_ms(state.window)))
    low, high = cover.from_ms - far, cover.to_ms + far
    return f"t BETWEEN {low} AND {high}"


def _clear_keys(spec: PairingSpec, table: str = "") -> str:
    pairs = zip(_KEYS, spec.parts, strict=False)
    clear = ", ".join(f"{table}{part} AS {key}" for key, part in pairs)
    return f"REPLACE ({clear})"


def _company(engine: Engine, state: "State", side: str) -> None:
    engine.run_all(_steps(state, side))


def _company_told(engine: Engine, state: "State", side: str) -> None:
    """Make the same of what the peer told of each half, and of the others in sum."""
    steps = {
        f"open_values_{side}": "SELECT row AS value, open_near + 1 AS k FROM"
        f" told_{side}",
        f"values_{side}": "SELECT row AS value, paired_near + open_near + 1 AS n FROM"
        f" told_{side}",
        f"cells_{side}": f"SELECT * FROM told_cells_{side}",
    }
    engine.run_all(list(starmap(Step, steps.items())))
    engine.run(_steps(state, side, value="row")[-1])


def _steps(state: "State", side: str, value: str | None = None) -> list[Step]:
    spec = state.spec
    rule = next((c for c in spec.company if c.side == side), None)
    part = rule.part if rule else spec.parts[-1]
    key = dict(zip(spec.parts, _KEYS, strict=False))[part]
    block = rule.block if rule else 1
    amount = next((a for a in spec.attributes if a.cls == "TOL"), None)
    wanted = state.input(side).rows / _COMPANY_SAMPLE
    return company_steps(
        side,
        state.knowledge.everything(state, side),
        value=value or (key if block == 1 else f"({key} // {block})"),
        known=f"{part}_state = 1",
        amount=amount.name if amount else "0",
        step=amount.step if amount else 1,
        done=next((a.name for a in spec.attributes if a.cls == "EQ"), "true"),
        every=next((p for p in _SAMPLE_PRIMES if p >= wanted), _SAMPLE_PRIMES[-1]),
    )
