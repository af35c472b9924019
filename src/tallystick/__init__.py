"""Tallystick pairs the two halves that every border crossing leaves."""

__version__ = "0.1.0"
