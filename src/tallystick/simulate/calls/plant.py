"""What is planted: which scheme, how much of it, and by whom."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tallystick.model.errors import ConfigError
from tallystick.simulate.calls.parameters import read_toml

HOWS: Final = {
    "domestic_arrival": ("naive", "mimicry"),
    "calling_number_altered": (
        *("fixed", "random_allocated", "random_unallocated", "third_country"),
    ),
    "calling_number_removed": ("removed",),
    "called_number_altered": ("malformed", "other_number"),
    "loop": ("both", "arrivals"),
    "false_answer": ("early", "recorded_ring"),
    "stretched": ("late_release",),
    "no_departure": ("few_numbers", "real_subscribers", "wangiri"),
    "no_arrival": ("short_stop", "ott", "irsf"),
}
"""The ways in which each kind can be brought about; the first is the default."""

SHARES: Final = {
    "domestic_arrival": (0.002, 0.008, 0.03),
    "calling_number_altered": (0.002, 0.008, 0.03),
    "calling_number_removed": (0.0015, 0.006, 0.02),
    "called_number_altered": (0.001, 0.004, 0.015),
    "loop": (0.0003, 0.001, 0.004),
    "false_answer": (0.002, 0.007, 0.03),
    "stretched": (0.0015, 0.006, 0.02),
    "no_departure": (0.002, 0.008, 0.03),
    "no_arrival": (0.002, 0.008, 0.03),
}
"""Share of all calls at low, medium and high intensity. Spoofed or diverted calls
are 0.5-1 % of all (handbook 3.2 [V RU 0.74 %]), more where nobody looks."""

INTENSITIES: Final = ("low", "medium", "high")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """One scheme.

    Attributes:
        kind: One of the kinds of findings.
        how: By which mechanism; see HOWS.
        intensity: `low`, `medium` or `high`; sets `share` where that is not given.
        share: Crossings (for `loop`: calls) as a share of all calls.
        carriers: How many carriers do it, or their names. 0: all of them.
            `no_departure` counts arrival carriers, everything else departure ones.
        carrier_share: At most this share of these carriers' calls.
        trunks: Only calls on these departure (or arrival) trunks.
        hours: Local hours from..to in which it happens; empty for always.
        numbers: How many calling (or called) numbers it uses.
        calls_per_sim_day: Bypassed calls that one SIM lands in a day.
        own_calls_per_sim_day: Ordinary calls that such a SIM makes.
        sites: Places where the SIM boxes stand.
        seconds: Least and most of what is added or billed.
        times: Fewest and most crossings of a looped call.
        answer_share: Of made-up calls.
    """

    kind: str
    how: str = ""
    intensity: str = "medium"
    share: float | None = None
    carriers: int | tuple[str, ...] = 1
    carrier_share: float = 1.0
    trunks: tuple[str, ...] = ()
    hours: tuple[tuple[float, float], ...] = ()
    numbers: int | None = None
    calls_per_sim_day: float | None = None
    own_calls_per_sim_day: float | None = None
    sites: int = 2
    seconds: tuple[float, float] | None = None
    times: tuple[int, int] = (2, 10)
    answer_share: float | None = None


def load_plants(source: str | Path) -> tuple[Plant, ...]:
    """Read a plant file, or one shipped with the package.

    Args:
        source: A TOML file, or `none`, `low`, `medium`, `high`, `mimicry`.

    Raises:
        ConfigError: "plants-file", "plants-field", "plants-value".
    """
    return plants_of(read_toml(source, folder="plants", what="plants"))


def plants_of(values: dict[str, object]) -> tuple[Plant, ...]:
    """Build plants from a plant file's values.

    Raises:
        ConfigError: "plants-field" or "plants-value", with the plant's place.
    """
    unknown = sorted(set(values) - {"plant"})
    listed = values.get("plant", [])
    if unknown or not isinstance(listed, list):
        raise ConfigError(
            "plants-field",
            f"a plant file holds [[plant]] tables, not {', '.join(unknown) or 'plant'}.",
        )
    return tuple(_plant(at, table) for at, table in enumerate(listed, start=1))


def _plant(at: int, table: object) -> Plant:
    """Build and check one plant."""
    names = [field.name for field in dataclasses.fields(Plant)]
    if not isinstance(table, dict) or "kind" not in table:
        raise ConfigError("plants-field", f"plant {at} has no kind.")
    for name in table:
        if name not in names:
            raise ConfigError(
                "plants-field",
                f"plant {at} has an unknown field {name!r}.",
                advice=f"The fields are {', '.join(names)}.",
            )
    plant = Plant(**{name: _frozen(value) for name, value in table.items()})
    _check(at, "kind", plant.kind, tuple(HOWS))
    _check(at, "intensity", plant.intensity, INTENSITIES)
    hows = HOWS[plant.kind]
    level = INTENSITIES.index(plant.intensity)
    share = SHARES[plant.kind][level] if plant.share is None else plant.share
    _check(at, "how", plant.how or hows[0], hows)
    if not 0 <= share <= 1:
        raise ConfigError("plants-value", f"plant {at}: share must lie in 0..1.")
    return dataclasses.replace(plant, how=plant.how or hows[0], share=share)


def _frozen(value: object) -> object:
    """Turn TOML's lists into tuples, all the way down."""
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _check(at: int, name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ConfigError(
            "plants-value",
            f"plant {at}: {name} is {value!r}.",
            advice=f"It must be one of {', '.join(choices)}.",
        )
