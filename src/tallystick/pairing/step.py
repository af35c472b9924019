"""SQL as values: named steps that an engine executes, and what it must offer."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import polars as pl


@dataclass(frozen=True, slots=True)
class Step:
    """One named statement of the plan.

    Attributes:
        table: Name of the table the statement makes; also the step's name.
        query: A `SELECT` that yields it. Identifiers come from specs, never data.
        append: Add to the table if it is there already (work done in parts).
    """

    table: str
    query: str
    append: bool = False


class Engine(Protocol):
    """Executes steps and keeps what each took."""

    def run(self, step: Step) -> int:
        """Execute a step and return the rows it made."""

    def run_all(self, steps: list[Step]) -> None:
        """Execute steps in order."""

    def load(self, table: str, frame: pl.DataFrame) -> None:
        """Make a table of a frame, replacing one of the same name."""

    def fetch(self, query: str) -> pl.DataFrame:
        """Return the rows of a query."""

    def stream(self, query: str) -> Iterator[pl.DataFrame]:
        """Yield the rows of a query in bounded batches."""

    def drop(self, *tables: str) -> None:
        """Forget tables."""
