"""What is planted: which scheme, how much of it, and by whom."""

import dataclasses
from dataclasses import dataclass
from itertools import starmap
from pathlib import Path
from typing import Final

from tallystick.model.errors import ConfigError
from tallystick.simulate.calls.settings import build, read_toml

HOWS: Final = {
    "domestic_arrival": ("naive", "mimicry"),
    "calling_number_altered": (
        "fixed",
        "random_allocated",
        "random_unallocated",
        "third_country",
    ),
    "calling_number_removed": ("removed", "hidden"),
    "called_number_altered": ("malformed", "other_number"),
    "loop": ("both", "arrivals"),
    "false_answer": ("early", "recorded_ring"),
    "stretched": ("late_release",),
    "no_departure": ("few_numbers", "real_subscribers", "wangiri", "displaced"),
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
        carriers: How many carriers do it, each on one trunk; or their names, for all
            of their trunks; or 0, for everybody. `no_departure` counts arrival
            carriers, everything else departure ones.
        concentration: At most this share of the calls on the trunks concerned.
        trunks: Only calls on these departure (or arrival) trunks.
        surfaces: On how many arrival trunks such calls come out; 0: as routed.
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
    concentration: float = 0.6
    trunks: tuple[str, ...] = ()
    surfaces: int = 0
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
    """
    return plants_of(read_toml(source, folder="plants"))


def plants_of(values: dict[str, object]) -> tuple[Plant, ...]:
    """Build plants from a plant file's values."""
    listed = build(_File, values, where="the plant file", topic="plants").plant
    return completed(listed)


def completed(plants: tuple[Plant, ...]) -> tuple[Plant, ...]:
    """Return the plants with everything filled in that was left open."""
    return tuple(starmap(_complete, enumerate(plants, start=1)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    plant: tuple[Plant, ...] = ()


def _complete(at: int, plant: Plant) -> Plant:
    """Fill in what the intensity and the kind imply, and refuse the impossible.

    Raises:
        ConfigError: "plants-value".
    """
    _check(at, "kind", plant.kind, tuple(HOWS))
    _check(at, "intensity", plant.intensity, INTENSITIES)
    hows = HOWS[plant.kind]
    how = plant.how or hows[0]
    _check(at, "how", how, hows)
    level = INTENSITIES.index(plant.intensity)
    share = SHARES[plant.kind][level] if plant.share is None else plant.share
    low, high = plant.times
    impossible = {
        "share must lie between 0 and 1": not 0 <= share <= 1,
        "concentration must lie above 0 and up to 1": not 0 < plant.concentration <= 1,
        "carriers cannot be negative": isinstance(plant.carriers, int)
        and plant.carriers < 0,
        "times must be at least 2 and rise": not 2 <= low <= high,
        "sites must be at least 1": plant.sites < 1,
    }
    for sentence, holds in impossible.items():
        if holds:
            raise ConfigError("plants-value", f"plant {at}: {sentence}.")
    return dataclasses.replace(plant, how=how, share=share)


def _check(at: int, name: str, value: str, choices: tuple[str, ...]) -> None:
    """Refuse a word that is not one of `choices`.

    Raises:
        ConfigError: "plants-value".
    """
    if value not in choices:
        raise ConfigError(
            "plants-value",
            f"plant {at}: {name} is {value!r}.",
            advice=f"It must be one of {', '.join(choices)}.",
        )
