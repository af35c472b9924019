"""Where a side's record cannot speak, and which halves that concerns.

Source: spec/pairing.md, "Completeness".
"""

from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from tallystick.pairing.plan import BIN_MS, State
from tallystick.pairing.spec import Gap
from tallystick.pairing.step import Engine

_SHARE_OF_ROUTE: Final = 0.005
_THIN_BIN: Final = 0.25  # open share at the lower quartile of carriers
_THIN_LEAST: Final = 8


def _by_corrected_clock(state: State, gap: Gap) -> Gap:
    """Move a gap from the clock of the side that declares it to corrected time.

    A gap of one trunk goes by that trunk's clock, any other by the side's usual one.
    """
    names = state.input(gap.side).points
    clocks = state.clocks.table.filter(
        pl.col("side") == gap.side, pl.col("block").is_null()
    )
    if gap.point in names:
        own = clocks.filter(pl.col("point") == names.index(gap.point))
        clocks = clocks if own.is_empty() else own
    if clocks.is_empty():
        return gap
    fast_ms = round(float(np.median(clocks["offset_ms"].to_numpy())))
    return replace(gap, from_ms=gap.from_ms - fast_ms, to_ms=gap.to_ms - fast_ms)


def find_gaps(engine: Engine, state: State) -> list[Gap]:
    """Collect where either side's record is not complete."""
    gaps = [_by_corrected_clock(state, gap) for gap in state.options.declared_gaps]
    for side, cover in state.coverage.items():
        gaps += cover.gaps
        serials = state.serials[side]
        wide = serials.brackets.filter(
            (pl.col("missing") >= 20)
            | (
                (pl.col("missing") >= 3)
                & (pl.col("to_ms") - pl.col("from_ms") > 60_000)
            )
        )
        gaps += [
            Gap(side=side, from_ms=low, to_ms=high, point=None, why="serial")
            for low, high in wide.select("from_ms", "to_ms").iter_rows()
        ]
        gaps += _thin_bins(engine, side)
    return sorted(gaps, key=lambda g: (g.side, g.from_ms, g.point or ""))


def _thin_bins(engine: Engine, side: str) -> list[Gap]:
    """Find ten minutes in which nearly every carrier's halves lack partners here."""
    other, short = ("arrivals", "a") if side == "departures" else ("departures", "d")
    frame = engine.fetch(
        f"SELECT bin, carrier, sum(u) AS u, sum(p) AS p FROM"
        f" (SELECT t // {BIN_MS} AS bin, carrier, count(*) AS u, 0 AS p"
        f" FROM all_open_{other} GROUP BY ALL UNION ALL"
        f" SELECT bin, {short}_carrier, 0, sum(n) FROM flows GROUP BY ALL)"
        f" GROUP BY ALL HAVING sum(u) + sum(p) >= {_THIN_LEAST}"
    )
    out = []
    for (start,), part in frame.group_by("bin"):
        if part.height < 3:
            continue
        share = (part["u"] / (part["u"] + part["p"])).to_numpy()
        volume = (part["u"] + part["p"]).to_numpy().astype(float)
        order = np.argsort(share)
        at = np.searchsorted(np.cumsum(volume[order]), 0.25 * volume.sum())
        if share[order][at] >= _THIN_BIN:
            low = int(str(start)) * BIN_MS
            out.append(
                Gap(
                    side=side,
                    from_ms=low,
                    to_ms=low + BIN_MS,
                    point=None,
                    why="silence",
                )
            )
    return out


def mark_incomplete(
    engine: Engine,
    state: State,
    halves: pl.DataFrame,
    peer: str,
    short: str,
    gaps: list[Gap],
) -> pl.DataFrame:
    """Add `why`: why the peer's record cannot speak about a half; null if it can."""
    slack = state.window.ms
    cover = state.coverage[peer]
    why = (
        pl.when(pl.col("sibling"))
        .then(pl.lit("same_key_near"))
        .when(~pl.col("known"))
        .then(pl.lit("number_absent"))
        .when(
            (pl.col("t") < cover.from_ms + 60_000 + slack)
            | (pl.col("t") > cover.to_ms - 60_000 - slack)
        )
        .then(pl.lit("edge"))
    )
    return mark_gaps(engine, state, halves.with_columns(why=why), peer, short, gaps)


def mark_gaps(
    engine: Engine,
    state: State,
    halves: pl.DataFrame,
    peer: str,
    short: str,
    gaps: list[Gap],
) -> pl.DataFrame:
    """Fill `why` where it is null and a half falls into one of the peer's gaps.

    Args:
        engine: Knows over which trunks carriers are seen.
        state: The plan's state.
        halves: With `t`, `t_end`, `carrier`, `point` and `why`.
        peer: Whose gaps count.
        short: `d` if the halves are departures, `a` if they are arrivals.
        gaps: Where either side's record is not complete.
    """
    slack = state.window.ms
    routes = _routes(engine, peer, short) if any(g.point for g in gaps) else None
    names = {name: i for i, name in enumerate(state.input(peer).points)}
    for gap in gaps:
        if gap.side != peer:
            continue
        low, high = gap.from_ms - slack, gap.to_ms + slack
        inside = pl.col("t").is_between(low, high) | pl.col("t_end").is_between(
            low, high
        )
        if gap.point is not None and routes is not None:
            code = names.get(gap.point, -1)
            over = routes.filter(pl.col("to") == code)
            keys = over.select(pl.col("carrier") * 100_000 + pl.col("point"))
            inside &= (pl.col("carrier") * 100_000 + pl.col("point")).is_in(
                keys.to_series().implode()
            )
        halves = halves.with_columns(
            why=pl.when(pl.col("why").is_null() & inside)
            .then(pl.lit(gap.why))
            .otherwise(pl.col("why"))
        )
    return halves


def _routes(engine: Engine, peer: str, short: str) -> pl.DataFrame:
    """Return over which of the peer's trunks each carrier and trunk is seen."""
    far = "a" if peer == "arrivals" else "d"
    frame = engine.fetch(
        f"SELECT {short}_carrier AS carrier, {short}_point AS point,"
        f' {far}_point AS "to", sum(n)::DOUBLE AS n FROM flows GROUP BY ALL'
    )
    return frame.filter(
        pl.col("n") >= _SHARE_OF_ROUTE * pl.col("n").sum().over("carrier", "point")
    ).with_columns(pl.col("carrier").cast(pl.Int64), pl.col("point").cast(pl.Int64))
