"""How the laws run the engine."""

import pytest

from tallystick.engines.frames import pair_halves


@pytest.fixture
def run(tmp_path_factory):
    """Return what pairs two tables of halves, each time in a folder of its own."""

    def pair(spec, departures, arrivals, *, options):
        return pair_halves(
            spec,
            departures,
            arrivals,
            options=options,
            folder=tmp_path_factory.mktemp("halves"),
            threads=1,
        )

    return pair
