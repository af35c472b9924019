"""What was explained as lawful, from when until when: it does not come back.

Source: spec/cases.md, "What was explained".
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Lawful:
    """A conclusion that findings of an actor, or about an object, are lawful.

    Attributes:
        kind: Of the cases it holds for; "" for all.
        departure: The party on whose side the crossings leave; "" for both ways.
        actor: Such as a carrier; "" for all.
        object: Such as a range of numbers by its prefix: all that begins so; "" for
            all.
        from_ms: From when it holds.
        until_ms: Until when; it comes back after that. None: for good.
    """

    kind: str = ""
    departure: str = ""
    actor: str = ""
    object: str = ""
    from_ms: int = 0
    until_ms: int | None = None


def mark_lawful(
    findings: pl.DataFrame, lawful: Sequence[Lawful], way: tuple[str, str]
) -> pl.DataFrame:
    """Say of each finding whether a conclusion covers it, as column `is_lawful`.

    Args:
        findings: With `case`, `actor`, `object` and `at_ms`.
        lawful: The conclusions. One that names neither actor nor object covers none.
        way: The parties on whose side the crossings leave, and arrive.
    """
    covered = pl.lit(value=False)
    for one in lawful:
        if (one.departure and one.departure != way[0]) or not (one.actor or one.object):
            continue
        here = pl.col("at_ms") >= one.from_ms
        if one.until_ms is not None:
            here &= pl.col("at_ms") < one.until_ms
        if one.kind:
            here &= pl.col("case") == one.kind
        if one.actor:
            here &= pl.col("actor") == one.actor
        if one.object:
            here &= pl.col("object").str.starts_with(one.object)
        covered |= here.fill_null(value=False)
    return findings.with_columns(is_lawful=covered)
