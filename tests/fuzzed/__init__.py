"""Parsers that read from a network, fed a little of what `bench/fuzz.py` feeds."""

import sys
from pathlib import Path

# So that the tests can import what lies there.
sys.path.append(str(Path(__file__).parents[2] / "bench"))  # ruff: ignore[non-empty-init-module] (before any import)
