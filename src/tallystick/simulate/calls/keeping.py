"""What a record keeper writes down, and what of it gets lost."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl

from tallystick.simulate.calls.crossings import NEVER
from tallystick.simulate.calls.draw import I64, Bool, stream
from tallystick.simulate.calls.network import Keeper
from tallystick.simulate.calls.parameters import Outage, Parameters

DAY_MS = 86_400_000


@dataclass(slots=True, kw_only=True)
class Halves:
    """What one keeper's switch saw: one row per call, true times.

    Attributes:
        crossing: Row in Crossings, or -1 for an ordinary domestic call.
        calling, called, redirecting: Numbers, 0 for none.
        start, answer, release: Milliseconds since 1970; answer may be NEVER.
        restricted: The number is withheld.
        national_form: The calling number lacks its country code.
        trunk: Index into the keeper's trunks.
        cause: Q.850.
        handset: Stands for the IMEI, or -1.
        cell: Stands for the cell, or -1.
    """

    crossing: I64
    calling: I64
    called: I64
    redirecting: I64
    start: I64
    answer: I64
    release: I64
    restricted: Bool
    national_form: Bool
    trunk: I64
    cause: I64
    handset: I64
    cell: I64

    def take(self, index: I64) -> "Halves":
        """Return the rows at `index`."""
        return Halves(
            **{
                field.name: getattr(self, field.name)[index]
                for field in dataclasses.fields(self)
            }
        )

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """Return all rows of `parts`, one after the other."""
        return cls(
            **{
                field.name: np.concatenate([getattr(p, field.name) for p in parts])
                for field in dataclasses.fields(cls)
            }
        )


@dataclass(slots=True, kw_only=True)
class Records:
    """The rows of one keeper's file, those that get lost included.

    Attributes:
        half: What each record is about.
        record_id: As the keeper gave it.
        started_ms, answered_ms, released_ms: By the keeper's clock.
        duration_ms: As billed.
        answered, has_answer_time, has_release_time: What is filled in.
        last: Last or only part of the call: only this one has a cause.
        original: False for what was transmitted again.
        lost: 0 held, else an index into LOST_NAMES.
        hung: Never closed.
    """

    half: Halves
    record_id: pl.Series
    started_ms: I64
    answered_ms: I64
    released_ms: I64
    duration_ms: I64
    answered: Bool
    has_answer_time: Bool
    has_release_time: Bool
    last: Bool
    original: Bool
    lost: I64
    hung: Bool


LOST_NAMES = ("", "loss", "outage", "edge")
LOSS, OUTAGE, EDGE = 1, 2, 3


def keep(
    parameters: Parameters, keeper: Keeper, halves: Halves, *, seed: int
) -> Records:
    """Write the records of what a switch saw, then lose some of them."""
    rng = stream(seed, f"keep {keeper.side}")
    row, part, parts = _parts(parameters, keeper, halves)
    step = round(parameters.partial_s * 1000)
    half = halves.take(row)
    answered = half.answer != NEVER
    begin = np.where(part > 0, half.answer + part * step, half.start)
    answer = np.where(part > 0, begin, half.answer)
    last = part == parts - 1
    end = np.where(last, half.release, half.answer + (part + 1) * step)
    hung = rng.random(len(row)) < parameters.hung_share
    billed = _billed_ms(parameters, keeper, rng, half, end - answer, hung & answered)
    clock = _clock_ms(parameters, keeper, half)
    records = Records(
        half=half,
        record_id=pl.Series(dtype=pl.String),
        started_ms=_cut(keeper, half, begin + clock),
        answered_ms=_cut(keeper, half, answer + clock),
        released_ms=_cut(keeper, half, end + clock),
        duration_ms=np.where(answered, billed, 0),
        answered=answered,
        has_answer_time=answered & keeper.answer_time[half.trunk],
        has_release_time=keeper.release_time[half.trunk] & ~hung,
        last=last,
        original=np.ones(len(row), dtype=np.bool_),
        lost=np.zeros(len(row), dtype=np.int64),
        hung=hung,
    )
    records = _number(parameters, keeper, rng, records)
    _lose(parameters, keeper, rng, records)
    return records


def _parts(
    parameters: Parameters, keeper: Keeper, halves: Halves
) -> tuple[I64, I64, I64]:
    """Return the half, the part number and the number of parts of each record."""
    talked = np.where(halves.answer != NEVER, halves.release - halves.answer, 0)
    parts = 1 + talked // round(parameters.partial_s * 1000)
    parts = np.where(keeper.partial[halves.trunk], parts, 1)
    row = np.repeat(np.arange(len(parts)), parts)
    first = np.cumsum(parts) - parts
    return row, np.arange(len(row)) - first[row], parts[row]


def _clock_ms(parameters: Parameters, keeper: Keeper, half: Halves) -> I64:
    """Return what each trunk's clock adds at that moment."""
    days = (half.start - parameters.start_ms) / DAY_MS
    offset = keeper.offset_ms[half.trunk] + keeper.drift_ms[half.trunk] * days
    return np.round(offset).astype(np.int64)


