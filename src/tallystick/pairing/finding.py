"""What a finding is, and where the line is drawn.

Source: spec/pairing.md, "Findings".
"""

import json
from typing import Final

import numpy as np
import polars as pl

WORST: Final = 4.0  # no finding stands that is this many times worse than the rate

FINDING_SCHEMA: Final[dict[str, pl.DataType]] = {
    "kind": pl.String(),
    "d_row": pl.Int64(),
    "a_row": pl.Int64(),
    "a_side": pl.String(),
    "confidence": pl.Float64(),
    "reasons": pl.String(),
    "evidence": pl.String(),  # JSON list of [code, bits, detail]
    "pass": pl.String(),
}
"""`conclude` adds `certain`: whether the harm budget covers the finding."""


def evidence(*items: tuple[str, float, object]) -> str:
    """Return what speaks for a finding as JSON: code, bits and detail of each."""
    return json.dumps([[c, round(float(b), 3), d] for c, b, d in items])


def stands_until(wrong: np.ndarray, rate: float) -> int:
    """Return how many of the surest stand.

    Args:
        wrong: Probability that each is wrong, the surest first.
        rate: Largest expected share of wrong ones; the last may be no worse than
            `WORST` times that.
    """
    share = np.cumsum(wrong) / np.arange(1, len(wrong) + 1)
    good = (share <= rate) & (wrong <= WORST * rate)
    return int(np.flatnonzero(good)[-1]) + 1 if good.any() else 0
