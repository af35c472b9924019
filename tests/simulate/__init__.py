"""Tests of the simulator and of scoring."""
