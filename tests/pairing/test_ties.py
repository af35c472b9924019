"""Halves of the very same moment: what is one must not depend on who is read first."""

import numpy as np
import polars as pl
import pytest

from tallystick.domains.calls.spec import SPEC
from tallystick.engines.duck import DuckEngine
from tallystick.pairing.exact import sessions_steps

KEYS = 200  # DuckDB sorts ties otherwise in partitions of other sizes
MINUTE_MS = 60_000


def keys(rng):
    """Return keys as tokens are: far apart, in no order."""
    low, high = -(2**62), 2**62
    return pl.DataFrame(
        {
            "key_hi": rng.integers(low, high, KEYS),
            "key_lo": rng.integers(low, high, KEYS),
            "calls": rng.integers(2, 6, KEYS),
        }
    )


def side(rng, among):
    """Return some calls of each key, a minute apart, in an order of its own."""
    calls = among.with_columns(nth=pl.int_ranges(0, "calls")).explode("nth")
    calls = calls[rng.permutation(calls.height)]
    return calls.select(
        "key_hi",
        "key_lo",
        t=1_772_600_400_000 + pl.col("nth") * MINUTE_MS,
        duration_ms=pl.lit(0),
        answer_ms=pl.lit(0),
        end_ms=pl.lit(5000),
        row=pl.int_range(pl.len()),
        record_id=pl.int_range(pl.len()).cast(pl.String),
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_calls_that_begin_and_arrive_at_one_moment_are_of_one_session(tmp_path, seed):
    """Where clocks leave no difference at all, redials still pair in order."""
    rng = np.random.default_rng(seed)
    with DuckEngine(tmp_path) as engine:
        among = keys(rng)
        halves = {name: side(rng, among) for name in ("departures", "arrivals")}
        for name, frame in halves.items():
            engine.load(name, frame)
        # A redial is a candidate of the first call, too: all of them are crowds.
        crowd = halves["departures"].join(
            halves["arrivals"], on=["key_hi", "key_lo"], suffix="_a"
        )
        lag = pl.col("t_a") - pl.col("t")
        engine.load(
            "crowd",
            crowd.select(
                pl.col("row").alias("d_row"),
                pl.col("row_a").alias("a_row"),
                lag.alias("lag"),
                (lag.abs() / 1000.0).alias("cost"),
            ),
        )
        engine.load(
            "repeats", pl.DataFrame(schema={"side": pl.String, "row": pl.Int64})
        )
        schema = {"d_row": pl.Int64, "a_row": pl.Int64, "lag": pl.Int64}
        engine.load("pairs", pl.DataFrame(schema=schema | {"pass": pl.String}))
        engine.run_all(sessions_steps(SPEC, 1000))
        pairs = engine.fetch("SELECT d_row, a_row, lag FROM pairs")
    assert pairs.height == among["calls"].sum()
    assert (pairs["lag"] == 0).all()