def _cut(keeper: Keeper, half: Halves, moment: I64) -> I64:
    """Cut to whole seconds on the trunks that know no fractions."""
    return np.where(keeper.whole_second[half.trunk], moment // 1000 * 1000, moment)


def _billed_ms(
    parameters: Parameters,
    keeper: Keeper,
    rng: np.random.Generator,
    half: Halves,
    talked: I64,
    hung: Bool,
) -> I64:
    """Round durations up to the carrier's step; some hung calls run on."""
    audit = round(parameters.hung_audit_s * 1000)
    runs_on = hung & (rng.random(len(talked)) < parameters.hung_long_share)
    until = np.where(runs_on, (talked // audit + 1) * audit, talked)
    step = keeper.step_ms[half.trunk]
    return np.maximum(-(-until // step), 1) * step


def _number(
    parameters: Parameters,
    keeper: Keeper,
    rng: np.random.Generator,
    records: Records,
) -> Records:
    """Put records in the order they were written, repeat some and give ids."""
    size = len(records.started_ms)
    written = records.released_ms + rng.integers(0, 2000, size)
    again = np.flatnonzero(rng.random(size) < parameters.repeated_share)
    late = written[again] + rng.integers(1_000, 3_600_000, len(again))
    order = np.argsort(np.concatenate((written, late)), kind="stable")
    source = np.concatenate((np.arange(size), again))[order]
    new = np.concatenate((np.ones(size, dtype=np.bool_), rng.random(len(again)) < 0.5))
    original = np.concatenate(
        (
            np.ones(size, dtype=np.bool_),
            np.zeros(len(again), dtype=np.bool_),
        )
    )[order]
    new = new[order]
    ids = id_texts(parameters.record_ids, keeper, rng, records.half.trunk[source][new])
    # A record repeated under its old id takes the id of its original.
    place = np.empty(size, dtype=np.int64)
    given = np.cumsum(new) - 1
    place[source[original]] = given[original]
    which = np.where(new, given, place[source])
    fields = {
        field.name: getattr(records, field.name)[source]
        for field in dataclasses.fields(records)
        if field.name not in {"half", "record_id", "original"}
    }
    return Records(
        half=records.half.take(source),
        record_id=ids.gather(which),
        original=original,
        **fields,
    )


def _lose(
    parameters: Parameters,
    keeper: Keeper,
    rng: np.random.Generator,
    records: Records,
) -> None:
    """Mark what the file will not hold, and why."""
    share = (
        parameters.domestic_loss_share
        if keeper.side == "domestic"
        else parameters.loss_share
    )
    records.lost[rng.random(len(records.lost)) < share] = LOSS
    moment = (
        records.half.start if parameters.outage_by == "start" else records.half.release
    )
    for outage in parameters.outages:
        if outage.side == keeper.side:
            hit = in_outage(parameters, outage, moment)
            hit &= _on_trunk(keeper, records.half, outage)
            records.lost[hit] = OUTAGE
    if parameters.edge_cut:
        first = parameters.start_ms
        inside = (records.started_ms >= first) & (
            records.started_ms < first + parameters.days * DAY_MS
        )
        records.lost[~inside] = EDGE


def in_outage(parameters: Parameters, outage: Outage, moment: I64) -> Bool:
    """Return which moments lie in the outage."""
    begin = parameters.start_ms + round(outage.start_h * 3_600_000)
    end = begin + round(outage.minutes * 60_000)
    return np.asarray((moment >= begin) & (moment < end))


def _on_trunk(keeper: Keeper, half: Halves, outage: Outage) -> Bool:
    """Return which halves are on the outage's trunk; all if it names none."""
    if not outage.trunk:
        return np.ones(len(half.trunk), dtype=np.bool_)
    names = np.array(keeper.trunks)
    return np.asarray(names[half.trunk] == outage.trunk)


def id_texts(
    how: str, keeper: Keeper, rng: np.random.Generator, trunk: I64
) -> pl.Series:
    """Return one id per record, in the order they were written.

    Args:
        how: `keeper`: one running number; `trunk`: one per trunk; `random`.
        keeper: Whose records.
        rng: Where the first number, or all of them, come from.
        trunk: Trunk of each record.
    """
    size = len(trunk)
    if how == "random":
        high = rng.integers(10**17, 9 * 10**17, size)
        return pl.Series(high).cast(pl.String)
    base = int(rng.integers(1_000_000, 9_000_000))
    if how == "keeper":
        serial = pl.Series(base + np.arange(size)).cast(pl.String).str.zfill(9)
        return pl.repeat(keeper.prefix, size, eager=True) + serial
    order = pl.DataFrame({"trunk": trunk}).select(
        base + pl.int_range(pl.len()).over("trunk")
    )
    names = pl.Series(keeper.trunks, dtype=pl.String).gather(trunk)
    return names + "-" + order.to_series().cast(pl.String).str.zfill(9)
