"""What the page is made of, before it is put into a language."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tallystick.report.findings import Finding, Tally
from tallystick.report.rejects import Rejects
from tallystick.report.result import Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """A result directory, read.

    Attributes:
        offsets: How far apart in time the halves of pairs lie, counted.
    """

    folder: Path
    summary: Summary
    tallies: dict[str, Tally]
    strongest: list[Finding]
    offsets: pl.DataFrame
    rejects: Rejects
