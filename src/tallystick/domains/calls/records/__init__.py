"""Reads call records of many formats into batches of the plain table."""

from tallystick.domains.calls.records.batch import Batch
from tallystick.domains.calls.records.mapping import Mapping
from tallystick.domains.calls.records.reader import Side, read_calls

__all__ = ["Batch", "Mapping", "Side", "read_calls"]
