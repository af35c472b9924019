"""The tables, a module for each room; `METADATA` knows all of them."""

from tallystick.store.tables.base import METADATA
from tallystick.store.tables.statements import STATEMENTS

__all__ = ["METADATA", "STATEMENTS"]
