"""Which function plants which kind."""

from collections.abc import Callable
from typing import Final

import numpy as np

from tallystick.simulate.calls.crossings import Crossings
from tallystick.simulate.calls.draw import stream
from tallystick.simulate.calls.plant import Plant
from tallystick.simulate.calls.schemes.billing import false_answer, stretch
from tallystick.simulate.calls.schemes.bypass import bypass
from tallystick.simulate.calls.schemes.loop import loop
from tallystick.simulate.calls.schemes.numbers import (
    alter_called,
    alter_calling,
    remove_calling,
)
from tallystick.simulate.calls.schemes.phantom import spoof, vanish
from tallystick.simulate.calls.schemes.world import World

Scheme = Callable[[World, Plant, int, np.random.Generator], None]

SCHEMES: Final[dict[str, Scheme]] = {
    "domestic_arrival": bypass,
    "calling_number_altered": alter_calling,
    "calling_number_removed": remove_calling,
    "called_number_altered": alter_called,
    "loop": loop,
    "false_answer": false_answer,
    "stretched": stretch,
    "no_departure": spoof,
    "no_arrival": vanish,
}


def plant_all(world: World, plants: tuple[Plant, ...], *, seed: int) -> Crossings:
    """Apply every plant, one after the other, and return all crossings."""
    for index, plant in enumerate(plants):
        rng = stream(seed, f"plant {index} {plant.kind} {plant.how}")
        SCHEMES[plant.kind](world, plant, index, rng)
    return Crossings.join((world.crossings, *world.added))
