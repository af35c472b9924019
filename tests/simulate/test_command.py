"""`tally simulate calls`."""

from pathlib import Path

import polars as pl
from typer.testing import CliRunner

from tallystick.cli.simulate import app


def test_simulate_calls(tmp_path: Path) -> None:
    """The command writes every file and says how much of what."""
    done = CliRunner().invoke(
        app,
        [
            *("calls", "--calls", "500", "--seed", "3", "--plant", "low"),
            *("--out", str(tmp_path), "--format", "parquet", "--parameters", "rough"),
        ],
    )
    assert done.exit_code == 0, done.output
    assert {path.name for path in tmp_path.iterdir()} == {
        *("departures.parquet", "arrivals.parquet", "domestic.parquet"),
        *("numbering.toml", "truth.parquet", "truth.json"),
    }
    rows = len(pl.read_parquet(tmp_path / "arrivals.parquet"))
    assert f"{rows:,}" in done.output
    assert "crossings are honest" in done.output


def test_no_calls(tmp_path: Path) -> None:
    """Fewer than one call is refused."""
    done = CliRunner().invoke(app, ["calls", "--calls", "0", "--out", str(tmp_path)])
    assert done.exit_code == 2
