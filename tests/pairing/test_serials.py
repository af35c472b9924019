"""What skipped serial numbers are taken to prove."""

import numpy as np
import polars as pl
import pytest

from tallystick.engines.duck import DuckEngine
from tallystick.pairing.completeness import Serials
from tallystick.pairing.serials import read_serials

DAY_MS = 86_400_000


@pytest.fixture
def engine(tmp_path):
    """Return an engine with a folder of its own."""
    with DuckEngine(tmp_path) as duck:
        yield duck


def records(engine, *, lost, late_ms=2000, no_end=0.0, prefix="A", shuffled=False):
    """Make the table `kept`: 20,000 numbered records of a day, less the lost ones."""
    rng = np.random.default_rng(3)
    size = 20_000
    start = np.sort(rng.integers(0, DAY_MS, size))
    end = start + rng.integers(1000, 600_000, size)
    written = end + rng.integers(0, late_ms, size)
    order = rng.permutation(size) if shuffled else np.argsort(written)
    serial = np.empty(size, dtype=np.int64)
    serial[order] = 1_000_000 + np.arange(size)
    frame = pl.DataFrame(
        {
            "record_id": [f"{prefix}{n}" for n in serial],
            "t": start,
            "end_ms": end - start,
            "written": written,
            "serial": serial - 1_000_000,
        }
    ).with_columns(end_ms=pl.when(pl.Series(rng.random(size) >= no_end)).then("end_ms"))
    kept = frame.filter(~pl.col("serial").is_in(lost))
    engine.load("kept", kept.drop("written", "serial"))
    return frame


def read(engine) -> Serials:
    """Read the serial numbers of the table `kept`."""
    return read_serials(engine, "arrivals", "kept")


@pytest.mark.parametrize("no_end", [0.0, 0.2])
def test_each_skip_is_bracketed_by_when_it_was_given(engine, no_end):
    """A lost record's moment lies within the scatter of its bracket."""
    lost = list(range(100, 20_000, 200))
    frame = records(engine, lost=lost, no_end=no_end)
    serials = read(engine)
    assert serials.usable
    assert serials.basis == "end"
    assert serials.missing == len(lost)
    assert serials.held == 20_000 - len(lost)
    ends = {
        row["serial"]: row["t"] + (row["end_ms"] or 0)
        for row in frame.iter_rows(named=True)
        if row["end_ms"] is not None
    }
    low = np.sort(serials.brackets["from_ms"].to_numpy()) - serials.scatter_ms
    high = np.sort(serials.brackets["to_ms"].to_numpy()) + serials.scatter_ms
    inside = [low[i] <= ends[n] <= high[i] for i, n in enumerate(lost) if n in ends]
    assert np.mean(inside) >= 0.97
    # Twenty thousand a day are four seconds apart; ten neighbours span forty.
    assert serials.scatter_ms < 60_000


def test_shuffled_numbers_prove_nothing(engine):
    """Numbers that do not follow time say nothing of when a record was lost."""
    records(engine, lost=[5, 50, 500], shuffled=True)
    assert not read(engine).usable


def test_numbers_of_an_hour_missing_are_one_bracket(engine):
    """Numbers lost in a row are one skip that spans the time they were given in."""
    frame = records(engine, lost=list(range(8000, 9000)))
    serials = read(engine)
    (row,) = serials.brackets.iter_rows(named=True)
    assert row["missing"] == 1000
    gone = frame.filter(frame["serial"].is_between(8000, 8999))["written"]
    assert abs(row["from_ms"] - gone.min()) < 120_000
    assert abs(row["to_ms"] - gone.max()) < 120_000
    assert serials.single_loss() == 0


def test_ids_that_are_no_numbers_prove_nothing(engine):
    """Ids without a number at their end are no serial numbers."""
    engine.load(
        "kept",
        pl.DataFrame(
            {
                "record_id": [f"{n:x}x" for n in range(1000)],
                "t": np.arange(1000) * 1000,
                "end_ms": np.full(1000, 500),
            }
        ),
    )
    assert not read(engine).usable
