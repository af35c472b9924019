"""What every scheme is given."""

from dataclasses import dataclass, field

import numpy as np

from tallystick.simulate.calls.crossings import Crossings
from tallystick.simulate.calls.keeping import Halves
from tallystick.simulate.calls.network import Network
from tallystick.simulate.calls.parameters import Parameters
from tallystick.simulate.calls.people import People
from tallystick.simulate.calls.plan import Plan, plan_of, third_countries


@dataclass(slots=True, kw_only=True)
class World:
    """All that a scheme may look at and change.

    Attributes:
        parameters, people, network: As they were built.
        calls: How many calls were asked for; shares are of these.
        crossings: Changed in place; schemes that make calls up append to `added`.
        added: Crossings to be joined at the end.
        domestic: Ordinary domestic calls of the SIMs used.
        takers: Names of the trunks that already take part in some scheme.
    """

    parameters: Parameters
    people: People
    network: Network
    calls: int
    crossings: Crossings
    added: list[Crossings] = field(default_factory=list)
    domestic: list[Halves] = field(default_factory=list)
    takers: list[str] = field(default_factory=list)

    @property
    def home(self) -> Plan:
        """The departure country's numbers."""
        return plan_of(self.network.departures.country)

    @property
    def away(self) -> Plan:
        """The arrival country's numbers."""
        return plan_of(self.network.arrivals.country)

    def third_country(self, rng: np.random.Generator) -> Plan:
        """Draw a country that is neither side."""
        others = third_countries(
            self.network.departures.country, self.network.arrivals.country
        )
        return others[rng.integers(0, len(others))]

    def next_call(self) -> int:
        """Return the first call number that is still free."""
        tables = (self.crossings, *self.added)
        return 1 + max(int(table.call.max(initial=0)) for table in tables)
