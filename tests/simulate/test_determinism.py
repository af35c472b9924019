"""The same seed gives the same files; planting leaves honest calls alone."""

import hashlib
from pathlib import Path

import polars as pl
import pytest

from tallystick.simulate.calls import simulate


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
    }


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_same_seed_same_bytes(tmp_path: Path, form: str) -> None:
    """Two runs with the same arguments write the same bytes."""
    for name in ("one", "two"):
        simulate(calls=2000, seed=5, plant="medium", out=tmp_path / name, form=form)
    assert _digests(tmp_path / "one") == _digests(tmp_path / "two")


def test_other_seed_other_world(make_day) -> None:
    """Another seed gives other calls over other trunks."""
    one, two = make_day(calls=500, seed=1), make_day(calls=500, seed=2)
    assert (
        one.records("departures")
        .drop("record_id")
        .join(two.records("departures"), on=["called_number", "started_at"], how="semi")
        .is_empty()
    )


def test_planting_leaves_honest_calls_alone(make_day) -> None:
    """Every honest departure of a planted day happens on the day without plants."""
    planted, plain = make_day("medium", seed=3), make_day("none", seed=3)
    honest = planted.truth.filter(
        (pl.col("kind") == "honest") & pl.col("departs") & ~pl.col("departure_lost")
    )
    ids = honest["departure_id"].implode()
    kept = planted.records("departures").filter(pl.col("record_id").is_in(ids))
    same = ["calling_number", "called_number", "trunk", "carrier"]
    everything = plain.records("departures")
    # Partial records and losses are drawn per record, so some may differ.
    missing = kept.join(everything, on=[*same, "started_at"], how="anti")
    assert len(missing) < 0.02 * len(kept)


def test_numpy_global_state_is_untouched(tmp_path: Path) -> None:
    """No global generator is read or moved."""
    import numpy as np

    np.random.seed(1)  # ruff: ignore[numpy-legacy-random] (the global state is what is tested)
    before = np.random.get_state()[1].copy()  # ruff: ignore[numpy-legacy-random]
    simulate(calls=200, seed=1, plant="none", out=tmp_path)
    assert (before == np.random.get_state()[1]).all()  # ruff: ignore[numpy-legacy-random]
