"""Count one hour of what a node kept: calls of each route by outcome and action.

Source: spec/proof.md, "What each kind holds".
"""

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from tallystick.engines.duck import DuckEngine
from tallystick.engines.kept import COUNTS, VERDICTS, kept_files
from tallystick.model import UnavailableError

HOUR_MS: Final = 3_600_000
MEMORY_MB: Final = 256
_COLUMNS: Final = {
    "carrier": "''",
    "trunk": "''",
    "outcome": "''",
    "action": "''",
    "corrected": "false",
}
_ROUTE: Final = "carrier, trunk, outcome, action"


@dataclass(frozen=True, slots=True, kw_only=True)
class HourCounts:
    """What a node kept of one hour.

    Attributes:
        first_ms: When its first call came, UTC milliseconds; None: none came.
        last_ms: When its last one came.
        routes: Carrier, trunk, outcome, action, and how many calls, as was said while
            they rang.
        corrected: The same of calls of which something else was known later.
        told: Own departures that the peer hears of; None: not counted here.
        heard: Departures of the peer that came; None: not counted here.
    """

    first_ms: int | None
    last_ms: int | None
    routes: tuple[tuple[str, str, str, str, int], ...]
    corrected: tuple[tuple[str, str, str, str, int], ...]
    told: int | None
    heard: int | None


def written_hours(folder: Path) -> list[int]:
    """Return the hours in which a node wrote what is still there, in order.

    Shape: the beginning of each, UTC milliseconds.
    """
    files = (path for kind in (VERDICTS, COUNTS) for path in folder.rglob(_names(kind)))
    return sorted({_written_ms(path) // HOUR_MS * HOUR_MS for path in files})


def count_hour(folder: Path, from_ms: int) -> HourCounts | None:
    """Count an hour; None where nothing was kept of it.

    Args:
        folder: A node's folder `verdicts`, or one above several of them.
        from_ms: When the hour begins, UTC milliseconds.

    A file that cannot be read is refused as in `kept_files`: a count that is short
    without anybody noticing would be a wrong one.

    Raises:
        UnavailableError: "counts-changed" when the node changes files meanwhile.
    """
    # Rows are written within the minute, and files merged within an hour of it.
    until_ms = from_ms + 2 * HOUR_MS
    found = {
        kind: [
            path
            for path in kept_files([folder], kind)
            if from_ms <= _written_ms(path) < until_ms
        ]
        for kind in (VERDICTS, COUNTS)
    }
    try:
        with (
            tempfile.TemporaryDirectory(prefix="tally-hour-") as spill,
            DuckEngine(Path(spill), memory_mb=MEMORY_MB, threads=1) as engine,
        ):
            within = f"at_ms >= {from_ms} AND at_ms < {from_ms + HOUR_MS}"
            return _counted(engine, found, within)
    except (duckdb.Error, OSError, pa.ArrowException):
        raise UnavailableError(
            "counts-changed",
            "Kept verdicts were merged or removed while an hour of them was counted.",
            advice="It is counted again by itself.",
        ) from None


def _counted(
    engine: DuckEngine, found: dict[str, list[Path]], within: str
) -> HourCounts | None:
    first_ms = last_ms = None
    routes: dict[bool, list[tuple[str, str, str, str, int]]] = {True: [], False: []}
    if found[VERDICTS]:
        rows = _rows(found[VERDICTS], within)
        counted = f"SELECT corrected, {_ROUTE}, count(*) AS calls FROM {rows}"
        for is_late, *route in engine.fetch(
            f"{counted} GROUP BY ALL ORDER BY ALL"
        ).rows():
            carrier, trunk, outcome, action, calls = route
            routes[is_late].append((carrier, trunk, outcome, action, calls))
        ends = f"SELECT min(at_ms), max(at_ms) FROM {rows} WHERE NOT corrected"
        first_ms, last_ms = engine.fetch(ends).row(0)
    told = heard = None
    if found[COUNTS]:
        told, heard = engine.fetch(
            f"""SELECT sum(told)::BIGINT, sum(heard)::BIGINT
            FROM read_parquet({_listed(found[COUNTS])}, union_by_name=true)
            WHERE {within}"""
        ).row(0)
    if not any((*routes.values(), told, heard)):
        return None
    return HourCounts(
        first_ms=first_ms,
        last_ms=last_ms,
        routes=tuple(routes[False]),
        corrected=tuple(routes[True]),
        told=told,
        heard=heard,
    )


def _rows(files: list[Path], within: str) -> str:
    """Return the rows of an hour as a table to select from; columns may be missing."""
    known = {name for path in files for name in pq.read_schema(path).names}
    columns = ", ".join(
        f"coalesce({name}, {usual}) AS {name}"
        if name in known
        else f"{usual} AS {name}"
        for name, usual in _COLUMNS.items()
    )
    return f"""(SELECT at_ms, {columns}
        FROM read_parquet({_listed(files)}, union_by_name=true) WHERE {within})"""


def _listed(files: Iterable[Path]) -> str:
    spelt = ("'" + str(path).replace("'", "''") + "'" for path in files)
    return f"[{', '.join(spelt)}]"


def _names(kind: str) -> str:
    return f"{kind}-*.parquet"


def _written_ms(path: Path) -> int:
    moment = path.stem.split("-")[1]
    return int(moment) if moment.isdecimal() else 0
