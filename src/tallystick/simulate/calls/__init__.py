"""Simulate the calls between two countries, honest and otherwise."""

from tallystick.simulate.calls.parameters import Outage, Parameters
from tallystick.simulate.calls.plant import Plant, load_plants
from tallystick.simulate.calls.run import Simulated, simulate

__all__ = ["Outage", "Parameters", "Plant", "Simulated", "load_plants", "simulate"]
