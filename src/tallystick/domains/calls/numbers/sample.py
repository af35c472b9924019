"""A sample of distinct texts per trunk and column, the same in any row order.

Kept are the texts with the smallest hashes, so that batches may come in any order,
repeat rows, or be cut anywhere.

Source: spec/numbers.md, "What the records show".
"""

from collections.abc import Iterable
from typing import Final

import polars as pl
import polars_hash as plh

MOST_PER_TRUNK: Final = 4096
LEAST_PER_TRUNK: Final = 200
PER_COLUMN: Final = 50_000  # over all trunks; a second or so of reading
SAMPLED: Final = {"calling": "calling_number", "called": "called_number"}

_EMPTY: Final = {"trunk": pl.String(), "text": pl.String(), "hash": pl.UInt64()}

Sample = dict[tuple[str, str], tuple[str, ...]]


def sample_numbers(batches: Iterable[pl.DataFrame]) -> Sample:
    """Draw a sample from batches of records.

    Args:
        batches: Frames with calling_number, called_number and trunk.

    Returns:
        For each (trunk, "calling" or "called"), distinct texts in order of hash.

    Bounds: one pass; memory for MOST_PER_TRUNK texts a trunk, fewer when there are
        many trunks, besides one batch.
    """
    kept = {column: pl.DataFrame(schema=_EMPTY) for column in SAMPLED}
    for batch in batches:
        for column, name in SAMPLED.items():
            kept[column] = _smallest(_add(kept[column], batch, name))
    return {
        (trunk, column): tuple(texts)
        for column, frame in kept.items()
        for trunk, texts in _by_trunk(frame)
    }


def _add(kept: pl.DataFrame, batch: pl.DataFrame, name: str) -> pl.DataFrame:
    """Append the texts of a batch whose hash may be among the smallest."""
    held = kept.group_by("trunk").agg(pl.len().alias("held"), pl.max("hash"))
    full = held.filter(pl.col("held") >= _per_trunk(kept))
    may_fit = ~pl.col("trunk").is_in(full["trunk"].to_list())
    if full.height:
        may_fit |= pl.col("hash") <= full["hash"].max()
    new = (
        batch.select(
            trunk=pl.col("trunk").fill_null(""),
            text=pl.col(name).fill_null(""),
            hash=plh.col(name).nchash.xxhash64(),
        )
        .filter(may_fit)
        .filter(pl.col("text").str.len_bytes() > 0)
    )
    return pl.concat([kept, new])


def _per_trunk(frame: pl.DataFrame) -> int:
    trunks = max(1, frame["trunk"].n_unique())
    return min(MOST_PER_TRUNK, max(LEAST_PER_TRUNK, PER_COLUMN // trunks))


def _smallest(frame: pl.DataFrame) -> pl.DataFrame:
    """Keep, for each trunk, the texts with the smallest hashes, each once."""
    smallest = pl.col("hash").unique().bottom_k(_per_trunk(frame))
    limits = frame.group_by("trunk").agg(smallest.max().alias("limit"))
    within = frame.join(limits, on="trunk").filter(pl.col("hash") <= pl.col("limit"))
    return within.select("trunk", "text", "hash").unique()


def _by_trunk(frame: pl.DataFrame) -> Iterable[tuple[str, list[str]]]:
    listed = frame.sort("trunk", "hash", "text").group_by("trunk", maintain_order=True)
    return listed.agg(pl.col("text")).iter_rows()
