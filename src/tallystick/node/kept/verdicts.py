"""Every verdict is kept, in Parquet files that are rotated, without a number.

So that the day can be paired again in batch, and a switch engineer can ask why.
"""

from pathlib import Path
from typing import Final

import pyarrow as pa

from tallystick.node.calls.arrivals import Answered
from tallystick.node.kept.merging import read_found
from tallystick.node.kept.rotated import Columns, Kept

KIND: Final = "verdicts"
SCHEMA: Final = pa.schema(
    [
        ("call_id", pa.string()),
        ("at_ms", pa.int64()),
        ("trunk", pa.dictionary(pa.int32(), pa.string())),
        ("carrier", pa.dictionary(pa.int32(), pa.string())),
        ("outcome", pa.dictionary(pa.int8(), pa.string())),
        ("action", pa.dictionary(pa.int8(), pa.string())),
        ("rule", pa.dictionary(pa.int16(), pa.string())),
        ("mode", pa.dictionary(pa.int8(), pa.string())),
        ("would", pa.dictionary(pa.int8(), pa.string())),
        ("acting", pa.dictionary(pa.int16(), pa.string())),
        ("reasons", pa.string()),
        ("why", pa.dictionary(pa.int8(), pa.string())),
        ("covered", pa.bool_()),
        ("waited_ms", pa.int32()),
        ("offset_ms", pa.int32()),
        ("corrected", pa.bool_()),
        ("watched", pa.bool_()),
        ("reference", pa.string()),
    ]
)
_COLUMNS: "Final[Columns[Answered]]" = {
    "call_id": lambda one: one.call_id,
    "at_ms": lambda one: one.at_ms,
    "trunk": lambda one: one.trunk,
    "carrier": lambda one: one.carrier,
    "outcome": lambda one: one.verdict.outcome,
    "action": lambda one: one.verdict.action,
    "rule": lambda one: one.verdict.rule,
    "mode": lambda one: one.verdict.mode,
    "would": lambda one: one.verdict.would,
    "acting": lambda one: one.verdict.acting,
    "reasons": lambda one: ";".join(one.verdict.reasons),
    "why": lambda one: one.evidence.why,
    "covered": lambda one: one.evidence.covered,
    "waited_ms": lambda one: one.waited_ms,
    "offset_ms": lambda one: one.offset_ms,
    "corrected": lambda one: one.corrected,
    "watched": lambda one: one.is_watched,
    "reference": lambda one: one.reference,
}


class VerdictLog(Kept[Answered]):
    """Keeps verdicts on disk, the newest so many megabytes."""

    def __init__(self, folder: Path, *, limit_bytes: int) -> None:
        """Keep verdicts in `folder`, which is made when the first are written."""
        super().__init__(
            folder,
            kind=KIND,
            schema=SCHEMA,
            columns=_COLUMNS,
            limit_bytes=limit_bytes,
        )


def find_verdict(folder: Path, call_id: str) -> dict[str, object] | None:
    """Look for the last verdict on a call in the files of a folder, newest first."""
    return read_found(folder, KIND, call_id)
