"""References that callers were given, for the office to learn of them.

They are apart from the verdicts, so that they are on disk within a second or two, and
who objects at once is known.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from tallystick.node.calls.arrivals import Answered
from tallystick.node.kept.merging import files_of
from tallystick.node.kept.rotated import Columns, Kept

KIND: Final = "given"
_SCHEMA: Final = pa.schema(
    [
        ("reference", pa.string()),
        ("call_id", pa.string()),
        ("at_ms", pa.int64()),
        ("action", pa.dictionary(pa.int8(), pa.string())),
        ("rule", pa.dictionary(pa.int16(), pa.string())),
    ]
)
_COLUMNS: "Final[Columns[Answered]]" = {
    "reference": lambda one: one.reference,
    "call_id": lambda one: one.call_id,
    "at_ms": lambda one: one.at_ms,
    "action": lambda one: one.verdict.action,
    "rule": lambda one: one.verdict.acting,
}


class GivenLog(Kept[Answered]):
    """Keeps references on disk, the newest so many bytes."""

    def __init__(self, folder: Path, *, limit_bytes: int) -> None:
        """Keep them in `folder`, which is made when the first are written."""
        super().__init__(
            folder,
            kind=KIND,
            schema=_SCHEMA,
            columns=_COLUMNS,
            limit_bytes=limit_bytes,
            flush_ms=0,
        )

    def take_note(self, answered: Answered) -> None:
        """Keep the reference of a call to which something was done."""
        if answered.reference and not answered.corrected:
            self.keep(answered)


def new_given(folder: Path, seen: set[str]) -> Iterator[list[dict[str, Any]]]:
    """Yield what was given since the last look, a file at a time.

    Args:
        folder: Where the files are.
        seen: Their names so far; added to, and those that are gone are left out.

    Yields:
        Rows: `reference`, `call_id`, `at_ms`, `action`, `rule`.
    """
    here = {one.name: one for one in files_of(folder, KIND)}
    seen.intersection_update(here)
    for name in sorted(here.keys() - seen):
        try:
            rows = pq.read_table(here[name]).to_pylist()
        except FileNotFoundError:
            continue  # merged into another file meanwhile, which comes later
        except (OSError, pa.ArrowException):
            rows = []  # damaged: the others count
        yield rows
        seen.add(name)
