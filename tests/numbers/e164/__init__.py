"""Tests of the reading of numbers."""
