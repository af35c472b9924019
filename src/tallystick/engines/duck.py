"""Execute batch steps on DuckDB, within a memory limit, and time each."""

import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import duckdb
import polars as pl

from tallystick.model import UnavailableError
from tallystick.pairing.step import Step

T = TypeVar("T")

STREAM_ROWS = 1_000_000


@dataclass(slots=True)
class Timing:
    """What a step has cost so far."""

    rows: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class DuckEngine:
    """A DuckDB connection that runs steps and keeps rows and seconds of each.

    Attributes:
        folder: Where it may spill; emptied by the caller.
        memory_mb: Limit given to DuckDB; what does not fit is spilled to `folder`.
        threads: Worker threads; `None` leaves the choice to DuckDB.
        on_step: Called with the name of each step before it runs.
    """

    folder: Path
    memory_mb: int = 4096
    threads: int | None = None
    on_step: Callable[[str], None] | None = None
    timings: dict[str, Timing] = field(default_factory=dict)
    _db: duckdb.DuckDBPyConnection = field(init=False)
    _tables: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": f"{self.memory_mb}MB",
            "temp_directory": str(self.folder / "spill"),
            "preserve_insertion_order": False,
            # Halves of a bucket are counted in arrays: a bucket has two million.
            "perfect_ht_threshold": 22,
        }
        if self.threads is not None:
            config["threads"] = self.threads
        self._db = duckdb.connect(":memory:", config=config)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._db.close()

    def run(self, step: Step) -> int:
        """Execute a step.

        Returns:
            How many rows it made.

        Raises:
            UnavailableError: "memory": neither memory nor disk suffice.
        """
        head = (
            f'INSERT INTO "{step.table}" '
            if step.append and step.table in self._tables
            else f'CREATE OR REPLACE TEMP TABLE "{step.table}" AS '
        )
        made = self._timed(
            step.table, lambda: self._db.execute(head + step.query).fetchall()
        )
        self._tables.add(step.table)
        rows = int(made[0][0]) if made else 0
        self._timing(step.table).rows += rows
        return rows

    def run_all(self, steps: list[Step]) -> None:
        """Execute steps in order."""
        for step in steps:
            self.run(step)

    def load(self, table: str, frame: pl.DataFrame) -> None:
        """Make a table of a frame, replacing one of the same name."""
        arrow = frame.to_arrow()
        self._db.register("incoming", arrow)
        self._db.execute(
            f'CREATE OR REPLACE TEMP TABLE "{table}" AS SELECT * FROM incoming'
        )
        self._db.unregister("incoming")
        self._tables.add(table)

    def fetch(self, query: str) -> pl.DataFrame:
        """Return the rows of a query."""
        table = self._timed("fetch", lambda: self._db.sql(query).to_arrow_table())
        return pl.DataFrame(table)

    def stream(self, query: str) -> Iterator[pl.DataFrame]:
        """Yield the rows of a query in batches of at most `STREAM_ROWS`."""
        batches = self._timed(
            "stream", lambda: self._db.sql(query).to_arrow_reader(STREAM_ROWS)
        )
        for batch in batches:
            yield pl.DataFrame(batch)

    def drop(self, *tables: str) -> None:
        """Forget tables, if they are there."""
        for table in tables:
            self._db.execute(f'DROP TABLE IF EXISTS "{table}"')
            self._tables.discard(table)

    def _timing(self, name: str) -> Timing:
        return self.timings.setdefault(name, Timing())

    def _timed(self, name: str, work: Callable[[], T]) -> T:
        if self.on_step is not None:
            self.on_step(name)
        started = time.perf_counter()
        try:
            return work()
        except duckdb.OutOfMemoryException as error:
            raise UnavailableError(
                "memory",
                f"Step {name!r} needs more than the {self.memory_mb} MB it was given "
                f"and the disk under {self.folder} cannot take the rest.",
                advice="Give more with --memory, or free some disk space.",
            ) from error
        finally:
            self._timing(name).seconds += time.perf_counter() - started


def peak_memory_mb() -> float:
    """Return the largest memory this process has held so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
