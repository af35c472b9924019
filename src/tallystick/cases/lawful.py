"""What was explained as lawful, from when until when: it does not come back.

Source: spec/cases.md, "What was explained".
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec
import polars as pl

from tallystick.cases.bodies import LawfulBody
from tallystick.cases.state import State
from tallystick.proof import Signed


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


def lawful_of(
    state: State, statements: Sequence[Signed]
) -> Iterator[tuple[str, Lawful, str]]:
    """Say what an ended case, decided as lawful, leaves behind.

    Args:
        state: Where it stands.
        statements: What was said about it.

    Yields:
        The statement's identifier, what does not come back, and why. Nothing while an
        appeal may still change it, nor for any other outcome.
    """
    if state.outcome != "lawful" or not state.has_ended:
        return
    what = state.what
    for signed in statements:
        said = signed.statement
        if signed.id in state.steps and (stated := said.body.get("lawful")):
            body = msgspec.convert(stated, LawfulBody)
            about = str(what["object"]) if what.get("object") else ""
            narrower = body.object if body.object.startswith(about) else about
            lawful = Lawful(
                kind=state.kind,
                departure=str(what["departure"]),
                actor="" if body.covers == "object" else str(what["actor"]),
                object="" if body.covers == "actor" else narrower,
                from_ms=body.from_ms,
                until_ms=body.until_ms,
            )
            yield signed.id, lawful, str(said.body.get("text", ""))
